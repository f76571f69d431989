"""What stands in the tables of looks and charges, held against what the journal tells of it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.finished import FakeChildren, finish_run

from omp.ops import promotion, scrub
from omp.ops.desk import Desk
from omp.store import reconcile, seals

LOOSE = (
    "DROP TRIGGER looks_no_delete",
    "DROP TRIGGER looks_no_change",
    "DROP TRIGGER ledger_no_delete",
    "DROP TRIGGER ledger_no_change",
)


@pytest.fixture
def run_id(desk: Desk) -> str:
    """A run that was charged, looked at and promoted."""
    name = finish_run(desk)
    children = FakeChildren(desk.workspace)
    while promotion.advance(desk, name, children).more:
        pass
    return name


def forge(desk: Desk, *statements: str) -> None:
    """Change the record behind the program's back, hashes included."""
    with desk.db.write() as tx:
        for one in (*LOOSE, *statements):
            tx.execute(text(one))
        for table in seals.SEALED:
            seals.seal(tx, table)


def gaps(desk: Desk) -> list[str]:
    with desk.read() as tx:
        assert list(seals.broken(tx)) == []
        return list(reconcile.gaps(tx))


def test_what_was_written_agrees(desk: Desk, run_id: str) -> None:
    assert gaps(desk) == []
    assert scrub.whole(desk).faults == ()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM looks", "was granted, and has no row"),
        ("UPDATE looks SET level = 0.00001", "granted with another level"),
        ("UPDATE looks SET ordinal = 4", "granted with another ordinal"),
        ("UPDATE looks SET p_value = 0.5", "granted with another p_value"),
        ("DELETE FROM ledger", "its rows come to 0 in 0"),
        ("UPDATE ledger SET behaviours = 1", "its rows come to 1 in 1"),
        ("UPDATE ledger SET lineage = 'lin_other'", "and are others"),
    ],
)
def test_a_row_that_was_forged_with_its_hash_is_found(
    desk: Desk, run_id: str, statement: str, told: str
) -> None:
    forge(desk, statement)
    (found,) = gaps(desk)
    assert told in found
    assert any(told in one for one in scrub.whole(desk).faults)


def test_a_charge_that_no_record_tells_of_is_found(desk: Desk, run_id: str) -> None:
    forge(desk, "DROP TRIGGER journal_no_update", "UPDATE journal SET kind = 'x' WHERE kind = "
          "'ledger.charged' OR kind LIKE 'run.%'")  # fmt: skip
    assert gaps(desk) == [f"the run {run_id} has charges that no record tells of"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM looks",
        "UPDATE looks SET level = 0.001",
        "DELETE FROM ledger",
        "UPDATE ledger SET lineage = 'lin_other'",
    ],
)
def test_the_database_itself_takes_nothing_back(desk: Desk, run_id: str, statement: str) -> None:
    with pytest.raises(DBAPIError, match="never taken away"), desk.db.write() as tx:
        tx.execute(text(statement))
    assert gaps(desk) == []
