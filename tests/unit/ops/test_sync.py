"""Delivery without a mirror, and the patience of the outbox."""

from collections.abc import Callable

import pytest
from tests.desks import hand_clock

from omp.daemon.channels.base import Channel, Round
from omp.daemon.outbox import Outbox
from omp.ops import sync
from omp.ops.desk import Desk
from omp.store import outbox_rows

PAYLOAD = {
    "entry": {
        "candidate_id": "cand_a",
        "provenance": {"config_hash": "c", "git_sha": "g"},
        "metrics": {},
        "artifacts": {},
    },
    "journal": {"seq": 1, "hash": "h"},
}


def post(desk: Desk) -> None:
    with desk.db.write() as tx:
        outbox_rows.post(tx, "hall.entry", "cand_a", PAYLOAD, desk.clock.iso())


def test_without_a_mirror_it_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEON_DATABASE_URL", raising=False)
    post(desk)
    done = sync.hof_sync(desk)
    assert (done.configured, done.delivered, done.pending, done.error) == (False, 0, 1, None)
    assert "NEON_DATABASE_URL is not set" in done.note


def test_a_mirror_out_of_reach_is_told_and_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEON_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    post(desk)
    with desk.db.write() as tx:
        (parcel,) = outbox_rows.pending(tx)
    done = sync.hof_sync(desk)
    assert done.configured
    assert done.pending == 1
    assert done.error is not None
    lag = sync.pending(desk)
    assert lag.last_error is not None
    assert parcel.attempts == 0


@pytest.mark.parametrize("wait_s", [1.0, 6.0])
def test_a_failing_channel_is_left_alone_for_a_while(desk: Desk, wait_s: float) -> None:
    calls: list[int] = []

    def deliver(_: Desk) -> Round:
        calls.append(1)
        return Round(0, 1, "down")

    always: Callable[[Desk], bool] = lambda _: True  # noqa: E731
    outbox = Outbox(desk, {"x": Channel("x", always, deliver)})
    outbox.tick()
    hand_clock(desk).wait(wait_s)
    outbox.tick()
    assert len(calls) == (2 if wait_s > 5 else 1)


def test_the_shelf_holds_postgres(desk: Desk) -> None:
    assert "postgres" in Outbox(desk).channels
