"""Shuts a process that mines out of the sealed window, the keys and the record."""

import os
import tempfile
from pathlib import Path

from omp.domain.confinement import confine, landlock_version
from omp.wire.workspace import Workspace

KERNEL, ABSENT = "refused by the kernel", "not given; this kernel cannot refuse it"

_is_own_process = False
"""Set by the console command: only a process of its own may be confined, for it is for good."""


def own_process() -> None:
    """Say that this process is one command's and ends with it."""
    global _is_own_process
    _is_own_process = True


def shut_in(place: Workspace, out: Path | None = None) -> None:
    """Give up reading what no miner may see, before any of its data are opened.

    Args:
        place: The workspace.
        out: Where the run is going to write, made now so that it can be read again.
    """
    if not _is_own_process:
        return
    for folder in (place.cache, out):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    if place.root.is_relative_to(Path(tempfile.gettempdir()).resolve()):
        os.environ["TMPDIR"] = str(place.cache)
        tempfile.tempdir = None
    confine(place.withheld)


def sealed_window() -> str:
    """How the sealed window is kept from a miner on this machine, in words."""
    version = landlock_version()
    return f"{KERNEL} (Landlock {version})" if version else ABSENT
