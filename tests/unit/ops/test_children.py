"""What a child's end means."""

import sys
from pathlib import Path

import pytest

from omp.domain.errors import DataNotReady, InvalidInput, NotFound, OmpError, ResourceShort
from omp.ops import children
from omp.ops.children import ChildResult, DirectChildren, read_result, required
from omp.wire.workspace import Workspace

LOG = Path("x.log")


def test_the_last_result_line_counts() -> None:
    text = 'noise\n{"event": "progress"}\n{"event": "result", "n": 1}\nwarning: late\n'
    assert read_result(0, text).result == {"event": "result", "n": 1}
    assert read_result(1, "Traceback\nboom").result is None
    assert read_result(1, "Traceback\nboom").last_lines == ("Traceback", "boom")


@pytest.mark.parametrize(
    ("exit_code", "code", "kind"),
    [
        (2, "invalid_input", InvalidInput),
        (2, "not_found", NotFound),
        (3, "data_not_ready", DataNotReady),
        (4, "resource_short", ResourceShort),
        (1, "unexpected", OmpError),
        (0, "error", OmpError),
    ],
)
def test_a_child_that_failed_raises_its_own_sentence(
    exit_code: int, code: str, kind: type[OmpError]
) -> None:
    ended = ChildResult(exit_code, {"event": "error", "code": code, "message": "why"}, ())
    with pytest.raises(kind, match="why") as refused:
        required(ended, "the import", log=LOG)
    assert type(refused.value) is kind


def test_a_child_that_died_is_told_by_its_last_lines() -> None:
    with pytest.raises(OmpError, match="exit code -9: a / b / c"):
        required(ChildResult(-9, None, ("x", "a", "b", "c")), "the look", log=LOG)


def test_a_child_runs_with_the_workspace_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, sys, json; print('hello', file=sys.stderr);"
        "print(json.dumps({'event': 'result', 'at': os.environ['OMP_WORKSPACE'],"
        "'cache': os.environ['NUMBA_CACHE_DIR'], 'args': sys.argv[1:]}))"
    )
    monkeypatch.setattr(children, "ENGINE", (sys.executable, "-c", code))
    workspace = Workspace(tmp_path)
    log = tmp_path / "logs" / "child.log"
    for _ in range(2):
        ended = DirectChildren(workspace).run(["a", "b"], log=log)
    assert ended.exit_code == 0
    assert ended.result == {
        "event": "result",
        "at": str(tmp_path),
        "cache": str(workspace.cache / "numba"),
        "args": ["a", "b"],
    }
    assert log.read_text().count("hello") == 2


def test_a_child_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "ENGINE", (sys.executable, "-c", "import time; time.sleep(60)"))
    runner = DirectChildren(Workspace(tmp_path), timeout_s=0.3)
    assert runner.run([], log=tmp_path / "log").exit_code == -9
