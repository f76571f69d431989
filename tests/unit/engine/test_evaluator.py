"""The evaluator answers what the oracle answers, in the same bytes for any workers."""

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.kits.indicators_bars import FIELDS, ragged_panel, random_bars

from omp.domain.errors import InvalidInput
from omp.engine import Costs, Evaluation, Evaluator, Genome, Grammar, Operand, Stops, detail
from omp.engine.genome import DIRECTIONS, condition, genome, rule
from omp.engine.seeds import Dice, stream
from omp.market.bars import Panel, make_panel

WARMUP, STOP = 210, 690
COSTS = Costs(commission_bps=3.0, slippage_bps=2.0)
GRAMMAR = Grammar(max_conditions=3)
MEASURES = ("sharpe", "sharpe_x", "max_drawdown", "exposure", "turnover", "profit_factor")


def drawn(n: int, seed: int = 1) -> list[Genome]:
    """Genomes of all three directions."""
    found = []
    for i, direction in enumerate(DIRECTIONS):
        grammar, dice = Grammar(direction=direction, max_conditions=3), Dice(stream(seed, i))
        found += [grammar.random_genome(dice) for _ in range(n)]
    return found


def evaluate(panel: Panel, genomes: list[Genome], **settings: object) -> Evaluation:
    settings = {"warmup": WARMUP, "stop": STOP, **settings}
    return Evaluator(panel, GRAMMAR, COSTS, **settings).evaluate(genomes)  # type: ignore[arg-type]


def market_over_cash(panel: Panel) -> NDArray[np.float64]:
    """Mean of r - cash over the symbols with each bar of the window."""
    total, count = np.zeros(STOP - WARMUP), np.zeros(STOP - WARMUP)
    for bars, row in zip(panel.bars, panel.row, strict=True):
        inside = (row >= WARMUP) & (row < STOP)
        close, rows = bars.close[inside], row[inside]
        total[rows[1:] - WARMUP] += close[1:] / close[:-1] - 1.0 - panel.cash[rows[1:]]
        count[rows - WARMUP] += 1.0
    return total / np.maximum(count, 1.0)


def arrays(one: Evaluation) -> dict[str, bytes]:
    values = {name.name: getattr(one, name.name) for name in fields(one)}
    return {key: value.tobytes() for key, value in values.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("cash", [0.0, 0.0002])
@pytest.mark.parametrize("sessions", [False, True])
def test_it_agrees_with_the_oracle_on_a_universe(cash: float, sessions: bool) -> None:
    panel = ragged_panel(700, seed=9, cash=cash)
    genomes = drawn(40)
    done = evaluate(panel, genomes, flat_at_session_end=sessions)
    traded = 0
    for i, one in enumerate(genomes):
        judge = detail(
            one,
            panel,
            COSTS,
            engine="oracle",
            warmup=WARMUP,
            stop=STOP,
            flat_at_session_end=sessions,
        )
        assert done.n_trades[i] == judge.n_trades
        traded += judge.n_trades > 0
        for name in MEASURES:
            wanted = getattr(judge, name)
            assert getattr(done, name)[i] == pytest.approx(wanted, abs=1e-9, rel=1e-9, nan_ok=True)
        x = judge.excess
        assert done.mean_x[i] == pytest.approx(x.mean(), abs=1e-15)
        assert done.var_x[i] == pytest.approx(x.var(ddof=1), rel=1e-9, abs=1e-18)
        blocks = x[x.size % 16 :].reshape(16, -1)
        assert done.block_sum[i] == pytest.approx(blocks.sum(axis=1), abs=1e-13)
        assert done.block_sum_sq[i] == pytest.approx((blocks**2).sum(axis=1), abs=1e-15)
        bars = sum(float(np.abs(part.position).sum()) for part in judge.symbols)
        if judge.n_trades:
            assert done.holding[i] == pytest.approx(bars / judge.n_trades)
        if judge.n_trades and judge.over_cash.std() > 0.0:
            over = np.corrcoef(judge.over_cash, market_over_cash(panel))[0, 1]
            assert done.market_correlation[i] == pytest.approx(over, abs=1e-9)
    assert traded > 60


def test_moments_and_sketch_are_those_of_the_series() -> None:
    panel, genomes = ragged_panel(700, seed=9, cash=0.0002), drawn(15)
    evaluator = Evaluator(panel, GRAMMAR, COSTS, warmup=WARMUP, stop=STOP)
    moments, sketch = evaluator.moments(genomes), evaluator.sketch(genomes)
    parts = np.arange(129) * (STOP - WARMUP) // 128
    for i, one in enumerate(genomes):
        x = detail(one, panel, COSTS, warmup=WARMUP, stop=STOP).excess
        sums = np.add.reduceat(x, parts[:-1])
        assert sketch[i] == pytest.approx(sums, abs=1e-14)
        away = x - x.mean()
        spread = (away**2).mean()
        assert moments.mean[i] == pytest.approx(x.mean(), abs=1e-16)
        if spread == 0.0:
            assert np.isnan([moments.skew[i], moments.kurt[i]]).all()
            continue
        assert moments.var[i] == pytest.approx(x.var(ddof=1), rel=1e-9)
        assert moments.skew[i] == pytest.approx((away**3).mean() / spread**1.5, rel=1e-7)
        assert moments.kurt[i] == pytest.approx((away**4).mean() / spread**2, rel=1e-7)


def test_the_excess_return_is_that_of_the_definition() -> None:
    panel = ragged_panel(700, seed=2, cash=0.0003)
    one = genome(
        "long",
        rule("all", [condition(Operand.of("rsi", length=5), "<", 50.0)]),
        rule("all", [condition(Operand.of("rsi", length=5), ">", 60.0)]),
    )
    done = detail(one, panel, COSTS, warmup=WARMUP)
    total, count = np.zeros(len(panel) - WARMUP), np.zeros(len(panel) - WARMUP)
    for k, bars in enumerate(panel.bars):
        rows = panel.row[k]
        inside = rows >= WARMUP
        close, rows = bars.close[inside], rows[inside]
        r = np.concatenate([[0.0], close[1:] / close[:-1] - 1.0])
        cash = np.concatenate([[0.0], panel.cash[rows][1:]])
        p, big_r = done.symbols[k].position, done.symbols[k].returns
        total[rows - WARMUP] += big_r - p * cash - p.mean() * (r - cash)
        count[rows - WARMUP] += 1
    assert done.excess == pytest.approx(total / count, abs=1e-15)


def test_the_same_bytes_for_any_workers_order_and_company() -> None:
    panel, genomes = ragged_panel(700, seed=5), drawn(60)
    one = evaluate(panel, genomes)
    for workers in (2, 4):
        assert arrays(evaluate(panel, genomes, workers=workers)) == arrays(one)
    backwards = evaluate(panel, genomes[::-1])
    alone = evaluate(panel, genomes[7:8])
    assert backwards.sharpe_x[::-1].tobytes() == one.sharpe_x.tobytes()
    assert backwards.behaviour_hash[::-1] == one.behaviour_hash
    assert alone.block_sum[0].tobytes() == one.block_sum[7].tobytes()


def test_the_behaviour_hash_knows_bars_reason_level_direction_and_symbol() -> None:
    rsi = Operand.of("rsi", length=5)
    entry, leave = (
        rule("all", [condition(rsi, "<", 40.0)]),
        rule("all", [condition(rsi, ">", 60.0)]),
    )
    # the same behaviour: a second condition that is always true
    always = condition(
        Operand.of("close"), ">", Operand.of("bollinger_lower", length=50, width=6.0)
    )
    same = genome("long", rule("all", [*entry.conditions, always]), leave)
    variants = [
        genome("long", entry, leave),
        same,
        genome("short", entry, leave),
        genome("long", entry, leave, Stops(stop_loss=0.02)),
        genome("long", entry, leave, Stops(stop_loss=0.021)),
        genome("long", entry, leave, Stops(trailing=0.02)),
        genome("long", entry, leave, Stops(max_bars=3)),
    ]
    panel = make_panel([random_bars(700, 1)], "1d", "us", 252.0)
    hashes = evaluate(panel, variants).behaviour_hash
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == len(variants) - 1
    assert all(len(one) == 32 for one in hashes)
    renamed = random_bars(700, 1)
    renamed = type(renamed)("ZZZ", *(getattr(renamed, one) for one in FIELDS))
    other = evaluate(make_panel([renamed], "1d", "us", 252.0), variants).behaviour_hash
    assert not set(other) & set(hashes)


def test_what_never_trades_has_undefined_ratios_and_no_drawdown() -> None:
    never = genome(
        "long", rule("all", [condition(Operand.of("rsi", length=5), ">", 101.0)]), rule("all", [])
    )
    done = evaluate(ragged_panel(700), [never])
    assert done.n_trades[0] == 0
    assert np.isnan(
        [done.sharpe[0], done.sharpe_x[0], done.profit_factor[0], done.holding[0]]
    ).all()
    assert done.max_drawdown[0] == 0.0
    assert not done.block_sum.any()


def test_bars_outside_the_window_change_nothing_but_indicators() -> None:
    """Signals before the window do not count, and nothing after it is seen."""
    panel, genomes = ragged_panel(700, seed=5), drawn(40)
    shortened = panel.window(int(panel.timestamp[0]), int(panel.timestamp[STOP - 1]))
    assert arrays(evaluate(shortened, genomes)) == arrays(evaluate(panel, genomes))


def test_the_sketch_estimates_the_correlation_of_x() -> None:
    panel, genomes = ragged_panel(2200, seed=6), drawn(60)
    done = evaluate(panel, genomes, stop=2200)
    kept = [i for i in range(len(genomes)) if done.n_trades[i] > 20][:40]
    series = [detail(genomes[i], panel, COSTS, warmup=WARMUP).excess for i in kept]
    sketch = Evaluator(panel, GRAMMAR, COSTS, warmup=WARMUP).sketch([genomes[i] for i in kept])
    true, guess = np.corrcoef(series), np.corrcoef(sketch)
    assert np.abs(true - guess).mean() < 0.12


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"n_blocks": 15}, "15 blocks"),
        ({"warmup": 690}, "row 690"),
        ({"warmup": 689}, "blocks"),
    ],
)
def test_an_impossible_window_is_refused(settings: dict[str, int], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        evaluate(ragged_panel(700), drawn(1), **settings)


def test_a_panel_shorter_than_the_lookback_is_refused() -> None:
    with pytest.raises(InvalidInput, match="look back"):
        evaluate(ragged_panel(150), drawn(1), warmup=0, stop=None)


def test_an_unusable_price_is_refused_with_its_symbol() -> None:
    bars = random_bars(700, 1)
    bars.low[300] = np.nan
    with pytest.raises(InvalidInput, match="AAA: low of bar 90"):
        evaluate(make_panel([bars], "1d", "us", 252.0), drawn(1))
