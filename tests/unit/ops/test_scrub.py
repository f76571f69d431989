"""Every flipped bit in row, file or snapshot is found and told, a slice at a time."""

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.finished import FakeChildren, finish_run

from omp.ops import hall, incidents, promotion, scrub, upkeep
from omp.ops.desk import Desk
from omp.store import seals
from omp.wire.canonical import canonical, digest


@pytest.fixture
def entry(desk: Desk) -> str:
    """The id of an entry of the desk's Hall."""
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    return hall.listed(desk)[0].candidate_id


def test_a_whole_record_has_no_faults(desk: Desk, entry: str) -> None:
    with desk.read() as tx:
        for table in seals.SEALED:
            found = tx.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one()  # noqa: S608
            assert found, table.name
    found = scrub.whole(desk)
    assert found.faults == ()
    assert found.done_at is not None
    assert found.parts >= 5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE ledger SET genomes = genomes - 1", "ledger"),
        ("UPDATE looks SET p_value = p_value / 2", "looks"),
        ("UPDATE looks SET row_hash = NULL", "looks"),
        ("UPDATE verdicts SET value = value + 0.001 WHERE value IS NOT NULL", "verdicts"),
        ("UPDATE hall_entries SET state_reason = 'x'", "hall_entries"),
    ],
)
def test_a_changed_row_is_told(desk: Desk, entry: str, change: str, named: str) -> None:
    with desk.db.write() as tx:
        tx.execute(text(change))
    found = scrub.whole(desk)
    assert any(named in one for one in found.faults)
    (told,) = [one for one in incidents.listed(desk) if one.fingerprint == scrub.DAMAGED]
    assert told.severity == "SEV-1"
    assert "omp restore" in told.summary


def test_a_changed_file_is_told(desk: Desk, entry: str) -> None:
    snapshot = desk.workspace.snapshots / digest(b"one")
    snapshot.mkdir()
    (snapshot / "bars.parquet").write_bytes(b"bars")
    (snapshot / "manifest.json").write_bytes(
        canonical({"files": {"bars.parquet": digest(b"bars")}})
    )
    assert scrub.whole(desk).faults == ()
    (snapshot / "bars.parquet").write_bytes(b"barz")
    path: Path = desk.workspace.entry(entry) / "trades.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    faults = scrub.whole(desk).faults
    assert any("bars.parquet" in one for one in faults)
    assert any("trades.csv" in one for one in faults)


def test_a_round_goes_on_where_it_was(desk: Desk, entry: str) -> None:
    seen = []
    while (found := scrub.slice_(desk, limit_s=0.0)).done_at is None:
        seen.append(found.after)
    assert len(seen) == len(set(seen)) == found.parts - 1
    assert not upkeep.scrub_on(desk), "the next round is not due"
