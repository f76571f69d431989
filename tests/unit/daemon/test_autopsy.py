"""What is kept of a run that is ended: its processes, and where our engine stood."""

import subprocess
import sys
import time
from pathlib import Path

from omp.daemon import autopsy, process

ENGINE = """
import sys, time
from omp.cli.stacks import answer_with_stacks
if sys.argv[1] == "ours":
    answer_with_stacks()
def deep_in_thought():
    open(sys.argv[2], "w").write("x")
    time.sleep(60)
deep_in_thought()
"""


def started(tmp_path: Path, kind: str) -> tuple[subprocess.Popen[bytes], process.Identity, Path]:
    mark, errors = tmp_path / "mark", tmp_path / "stderr.txt"
    with errors.open("wb") as file:
        child = subprocess.Popen([sys.executable, "-c", ENGINE, kind, str(mark)], stderr=file)
    deadline = time.monotonic() + 20
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    identity = process.identify(child.pid, "run_a")
    assert identity is not None
    return child, identity, errors


def test_our_engine_says_where_it_stands_and_goes_on(tmp_path: Path) -> None:
    child, identity, errors = started(tmp_path, "ours")
    try:
        stack = "\n".join(autopsy.stack(identity, errors))
        assert "deep_in_thought" in stack
        assert child.poll() is None
        (line,) = autopsy.processes(frozenset({identity}))
        assert line.startswith(f"{child.pid}: State S")
        assert "VmRSS" in line
    finally:
        child.kill()
        child.wait()


def test_a_stranger_is_not_signalled(tmp_path: Path) -> None:
    child, identity, errors = started(tmp_path, "stranger")
    try:
        assert autopsy.stack(identity, errors) == []
        time.sleep(0.1)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_process_that_has_gone_tells_nothing(tmp_path: Path) -> None:
    child, identity, errors = started(tmp_path, "ours")
    child.kill()
    child.wait()
    assert autopsy.stack(identity, errors) == []
    assert autopsy.processes(frozenset({identity})) == []
