"""One symbol, evaluated from its trades alone, agrees with the oracle on any market."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from omp.engine import Costs, Evaluation, Evaluator, Genome, Grammar, Operand, Stops, detail
from omp.engine.codebook import Codebook
from omp.engine.conditions import Masks, Series, pack
from omp.engine.genome import Condition, condition, genome, rule
from omp.market.bars import Bars, Panel, make_panel

GRAMMAR = Grammar(("open", "close"))
DAY_NS = 86_400 * 10**9
MEASURES = ("sharpe", "sharpe_x", "max_drawdown", "exposure", "turnover")
STOP = st.one_of(st.none(), st.sampled_from([0.001, 0.01, 0.02, 0.05, 0.3]))
N_SIGNALS = 8


def market(prices: NDArray[np.float64], per_day: int = 1, cash: float = 0.0) -> Panel:
    """A panel of one symbol with these open, high, low, close."""
    n = prices.shape[1]
    stamps = np.arange(n, dtype=np.int64) * (DAY_NS // per_day)
    bars = Bars("ONE", stamps, *prices, np.ones(n))
    yields = np.random.default_rng(n).uniform(0.0, cash, n) if cash else None
    return make_panel([bars], "1d", "us", 252.0, yields)


class Drawn:
    """Conditions that stand for drawn columns instead of indicators."""

    def __init__(self, columns: NDArray[np.bool_], monkeypatch: pytest.MonkeyPatch) -> None:
        self.columns = columns
        self.conditions = [condition(Operand.of("close"), ">", float(i)) for i in range(N_SIGNALS)]
        monkeypatch.setattr(Series, "holds", lambda _, one: self.column(one))

        def write(masks: Masks, i: int, codebook: Codebook, numbers: Any, rows: Any) -> None:
            for number, row in zip(numbers, rows, strict=True):
                column = self.column(codebook.condition(int(number))).copy()
                column[-1] = False
                masks.words(i)[row] = pack(column)

        monkeypatch.setattr(Masks, "_write", write)

    def column(self, one: Condition) -> NDArray[np.bool_]:
        return self.columns[int(one.right)]  # type: ignore[arg-type]

    def genome(self, rng: np.random.Generator, direction: str, stops: Stops) -> Genome:
        sides = [
            rule(
                str(rng.choice(["all", "any"])),
                [self.conditions[i] for i in rng.integers(0, N_SIGNALS, rng.integers(least, 4))],
            )
            for least in (1, 0)
        ]
        return genome(direction, sides[0], sides[1], stops)


def agree(
    done: Evaluation, genomes: list[Genome], panel: Panel, costs: Costs, **kept: Any
) -> list[str]:
    """Compare every figure with the oracle; the reasons of the trades that occurred."""
    reasons: list[str] = []
    for i, one in enumerate(genomes):
        judge = detail(one, panel, costs, engine="oracle", **kept)
        trades = judge.symbols[0].trades
        reasons += [trade.reason for trade in trades]
        assert done.n_trades[i] == judge.n_trades
        x, over = judge.excess, judge.over_cash
        for name in MEASURES:
            if name.startswith("sharpe"):
                series = x if name == "sharpe_x" else over
                # what never varies but for rounding has no Sharpe ratio to agree on
                if series.std() <= 1e-13 * max(1e-3, float(np.abs(judge.market).max())):
                    continue
            wanted = getattr(judge, name)
            assert getattr(done, name)[i] == pytest.approx(wanted, abs=1e-9, rel=1e-9, nan_ok=True)
        wanted = judge.profit_factor
        assert done.profit_factor[i] == pytest.approx(wanted, rel=1e-8, nan_ok=True)
        assert done.mean_x[i] == pytest.approx(x.mean(), abs=1e-12, rel=1e-9)
        blocks = done.block_sum.shape[1]
        if blocks:
            parts = x[x.size % blocks :].reshape(blocks, -1)
            size = max(1e-9, float((x**2).sum()))
            assert done.block_sum[i] == pytest.approx(parts.sum(axis=1), abs=1e-9 * size**0.5)
            assert done.block_sum_sq[i] == pytest.approx((parts**2).sum(axis=1), abs=1e-9 * size)
        if trades:
            bars = float(np.abs(judge.symbols[0].position).sum())
            assert done.holding[i] == pytest.approx(bars / len(trades))
    return reasons


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 400),
    sigma=st.sampled_from([0.0, 0.003, 0.03, 0.3]),
    grid=st.sampled_from([None, 1.0, 25.0]),
    density=st.sampled_from([0.05, 0.3, 0.9]),
    direction=st.sampled_from(["long", "short", "long_short"]),
    costs=st.tuples(st.sampled_from([0.0, 5.0, 400.0]), st.sampled_from([0.0, 5.0])),
    stops=st.tuples(STOP, STOP, STOP, st.one_of(st.none(), st.integers(1, 9))),
    sessions=st.booleans(),
    cash=st.sampled_from([0.0, 0.0004]),
)
def test_on_random_markets_and_settings(
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    n: int,
    sigma: float,
    grid: float | None,
    density: float,
    direction: str,
    costs: tuple[float, float],
    stops: tuple[float | None, float | None, float | None, int | None],
    sessions: bool,
    cash: float,
) -> None:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, sigma, n)))
    open_ = close * np.exp(rng.normal(0.0, sigma, n))
    if grid is not None:  # prices that meet levels exactly, and each other
        close, open_ = (np.maximum(grid, np.round(one / grid) * grid) for one in (close, open_))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, sigma, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, sigma, n)))
    panel = market(np.stack([open_, high, low, close]), per_day=4, cash=cash)
    drawn = Drawn(rng.random((N_SIGNALS, n)) < density, monkeypatch)
    genomes = [
        drawn.genome(
            rng,
            direction,
            Stops(*(one if rng.random() < 0.6 else None for one in stops)),
        )
        for _ in range(12)
    ]
    paid = Costs(*costs)
    blocks = 0 if n < 32 else 16
    done = Evaluator(panel, GRAMMAR, paid, flat_at_session_end=sessions, n_blocks=blocks).evaluate(
        genomes
    )
    agree(done, genomes, panel, paid, flat_at_session_end=sessions)


HOSTILE: dict[str, NDArray[np.float64]] = {
    "constant": np.full((4, 130), 10.0),
    "near zero": np.full((4, 130), 1e-300) * np.linspace(1.0, 2.0, 130),
    "huge": np.full((4, 130), 1e300),
    "one limit move": np.where(np.arange(130) < 65, 10.0, 10_000.0) * np.ones((4, 1)),
    "collapse": np.where(np.arange(130) < 65, 10.0, 1e-6) * np.ones((4, 1)),
    "high below low": np.stack([np.full(130, one) for one in (10.0, 8.0, 12.0, 10.0)]),
}
EVERY = Stops(0.05, 0.05, 0.03, 7)


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
@pytest.mark.parametrize("stops", [Stops(), EVERY], ids=["plain", "stops"])
@pytest.mark.parametrize("name", HOSTILE)
def test_on_hostile_markets(
    name: str, stops: Stops, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    panel = market(HOSTILE[name])
    drawn = Drawn(rng.random((N_SIGNALS, 130)) < rng.random((N_SIGNALS, 1)), monkeypatch)
    drawn.columns[0], drawn.columns[1] = True, False
    genomes = [drawn.genome(rng, direction, stops) for _ in range(40)]
    done = Evaluator(panel, GRAMMAR, Costs(7.0)).evaluate(genomes)
    agree(done, genomes, panel, Costs(7.0))


def test_every_reason_occurs_in_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    seen: set[str] = set()
    for turn in range(12):
        close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.7 if turn % 2 else 0.1, 130)))
        panel = market(np.stack([np.roll(close, 1), close * 1.05, close * 0.95, close]))
        drawn = Drawn(rng.random((N_SIGNALS, 130)) < 0.3, monkeypatch)
        stops = Stops(0.99 if turn % 2 else 0.1, 0.3, None if turn % 2 else 0.2, 4)
        genomes = [drawn.genome(rng, "short", stops) for _ in range(20)]
        done = Evaluator(panel, GRAMMAR, Costs(5.0)).evaluate(genomes)
        seen |= set(agree(done, genomes, panel, Costs(5.0)))
    assert seen == {"signal", "stop", "target", "trail", "time", "end", "ruin"}


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
def test_equal_behaviour_has_one_hash_on_every_path(
    direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that is never met, and the general path, give the hash of the plain genome."""
    rng = np.random.default_rng(2)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, 500)))
    panel = market(np.stack([np.roll(close, 1), close * 1.01, close * 0.99, close]))
    drawn = Drawn(rng.random((N_SIGNALS, 500)) < 0.2, monkeypatch)
    plain = [drawn.genome(rng, direction, Stops()) for _ in range(30)]
    far = [Genome(direction, one.entry, one.exit, Stops(0.99, 9.0)) for one in plain]
    evaluator = Evaluator(panel, GRAMMAR, Costs(5.0))
    done = evaluator.evaluate(plain)
    assert evaluator.evaluate(far).behaviour_hash == done.behaviour_hash
    evaluator._solo = None
    general = evaluator.evaluate(plain)
    assert general.behaviour_hash == done.behaviour_hash
    assert general.n_trades.tolist() == done.n_trades.tolist()
    assert general.sharpe_x == pytest.approx(done.sharpe_x, rel=1e-9, nan_ok=True)
    assert len(set(done.behaviour_hash)) > 20


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
@pytest.mark.parametrize("stops", [Stops(), Stops(0.02, 0.05, None, 4)], ids=["plain", "stops"])
def test_moments_and_sketch_from_trades_are_those_of_the_series(
    stops: Stops, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(rng.standard_t(4, 500) * 0.01))
    open_ = close * np.exp(rng.normal(0.0, 0.005, 500))
    high, low = np.maximum(open_, close) * 1.005, np.minimum(open_, close) * 0.995
    panel = market(np.stack([open_, high, low, close]), cash=0.0003)
    drawn = Drawn(rng.random((N_SIGNALS, 500)) < 0.2, monkeypatch)
    drawn.columns[0], drawn.columns[1] = True, False
    genomes = [drawn.genome(rng, direction, stops) for _ in range(40)]
    evaluator = Evaluator(panel, GRAMMAR, Costs(5.0))
    moments, sketch = evaluator.moments(genomes), evaluator.sketch(genomes)
    parts = np.arange(129) * 500 // 128
    for i, one in enumerate(genomes):
        x = detail(one, panel, Costs(5.0)).excess
        assert sketch[i] == pytest.approx(np.add.reduceat(x, parts[:-1]), abs=1e-14)
        away = x - x.mean()
        spread = (away**2).mean()
        assert moments.mean[i] == pytest.approx(x.mean(), abs=1e-16)
        if not x.any():
            assert moments.var[i] == 0.0
            assert np.isnan([moments.skew[i], moments.kurt[i]]).all()
            continue
        assert moments.var[i] == pytest.approx(x.var(ddof=1), rel=1e-9)
        assert moments.skew[i] == pytest.approx((away**3).mean() / spread**1.5, abs=1e-8)
        assert moments.kurt[i] == pytest.approx((away**4).mean() / spread**2, rel=1e-8)


@pytest.mark.parametrize("stops", [Stops(), Stops(0.01, 0.05, 0.02, 4)], ids=["plain", "stops"])
def test_positions_that_turn_need_no_walk(stops: Stops, monkeypatch: pytest.MonkeyPatch) -> None:
    """All turns are told in records, those into a bar that a stop ends as well."""
    rng = np.random.default_rng(6)
    close = 100.0 * np.exp(np.cumsum(rng.standard_t(4, 300) * 0.01))
    open_ = close * np.exp(rng.normal(0.0, 0.005, 300))
    high, low = np.maximum(open_, close) * 1.005, np.minimum(open_, close) * 0.995
    panel = market(np.stack([open_, high, low, close]), cash=0.0003)
    drawn = Drawn(rng.random((N_SIGNALS, 300)) < 0.3, monkeypatch)
    genomes = [drawn.genome(rng, "long_short", stops) for _ in range(60)]
    evaluator, walked = Evaluator(panel, GRAMMAR, Costs(5.0)), []
    slow = evaluator._slow
    monkeypatch.setattr(
        evaluator, "_slow", lambda job, *rest: (walked.append(job.order.size), slow(job, *rest))
    )
    done = evaluator.evaluate(genomes)
    assert sum(walked) == 0
    shared = Evaluator(panel, GRAMMAR, Costs(5.0), workers=2, chunk=7).evaluate(genomes)
    for name, value in vars(done).items():
        assert np.array_equal(value, getattr(shared, name), equal_nan=name != "behaviour"), name
    agree(done, genomes, panel, Costs(5.0))
    trades = [t for one in genomes for t in detail(one, panel, Costs(5.0)).symbols[0].trades]
    turned = [b for a, b in pairwise(trades) if a.exit_bar == b.entry_bar and a.at_open]
    assert any(one.exit_bar == one.entry_bar for one in turned) or stops == Stops()
    assert len(turned) > 100
