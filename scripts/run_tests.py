"""All checks in order: lint, types, import contracts, then the tests on every core.

The last line printed is pytest's own summary. `--long` goes on with the long campaigns, and
`--long crash soak` runs those two alone (`--write` puts the figures into docs/reliability.md).
Installs Debian's Chromium and PostgreSQL when run as root on a machine without them; the tests that
use them skip loudly where that is not possible.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from long_campaigns import CAMPAIGNS
from long_campaigns import main as run_campaigns

HERE = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS: list[tuple[str, list[str]]] = [
    ("lint", ["ruff", "check", "--quiet", "."]),
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("types", ["mypy"]),
    ("import contracts", ["lint-imports", "--no-logo"]),
]


def say(text: str) -> None:
    print(text, flush=True)


def has_chromium() -> bool:
    """A browser for the browser tests."""
    return bool(shutil.which("chromium") or os.environ.get("OMP_CHROMIUM"))


def has_postgres() -> bool:
    """A PostgreSQL server for the tests of the mirror and the store."""
    return bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


SERVERS: list[tuple[Callable[[], bool], list[str]]] = [
    (has_chromium, ["chromium", "fonts-dejavu-core"]),
    (has_postgres, ["postgresql"]),
]
"""What the tests use for real, and the Debian packages that bring it."""


def install_missing() -> None:
    """Install what the tests use for real, where we may; the tests skip loudly without it."""
    missing = [package for is_there, wanted in SERVERS if not is_there() for package in wanted]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"! some tests will skip; for all of them: apt install {' '.join(missing)}")
        return
    say(f"installing {' '.join(missing)} …")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", *missing]):
        done = subprocess.run(
            ["apt-get", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            say(f"! apt-get {command[0]} failed: {done.stderr.strip()[-300:]}")
            return


MAX_LINES = 400
"""A longer file misses a room. A migration is frozen and may be as long as its schema."""


def files_too_long() -> list[str]:
    """Source files past the limit, with their lines."""
    found = []
    for path in sorted((HERE / "src").rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES and "migrations" not in path.parts:
            found.append(f"{path.relative_to(HERE)}: {lines} lines, at most {MAX_LINES}")
    return found


def run_checks() -> bool:
    """File lengths, lint, types and contracts; True if all are clean."""
    long = files_too_long()
    clean = not long
    say(f"{'file length':18} {'FAILED' if long else 'ok'}")
    for line in long:
        say(line)
    for name, command in CHECKS:
        began = time.monotonic()
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=False,
        )
        verdict = "ok" if done.returncode == 0 else "FAILED"
        say(f"{name:18} {verdict:8} {time.monotonic() - began:5.1f} s")
        if done.returncode != 0:
            clean = False
            say((done.stdout + done.stderr).strip())
    return clean


def main() -> int:
    arguments = sys.argv[1:]
    long = "--long" in arguments
    campaigns = [one for one in arguments if one == "--write" or one in CAMPAIGNS]
    chosen = [one for one in arguments if one != "--long" and one not in campaigns]
    if long and not chosen and set(campaigns) - {"--write"}:
        install_missing()
        return run_campaigns(campaigns)
    clean = True
    if not chosen:
        clean = run_checks()
        install_missing()
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
    selection = [] if long else ["-m", "not long"]
    workers = ["-n", str(os.cpu_count() or 1), "--dist", "loadfile"] if not chosen else []
    command = [str(BIN / "pytest"), *workers, *selection, *chosen]
    if not clean:
        say("! the checks above failed; the tests run all the same, and the exit code will say so")
    code = subprocess.run(command, cwd=HERE, env=environment, check=False).returncode
    if long and not chosen:
        code = run_campaigns(campaigns) or code
    return code if clean else code or 1


if __name__ == "__main__":
    raise SystemExit(main())
