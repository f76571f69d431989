"""The loop with real children of a small engine."""

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon import process
from omp.domain.errors import IllegalMove, ResourceShort
from omp.ops import miner, queue, runs
from omp.ops.incidents import listed
from omp.store import ledger
from omp.wire.rundir import RunDirectory

Open = Callable[..., Shop]


def test_a_queued_campaign_is_mined_to_its_end(open_shop: Open) -> None:
    shop = open_shop()
    shop.add()
    shop.mine()
    run = shop.turn_until_state("completed")
    assert run.attempt == 1
    assert run.generation == 2
    assert run.trials == 24
    assert run.pid is None
    assert run.manifest_digest
    assert run.engine_version == "0.1.0"
    page = runs.candidates(shop.desk, run.id)
    assert [one["rank"] for one in page.items] == [1, 2]
    with shop.desk.read() as tx:
        assert ledger.of_run(tx, run.id).trials == 24
    assert {"run.claimed", "run.progress", "run.completed"} <= set(shop.kinds())


def test_nothing_is_mined_while_offline_or_paused(open_shop: Open) -> None:
    shop = open_shop()
    shop.add()
    shop.mine()
    miner.want(shop.desk, "pause")
    for _ in range(5):
        shop.loop.turn()
    assert shop.run().state == "queued"
    miner.want(shop.desk, "stop")
    for _ in range(5):
        shop.loop.turn()
    assert shop.run().state == "queued"


def test_a_repeating_campaign_goes_on_with_its_next_seed(open_shop: Open) -> None:
    shop = open_shop("generations=1")
    shop.add(repeat=True)
    shop.mine()
    shop.turn_until(lambda: sum(r.state == "completed" for r in shop.runs()) >= 2)
    assert [run.seed for run in shop.runs()][:2] == [1, 2]


def test_one_slot_means_one_run_at_a_time(open_shop: Open) -> None:
    shop = open_shop("hang")
    shop.add("alpha")
    shop.add("beta", first=7)
    shop.mine()
    shop.turn_until(lambda: any(run.state == "running" for run in shop.runs()))
    for _ in range(5):
        shop.loop.turn()
    assert sorted(run.state for run in shop.runs()) == ["queued", "running"]


def test_stop_checkpoints_back_to_queued_and_start_resumes(open_shop: Open) -> None:
    shop = open_shop("generations=400,pause=0.05")
    shop.add()
    shop.mine()
    shop.turn_until(lambda: (shop.run().generation or 0) >= 2)
    miner.want(shop.desk, "stop")
    back = shop.turn_until_state("queued")
    assert back.cause == "the miner was stopped"
    assert back.attempts_without_progress == 0
    assert shop.clock is not None
    assert not process.tree(back.id)
    with shop.desk.read() as tx:
        charged = ledger.of_run(tx, back.id)
    assert charged.trials >= 16, "an interrupted run has paid for what it evaluated"
    miner.want(shop.desk, "start")
    shop.loop._orders.environment["ENGINE"] = "generations=400,pause=0"
    run = shop.turn_until_state("completed")
    assert run.attempt == 2
    with shop.desk.read() as tx:
        assert ledger.of_run(tx, run.id).generations == 400


def test_pause_lets_the_run_go_on_and_suspend_does_not(open_shop: Open) -> None:
    shop = open_shop("hang")
    shop.add()
    shop.mine()
    shop.turn_until_state("running")
    miner.want(shop.desk, "pause")
    for _ in range(5):
        shop.loop.turn()
    assert shop.run().state == "running"
    miner.want(shop.desk, "resume")
    miner.want(shop.desk, "pause", suspend=True)
    assert shop.turn_until_state("queued").cause == "the miner was suspended"


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        ("empty", "without a finished run directory"),
        ("bad", "data not ready: 3 gaps in AAA"),
        ("crash=1", "the engine failed with exit code 1"),
        ("noevidence", "evidence.json is not there"),
    ],
)
def test_a_failure_is_closed_with_its_cause(open_shop: Open, mode: str, cause: str) -> None:
    shop = open_shop(mode)
    shop.add()
    shop.mine()
    run = shop.turn_until_state("failed")
    assert run.cause is not None
    assert cause in run.cause
    assert run.pid is None


def test_a_failed_run_has_paid_for_its_unfinished_generation(open_shop: Open) -> None:
    shop = open_shop("crash=1")
    shop.add()
    shop.mine()
    run = shop.turn_until_state("failed")
    with shop.desk.read() as tx:
        owed = ledger.of_run(tx, run.id)
    assert (owed.generations, owed.open_generations, owed.trials) == (2, 1, 18)


def test_a_changed_file_fails_the_run(open_shop: Open) -> None:
    shop = open_shop("hang")
    shop.add()
    shop.mine()
    run = shop.turn_until_state("running")
    folder = RunDirectory(shop.desk.workspace.run(run.id))
    from tests.unit.daemon.rundirs import finish

    finish(folder.root, run_id=run.id, seed=1, generations=3, digest=str(run.data_digest))
    folder.summary.write_text(json.dumps({"schema_version": 1, "better": True}))
    shop.loop._executor.kill(run.id)
    closed = shop.turn_until_state("failed")
    assert closed.cause is not None
    assert "summary.json does not have the digest" in closed.cause


def test_a_killed_child_is_resumed_from_its_checkpoint(open_shop: Open) -> None:
    shop = open_shop("generations=30,pause=0.05")
    shop.add()
    shop.mine()
    shop.turn_until(lambda: (shop.run().generation or 0) >= 2)
    shop.loop._executor.kill(shop.run().id)
    run = shop.turn_until_state("completed")
    assert run.attempt == 2
    events = runs.events(shop.desk, run.id, limit=500).items
    starts = [one["first"] for one in events if one["event"] == "start"]
    assert starts[0] == 0
    assert starts[1] >= 2, "it went on where it was"


def test_three_attempts_without_a_generation_fail(open_shop: Open) -> None:
    shop = open_shop("hang")
    shop.add()
    shop.mine()
    for attempt in (1, 2, 3):
        shop.turn_until(lambda n=attempt: shop.run().attempt == n and shop.run().pid)
        shop.loop._executor.kill(shop.run().id)
        shop.turn_until(lambda n=attempt: shop.run().state != "running" or shop.run().attempt > n)
        shop.clock.ahead_s += 121
    run = shop.turn_until_state("failed")
    assert run.attempt == 3
    assert "3 attempts without a generation" in str(run.cause)


@pytest.mark.parametrize("mode", ["hang", "busy", "deaf,busy", "deaf,fork,hang"])
def test_a_run_without_progress_is_ended_with_its_tree(open_shop: Open, mode: str) -> None:
    shop = open_shop(mode)
    shop.add()
    shop.mine()
    run = shop.turn_until_state("running")
    shop.turn_until(lambda: "think" in "".join(runs.logs(shop.desk, run.id).lines))
    shop.turn_until(lambda: len(process.tree(run.id)) == (2 if "fork" in mode else 1))
    shop.turn_until(lambda: "busy" not in mode or shop.run().generation == 0)
    shop.clock.ahead_s += 601
    back = shop.turn_until_state("queued")
    assert str(back.cause).startswith("stuck: ")
    assert back.not_before is not None, "the next attempt backs off"
    assert not process.tree(run.id)
    (incident,) = listed(shop.desk)
    assert "I am about to think very hard" in incident.details["last_lines"]
    assert incident.details["runs"] == [run.id]
    assert len(incident.details["processes"]) == (2 if "fork" in mode else 1)


def test_stuck_is_seen_within_a_tick_of_its_limit_and_not_before(open_shop: Open) -> None:
    shop = open_shop("hang")
    shop.add()
    shop.mine()
    shop.turn_until_state("running")
    shop.turn_until(lambda: "think" in "".join(runs.logs(shop.desk, shop.run().id).lines))
    shop.clock.ahead_s += 570  # the few seconds this test takes are less than the other 30
    shop.loop.turn()
    assert not any(slot.ending for slot in shop.loop._supervisor._slots.values())
    shop.clock.ahead_s += shop.loop._lookout.interval_s + 0.1
    shop.loop.turn()
    (slot,) = shop.loop._supervisor._slots.values()
    assert slot.ending is not None
    assert slot.ending.cause.startswith("stuck: ")


def test_a_critical_disk_is_acted_on_within_a_tick(open_shop: Open) -> None:
    shop = open_shop("generations=500,pause=0.05")
    shop.add()
    shop.mine()
    shop.turn_until_state("running")
    shop.reader.set(disk_free_gb=0.5)
    shop.clock.ahead_s += shop.loop._lookout.interval_s + 0.1
    shop.loop.turn()
    assert miner.state(shop.desk).state == "offline"


def test_a_run_that_fills_the_disk_is_ended_with_its_cause(open_shop: Open) -> None:
    quota = "[limits]\nmax_run_disk_gb = 0.01\n"
    shop = open_shop("huge=20,generations=500,pause=0.05", settings=quota)
    shop.add()
    shop.mine()
    shop.turn_until_state("running")
    shop.turn_until(lambda: (shop.run().generation or 0) > 0)
    shop.desk.wake.set()
    back = shop.turn_until_state("queued")
    assert str(back.cause).startswith("disk quota: ")
    assert "its share of the disk is 10 MB" in listed(shop.desk)[0].summary
    assert not process.tree(back.id)


def test_a_huge_line_neither_blocks_nor_fills_the_memory(open_shop: Open) -> None:
    shop = open_shop("huge=100")
    shop.add()
    shop.mine()
    assert shop.turn_until_state("completed").generation == 2


def test_a_cancelled_run_ends_once_its_processes_have_gone(open_shop: Open) -> None:
    shop = open_shop("deaf,hang")
    shop.add()
    shop.mine()
    run = shop.turn_until_state("running")
    asked = runs.cancel(shop.desk, run.id, reason="wrong market")
    assert (asked.state, asked.stage) == ("running", runs.CANCELLING)
    done = shop.turn_until_state("cancelled")
    assert done.cause == "cancelled by tester: wrong market"
    assert not process.tree(run.id)
    with pytest.raises(IllegalMove):
        runs.cancel(shop.desk, run.id)


def test_a_queued_run_is_cancelled_at_once(open_shop: Open) -> None:
    shop = open_shop()
    shop.add()
    assert runs.cancel(shop.desk, shop.run().id).state == "cancelled"


def test_a_short_machine_starts_nothing_and_says_why(open_shop: Open) -> None:
    shop = open_shop("generations=1")
    campaign = shop.add()
    shop.reader.set(mem_available_mb=100.0)
    shop.mine()
    for _ in range(3):
        shop.loop.turn()
    assert shop.run().state == "queued"
    told = queue.why(shop.desk, campaign)
    assert any("100 MB of memory" in one for one in told.reasons)
    assert any("100 MB" in one for one in miner.status(shop.desk)["blocked"])
    shop.reader.set(mem_available_mb=4000.0)
    shop.desk.wake.set()
    shop.turn_until_state("completed")
    assert miner.status(shop.desk)["blocked"] == []


def test_a_full_disk_takes_the_miner_offline_and_the_daemon_answers_on(open_shop: Open) -> None:
    shop = open_shop("generations=500,pause=0.05")
    shop.add()
    shop.mine()
    shop.turn_until_state("running")
    shop.reader.set(disk_free_gb=0.5)
    shop.desk.wake.set()
    back = shop.turn_until_state("queued")
    assert back.attempts_without_progress == 0
    status = miner.status(shop.desk)
    assert status["status"] == "offline"
    assert "0.50 GB" in status["reason"]
    assert listed(shop.desk)[0].severity == "SEV-1"
    shop.reader.set(disk_free_gb=50.0)
    shop.desk.wake.set()
    for _ in range(3):
        shop.loop.turn()
    assert shop.run().state == "queued", "only a person starts it again"


def test_three_failures_pause_and_quarantine(open_shop: Open) -> None:
    shop = open_shop("bad")
    campaign = shop.add(repeat=True)
    shop.mine()
    for n in (1, 2, 3):
        shop.turn_until(lambda n=n: sum(r.state == "failed" for r in shop.runs()) == n)
        shop.clock.ahead_s += 130
    shop.turn_until(lambda: miner.state(shop.desk).state == "paused")
    shop.turn_until(lambda: queue.get(shop.desk, campaign).state == "quarantined")
    miner.want(shop.desk, "resume")
    for _ in range(3):
        shop.loop.turn()
    assert miner.state(shop.desk).state == "running", "failures before the resume count no more"


def test_a_finished_run_is_handed_to_promotion(open_shop: Open) -> None:
    shop = open_shop("generations=1")
    shop.add()
    shop.mine()
    shop.turn_until_state("completed")
    shop.loop._promoter.work()
    assert shop.judged == [shop.run().id]
    assert shop.run().outcome == "refused"
    shop.loop._promoter.work()
    assert len(shop.judged) == 1


def test_a_fault_in_a_step_is_told_and_survived(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop("generations=1")
    shop.add()
    shop.mine()

    def broken(_desk: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(queue, "ingest_file", broken)
    shop.turn_until_state("completed")
    (incident,) = listed(shop.desk)
    assert incident.fingerprint == "loop.queue.RuntimeError"
    assert "unforeseen" in incident.summary


def test_a_stale_attempt_changes_nothing(open_shop: Open) -> None:
    shop = open_shop("hang")
    shop.add()
    shop.mine()
    run = shop.turn_until_state("running")
    latest = runs.Progress(5, 9, 1.0, 1, 1, 1.0, 1.0)
    assert not runs.progress(shop.desk, run.id, run.attempt - 1, latest, advanced=True)
    assert shop.run().generation is None


def test_what_a_dead_daemon_left_in_the_log_is_folded_in_before_anything_is_written(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, seen = open_shop(), list[list[str]]()
    before, real = shop.kinds(), shop.loop.desk.db.fold

    def fold() -> None:
        seen.append(shop.kinds())
        real()
        raise ResourceShort("another program reads the database")

    monkeypatch.setattr(shop.loop.desk.db, "fold", fold)
    shop.loop.begin()
    assert seen == [before]
    assert shop.kinds()[-1] == "daemon.started"
    assert not listed(shop.desk), "a reader is no fault"


def test_a_file_that_a_killed_process_was_writing_is_gone_after_the_start(open_shop: Open) -> None:
    shop = open_shop()
    nobody = max(int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()) + 100_000
    folders = (shop.desk.workspace.state, shop.desk.workspace.config_file.parent)
    left = [folder / f".anchor.{nobody}.part" for folder in folders]
    for one in left:
        one.write_bytes(b"half")
    shop.loop.begin()
    shop.loop.end()
    assert not any(one.exists() for one in left)


def test_a_disk_that_refuses_is_one_incident_wherever_it_was_met(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error", "some file")

    monkeypatch.setattr(shop.loop._supervisor, "reconcile", refuse)
    monkeypatch.setattr(shop.loop._lookout, "look", refuse)
    shop.loop.tick()
    (incident,) = listed(shop.desk)
    assert (incident.fingerprint, incident.severity) == ("disk.refused", "SEV-1")
    assert incident.occurrences == 2
    assert "dmesg" in incident.summary
