"""The shim of `shim.c`: compiled here and now, by the machine's own compiler."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
FAULTS, DATE = "OMP_FAULTS", "OMP_DATE"


def possible() -> str | None:
    """Why this machine cannot do it; None when it can."""
    if sys.platform != "linux":
        return "the shim knows Linux alone"
    return None if shutil.which("cc") else "there is no C compiler (cc)"


def compiled(folder: Path) -> Path:
    """The library, made in a folder."""
    made = folder / "shim.so"
    command = ["cc", "-O2", "-shared", "-fPIC", "-w", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return made


def begin_anew(module: str, library: Path) -> None:
    """Start this very program again with the library loaded, unless it is."""
    if os.environ.get("LD_PRELOAD") != str(library):
        arguments = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(  # noqa: S606 - this very program
            sys.executable, arguments, {**os.environ, "LD_PRELOAD": str(library)}
        )
