"""When looks and promotions are frozen, and when they must not be."""

from omp.ops import eligibility
from omp.ops.desk import Desk
from omp.store import journal


def test_a_reader_older_than_the_anchor_is_no_reason_to_freeze(desk: Desk) -> None:
    with desk.read() as old:
        before = journal.head(old).seq
        with desk.write() as tx:
            desk.note(tx, "miner.state", "miner", {"state": "offline"})
        assert journal.head(old).seq == before
        assert journal.behind(old, desk.workspace), "the test needs a snapshot that is too old"
        assert eligibility.frozen_because(desk, old) is None


def test_a_journal_cut_short_freezes_looks(desk: Desk) -> None:
    with desk.write() as tx:
        desk.note(tx, "miner.state", "miner", {"state": "offline"})
    with desk.read() as tx:
        last = journal.head(tx)
    ahead = journal.Head(last.seq + 5, last.hash)
    journal.write_anchor(desk.workspace, ahead)
    with desk.read() as tx:
        assert "looks are frozen" in str(eligibility.frozen_because(desk, tx))
