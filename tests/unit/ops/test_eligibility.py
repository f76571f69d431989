"""Who may look, and when looks and promotions are frozen."""

from dataclasses import replace

import pytest
from tests.finished import make_candidates

from omp.config.setting_sections import Holdout
from omp.ops import eligibility
from omp.ops.desk import Desk
from omp.ops.eligibility import Likeness
from omp.store import journal
from omp.store.looks import Look, Subject
from omp.wire.evidence import Against


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


LOOK = Look(
    look_id="look_1",
    window="w",
    lineage="lin",
    ordinal=1,
    level=0.03,
    run_id="run_old",
    candidate_id="cand_old",
    subject_digest="d" * 64,
    behaviour_hash="b" * 32,
    state="taken",
    grant="{}",
    granted_at="2026-01-01T00:00:00Z",
)
OLD = Subject("cand_old", "run_old", "lin", "d" * 64, "b" * 32, 0.1, "p" * 64, LOOK.granted_at)
UNLIKE = Against("cand_old", 1500, 0.1, 0.1)
SUBJECT = replace(make_candidates(1)[0], sharpe_x_annual=9.0, artifacts={"strategy.toml": "e" * 64})


def unfit(against: Against, look: Look = LOOK) -> str | None:
    subject = replace(SUBJECT, against=[against])
    return eligibility.unfit(Holdout(), subject, subject, Likeness((OLD,), (look,)))


@pytest.mark.parametrize(
    ("against", "said"),
    [
        (UNLIKE, None),
        (replace(UNLIKE, common_bars=0, position_correlation=None, x_correlation=None), "0 bars"),
        (replace(UNLIKE, common_bars=3), "shares 3 bars"),
        (replace(UNLIKE, common_bars=29), "shares 29 bars"),
        (replace(UNLIKE, common_bars=30), None),
        (replace(UNLIKE, common_bars=0, common_days=29), "shares 29 days"),
        (replace(UNLIKE, common_bars=0, common_days=30), None),
        (replace(UNLIKE, position_correlation=None), "undefined"),
        (replace(UNLIKE, x_correlation=None), "undefined"),
    ],
)
def test_a_likeness_that_is_not_known_counts_against(against: Against, said: str | None) -> None:
    why = unfit(against)
    assert why is None if said is None else said in str(why)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"candidate_id": SUBJECT.candidate_id}, "the same strategy"),
        ({"subject_digest": "e" * 64}, "the same strategy"),
        ({"behaviour_hash": SUBJECT.behaviour_hash}, "the same trades"),
    ],
)
def test_what_was_looked_at_gets_no_second_look(changed: dict[str, str], said: str) -> None:
    why = unfit(UNLIKE, replace(LOOK, **changed))  # type: ignore[arg-type]
    assert said in str(why)
    assert "look_1" in str(why)
