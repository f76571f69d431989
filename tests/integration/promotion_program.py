"""A process that takes one run through its promotion and delivers it; the tests kill it anywhere.

python -m tests.integration.promotion_program WORKSPACE RUN
"""

import sys
from pathlib import Path

from tests.finished import FakeChildren

from omp.app import open_desk
from omp.ops import hall_check, promotion, sync


def main(root: Path, run_id: str) -> None:
    """Reconcile, go on until nothing is left to do, deliver."""
    desk = open_desk(root, operator="tester")
    hall_check.reconcile(desk)
    children = FakeChildren(desk.workspace)
    while promotion.advance(desk, run_id, children).more:
        pass
    done = sync.hof_sync(desk)
    if done.error:
        raise SystemExit(done.error)
    desk.db.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
