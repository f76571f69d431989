"""What the miner does and what is wanted of it."""

import json
from pathlib import Path

import pytest
from tests.desks import hand_clock

from omp.domain.errors import IllegalMove
from omp.domain.miner import MINER
from omp.ops import miner, presence, queue
from omp.ops.desk import Desk
from omp.store import journal, meta, runs


def test_without_a_daemon_the_miner_is_offline_whatever_is_wanted(desk: Desk) -> None:
    miner.want(desk, "start")
    found = miner.state(desk)
    assert (found.state, found.wanted, found.actions) == ("offline", "running", ("start",))
    assert miner.want(desk, "stop").wanted == "offline"


def test_the_moves_are_those_of_the_table(desk: Desk) -> None:
    desk.live.set()
    for first in MINER.states:
        for action in ("start", "stop", "pause", "resume"):
            with desk.write() as tx:
                meta.put(tx, miner.WANTED_KEY, first)
            if (first, action) in MINER.moves:
                assert miner.want(desk, action).state == MINER.moves[first, action]
            else:
                with pytest.raises(IllegalMove) as refused:
                    miner.want(desk, action)
                assert refused.value.allowed == ", ".join(MINER.allowed(first))


def test_a_want_is_journalled_with_its_reason_and_wakes_the_loop(desk: Desk) -> None:
    desk.wake.clear()
    desk.live.set()
    miner.want(desk, "start", reason="monday")
    assert desk.wake.is_set()
    with desk.read() as tx:
        last = journal.records(tx, newest_first=True, limit=1)[0]
    assert (last.kind, last.payload["reason"], last.operator) == (
        "miner.wanted",
        "monday",
        "tester",
    )


@pytest.mark.parametrize(
    ("action", "suspend", "expected"),
    [("pause", False, False), ("pause", True, True), ("stop", False, True)],
)
def test_only_stop_and_a_suspending_pause_checkpoint_what_runs(
    desk: Desk, action: str, suspend: bool, expected: bool
) -> None:
    desk.live.set()
    miner.want(desk, "start")
    assert miner.want(desk, action, suspend=suspend).suspend is expected


def test_the_observed_state_is_journalled_once(desk: Desk) -> None:
    miner.observed(desk, "running")
    miner.observed(desk, "running")
    with desk.read() as tx:
        found = journal.records(tx, kinds=["miner.state"])
    assert [one.payload["new"] for one in found] == ["running"]


def test_status_is_in_the_seeds_spelling(desk: Desk) -> None:
    found = queue.add(desk, name="one", config_path="configs/campaigns/one.toml")
    with desk.write() as tx:
        runs.change(
            tx,
            str(found.run_id),
            to_state="running",
            to_attempt=1,
            generation=2,
            generations=3,
            best_sharpe=1.5,
            started_at=desk.clock.iso(),
        )
    status = miner.status(desk)
    needed = ["status", "wanted", "resources", "currentRuns", "queueDepth", "activityLog"]
    assert {*needed, "lastIncident", "uptimeS", "version", "actions"} <= set(status)
    assert {"cpuUtilPct", "memAvailableMb", "diskFreeGb"} <= set(status["resources"])
    assert status["queueDepth"] == 0
    assert status["currentRuns"][0]["bestSharpe"] == 1.5
    assert status["currentRuns"][0]["campaign"] == "one"
    assert {"timestamp", "message"} <= set(status["activityLog"][0])
    said = [one["message"] for one in status["activityLog"][:3]]
    assert said[0] == f"Queue, add; run {found.run_id} is queued with seed 1"
    assert said[1] == "A run waits with seed 1"
    assert [one["campaign"] for one in status["activityLog"][:2]] == ["one", "one"]
    assert json.loads(json.dumps(status)) == status


def test_status_uses_the_daemons_reading_while_it_is_fresh(desk: Desk) -> None:
    reading = {"cpu_util_pct": 12.0, "mem_available_mb": 1.0, "disk_free_gb": 2.0}
    with desk.write() as tx:
        meta.put_json(tx, "resources", {**reading, "at": desk.clock.iso()})
    assert miner.status(desk)["resources"]["memAvailableMb"] == 1.0
    hand_clock(desk).wait(1000)
    assert miner.status(desk)["resources"]["memAvailableMb"] > 1.0


def test_a_daemon_is_recognised_by_the_kernel_and_not_by_its_number(desk: Desk) -> None:
    path = desk.workspace.state / "daemon.json"
    stat = Path("/proc/self/stat").read_text()
    ticks = int(stat[stat.rfind(")") + 2 :].split()[19])
    pid = int(stat.split()[0])
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    said = {
        "pid": pid,
        "start_ticks": ticks,
        "boot_id": boot,
        "host": "127.0.0.1",
        "port": 1,
        "started_at": desk.clock.iso(),
    }
    path.write_text(json.dumps(said))
    assert presence.is_live(desk)
    path.write_text(json.dumps({**said, "start_ticks": ticks + 1}))
    assert not presence.is_live(desk)
    path.write_text(json.dumps({**said, "boot_id": "another"}))
    assert not presence.is_live(desk)
    path.write_text("{")
    assert not presence.is_live(desk)
