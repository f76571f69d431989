"""Delivery to a real PostgreSQL: idempotent, in order, and honest when a commit was cut off."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from tests.desks import desk, template
from tests.finished import FakeChildren, finish_run
from tests.servers.postgres import Server

from omp.domain.errors import Conflict, ResourceShort
from omp.ops import hall, promotion, sync
from omp.ops.desk import Desk
from omp.store import outbox_rows
from omp.store.mirror import Mirror, Session

__all__ = ["desk", "template"]

pytestmark = pytest.mark.postgres


@pytest.fixture
def mirrored(desk: Desk, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, str]:
    """A desk with one entry, and the mirror it delivers to."""
    monkeypatch.setenv("NEON_DATABASE_URL", postgres_url)
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    return desk, postgres_url


def mirror_rows(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as session:
        return session.execute(
            "SELECT candidate_id, state, outbox_seq, provenance->>'run_id' FROM hall_of_fame"
        ).fetchall()


def test_each_state_is_delivered_once(mirrored: tuple[Desk, str]) -> None:
    at, url = mirrored
    first = sync.hof_sync(at)
    assert (first.delivered, first.pending, first.error) == (1, 0, None)
    entry = hall.listed(at)[0]
    assert mirror_rows(url) == [(entry.candidate_id, "active", 1, entry.run_id)]
    assert sync.hof_sync(at).delivered == 0
    hall.flag(at, entry.candidate_id, reason="decays")
    hall.clear(at, entry.candidate_id, reason="recovered")
    assert sync.pending(at).pending == 2
    assert sync.hof_sync(at).delivered == 2
    assert mirror_rows(url) == [(entry.candidate_id, "active", 3, entry.run_id)]


def test_an_older_delivery_never_overwrites_a_newer(mirrored: tuple[Desk, str]) -> None:
    at, url = mirrored
    with at.read() as tx:
        (old,) = outbox_rows.pending(tx)
    entry = hall.listed(at)[0]
    hall.flag(at, entry.candidate_id, reason="decays")
    sync.hof_sync(at)
    with at.read() as tx:
        from omp.store import meta

        name = str(meta.get(tx, "workspace.id"))
    Mirror(url, name).deliver(old.seq, old.payload)
    assert mirror_rows(url)[0][1] == "flagged"


def test_another_workspaces_row_is_never_overwritten(mirrored: tuple[Desk, str]) -> None:
    at, url = mirrored
    sync.hof_sync(at)
    with at.db.write() as tx:
        from sqlalchemy import text

        tx.execute(text("UPDATE outbox SET delivered_at = NULL"))
        (parcel,) = outbox_rows.pending(tx)
    with pytest.raises(Conflict, match="another workspace"):
        Mirror(url, "somebody else").deliver(parcel.seq + 5, parcel.payload)


def test_a_server_that_is_away_loses_nothing(
    mirrored: tuple[Desk, str], postgres_server: Server
) -> None:
    at, url = mirrored
    postgres_server.stop()
    try:
        done = sync.hof_sync(at)
        assert (done.delivered, done.pending) == (0, 1)
        assert done.error is not None
    finally:
        postgres_server.start()
    assert sync.hof_sync(at).delivered == 1
    assert len(mirror_rows(url)) == 1


@pytest.mark.parametrize("arrived", [True, False])
def test_a_commit_that_was_cut_off_is_settled_by_reading(
    arrived: bool, mirrored: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at, url = mirrored
    with at.read() as tx:
        (parcel,) = outbox_rows.pending(tx)
    mirror = Mirror(url, "ws")
    mirror.prepare()
    plain, cuts = mirror.session, []

    @contextmanager
    def cut_once() -> Iterator[Session]:
        if cuts:
            with plain() as session:
                yield session
            return
        cuts.append(1)
        with plain() as session:
            yield session
            if arrived:
                session.commit()
            else:
                session.rollback()
        raise ResourceShort("the connection broke during COMMIT")

    monkeypatch.setattr(mirror, "session", cut_once)
    if arrived:
        mirror.deliver(parcel.seq, parcel.payload)
    else:
        with pytest.raises(ResourceShort):
            mirror.deliver(parcel.seq, parcel.payload)
    assert len(mirror_rows(url)) == int(arrived)
