"""Incidents: one per episode, closed with cause, resolution and prevention."""

import pytest

from omp.domain.errors import IllegalMove, InvalidInput, NotFound
from omp.ops import incidents
from omp.ops.desk import Desk
from omp.ops.opening import open_desk
from omp.store import journal


def kinds(desk: Desk) -> list[str]:
    with desk.read() as tx:
        return [one.kind for one in journal.records(tx) if "promotions" in one.kind]


def test_the_same_episode_is_one_incident(desk: Desk) -> None:
    first = incidents.open_incident(desk, "run.stuck:a", "SEV-2", "a is stuck")
    again = incidents.open_incident(desk, "run.stuck:a", "SEV-2", "a is stuck")
    other = incidents.open_incident(desk, "run.stuck:b", "SEV-2", "b is stuck")
    assert (again.id, again.occurrences) == (first.id, 2)
    assert other.id != first.id
    incidents.resolve(desk, first.id, cause="c", prevention="p", resolution="r")
    assert incidents.open_incident(desk, "run.stuck:a", "SEV-2", "again").id != first.id


def test_an_episode_gets_worse_and_never_milder(desk: Desk) -> None:
    first = incidents.open_incident(desk, "f", "SEV-2", "s")
    assert incidents.open_incident(desk, "f", "SEV-1", "s").severity == "SEV-1"
    found = incidents.open_incident(desk, "f", "SEV-2", "s")
    assert (found.id, found.severity) == (first.id, "SEV-1")
    assert [one["event"][:6] for one in found.details["timeline"]] == ["detect", "raised"]


@pytest.mark.parametrize("empty", ["cause", "prevention", "resolution"])
def test_closing_needs_cause_prevention_and_resolution(desk: Desk, empty: str) -> None:
    found = incidents.open_incident(desk, "f", "SEV-2", "s")
    written = {"cause": "c", "prevention": "p", "resolution": "r", empty: "  "}
    with pytest.raises(InvalidInput, match=empty):
        incidents.resolve(desk, found.id, **written)
    assert incidents.get(desk, found.id).state == "open"


def test_its_states_are_those_of_the_table(desk: Desk) -> None:
    found = incidents.open_incident(desk, "f", "SEV-2", "s")
    assert incidents.acknowledge(desk, found.id).state == "acknowledged"
    with pytest.raises(IllegalMove):
        incidents.acknowledge(desk, found.id)
    closed = incidents.resolve(desk, found.id, cause="c", prevention="p", resolution="r")
    assert (closed.state, closed.cause) == ("resolved", "c")
    assert closed.resolved_at
    with pytest.raises(IllegalMove):
        incidents.resolve(desk, found.id, cause="c", prevention="p", resolution="r")
    with pytest.raises(NotFound):
        incidents.get(desk, "INC-x")
    with pytest.raises(InvalidInput):
        incidents.open_incident(desk, "f", "SEV-9", "s")


def test_a_sev_0_freezes_promotions_until_the_last_is_closed(desk: Desk) -> None:
    first = incidents.open_incident(desk, "a", "SEV-2", "s")
    assert incidents.frozen(desk) == ()
    incidents.open_incident(desk, "a", "SEV-0", "worse")
    second = incidents.open_incident(desk, "b", "SEV-0", "s")
    assert {one.id for one in incidents.frozen(desk)} == {first.id, second.id}
    for one in (first, second):
        incidents.resolve(desk, one.id, cause="c", prevention="p", resolution="r")
    assert incidents.frozen(desk) == ()
    assert kinds(desk) == ["promotions.frozen", "promotions.thawed"]


def test_a_record_restored_from_an_old_copy_freezes_and_is_accepted_by_a_person(
    desk: Desk,
) -> None:
    root = desk.workspace.root
    with desk.write() as tx:
        desk.note(tx, "queue.change", "x", {})
    with desk.read() as tx:
        head = journal.head(tx)
    forged = journal.Head(head.seq + 5, "f" * 64)
    journal.write_anchor(desk.workspace, forged)
    reopened = open_desk(root, operator="tester")
    (incident,) = incidents.frozen(reopened)
    assert incident.fingerprint == incidents.JOURNAL_BEHIND
    assert journal.read_anchor(desk.workspace) == forged
    again = open_desk(root, operator="tester")
    assert incidents.frozen(again)[0].occurrences == 1
    incidents.resolve(again, incident.id, cause="c", prevention="p", resolution="r")
    with again.read() as tx:
        assert journal.behind(tx, again.workspace) is None
    for one in (reopened, again):
        one.db.close()
