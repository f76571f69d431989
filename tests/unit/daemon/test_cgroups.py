"""A run's control group: nothing leaves it, nothing outgrows it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from omp.daemon import process
from omp.daemon.cgroups import Cgroups, own_groups
from omp.daemon.tree_kill import kill_tree

RUN = f"run_cg{os.getpid()}"

RUNAWAY = """
import os, sys, time
from pathlib import Path
while not Path(sys.argv[1] + ".go").exists():
    time.sleep(0.01)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", "import os, sys, time; "
            "open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)", sys.argv[1]], {})
    os._exit(0)
time.sleep(60)
"""


@pytest.fixture
def groups(tmp_path: Path) -> Iterator[Cgroups]:
    if not any(os.access(one, os.W_OK) for one in own_groups()):
        pytest.skip("SKIPPED LOUDLY: this user may make no control groups")
    groups = Cgroups(tmp_path)
    yield groups
    groups.kill(RUN)


def wait_until_written(path: Path) -> int:
    deadline = time.monotonic() + 10
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(path.read_text())


def test_who_leaves_session_environment_and_parents_is_killed_all_the_same(
    groups: Cgroups, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    child = subprocess.Popen([sys.executable, "-c", RUNAWAY, str(note)])
    assert groups.enter(RUN, child.pid)
    note.with_name("pid.go").touch()
    runaway = wait_until_written(note)
    child.kill()
    child.wait()
    assert not kill_tree(RUN, limit_s=0.2), "the sweep of /proc finds nothing"
    assert process.read_stat(runaway), "and yet it lives"
    assert groups.runs() == {RUN}
    assert groups.kill(RUN)
    stat = process.read_stat(runaway)
    assert stat is None or stat.state in "ZXx"
    assert groups.runs() == frozenset()
    assert not [one for parent in own_groups() for one in parent.glob(f"omp-*{RUN}")]


def test_groups_of_another_workspace_are_not_ours(groups: Cgroups, tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        groups.enter(RUN, child.pid)
        other = Cgroups(tmp_path / "other")
        assert other.runs() == frozenset()
        assert other.kill(RUN)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_the_kernel_keeps_the_limit_of_memory_and_says_so(groups: Cgroups, tmp_path: Path) -> None:
    if "with a limit" not in groups.words:
        pytest.skip("SKIPPED LOUDLY: no control group of this user limits memory")
    gate = tmp_path / "gate"
    program = (
        "import sys, time; from pathlib import Path\n"
        "while not Path(sys.argv[1]).exists(): time.sleep(0.01)\n"
        "held = bytearray(400 << 20)\n"
        "time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(gate)])
    groups.enter(RUN, child.pid, memory_bytes=100 << 20)
    assert not groups.over_memory(RUN)
    gate.touch()
    assert child.wait(timeout=20) == -9
    assert groups.over_memory(RUN)


def test_without_groups_nothing_is_held_and_nothing_fails(tmp_path: Path) -> None:
    groups = Cgroups(tmp_path, parents=())
    assert not groups.enter(RUN, os.getpid())
    assert groups.kill(RUN)
    assert not groups.over_memory(RUN)
    assert groups.words.startswith("no control groups")


def test_groups_that_were_left_empty_are_taken_away_and_no_others(groups: Cgroups) -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        groups.enter(RUN, child.pid)
        groups.tidy()
        assert groups.runs() == {RUN}
    finally:
        child.kill()
        child.wait()
    groups.tidy()
    assert not [one for parent in own_groups() for one in parent.glob(f"omp-*{RUN}")]


def test_a_group_with_processor_shares_is_as_nice_as_its_run(tmp_path: Path) -> None:
    groups = Cgroups(tmp_path, parents=(tmp_path,))
    name = f"{groups._mark}{RUN}"
    (tmp_path / name).mkdir()
    for file in ("cpu.weight.nice", "memory.max", "cgroup.procs"):
        (tmp_path / name / file).touch()
    assert groups.enter(RUN, 4_000_000, memory_bytes=5 << 20)
    written = [(tmp_path / name / file).read_text() for file in ("cpu.weight.nice", "memory.max")]
    assert written == ["15", str(5 << 20)]
