"""What a killed writer leaves behind is removed; what anybody may still be writing is not."""

import os
import subprocess
import sys
from pathlib import Path

from omp.domain.durable import sweep_unfinished, write_durable

KILLED = """
import os, signal, sys
from pathlib import Path
from omp.domain import durable

os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
durable.write_durable(Path(sys.argv[1]), b"new")
"""


def test_a_write_that_was_killed_is_swept_and_the_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    write_durable(path, b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    (left,) = set(tmp_path.iterdir()) - {path}
    assert sweep_unfinished(tmp_path) == (left.name,)
    assert sweep_unfinished(tmp_path) == ()
    assert [one.name for one in tmp_path.iterdir()] == ["anchor"]
    assert path.read_bytes() == b"old"


def test_what_may_still_be_written_stays(tmp_path: Path) -> None:
    names = (f".anchor.{os.getpid()}.part", ".anchor.part", "anchor.7.part", ".anchor.soon.part")
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    assert sweep_unfinished(tmp_path) == ()
    assert {one.name for one in tmp_path.iterdir()} == set(names)
