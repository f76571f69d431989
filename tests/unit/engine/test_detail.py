"""One genome in full, and the ways stage B may disturb it."""

import numpy as np
import pytest
from tests.kits.indicators_bars import ragged_panel, random_bars

from omp.domain.errors import InvalidInput
from omp.engine import Costs, Operand, Stops, detail
from omp.engine.detail import signal_columns
from omp.engine.genome import condition, genome, rule
from omp.market.bars import make_panel

RSI = Operand.of("rsi", length=5)
ONE = genome(
    "long",
    rule("all", [condition(RSI, "<", 40.0)]),
    rule("all", [condition(RSI, ">", 60.0)]),
    Stops(stop_loss=0.03),
)
COSTS = Costs(2.0, 1.0)
PANEL = ragged_panel(600, seed=3)


@pytest.mark.parametrize("engine", ["kernel", "oracle"])
def test_costs_times_two_are_costs_twice_as_high(engine: str) -> None:
    one = detail(ONE, PANEL, COSTS, cost_factor=2.0, engine=engine)  # type: ignore[arg-type]
    other = detail(ONE, PANEL, Costs(4.0, 2.0), engine=engine)  # type: ignore[arg-type]
    assert one.returns.tolist() == other.returns.tolist()
    assert one.returns.sum() < detail(ONE, PANEL, COSTS).returns.sum()


def test_a_delay_moves_each_fill_by_one_bar() -> None:
    plain = genome("long", ONE.entry, ONE.exit)
    panel = make_panel([random_bars(600, 3)], "1d", "us", 252.0)
    prompt, late = (detail(plain, panel, COSTS, delay_bars=n).symbols[0] for n in (0, 1))
    fills = [(t.entry_bar + 1, t.exit_bar + 1) for t in prompt.trades if t.exit_bar < 599]
    assert [(t.entry_bar, t.exit_bar) for t in late.trades][: len(fills)] == fills


@pytest.mark.parametrize("engine", ["kernel", "oracle"])
def test_missed_trades_are_left_out_and_the_others_stay(engine: str) -> None:
    whole = detail(ONE, PANEL, COSTS, engine=engine)  # type: ignore[arg-type]
    some = detail(ONE, PANEL, COSTS, engine=engine, missed_share=0.3, missed_seed=4)  # type: ignore[arg-type]
    again = detail(ONE, PANEL, COSTS, engine=engine, missed_share=0.3, missed_seed=4)  # type: ignore[arg-type]
    other = detail(ONE, PANEL, COSTS, engine=engine, missed_share=0.3, missed_seed=5)  # type: ignore[arg-type]
    assert some.returns.tolist() == again.returns.tolist() != other.returns.tolist()
    assert 0.5 < some.n_trades / whole.n_trades < 0.9
    for full, part in zip(whole.symbols, some.symbols, strict=True):
        assert set(part.trades) < set(full.trades)
        taken = part.position != 0
        assert (part.returns[~taken] == 0).all()
        assert (part.returns[taken] == full.returns[taken]).all()
    nothing = detail(ONE, PANEL, COSTS, missed_share=1.0)
    assert nothing.n_trades == 0
    assert not nothing.position.any()


def test_a_window_starts_flat_and_ends_flat() -> None:
    late = detail(ONE, PANEL, COSTS, warmup=300, stop=500)
    assert late.timestamp.tolist() == PANEL.timestamp[300:500].tolist()
    assert late.returns[0] == 0.0
    for one in late.symbols:
        assert all(
            1 <= trade.entry_bar <= trade.exit_bar < one.returns.size for trade in one.trades
        )


def test_given_signals_replace_the_genomes_own() -> None:
    own = {bars.symbol: signal_columns(ONE, PANEL, k) for k, bars in enumerate(PANEL.bars)}
    assert (
        detail(ONE, PANEL, COSTS, signals=own).returns.tolist()
        == detail(ONE, PANEL, COSTS).returns.tolist()
    )
    none = {name: (np.zeros_like(a), b) for name, (a, b) in own.items()}
    assert detail(ONE, PANEL, COSTS, signals=none).n_trades == 0


def test_the_pool_is_the_mean_of_the_symbols_with_a_bar() -> None:
    done = detail(ONE, PANEL, COSTS)
    total, count = np.zeros(len(PANEL)), np.zeros(len(PANEL))
    for row, one in zip(PANEL.row, done.symbols, strict=True):
        total[row] += one.returns
        count[row] += 1
    assert done.returns == pytest.approx(total / count, abs=1e-15)
    assert count.min() < 3


@pytest.mark.parametrize(
    "settings", [{"delay_bars": -1}, {"missed_share": 1.5}, {"cost_factor": -1.0}]
)
def test_disturbances_outside_their_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        detail(ONE, PANEL, COSTS, **settings)  # type: ignore[arg-type]
