"""What keeps queued runs from starting, changes of many, and changes that are only tried."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.desks import HandClock, hand_clock, write_campaign

from omp.app import open_desk
from omp.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound
from omp.ops import miner_status, queue
from omp.ops.desk import Desk
from omp.ops.queue_next import line
from omp.ops.queue_view import CampaignView
from omp.store import campaigns, journal, runs
from omp.store import runs as run_rows


def add(desk: Desk, name: str, extra: str = "", **values: Any) -> CampaignView:
    path = write_campaign(desk.workspace.root, name, population=100 + sum(map(ord, name)))
    if extra:
        file = desk.workspace.root / path
        file.write_text(file.read_text() + extra)
    return queue.add(desk, name=name, config_path=path, **values)


def with_queue(desk: Desk, **values: Any) -> Desk:
    settings = desk.settings
    return replace(desk, settings=replace(settings, queue=replace(settings.queue, **values)))


def end(desk: Desk, campaign_id: str, state: str = "completed") -> None:
    """The campaign's live run is claimed and ends so."""
    with desk.write() as tx:
        (run,) = runs.live(tx, campaign_id)
        at = desk.clock.iso()
        assert runs.change(tx, run.id, state=run.state, to_state=state, finished_at=at)
        failures = campaigns.get(tx, campaign_id).consecutive_failures + 1
        failures = failures if state == "failed" else 0
        campaigns.change(tx, campaign_id, consecutive_failures=failures)


def start(desk: Desk, campaign_id: str) -> None:
    with desk.write() as tx:
        (run,) = runs.live(tx, campaign_id)
        assert runs.change(tx, run.id, state="queued", to_state="running", to_attempt=1)


def following(desk: Desk) -> str | None:
    found = queue.next_run(desk)
    return None if found is None else found.campaign.name


# --- campaigns that wait for others ----------------------------------------------------------


def test_a_campaign_starts_after_the_one_it_waits_for(desk: Desk) -> None:
    second = add(desk, "second", priority=1, enabled=False)
    first = add(desk, "first", priority=9)
    queue.change(desk, second.id, after=["first"], enabled=True)
    assert queue.get(desk, second.id).after == [first.id]
    assert following(desk) == "first"
    why = queue.why(desk, second.id)
    assert f"it waits for first, whose run {first.run_id} is queued" in why.reasons
    assert why.next_campaign == "first"
    end(desk, first.id)
    assert following(desk) == "second"


def test_a_file_names_whom_it_waits_for(desk: Desk) -> None:
    extra = '\n[queue]\nafter = ["first"]\n'
    with pytest.raises(InvalidInput, match="no campaigns of the queue have that name"):
        add(desk, "second", extra)
    first = add(desk, "first", priority=9)
    second = add(desk, "second", extra)
    assert second.after == [first.id]
    end(desk, first.id, "failed")
    why = queue.why(desk, second.id)
    assert any(one.endswith(f"is failed: omp queue again {first.id}") for one in why.reasons)
    file = desk.workspace.root / second.config_path
    file.write_text(file.read_text().replace('["first"]', "[]"))
    with desk.write() as tx:
        queue.at_claim(desk, tx, runs.get(tx, str(second.run_id)))
    assert queue.get(desk, second.id).after == []
    assert following(desk) == "second"


def test_a_circle_is_refused_by_name(desk: Desk) -> None:
    one = add(desk, "one")
    two = add(desk, "two", after=[one.id])
    add(desk, "three", after=["two"])
    before = queue.list_queue(desk)
    with pytest.raises(InvalidInput, match="one after three after two after one"):
        queue.change(desk, one.id, after=["three"])
    with pytest.raises(InvalidInput, match="two after two"):
        queue.change(desk, two.id, after=["two"])
    assert queue.list_queue(desk) == before


def test_whoever_waits_for_a_repeating_one_waits_for_its_last_finished_run(desk: Desk) -> None:
    first = add(desk, "first", repeat=True, priority=9)
    add(desk, "second", after=["first"])
    assert following(desk) == "first"
    end(desk, first.id)
    queue.ensure_runs(desk)
    assert following(desk) == "second"


def test_a_removed_one_that_never_completed_is_waited_for_until_told_otherwise(desk: Desk) -> None:
    first, done = add(desk, "first"), add(desk, "done")
    second = add(desk, "second", after=["first", "done"])
    end(desk, done.id)
    queue.remove(desk, done.id)
    queue.remove(desk, first.id)
    assert "second waits for it" in queue.changes(desk, campaign_id=first.id)[0].impact
    assert "second waits" not in queue.changes(desk, campaign_id=done.id)[0].impact
    assert following(desk) is None
    (reason, *_) = queue.why(desk, second.id).reasons
    assert reason == "it waits for first, which was removed before its run completed"
    queue.change(desk, second.id, after=[])
    assert following(desk) == "second"


# --- hours, tags, approvals, retries -------------------------------------------------------------


def test_nothing_new_starts_in_quiet_hours(desk: Desk) -> None:
    found = add(desk, "one")
    quiet = with_queue(desk, quiet_hours=("mon-fri 08:30-18:00 UTC",))
    assert following(quiet) is None
    told = "quiet hours until Mon 18:00 UTC (2026-03-02T18:00Z)"
    assert told in queue.why(quiet, found.id).reasons
    assert queue.why(quiet, found.id).next_campaign == "one"
    status = miner_status.status(quiet)
    assert status["blocked"] == [told]
    assert status["quietUntil"] == "2026-03-02T18:00:00.000000Z"
    with quiet.read() as tx:
        assert queue.wakes_at(quiet, tx) == status["quietUntil"]
    hand_clock(desk).wait(timedelta(hours=9).total_seconds())
    assert following(quiet) == "one"
    assert miner_status.status(quiet)["quietUntil"] is None


def test_a_tag_lets_only_so_many_run(desk: Desk) -> None:
    limited = with_queue(desk, tag_limits={"heavy": 1})
    first = add(limited, "first", tags=["heavy", "gpu"])
    second = add(limited, "second", tags=["heavy"])
    add(limited, "third", tags=["gpu"])
    assert following(limited) == "first"
    start(limited, first.id)
    assert following(limited) == "third"
    reason = f"the tag heavy lets 1 run at the same time: {first.run_id}"
    assert reason in queue.why(limited, second.id).reasons
    end(limited, first.id)
    assert following(limited) == "second"
    assert following(with_queue(desk, tag_limits={"heavy": 0})) == "third"


def test_an_unapproved_campaign_does_not_start_when_approvals_are_required(desk: Desk) -> None:
    found = add(desk, "one")
    settings = replace(desk.settings, approval=replace(desk.settings.approval, required=True))
    strict = replace(desk, settings=settings)
    assert following(strict) is None
    lacks = "its spec card still needs: researcher_reviewed"
    assert lacks in queue.why(strict, found.id).reasons
    queue.approve(strict, found.id, "researcher_reviewed")
    assert following(strict) == "one"


def test_an_approval_can_be_taken_back_with_a_reason(desk: Desk) -> None:
    found = add(desk, "one")
    settings = replace(desk.settings, approval=replace(desk.settings.approval, required=True))
    strict = replace(desk, settings=settings)
    queue.approve(strict, found.id, "researcher_reviewed")
    with pytest.raises(InvalidInput, match="without a reason"):
        queue.disapprove(strict, found.id, "researcher_reviewed", reason=" ")
    assert following(strict) == "one"
    queue.disapprove(strict, found.id, "researcher_reviewed", reason="the costs are wrong")
    assert following(strict) is None
    change = queue.changes(strict)[0]
    assert (change.action, change.reason) == ("disapprove", "the costs are wrong")
    with pytest.raises(Conflict, match="has no approval"):
        queue.disapprove(strict, found.id, "researcher_reviewed", reason="again")
    with pytest.raises(InvalidInput, match="approval 'nonsense'"):
        queue.disapprove(strict, found.id, "nonsense", reason="x")


def test_a_review_lapses_with_the_configuration_it_was_given_to(desk: Desk) -> None:
    found = add(desk, "one")
    settings = replace(desk.settings, approval=replace(desk.settings.approval, required=True))
    strict = replace(desk, settings=settings)
    queue.approve(strict, found.id, "researcher_reviewed")
    write_campaign(desk.workspace.root, "one", population=7777)
    assert following(strict) is None
    assert any(
        "was changed since it was approved" in one for one in queue.why(strict, found.id).reasons
    )
    with pytest.raises(Conflict, match="since it was approved"), strict.write() as tx:
        queue.at_claim(strict, tx, run_rows.get(tx, str(found.run_id)))
    queue.approve(strict, found.id, "researcher_reviewed")
    assert following(strict) == "one"


def test_a_failed_run_is_tried_again_so_often_and_not_before_its_time(desk: Desk) -> None:
    patient = with_queue(desk, retries=2, retry_delay_s=60.0)
    found = add(patient, "one")
    waits = []
    for _ in range(2):
        end(patient, found.id, "failed")
        (retry,) = queue.ensure_runs(patient)
        with patient.read() as tx:
            run, failed = runs.get(tx, retry), runs.find(tx, states=("failed",), limit=1)[0]
        assert run.seed == failed.seed
        ended = HandClock().now().fromisoformat(str(failed.finished_at))
        waits.append((HandClock().now().fromisoformat(str(run.not_before)) - ended).total_seconds())
        assert following(patient) is None
        again = open_desk(desk.workspace.root, operator="later", clock=desk.clock)
        assert queue.next_run(again) is None  # a restart does not shorten the pause
        again.db.close()
        hand_clock(desk).wait(waits[-1])
        assert following(patient) == "one"
    assert waits == [60.0, 120.0]
    end(patient, found.id, "failed")
    assert queue.ensure_runs(patient) == ()
    assert queue.ensure_runs(desk) == ()


def test_a_campaign_says_itself_how_often_it_is_tried_again(desk: Desk) -> None:
    found = add(desk, "one", "\n[queue]\nretries = 1\nretry_delay_s = 5\n")
    plain = add(desk, "two")
    for one in (found, plain):
        end(desk, one.id, "failed")
    (retry,) = queue.ensure_runs(desk)
    with desk.read() as tx:
        assert runs.get(tx, retry).campaign_id == found.id
    assert "does not repeat" in queue.why(desk, plain.id).reasons[0]


# --- many at once, and dry runs ------------------------------------------------------------------


def test_many_are_changed_together_with_one_record_each(desk: Desk) -> None:
    ids = [add(desk, name, tags=["night"]).id for name in ("a", "b", "c")]
    other = add(desk, "other").id
    queue.change(desk, ids[0], enabled=False)
    done = queue.bulk(desk, "disable", tag="night", reason="a holiday")
    assert (done.changed, done.unchanged) == (tuple(ids[1:]), (ids[0],))
    assert [one.reason for one in queue.changes(desk)[:2]] == ["a holiday"] * 2
    assert queue.get(desk, other).enabled
    queue.bulk(desk, "enable", everything=True)
    queue.bulk(desk, "priority", ids=ids, priority=1, reason="first")
    assert {queue.get(desk, one).priority for one in ids} == {1}
    queue.bulk(desk, "remove", ids=ids)
    assert [one.id for one in queue.list_queue(desk)] == [other]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"action": "priority", "everything": True, "priority": 1}, InvalidInput),  # no reason
        ({"action": "priority", "everything": True, "priority": 99, "reason": "x"}, InvalidInput),
        ({"action": "priority", "everything": True, "reason": "x"}, InvalidInput),
        ({"action": "enable"}, InvalidInput),
        ({"action": "enable", "tag": "a", "everything": True}, InvalidInput),
        ({"action": "enable", "tag": "nobody has it"}, InvalidInput),
        ({"action": "explode", "everything": True}, InvalidInput),
        ({"action": "enable", "everything": True}, IllegalMove),  # one is quarantined
    ],
)
def test_a_change_of_many_is_all_or_nothing(
    desk: Desk, given: dict[str, Any], error: type[Exception]
) -> None:
    add(desk, "a")
    queue.quarantine(desk, add(desk, "b").id, reason="it failed")
    before, seq = queue.list_queue(desk), _head(desk)
    with pytest.raises(error):
        queue.bulk(desk, **given)
    assert (queue.list_queue(desk), _head(desk)) == (before, seq)


def test_an_unknown_one_among_many_keeps_all_as_they_are(desk: Desk) -> None:
    found = add(desk, "a")
    with pytest.raises(NotFound):
        queue.bulk(desk, "remove", ids=[found.id, "camp_nobody"])
    assert queue.get(desk, found.id)


def _head(desk: Desk) -> int:
    with desk.read() as tx:
        return journal.head(tx).seq


def test_a_dry_run_shows_the_order_and_keeps_nothing(desk: Desk) -> None:
    first, second = add(desk, "first"), add(desk, "second")
    file = desk.workspace.queue_file.read_bytes()
    before, seq = queue.list_queue(desk), _head(desk)
    desk.wake.clear()
    found = queue.rehearse(desk, queue.change, second.id, priority=1, reason="urgent")
    assert [one.name for one in found.order] == ["second", "first"]
    assert [(one["action"], one["campaign_id"]) for one in found.changes] == [
        ("priority", second.id)
    ]
    write_campaign(desk.workspace.root, "third", population=321)
    named = {"name": "third", "config_path": "configs/campaigns/third.toml", "priority": 1}
    assert queue.rehearse(desk, queue.add, **named).order[0].name == "third"
    assert queue.rehearse(desk, queue.bulk, "remove", everything=True).order == ()
    assert queue.rehearse(desk, queue.remove, first.id).order[0].name == "second"
    with pytest.raises(InvalidInput):
        queue.rehearse(desk, queue.change, second.id, priority=1)
    assert (queue.list_queue(desk), _head(desk)) == (before, seq)
    assert desk.workspace.queue_file.read_bytes() == file
    assert not desk.wake.is_set()
    assert queue.change(desk, second.id, priority=1, reason="urgent").place == 1


def test_a_change_and_a_move_are_one(desk: Desk) -> None:
    first, second = add(desk, "first"), add(desk, "second")
    with pytest.raises(NotFound):
        queue.change(desk, second.id, repeat=True, before="camp_nobody", reason="x")
    assert not queue.get(desk, second.id).repeat
    assert queue.change(desk, second.id, repeat=True, before=first.id, reason="x").place == 1


def test_the_claim_follows_the_line_at_every_age_and_priority(desk: Desk) -> None:
    """The claim's narrow query and the line that pages show are two ways to one order."""
    rng = random.Random(3)
    for number in range(12):
        add(desk, f"n{number:02}", priority=rng.randint(1, 10))
        hand_clock(desk).wait(rng.choice([0.0, 900.0, 1800.0, 3000.0]))
    with desk.read() as tx:
        order = [one.run.id for one in line(desk, tx)]
    taken: list[str] = []
    while found := queue.next_run(desk, excluding=frozenset(taken)):
        taken.append(found.run.id)
    assert taken == order
    assert len(set(order)) == 12
