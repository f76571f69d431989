"""Never promote by new code while a SEV-0 or SEV-1 lacks its post-mortem."""

from pathlib import Path

import pytest
from sqlalchemy import update
from tests.finished import FakeChildren, finish_run

from omp.config import code_identity
from omp.domain.errors import Frozen
from omp.ops import freeze, hall, incidents, miner_status, promotion
from omp.ops.desk import Desk
from omp.ops.promotion import Step
from omp.store import runs as run_rows
from omp.store.tables import incidents as table

WRITTEN = {"cause": "a wrong bound", "prevention": "a test of the bound", "resolution": "mended"}


def go_on(desk: Desk, run_id: str, children: FakeChildren) -> Step:
    while (step := promotion.advance(desk, run_id, children)).more:
        pass
    return step


def install(monkeypatch: pytest.MonkeyPatch, digest: str) -> None:
    """Other code, as a restarted daemon would find it."""
    for name in ("code_digest", "code_on_disk"):
        monkeypatch.setattr(freeze, name, lambda: digest)


def mine_with(desk: Desk, run_id: str, sha: str | None) -> None:
    with desk.write() as tx:
        run_rows.change(tx, run_id, git_sha=sha)


@pytest.mark.parametrize("severity", ["SEV-0", "SEV-1"])
def test_new_code_promotes_nothing_until_cause_and_prevention_are_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, severity: str
) -> None:
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    incident = incidents.open_incident(desk, "kernel.wrong", severity, "a kernel is wrong")
    install(monkeypatch, "b" * 64)
    step = go_on(desk, run_id, children)
    assert (step.stage, step.outcome) == ("look", "pending")
    assert incident.id in step.note
    assert not [one for one in children.calls if one[1] == "look"], "a look was spent"
    check = promotion.promote_check(desk, run_id)
    assert incident.id in str(check.frozen)
    with pytest.raises(Frozen, match=incident.id):
        promotion.promote(desk, run_id, str(check.subject_id), children=children)
    assert miner_status.status(desk)["promotionsFrozen"] == [incident.id]
    incidents.acknowledge(desk, incident.id)
    with pytest.raises(Frozen, match=incident.id):
        promotion.promote(desk, run_id, str(check.subject_id), children=children)
    assert hall.listed(desk) == ()
    incidents.resolve(desk, incident.id, **WRITTEN)
    assert go_on(desk, run_id, children).outcome == "promoted"


def test_the_code_that_was_at_work_goes_on_under_a_sev_1(desk: Desk) -> None:
    run_id = finish_run(desk)
    incident = incidents.open_incident(desk, "mine.late", "SEV-1", "mining stopped")
    assert incident.code_digest == code_identity.code_on_disk()
    assert go_on(desk, run_id, FakeChildren(desk.workspace)).outcome == "promoted"


def test_a_sev_2_holds_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = finish_run(desk)
    incidents.open_incident(desk, "disk.low", "SEV-2", "the disk is low")
    install(monkeypatch, "b" * 64)
    assert go_on(desk, run_id, FakeChildren(desk.workspace)).outcome == "promoted"


def test_an_incident_that_does_not_know_its_code_holds_every_code(desk: Desk) -> None:
    """Such as one that an earlier version opened: what is not known counts against us."""
    run_id = finish_run(desk)
    incident = incidents.open_incident(desk, "old", "SEV-1", "from an earlier version")
    with desk.write() as tx:
        tx.execute(update(table).values(code_digest=None))
    assert incident.id in go_on(desk, run_id, FakeChildren(desk.workspace)).note


def test_code_that_changes_under_a_running_daemon_is_new_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its children would be started with the new files."""
    run_id = finish_run(desk)
    incident = incidents.open_incident(desk, "a", "SEV-1", "s")
    monkeypatch.setattr(freeze, "code_on_disk", lambda: "c" * 64)
    assert incident.id in go_on(desk, run_id, FakeChildren(desk.workspace)).note


def test_a_run_that_newer_code_mined_is_held_though_the_old_code_is_back(desk: Desk) -> None:
    incident = incidents.open_incident(desk, "a", "SEV-1", "s")
    run_id = finish_run(desk)
    mine_with(desk, run_id, "9" * 40)
    step = go_on(desk, run_id, FakeChildren(desk.workspace))
    assert incident.id in step.note
    assert "9" * 40 in step.note
    mine_with(desk, run_id, incident.git_sha)
    assert go_on(desk, run_id, FakeChildren(desk.workspace)).outcome == "promoted"


def test_code_is_known_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(code_identity, "_SOURCE", tmp_path)
    before = code_identity.code_on_disk()
    (tmp_path / "notes.txt").write_text("no code")
    assert code_identity.code_on_disk() == before
    (tmp_path / "a.py").write_text("x = 2\n")
    changed = code_identity.code_on_disk()
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({before, changed, code_identity.code_on_disk()}) == 3
