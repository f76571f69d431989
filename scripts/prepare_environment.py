"""Prepare `.venv` from the lock file: `prepare_environment.py runtime|test STAMP`.

Uses `uv` when it is on the PATH; otherwise makes a small environment of its own and installs uv
there. Two calls at once wait for each other. Needs nothing but the standard library.
"""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
IMPORTED_BY_A_RUN = (
    "import omp.cli.combiner as c; c._mount(); import omp.mining.mine, omp.mining.stage_b, "
    "polars, numba.np.arraymath, scipy.linalg"
)
GROUPS = {"runtime": ["--no-default-groups", "--inexact"], "test": ["--group", "test"]}


def say(text: str) -> None:
    print(f"omp: {text}", file=sys.stderr, flush=True)


def find_uv() -> str:
    """Path of uv, installing it into `.uv/` where the machine has none."""
    present = shutil.which("uv")
    if present:
        return present
    own = HERE / ".uv"
    tool = own / "bin" / "uv"
    if tool.exists():
        return str(tool)
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        say(f"this Python cannot make environments. What to do: apt install python{version}-venv")
        raise SystemExit(4)
    subprocess.run([sys.executable, "-m", "venv", str(own)], check=True)
    install = [str(own / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv>=0.9"]
    subprocess.run(install, check=True)
    return str(tool)


def sync(group: str) -> None:
    """Bring `.venv` to what the lock file says for this group."""
    environment = os.environ | {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(HERE / ".venv"),
    }
    environment.pop("VIRTUAL_ENV", None)
    command = [find_uv(), "sync", "--frozen", "--quiet", "--python", sys.executable, *GROUPS[group]]
    subprocess.run(command, cwd=HERE, env=environment, check=True)
    keep_bytecode(environment)


def keep_bytecode(environment: dict[str, str]) -> None:
    """Have what a run imports compiled now, once.

    Where PYTHONDONTWRITEBYTECODE is set, as in many containers, every start of a run would
    compile a thousand modules anew, which takes longer than all the rest of it.
    """
    writing = {k: v for k, v in environment.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [str(HERE / ".venv" / "bin" / "python"), "-c", IMPORTED_BY_A_RUN]
    subprocess.run(command, cwd=HERE, env=writing, check=True)


def main() -> int:
    group, stamp = sys.argv[1], sys.argv[2]
    lock = HERE / ".venv.lock"
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ready = HERE / ".venv" / f".ready-{group}"
        if ready.exists() and ready.read_text().strip() == stamp.strip():
            return 0
        say(f"preparing the environment ({group}), once; this takes about half a minute …")
        began = time.monotonic()
        try:
            sync(group)
        except subprocess.CalledProcessError as error:
            say(
                f"the environment could not be prepared: {Path(error.cmd[0]).name} ended with "
                f"{error.returncode}. What to do: read the lines above; a missing network or a "
                "full disk are the usual causes; then run the same command again."
            )
            return 4
        for other in (HERE / ".venv").glob(".ready-*"):
            other.unlink()
        ready.write_text(stamp)
        say(f"environment ready after {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
