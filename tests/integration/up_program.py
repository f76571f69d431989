"""`omp up` as a user starts it, with the small engine in place of the built-in one.

python -m tests.integration.up_program WORKSPACE MODE
"""

import os
import sys
from pathlib import Path

from tests.unit.daemon.shop import ENGINE, ROOT

from omp.cli import up
from omp.daemon import loop
from omp.daemon.orders import Orders
from omp.domain.errors import OmpError
from omp.wire.workspace import Workspace


def main() -> int:
    mode = sys.argv[2]
    environment = {"ENGINE": mode, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}

    def orders(workspace: Workspace) -> Orders:
        return Orders(workspace, combiner=(sys.executable, str(ENGINE)), environment=environment)

    loop.Orders = orders  # type: ignore[misc,assignment]
    at = Workspace(Path(sys.argv[1]))
    try:
        return up.come_up(at, host=None, port=0, demo=False, idle=False, is_json=True)
    except OmpError as error:
        print(error.sentence, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
