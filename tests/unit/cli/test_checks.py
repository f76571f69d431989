"""What health and doctor tell: each check by name, and what to do about one that fails."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omp.cli import checks, omp
from omp.domain.failpoints import FAILPOINTS, FAULTS
from omp.ops import workspace as workspaces
from omp.wire.workspace import Workspace

BAD: dict[str, Any] = {
    "status": "offline",
    "wanted": "running",
    "blocked": ["the disk is full: omp cleanup"],
    "promotionsFrozen": ["INC-1"],
    "resources": {"memAvailableMb": 1.0, "diskFreeGb": 0.1},
    "delivery": {
        "mirror": {"configured": True, "pending": 3, "lagS": 7200, "error": "away", "drift": 1},
        "alerts": {"targets": 1, "waiting": 2, "error": "refused"},
    },
    "care": {
        "backup": {"ageH": 60.0, "everyH": 24.0, "late": True},
        "scrub": {"ageH": 1.0, "everyH": 24.0, "late": False, "faults": 2},
        "archiveCheck": {"ageH": 1.0, "everyH": 24.0, "late": False, "faults": 1},
    },
}
GOOD: dict[str, Any] = {
    "status": "running",
    "wanted": "running",
    "resources": {"memAvailableMb": 9000.0, "diskFreeGb": 90.0},
    "delivery": {
        "mirror": {"configured": True, "pending": 3, "lagS": 20, "error": "away", "drift": 0},
        "alerts": {"targets": 1, "waiting": 2, "error": None},
    },
    "care": {
        "backup": {"ageH": None, "everyH": 24.0, "late": False},
        "scrub": {"ageH": 3.0, "everyH": 24.0, "late": False, "faults": 0},
        "archiveCheck": {"ageH": None, "everyH": 0.0, "late": False, "faults": 0},
    },
}
INCIDENT = {"id": "INC-1", "severity": "SEV-1", "summary": "it is broken"}
NAMES = {
    "daemon", "miner", "mining", "incidents", "promotions", "mirror", "alerts", "memory", "disk",
    "backup", "scrub", "archive",
}  # fmt: skip


def health_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: dict[str, Any], found: list[Any]
) -> dict[str, checks.Check]:
    workspaces.create(tmp_path / "ws", demo=False, idle=True, operator="tester")
    daemon = SimpleNamespace(pid=1, address="http://127.0.0.1:1")
    monkeypatch.setattr(checks, "live_daemon", lambda _: daemon)
    answers = {"miner.status": view, "incidents.list": {"items": found}}
    face = SimpleNamespace(
        workspace=Workspace(tmp_path / "ws"), call=lambda verb, **_: answers[verb]
    )
    return {one.name: one for one in checks.health_checks(face)}  # type: ignore[arg-type]


def test_every_bad_news_comes_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = health_of(tmp_path, monkeypatch, BAD, [INCIDENT])
    assert set(found) == NAMES
    assert {name for name, one in found.items() if one.ok} == {"daemon"}
    assert [name for name, one in found.items() if not one.ok and not one.remedy] == []


def test_a_mirror_that_is_away_for_a_moment_is_no_bad_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = health_of(tmp_path, monkeypatch, GOOD, [])
    assert set(found) == NAMES
    assert [name for name, one in found.items() if not one.ok] == []
    assert "3 wait, the oldest for 20 s: away" in found["mirror"].detail


def test_the_page_names_every_check() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "health.md").read_text()
    assert [name for name in NAMES if f"| `{name}` |" not in page] == []


def test_doctor_lists_the_fail_points(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert omp.run(["doctor", "--failpoints", "--json", "--workspace", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in told["items"]} == set(FAILPOINTS) | set(FAULTS)


def test_doctor_looks_at_the_mirror_and_the_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspaces.create(tmp_path / "ws", demo=False, idle=True, operator="tester")
    monkeypatch.setenv("NEON_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("OMP_ALERT_URLS", "nothing://x")
    found = {one.name: one for one in checks.doctor_checks(Workspace(tmp_path / "ws"))}
    for name in ("mirror", "alerts"):
        assert not found[name].ok
        assert found[name].remedy
    assert [one.name for one in found.values() if not one.ok and not one.remedy] == []
