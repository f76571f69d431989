"""The two scripts: thin, careful with their arguments."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.desks import desk, template
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.ops import promotion
from omp.ops.desk import Desk

__all__ = ["desk", "template"]

ROOT = Path(__file__).parents[2]
CLEAN = ROOT / "scripts" / "cleanup_old_runs.sh"
HEALTH = ROOT / "scripts" / "vps" / "health-check.sh"


def call(*command: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(one) for one in command],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.fixture
def two_runs(desk: Desk) -> tuple[Desk, list[str]]:
    children = FakeChildren(desk.workspace)
    found = []
    for number in range(2):
        weak = make_candidates(1, tag=str(number), dsr=0.1)
        run_id = finish_run(desk, f"c{number}", population=200 + number, found=weak)
        promotion.advance(desk, run_id, children)
        found.append(run_id)
    return desk, found


def test_cleanup_keeps_the_recent_and_lists_first(two_runs: tuple[Desk, list[str]]) -> None:
    desk, (old, recent) = two_runs
    path = desk.workspace.runs
    dry = call(CLEAN, path, 1, 1e9, OMP_DRY_RUN="1")
    assert dry.returncode == 0, dry.stderr
    assert old in dry.stdout
    assert f"stays: {recent}" in dry.stdout
    assert (path / old).is_dir()
    rich = call(CLEAN, path, 1, 0)
    assert rich.returncode == 0, rich.stderr
    assert (path / old).is_dir()
    done = call(CLEAN, path, 1, 1e9)
    assert done.returncode == 0, done.stderr
    assert not (path / old).exists()
    assert (path / recent).is_dir()


def test_cleanup_refuses_other_folders(tmp_path: Path) -> None:
    precious = tmp_path / "precious" / "run_1"
    precious.mkdir(parents=True)
    assert call(CLEAN, precious.parent, 1, 1e9).returncode == 2
    assert call(CLEAN, precious.parent).returncode == 2
    nested = tmp_path / "output" / "scg" / "run_1"
    nested.mkdir(parents=True)
    assert call(CLEAN, nested.parent, 1, 1e9).returncode == 2
    assert precious.is_dir()
    assert nested.is_dir()


def test_health_speaks_json(desk: Desk) -> None:
    done = call(HEALTH, "--json", OMP_WORKSPACE=str(desk.workspace.root))
    document = json.loads(done.stdout)
    assert done.returncode == (0 if document["ok"] else 1)
    assert document["checks"]
