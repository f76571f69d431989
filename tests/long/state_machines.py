"""The state machines of queue, runs and promotion, played with for long.

python -m tests.long.state_machines --examples 150
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.machines import VARIABLE

ROOT = Path(__file__).parents[2]
MACHINES = ("queue", "run", "promotion")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=150, help="sequences of each machine")
    options = parser.parse_args()
    began, failed = time.monotonic(), list[str]()
    for name in MACHINES:
        path = f"tests/unit/ops/test_{name}_machine.py"
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", path]
        environment = {**os.environ, VARIABLE: str(options.examples)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout[-5000:], file=sys.stderr)
    figures = {
        "campaign": "state_machines",
        "machines": len(MACHINES),
        "sequences_each": options.examples,
        "failed": failed,
        "seconds": round(time.monotonic() - began),
        "ok": not failed,
    }
    print(json.dumps(figures))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
