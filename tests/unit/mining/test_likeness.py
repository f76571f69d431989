"""How alike a subject is to earlier ones: other years, other lengths of a bar, too few of both."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from omp.domain.holdout import MIN_COMMON
from omp.market.splits import iso
from omp.mining.evidence import measure_ensemble
from omp.mining.likeness import Pool, likeness_bench, likeness_to
from omp.mining.measure import subject_of
from omp.mining.opened import OpenRun
from omp.mining.recheck import recheck
from omp.mining.run_evidence import in_sample_bench
from omp.mining.tables import returns_parquet
from omp.stats.moments import MIN_OBSERVATIONS
from omp.wire.evidence import Against, SubjectEvidence, read_document

from .conftest import World

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS


def pool(stamps: np.ndarray, seed: int = 1) -> Pool:
    """A pool with positions of 0 and 1 in spells, and some x."""
    rng = np.random.default_rng(seed)
    held = (rng.standard_normal(stamps.size).cumsum() > 0.0).astype(np.float64)
    return Pool(stamps.astype(np.int64), held, rng.standard_normal(stamps.size))


def beside(ours: Pool, theirs: Pool) -> Against:
    (found,) = likeness_to(ours, [("old", vars(theirs))])
    return found


def hourly(days: int, hours: list[int]) -> Pool:
    """Bars of some hours of each day."""
    return pool((np.arange(days)[:, None] * DAY_NS + np.array(hours) * HOUR_NS).ravel())


def daily(of: Pool) -> Pool:
    """What a daily strategy would be that holds and earns what an hourly one did."""
    whole = of.by_day()
    return Pool(whole.timestamp * DAY_NS, whole.position, whole.excess)


def test_what_two_must_share_is_what_any_estimate_needs() -> None:
    assert MIN_COMMON == MIN_OBSERVATIONS


@pytest.mark.parametrize(("shared", "known"), [(0, False), (3, False), (29, False), (30, True)])
def test_fewer_than_thirty_common_bars_say_nothing(shared: int, known: bool) -> None:
    whole = pool(np.arange(400) * DAY_NS)
    early, late = whole.at(np.arange(200)), whole.at(np.arange(200 - shared, 400))
    found = beside(late, early)
    assert (found.common_bars, found.common_days) == (shared, None if known else shared)
    if known:
        assert found.x_correlation == pytest.approx(1.0)
    else:
        assert (found.position_correlation, found.x_correlation) == (None, None)


@pytest.mark.parametrize("hours", [[13, 14, 15, 16, 17, 18, 19], list(range(24))])
def test_another_length_of_a_bar_is_compared_by_day(hours: list[int]) -> None:
    """Also where each day's bar has the instant of one of its hours: one hour is no day."""
    fine = hourly(60, hours)
    coarse = daily(fine)
    for found in (beside(fine, coarse), beside(coarse, fine)):
        assert (found.common_bars, found.common_days) == (60 if 0 in hours else 0, 60)
        assert found.position_correlation == pytest.approx(1.0)
        assert found.x_correlation == pytest.approx(1.0)


def test_a_few_strange_bars_are_no_other_length_of_a_bar() -> None:
    whole = hourly(60, [13, 14, 15, 16])
    gaps = whole.at(np.flatnonzero(np.arange(240) % 5 > 0))
    found = beside(whole, gaps)
    assert (found.common_bars, found.common_days) == (192, None)


def test_few_days_of_many_bars_are_compared_by_bars() -> None:
    whole = hourly(20, list(range(24)))
    found = beside(whole, whole.at(np.arange(0, 480, 4)))
    assert (found.common_bars, found.common_days) == (120, None)
    assert found.x_correlation == pytest.approx(1.0)


def test_a_position_that_never_changes_correlates_with_nothing() -> None:
    whole = pool(np.arange(100) * DAY_NS)
    idle = replace(whole, position=np.zeros(100))
    assert beside(idle, whole).position_correlation is None
    assert beside(idle, whole).common_bars == 100


# ------------------------------------------------------------- other years


def halves(opened: OpenRun) -> tuple[str, str]:
    """`[data]` lines that narrow a campaign to the first and to the second half of its bars."""
    window = opened.plan.windows.in_sample
    calendar = opened.plan.panel.timestamp[window]
    middle = calendar.size // 2
    until, since = (iso(int(calendar[at]))[:10] for at in (middle - 1, middle))
    return f'end = "{until}"', f'start = "{since}"'


def mine_half(world: World, run_id: str, line: str) -> OpenRun:
    text = world.campaign(60, 1).read_text().replace("[data]\n", f"[data]\n{line}\n")
    path = world.workspace.root / f"{run_id}.toml"
    path.write_text(text)
    world.mine(run_id, campaign=path)
    return world.open(run_id)


def test_the_same_rule_mined_on_other_years_is_measured(done: World, tmp_path: Path) -> None:
    first, second = halves(done.open("run_a"))
    late = mine_half(done, "run_b", second)
    row = late.best(1)[0]
    strategy = late.strategy(row)
    source = replace(late.campaign.data, **_days(first))
    early = replace(late, campaign=replace(late.campaign, data=source))
    bench = in_sample_bench(early.plan)
    streams = bench.streams(subject_of(strategy))
    assert not np.isin(streams.timestamp, in_sample_bench(late.plan).timestamp).any()
    earlier = tmp_path / "subjects"
    (earlier / "old").mkdir(parents=True)
    (earlier / "old" / "returns.parquet").write_bytes(returns_parquet(streams, bench.symbols))

    name, _ = measure_ensemble(late, [row.candidate_id], earlier=earlier)

    folder = late.run.candidate(name)
    found = read_document(SubjectEvidence, folder / "evidence.json").subject
    (against,) = found.against
    assert (against.common_bars, against.common_days) == (len(streams), None)
    assert against.position_correlation == pytest.approx(1.0)
    assert against.x_correlation == pytest.approx(1.0, abs=0.01)  # e is the mean of more bars
    assert found.n_bars == late.plan.windows.n_bars, "its own figures are of its own years"
    assert recheck(late, name, [name], earlier=earlier)["candidate_id"] == name


def _days(line: str) -> dict[str, object]:
    key, day = line.split(" = ")
    return {"start": None, "end": None, key: dt.date.fromisoformat(day.strip('"'))}


def test_a_campaign_that_narrows_nothing_is_measured_on_its_own_bench(done: World) -> None:
    plan = done.open("run_a").plan
    bench = in_sample_bench(plan)
    assert likeness_bench(plan, bench) is bench
