"""A daemon without faces, for tests that kill it: `python -m tests.integration.daemon_program`.

Arguments: the workspace, and how the small engine behaves, or `real` for the built-in one with
the real promotion.
"""

import signal
import sys
import threading
from pathlib import Path

from tests.unit.daemon.shop import Shop

from omp.daemon.loop import Loop
from omp.daemon.ownership import own
from omp.domain.errors import OmpError


def main() -> int:
    root, mode = Path(sys.argv[1]), sys.argv[2]
    shop = Shop(root, mode)
    loop = Loop(shop.desk) if mode == "real" else shop.loop
    stop = threading.Event()

    def leave(*_: object) -> None:
        stop.set()
        shop.desk.wake.set()

    signal.signal(signal.SIGTERM, leave)
    try:
        with own(shop.desk.workspace, host="127.0.0.1", port=1, started_at=shop.clock.iso()):
            loop.run(stop)
    except OmpError as error:
        print(error.sentence, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
