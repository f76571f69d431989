"""The length check of `./test` names what is too long, and only that."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "run_tests.py"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("run_tests", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_a_source_file_past_the_limit_is_named(
    checks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, frozen = tmp_path / "src" / "omp", tmp_path / "src" / "omp" / "store" / "migrations"
    frozen.mkdir(parents=True)
    (room / "fits.py").write_text("x = 1\n" * checks.MAX_LINES)
    (room / "long.py").write_text("x = 1\n" * (checks.MAX_LINES + 1))
    (frozen / "0001.py").write_text("x = 1\n" * (checks.MAX_LINES + 1))
    monkeypatch.setattr(checks, "HERE", tmp_path)
    (named,) = checks.files_too_long()
    assert named.startswith("src/omp/long.py: 401 lines")
