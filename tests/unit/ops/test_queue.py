"""The queue's verbs."""

from dataclasses import replace

import pytest
from tests.desks import hand_clock, write_campaign, write_data

from omp.domain.errors import (
    Conflict,
    DataNotReady,
    IllegalMove,
    InvalidConfiguration,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    UnsafePath,
)
from omp.ops import queue
from omp.ops.desk import Desk
from omp.ops.queue_view import CampaignView
from omp.store import campaigns, journal, runs


def add(desk: Desk, name: str = "one", **values: object) -> CampaignView:
    if name != "one":
        write_campaign(desk.workspace.root, name, population=100 + sum(map(ord, name)))
    path = f"configs/campaigns/{name}.toml"
    return queue.add(desk, **{"name": name, "config_path": path, **values})  # type: ignore[arg-type]


def finish(desk: Desk, campaign_id: str, state: str = "completed") -> str:
    """Pretend that the campaign's live run ended."""
    with desk.write() as tx:
        run = runs.live(tx, campaign_id)[0]
        now = desk.clock.iso()
        assert runs.change(tx, run.id, state=run.state, to_state=state, finished_at=now)
    return run.id


def names(desk: Desk) -> list[str]:
    return [one.name for one in queue.list_queue(desk)]


def test_adding_queues_the_first_run_with_the_first_seed(desk: Desk) -> None:
    desk.wake.clear()
    found = add(desk)
    assert (found.status, found.place, found.market, found.environment) == (
        "queued",
        1,
        "us",
        "real",
    )
    assert (found.priority, found.tags, found.owner) == (5, ["from file"], "researcher")
    with desk.read() as tx:
        run = runs.get(tx, str(found.run_id))
        assert (run.seed, run.environment, run.state) == (1, "real", "queued")
        assert run.data_digest
        assert run.lineage
        kinds = [one.kind for one in journal.records(tx)]
    assert kinds[-3:] == ["seed.registered", "run.queued", "queue.change"]
    assert desk.wake.is_set()


def test_a_disabled_campaign_gets_no_run_until_it_is_enabled(desk: Desk) -> None:
    found = add(desk, enabled=False)
    assert (found.status, found.place) == ("idle", None)
    assert queue.ensure_runs(desk) == ()
    assert queue.change(desk, found.id, enabled=True).status == "queued"


def test_the_same_configuration_is_recognised_while_it_is_queued(desk: Desk) -> None:
    first, second = add(desk), add(desk, name="one")
    assert second.duplicate
    assert second.id == first.id
    assert len(names(desk)) == 1
    finish(desk, first.id)
    third = add(desk)
    assert not third.duplicate
    with desk.read() as tx:
        assert runs.get(tx, str(third.run_id)).seed == 2


def test_an_idempotency_key_gives_the_first_answer_again(desk: Desk) -> None:
    first = add(desk, idempotency_key="k")
    finish(desk, first.id)
    again = add(desk, idempotency_key="k")
    assert (again.id, again.duplicate) == (first.id, True)
    with pytest.raises(Conflict, match="another request"):
        add(desk, idempotency_key="k", priority=1)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"config_path": "configs/campaigns/absent.toml"}, NotFound),
        ({"config_path": "../outside.toml"}, UnsafePath),
        ({"config_path": "/etc/passwd"}, UnsafePath),
        ({"config_path": ""}, InvalidInput),
        ({"config_path": "dashboard/omp_config.toml"}, InvalidConfiguration),
        ({"priority": 0}, InvalidInput),
        ({"priority": 11}, InvalidInput),
        ({"priority": True}, InvalidInput),
        ({"market": "mars"}, InvalidInput),
        ({"name": "  "}, InvalidInput),
        ({"name": "x" * 201}, InvalidInput),
        ({"tags": ["x" * 65]}, InvalidInput),
    ],
)
def test_what_cannot_be_used_is_refused_and_changes_nothing(
    desk: Desk, values: dict[str, object], error: type[Exception]
) -> None:
    with desk.read() as tx:
        before = journal.count(tx)
    with pytest.raises(error):
        add(desk, **values)
    with desk.read() as tx:
        assert journal.count(tx) == before
    assert names(desk) == []


@pytest.mark.parametrize("ready", [False, None])
def test_uncertain_data_are_not_mined(desk: Desk, ready: bool | None) -> None:
    write_data(desk.workspace.root, "prices", last="2019-01-01T00:00:00Z", ready=ready)
    with pytest.raises(DataNotReady, match="not proven fit"):
        add(desk)


def test_a_source_nobody_knows_is_refused(desk: Desk) -> None:
    write_campaign(desk.workspace.root, "two", source="nothing")
    with pytest.raises(NotFound, match="prices"):
        add(desk, config_path="configs/campaigns/two.toml")


def test_priority_goes_first_and_age_breaks_ties(desk: Desk) -> None:
    for name, priority in (("one", 5), ("two", 5), ("three", 1), ("four", 10)):
        add(desk, name, priority=priority)
    assert names(desk) == ["three", "one", "two", "four"]
    following = queue.next_run(desk)
    assert following is not None
    assert following.campaign.name == "three"


def test_waiting_raises_a_campaign_past_newer_ones(desk: Desk) -> None:
    add(desk, "one", priority=10)
    hand_clock(desk).wait(5 * 3600)
    add(desk, "two", priority=1)
    assert names(desk) == ["one", "two"]


def test_a_run_that_backs_off_lets_the_next_one_pass(desk: Desk) -> None:
    first, second = add(desk, "one", priority=1), add(desk, "two")
    with desk.write() as tx:
        runs.change(tx, str(first.run_id), not_before="2026-03-02T10:00:00.000000Z")
    following = queue.next_run(desk)
    assert following is not None
    assert following.run.id == second.run_id
    hand_clock(desk).wait(7200)
    following = queue.next_run(desk)
    assert following is not None
    assert following.run.id == first.run_id
    following = queue.next_run(desk, excluding=frozenset({str(first.run_id)}))
    assert following is not None
    assert following.run.id == second.run_id


def test_reordering_puts_a_campaign_before_another(desk: Desk) -> None:
    for name, priority in (("one", 1), ("two", 5), ("three", 5)):
        add(desk, name, priority=priority)
    ids = {one.name: one.id for one in queue.list_queue(desk)}
    queue.reorder(desk, ids["three"], before=ids["two"], reason="three is urgent")
    assert names(desk) == ["one", "three", "two"]
    moved = queue.reorder(desk, ids["two"], before=ids["one"], reason="now two is")
    assert names(desk) == ["two", "one", "three"]
    assert moved.priority == 1
    queue.reorder(desk, ids["two"], before=None, reason="done")
    assert names(desk) == ["one", "three", "two"]
    change = queue.changes(desk)[0]
    assert (change.action, change.reason, change.operator) == ("reorder", "done", "tester")
    assert change.previous["place"] == 1
    assert change.new["place"] == 3


def test_reordering_considers_what_ageing_has_done(desk: Desk) -> None:
    old = add(desk, "one", priority=10)
    hand_clock(desk).wait(4 * 1800)
    new = add(desk, "two", priority=9)
    assert names(desk) == ["one", "two"]
    queue.reorder(desk, new.id, before=old.id, reason="urgent")
    assert names(desk) == ["two", "one"]


def test_each_changed_field_leaves_its_own_record(desk: Desk) -> None:
    found = add(desk)
    queue.change(
        desk, found.id, priority=2, repeat=True, tags=["x"], name="New", enabled=False, reason="r"
    )
    records = {one.action: one for one in queue.changes(desk, campaign_id=found.id)}
    assert set(records) == {"add", "priority", "repeat", "tags", "name", "disable"}
    assert (records["priority"].previous, records["priority"].new) == (
        {"priority": 5},
        {"priority": 2},
    )
    after = queue.get(desk, found.id)
    assert (after.priority, after.repeat, after.tags, after.name, after.enabled) == (
        2,
        True,
        ["x"],
        "New",
        False,
    )


def test_a_change_that_changes_nothing_leaves_no_record(desk: Desk) -> None:
    found = add(desk)
    queue.change(desk, found.id, priority=5, enabled=True)
    assert [one.action for one in queue.changes(desk)] == ["add"]


def test_if_match_refuses_a_stale_version(desk: Desk) -> None:
    found = add(desk)
    after = queue.change(desk, found.id, repeat=True, if_match=found.version)
    with pytest.raises(PreconditionFailed):
        queue.change(desk, found.id, repeat=False, if_match=found.version)
    assert after.version == found.version + 1


def test_removing_cancels_what_waits_and_keeps_the_record(desk: Desk) -> None:
    found = add(desk)
    queue.remove(desk, found.id)
    assert names(desk) == []
    with desk.read() as tx:
        assert runs.get(tx, str(found.run_id)).state == "cancelled"
        assert campaigns.get(tx, found.id, removed=True).removed_at
    assert queue.changes(desk)[0].reason == "not given"
    with pytest.raises(NotFound):
        queue.remove(desk, found.id)


def test_a_run_under_way_goes_on_when_its_campaign_is_removed(desk: Desk) -> None:
    found = add(desk)
    with desk.write() as tx:
        runs.change(tx, str(found.run_id), state="queued", to_state="running", to_attempt=1)
    queue.remove(desk, found.id)
    with desk.read() as tx:
        assert runs.get(tx, str(found.run_id)).state == "running"
    with desk.write() as tx:
        runs.change(tx, str(found.run_id), state="running", to_state="queued")
    queue.ensure_runs(desk)
    with desk.read() as tx:
        assert runs.get(tx, str(found.run_id)).state == "cancelled"


def test_a_quarantine_is_lifted_by_a_person_with_a_reason(desk: Desk) -> None:
    found = add(desk)
    queue.quarantine(desk, found.id, reason="failed three times")
    assert queue.next_run(desk) is None
    with pytest.raises(IllegalMove, match="lift"):
        queue.change(desk, found.id, enabled=True)
    with pytest.raises(InvalidInput, match="without a reason"):
        queue.lift(desk, found.id, reason=" ")
    assert queue.lift(desk, found.id, reason="the data was mended").state == "disabled"
    assert queue.change(desk, found.id, enabled=True).state == "enabled"


def test_a_repeat_takes_the_next_seed_and_goes_behind_the_others(desk: Desk) -> None:
    first = add(desk, "one", repeat=True)
    add(desk, "two")
    finish(desk, first.id)
    assert len(queue.ensure_runs(desk)) == 1
    assert names(desk) == ["two", "one"]
    with desk.read() as tx:
        assert [one.seed for one in runs.find(tx, campaign_id=first.id)] == [2, 1]
    assert queue.ensure_runs(desk) == ()


def test_a_canary_is_due_once_for_so_many_runs_of_others(desk: Desk) -> None:
    settings = replace(desk.settings, canary=replace(desk.settings.canary, every_n_runs=2))
    paced = replace(desk, settings=settings)
    path = write_campaign(desk.workspace.root, "noise", source="synthetic:null", market="synthetic")
    canary = queue.add(paced, name="noise", config_path=path, repeat=True, tags=["canary"])
    other = add(paced, "one", repeat=True)
    finish(paced, canary.id)
    for missing in (2, 1):
        assert f"after {missing} more runs" in queue.why(paced, canary.id).sentence
        queue.ensure_runs(paced)
        with paced.read() as tx:
            assert not runs.live(tx, canary.id)
        finish(paced, other.id)
    queue.ensure_runs(paced)
    with paced.read() as tx:
        assert [one.seed for one in runs.find(tx, campaign_id=canary.id)] == [2, 1]


def test_a_campaign_on_real_data_is_no_canary_by_its_tag(desk: Desk) -> None:
    found = add(desk, repeat=True, tags=["canary"])
    finish(desk, found.id)
    assert len(queue.ensure_runs(desk)) == 1


def test_without_repeat_a_campaign_runs_once(desk: Desk) -> None:
    found = add(desk)
    finish(desk, found.id)
    assert queue.ensure_runs(desk) == ()
    assert "does not repeat" in queue.why(desk, found.id).sentence
    assert queue.again(desk, found.id).status == "queued"
    with pytest.raises(Conflict, match="is queued"):
        queue.again(desk, found.id)


def test_a_list_of_seeds_ends_the_repetition(desk: Desk) -> None:
    path = write_campaign(desk.workspace.root, "listed", seeds="[7, 3]")
    found = queue.add(desk, name="listed", config_path=path, repeat=True)
    finish(desk, found.id)
    queue.ensure_runs(desk)
    finish(desk, found.id)
    assert queue.ensure_runs(desk) == ()
    with desk.read() as tx:
        assert [one.seed for one in runs.find(tx, campaign_id=found.id)] == [3, 7]
    assert "list of seeds has ended" in queue.why(desk, found.id).sentence


def test_a_failed_run_is_tried_again_with_its_seed_after_a_pause(desk: Desk) -> None:
    found = add(desk, repeat=True)
    finish(desk, found.id, "failed")
    with desk.write() as tx:
        campaigns.change(tx, found.id, consecutive_failures=2)
    queue.ensure_runs(desk)
    with desk.read() as tx:
        run = runs.latest(tx, found.id)
        assert run is not None
        assert run.seed == 1
        assert run.not_before is not None
        assert run.not_before > run.queued_at
        assert len(campaigns.registered_seeds(tx, *_search(desk, found.id))) == 1
    assert queue.next_run(desk) is None
    assert any("waits until" in one for one in queue.why(desk, found.id).reasons)


def _search(desk: Desk, campaign_id: str) -> tuple[str, str]:
    from omp.ops import campaign_configs

    with desk.read() as tx:
        run = runs.latest(tx, campaign_id)
        assert run is not None
        file = campaign_configs.kept(tx, run.config_hash).file
    return file.search_hash, str(run.lineage)


def test_a_changed_file_is_a_new_audited_version_at_claim(desk: Desk) -> None:
    found = add(desk)
    write_campaign(desk.workspace.root, "one", population=777)
    with desk.write() as tx:
        before = runs.get(tx, str(found.run_id))
        after = queue.at_claim(desk, tx, before)
    assert after.config_hash != before.config_hash
    with desk.read() as tx:
        assert "777" in campaigns.config(tx, after.config_hash).text
        assert campaigns.config(tx, before.config_hash)
        assert campaigns.get(tx, found.id).config_hash == after.config_hash
        assert (
            journal.records(tx, kinds=["config.changed"], newest_first=True, limit=1)[0].payload[
                "new"
            ]
            == after.config_hash
        )
    assert queue.changes(desk)[0].action == "config"


def test_a_run_that_has_begun_keeps_its_configuration(desk: Desk) -> None:
    found = add(desk)
    with desk.write() as tx:
        runs.change(tx, str(found.run_id), to_attempt=1)
    write_campaign(desk.workspace.root, "one", population=777)
    with desk.write() as tx:
        before = runs.get(tx, str(found.run_id))
        assert queue.at_claim(desk, tx, before) == before


def test_a_file_that_breaks_is_an_incident_and_no_run(desk: Desk) -> None:
    from omp.ops import incidents

    found = add(desk, repeat=True)
    finish(desk, found.id)
    (desk.workspace.campaigns / "one.toml").write_text("[campaign\n")
    for _ in range(3):
        assert queue.ensure_runs(desk) == ()
    (incident,) = incidents.listed(desk)
    assert incident.occurrences == 3
    assert found.id in incident.summary
    assert "TOML" in queue.why(desk, found.id).sentence


def test_why_says_what_stands_in_the_way(desk: Desk) -> None:
    from omp.ops import miner

    first, second = add(desk, "one"), add(desk, "two")
    assert "miner is offline" in queue.why(desk, first.id).sentence
    desk.live.set()
    miner.want(desk, "start")
    answer = queue.why(desk, second.id)
    assert (answer.place, answer.ahead, answer.next_campaign) == (2, ("one",), "one")
    assert "go first: one" in answer.sentence
    assert "next tick" in queue.why(desk, first.id).sentence
    queue.change(desk, first.id, enabled=False)
    assert "disabled" in queue.why(desk, first.id).sentence


def test_a_fresh_synthetic_market_has_its_seeds_by_kind(desk: Desk) -> None:
    path = write_campaign(desk.workspace.root, "noise", source="synthetic:null", market="synthetic")
    found = queue.add(desk, name="noise", config_path=path, repeat=True)
    with desk.read() as tx:
        run = runs.get(tx, str(found.run_id))
    assert (run.environment, run.data_digest, run.lineage) == ("synthetic", None, None)
    finish(desk, found.id)
    queue.ensure_runs(desk)
    with desk.read() as tx:
        assert [one.seed for one in runs.find(tx, campaign_id=found.id)] == [2, 1]
