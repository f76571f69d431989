"""The proof catches a strategy that knows the future."""

import numpy as np
import pytest

from omp.engine import indicators
from omp.engine.fills import Costs
from omp.engine.genome import Genome, Operand, condition, genome, rule
from omp.market.bars import Bars, Panel, make_panel
from omp.mining.bench import Bench, Subject
from omp.mining.lookahead import prove


def market(n_bars: int = 400) -> Panel:
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(n_bars)))
    open_ = np.r_[100.0, close[:-1]]
    high, low = np.maximum(open_, close) * 1.002, np.minimum(open_, close) * 0.998
    stamps = np.arange(n_bars, dtype=np.int64) * 86_400_000_000_000
    bars = Bars("AAA", stamps, open_, high, low, close, np.full(n_bars, 1e6))
    return make_panel([bars], "1d", "us", 252.0)


def momentum() -> Genome:
    one = Operand.of("roc", length=2)
    return genome(
        "long", rule("all", [condition(one, ">", 0.5)]), rule("all", [condition(one, "<", -0.5)])
    )


def proof(direction: str = "long") -> tuple[int, int]:
    made = momentum()
    made = genome(direction, made.entry, made.exit)
    bench = Bench(market(), slice(50, 400), Costs(1.0, 1.0))
    found = prove(bench, Subject(((made, 1.0),), "ab" * 32))
    return found.prefix_replays, found.leaks


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
def test_an_honest_strategy_has_no_leak(direction: str) -> None:
    replays, leaks = proof(direction)
    assert replays == 5
    assert leaks == 0


def _centred(bars: Bars, _: object) -> np.ndarray:
    """Reads the close of the bar after: the leak."""
    return 100.0 * (np.r_[bars.close[1:], bars.close[-1]] / bars.close - 1.0)


def _scaled(bars: Bars, _: object) -> np.ndarray:
    """Reads the whole series to scale itself: a leak that is everywhere and small."""
    change = np.r_[0.0, np.diff(bars.close)]
    return np.asarray(change / change.std())


@pytest.mark.parametrize("leak", [_centred, _scaled])
def test_a_planted_leak_is_caught(leak: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(indicators._COMPUTE, "roc", leak)
    assert proof()[1] > 0


def test_an_entry_without_a_signal_before_it_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Bench.fills

    def early(self: Bench, one: Genome, symbol: int, **options: object) -> object:
        found = real(self, one, symbol)
        from dataclasses import replace

        moved = tuple(replace(t, entry_bar=t.entry_bar - 1) for t in found.trades)
        return replace(found, trades=moved)

    monkeypatch.setattr(Bench, "fills", early)
    assert proof()[1] > 0
