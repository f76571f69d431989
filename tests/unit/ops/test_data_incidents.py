"""Data in question: nothing is mined or concluded from them until cause and prevention stand."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.desks import hand_clock, write_campaign, write_data
from tests.finished import FakeChildren, finish_run

from omp.domain.errors import (
    Conflict,
    DataHeld,
    Frozen,
    IllegalMove,
    InvalidInput,
    NotFound,
    Refused,
)
from omp.ops import data, data_holds, data_incidents, hall, incidents, looks, promotion, queue
from omp.ops import runs as run_verbs
from omp.ops.desk import Desk
from omp.ops.queue_runs import ensure_runs
from omp.store import data_sets as set_rows
from omp.store import hall as hall_rows
from omp.store import journal, runs

CLOSED = {"cause": "the vendor sent yesterday's file", "prevention": "the overlap is checked"}


@pytest.fixture
def entry(desk: Desk) -> str:
    """The id of an entry mined from the data set `prices`."""
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    return hall.listed(desk)[0].candidate_id


def state_of(desk: Desk, entry: str) -> str:
    return hall.show(desk, entry).state


def succeed(desk: Desk, parent: str, *, changes: dict[str, Any] | None = None, **facts: Any) -> str:
    """Publish and register a snapshot of `prices` that follows another."""
    path = write_data(desk.workspace.root, "prices", **{"last": "2020-02-03T00:00:00Z", **facts})
    manifest = {**json.loads(path.read_bytes()), "parent": parent, "changes": changes}
    path.write_text(json.dumps(manifest))
    return data.register_snapshot(desk, path).digest


def digest_of(desk: Desk) -> str:
    with desk.read() as tx:
        return data.digest_of_source(desk, tx, "prices")


def test_it_quarantines_entries_and_marks_runs_and_lets_them_go(desk: Desk, entry: str) -> None:
    found = data_incidents.open_about(desk, "prices", summary="wrong closes in May")
    assert state_of(desk, entry) == "quarantined"
    assert hall.show(desk, entry).data_incidents == (found.incident.id,)
    kinds = {(one.kind, one.subject) for one in found.holds}
    (run,) = [one for one in found.holds if one.kind == "run"]
    assert ("snapshot", digest_of(desk)) in kinds
    assert ("entry", entry) in kinds
    closed = data_incidents.resolve(desk, found.incident.id, **CLOSED)
    assert state_of(desk, entry) == "active"
    assert all(one.released_at for one in closed.holds)
    assert {one.subject for one in closed.holds} >= {entry, run.subject, digest_of(desk)}
    with desk.read() as tx:
        told = [one.kind for one in journal.records(tx, subject=entry)]
        about = [one.kind for one in journal.records(tx, subject=found.incident.id)]
    assert told[-2:] == ["hall.quarantined", "hall.released"]
    assert about == ["incident.opened", "data.incident", "incident.resolved", "data.released"]


def test_the_same_question_again_changes_nothing(desk: Desk, entry: str) -> None:
    first = data_incidents.open_about(desk, "prices", summary="wrong")
    again = data_incidents.open_about(desk, "prices", summary="wrong")
    assert again.incident.id == first.incident.id
    assert again.incident.occurrences == 2
    assert again.holds == first.holds
    with desk.read() as tx:
        assert len(journal.records(tx, kinds=["data.incident"])) == 1
        assert len(journal.records(tx, kinds=["hall.quarantined"])) == 1


def test_resolving_it_as_any_incident_releases_too(desk: Desk, entry: str) -> None:
    found = data_incidents.open_about(desk, "prices", summary="wrong")
    incidents.resolve(desk, found.incident.id, **CLOSED, resolution="imported again")
    assert state_of(desk, entry) == "active"
    with pytest.raises(IllegalMove):
        data_incidents.resolve(desk, found.incident.id, **CLOSED)


def test_without_cause_and_prevention_nothing_is_released(desk: Desk, entry: str) -> None:
    found = data_incidents.open_about(desk, "prices", summary="wrong")
    with pytest.raises(InvalidInput, match="prevention"):
        data_incidents.resolve(desk, found.incident.id, cause="c", prevention=" ")
    assert state_of(desk, entry) == "quarantined"
    with desk.read() as tx:
        assert data_holds.holding(tx, digest_of(desk)) == (found.incident.id,)


def test_an_entry_quarantined_for_another_reason_stays_so(desk: Desk, entry: str) -> None:
    hall.quarantine(desk, entry, reason="its broker went away")
    found = data_incidents.open_about(desk, "prices", summary="wrong")
    data_incidents.resolve(desk, found.incident.id, **CLOSED)
    page = hall.show(desk, entry)
    assert (page.state, page.state_reason) == ("quarantined", "its broker went away")


def test_a_flagged_entry_is_flagged_again_with_its_reason(desk: Desk, entry: str) -> None:
    hall.flag(desk, entry, reason="decays")
    found = data_incidents.open_about(desk, "prices", summary="wrong")
    assert state_of(desk, entry) == "quarantined"
    data_incidents.resolve(desk, found.incident.id, **CLOSED)
    page = hall.show(desk, entry)
    assert (page.state, page.state_reason) == ("flagged", "decays")


def test_two_incidents_hold_until_the_last_is_closed(desk: Desk, entry: str) -> None:
    hall.flag(desk, entry, reason="decays")
    first = data_incidents.open_about(desk, "prices", summary="wrong closes")
    second = data_incidents.open_about(desk, "prices", summary="wrong opens", symbols=["AAA"])
    assert first.incident.id != second.incident.id
    data_incidents.resolve(desk, first.incident.id, **CLOSED)
    assert state_of(desk, entry) == "quarantined"
    with pytest.raises(Refused, match=second.incident.id):
        hall.release(desk, entry, reason="I know better")
    data_incidents.resolve(desk, second.incident.id, **CLOSED)
    assert hall.show(desk, entry).state_reason == "decays"


def test_an_entry_removed_meanwhile_stays_removed(desk: Desk, entry: str) -> None:
    found = data_incidents.open_about(desk, "prices", summary="wrong")
    hall.remove(desk, entry, reason="it was mined from the wrong closes")
    data_incidents.resolve(desk, found.incident.id, **CLOSED)
    assert state_of(desk, entry) == "removed"


def test_symbols_and_spans_that_the_data_lack_reach_nothing(desk: Desk, entry: str) -> None:
    with pytest.raises(InvalidInput, match="NOPE"):
        data_incidents.open_about(desk, "prices", summary="wrong", symbols=["NOPE"])
    with pytest.raises(NotFound):
        data_incidents.open_about(desk, "nothing", summary="wrong")
    with pytest.raises(InvalidInput, match="summary"):
        data_incidents.open_about(desk, "prices", summary=" ")
    with pytest.raises(InvalidInput, match="no date"):
        data_incidents.open_about(desk, "prices", summary="wrong", first="in May")
    found = data_incidents.open_about(desk, "prices", summary="wrong", first="2024-01-01")
    assert found.holds == ()
    assert state_of(desk, entry) == "active"


def test_ancestors_and_descendants_are_held_and_strangers_are_not(desk: Desk, entry: str) -> None:
    first = digest_of(desk)
    second = succeed(desk, first)
    other = write_data(desk.workspace.root, "other", symbols=["ZZZ"])
    stranger = data.register_snapshot(desk, other).digest
    found = data_incidents.open_about(desk, second[:12], summary="wrong")
    held = {one.subject for one in found.holds if one.kind == "snapshot"}
    assert held == {first, second}
    assert state_of(desk, entry) == "quarantined"
    third = succeed(desk, second, last="2020-03-03T00:00:00Z")
    with desk.read() as tx:
        assert data_holds.holding(tx, third) == (found.incident.id,)
        assert data_holds.holding(tx, stranger) == ()


def test_the_queue_waits_and_says_why(desk: Desk) -> None:
    added = queue.add(desk, name="one", config_path="configs/campaigns/one.toml")
    write_data(desk.workspace.root, "other", symbols=["ZZZ"])
    path = write_campaign(desk.workspace.root, "two", source="other")
    free = queue.add(desk, name="two", config_path=path)
    found = data_incidents.open_about(desk, "prices", summary="wrong")
    following = queue.next_run(desk)
    assert following is not None
    assert following.campaign.id == free.id
    answer = queue.why(desk, added.id)
    assert any(found.incident.id in one for one in answer.reasons)
    with desk.write() as tx, pytest.raises(DataHeld, match=found.incident.id):
        data.resolve(desk, tx, "prices")
    data_incidents.resolve(desk, found.incident.id, **CLOSED)
    freed = queue.next_run(desk)
    assert freed is not None
    assert freed.campaign.id == added.id


def test_a_run_that_is_claimed_all_the_same_stays_queued(desk: Desk) -> None:
    added = queue.add(desk, name="one", config_path="configs/campaigns/one.toml")
    data_incidents.open_about(desk, "prices", summary="wrong")
    with pytest.raises(Conflict, match="in question"):
        run_verbs.claim(desk, str(added.run_id))
    with desk.read() as tx:
        assert runs.get(tx, str(added.run_id)).state == "queued"
    record = run_verbs.show(desk, str(added.run_id)).as_record()
    assert record["data_in_question"] == record["data_incidents"] != []
    assert queue.why(desk, added.id).next_run is None


def test_a_campaign_without_a_run_waits_without_an_incident_of_its_own(desk: Desk) -> None:
    data.register_snapshot(desk, write_data(desk.workspace.root, "prices"))
    data_incidents.open_about(desk, "prices", summary="wrong")
    queue.add(desk, name="one", config_path="configs/campaigns/one.toml", enabled=False)
    with desk.read() as tx:
        before = runs.live(tx)
    queue.ensure_runs(desk)
    with desk.read() as tx:
        assert runs.live(tx) == before
    assert len(incidents.listed(desk, open_only=True)) == 1


def test_a_finished_run_is_not_concluded_from(desk: Desk) -> None:
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    found = data_incidents.open_about(desk, "prices", summary="wrong")
    for _ in range(5):
        step = promotion.advance(desk, run_id, children)
    assert found.incident.id in step.note
    assert hall.listed(desk) == ()
    with desk.read() as tx, pytest.raises(Frozen):
        looks.require_thawed(desk, tx, runs.get(tx, run_id).data_digest)
    data_incidents.resolve(desk, found.incident.id, **CLOSED)
    while promotion.advance(desk, run_id, children).more:
        pass
    assert len(hall.listed(desk)) == 1


def test_changed_history_opens_one_by_itself(desk: Desk, entry: str) -> None:
    changes = {
        "changed_bars": 3,
        "removed_bars": 0,
        "added_bars": 20,
        "symbols": {
            "AAA": {"changed": 3, "removed": 0, "first": "2019-05-02", "last": "2019-05-06"}
        },
    }
    after = succeed(desk, digest_of(desk), changes=changes)
    (found,) = data_incidents.of_data(desk, "prices")
    assert found.question.origin == "overlap"
    assert (found.question.symbols, found.question.first) == (["AAA"], "2019-05-02")
    assert {one.subject for one in found.holds if one.kind == "snapshot"} >= {after}
    assert state_of(desk, entry) == "quarantined"
    with desk.read() as tx:
        (queued,) = set_rows.revalidations_listed(tx, candidate_id=entry)
    assert (queued.trigger, queued.digest_after) == ("changed-data", after)


def test_prices_rescaled_by_one_factor_are_no_fault(desk: Desk, entry: str) -> None:
    one = {"changed": 2500, "removed": 0, "first": "2010-01-04", "last": "2020-01-03"}
    changes = {"changed_bars": 2500, "symbols": {"AAA": {**one, "factor": 0.993}}}
    succeed(desk, digest_of(desk), changes=changes)
    assert incidents.listed(desk, open_only=True) == ()
    assert state_of(desk, entry) == "active"
    with desk.read() as tx:
        (queued,) = set_rows.revalidations_listed(tx, candidate_id=entry)
    assert queued.trigger == "changed-data"


def test_new_bars_alone_queue_a_revalidation_once(desk: Desk, entry: str) -> None:
    after = succeed(desk, digest_of(desk), changes={"changed_bars": 0, "added_bars": 21})
    data.register_snapshot(desk, Path(desk.workspace.snapshots / after / "manifest.json"))
    with desk.read() as tx:
        queued = set_rows.revalidations_listed(tx, name="prices", state="queued")
        assert hall_rows.get(tx, entry).state == "active"
    assert [(one.candidate_id, one.trigger) for one in queued] == [(entry, "new-data")]
    assert hall.show(desk, entry).revalidations == queued
    assert incidents.listed(desk, open_only=True) == ()


def test_it_happens_whole_or_not_at_all(
    desk: Desk, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk went away")

    monkeypatch.setattr(data_holds, "move", broken)
    with pytest.raises(OSError, match="went away"):
        data_incidents.open_about(desk, "prices", summary="wrong")
    monkeypatch.undo()
    assert state_of(desk, entry) == "active"
    assert incidents.listed(desk, open_only=True) == ()
    with desk.read() as tx:
        assert data_holds.holding(tx, digest_of(desk)) == ()


def test_data_that_are_not_proven_fit_open_one_incident_with_the_remedy(
    desk: Desk, entry: str
) -> None:
    """A certificate that is lost after entries were mined from its snapshot."""
    queue.add(desk, name="one", config_path="configs/campaigns/one.toml", repeat=True)
    queued = queue.next_run(desk)
    assert queued is not None
    claimed = run_verbs.claim(desk, queued.run.id)
    run_verbs.fail(desk, claimed.run.id, claimed.attempt, cause="it broke", exit_code=1)
    digest = digest_of(desk)
    certificate = desk.workspace.snapshots / digest / "readiness.json"
    whole = certificate.read_bytes()
    certificate.write_text("{")
    assert ensure_runs(desk) == ()
    assert ensure_runs(desk) == ()
    (found,) = data_incidents.of_data(desk, "prices")
    assert (found.question.origin, found.incident.occurrences) == ("readiness", 1)
    assert "omp data check prices" in found.incident.summary
    assert state_of(desk, entry) == "quarantined"
    with desk.write() as tx, pytest.raises(DataHeld, match=found.incident.id):
        data.resolve(desk, tx, "prices")
    certificate.write_bytes(whole)
    assert ensure_runs(desk) == ()  # a person says what it was
    data_incidents.resolve(desk, found.incident.id, **CLOSED)
    assert state_of(desk, entry) == "active"
    assert len(ensure_runs(desk)) == 1


def test_a_run_whose_data_do_not_suit_its_campaign_opens_one_incident(desk: Desk) -> None:
    file = "configs/campaigns/one.toml"
    campaign = queue.add(desk, name="one", config_path=file, repeat=True)
    for _ in range(2):
        queued = queue.next_run(desk)
        assert queued is not None
        claimed = run_verbs.claim(desk, queued.run.id)
        run_verbs.fail(
            desk,
            claimed.run.id,
            claimed.attempt,
            cause="the campaign wants bars of 1h, those of prices are 1d: omp data resample",
            exit_code=3,
        )
        hand_clock(desk).wait(3600)
        ensure_runs(desk)
        hand_clock(desk).wait(3600)
    (found,) = incidents.listed(desk, open_only=True)
    assert (found.fingerprint, found.occurrences) == (f"campaign.unusable:{campaign.id}", 2)
    assert "omp data resample" in found.summary
