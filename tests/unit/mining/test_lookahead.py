"""The proof catches a strategy that knows the future."""

import numpy as np
import pytest

from omp.engine import indicators
from omp.engine.fills import Costs
from omp.engine.genome import DIRECTIONS, Genome, Operand, Stops, condition, genome, rule
from omp.market.bars import Bars, Panel, make_panel
from omp.mining import lookahead
from omp.mining.bench import Bench, Subject
from omp.mining.lookahead import Proof


def market(n_bars: int = 400) -> Panel:
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(n_bars)))
    open_ = np.r_[100.0, close[:-1]]
    high, low = np.maximum(open_, close) * 1.002, np.minimum(open_, close) * 0.998
    stamps = np.arange(n_bars, dtype=np.int64) * 86_400_000_000_000
    bars = Bars("AAA", stamps, open_, high, low, close, np.full(n_bars, 1e6))
    return make_panel([bars], "1d", "us", 252.0)


ROC = Operand.of("roc", length=2)
"""What the tests below plant a leak in."""


def momentum(direction: str = "long", above: float = 0.5) -> Genome:
    return genome(
        direction,
        rule("all", [condition(ROC, ">", above)]),
        rule("all", [condition(ROC, "<", -0.5)]),
    )


def proof(made: Genome | None = None) -> tuple[int, int]:
    made = momentum() if made is None else made
    bench = Bench(market(), slice(50, 400), Costs(1.0, 1.0))
    found = Proof(bench).prove(Subject(((made, 1.0),), "ab" * 32))
    return found.prefix_replays, found.leaks


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
def test_an_honest_strategy_has_no_leak(direction: str) -> None:
    replays, leaks = proof(momentum(direction))
    # two conditions: 5 fixed parts, 10 bars of each state; then 5 entries and 5 exits of the rule
    assert 50 <= replays <= 2 * 25 + 10
    assert leaks == 0


def test_an_honest_exit_without_conditions_has_no_leak() -> None:
    made = momentum()
    assert proof(genome("long", made.entry, rule("any", []), stops=Stops(max_bars=3)))[1] == 0


def _centred(bars: Bars, _: object) -> np.ndarray:
    """Reads the close of the bar after: the leak."""
    return 100.0 * (np.r_[bars.close[1:], bars.close[-1]] / bars.close - 1.0)


def _scaled(bars: Bars, _: object) -> np.ndarray:
    """Reads the whole series to scale itself: a leak that is everywhere and small."""
    change = np.r_[0.0, np.diff(bars.close)]
    return np.asarray(change / change.std())


def _rare(bars: Bars, _: object) -> np.ndarray:
    """Reads the close of the bar after on one bar in fifty: a leak that hardly ever shows."""
    honest = 100.0 * (bars.close / np.r_[bars.close[0], bars.close[:-1]] - 1.0)
    ahead = _centred(bars, None)
    return np.where(np.arange(ahead.size) % 50 == 20, np.where(ahead > 0.0, 9.0, honest), honest)


@pytest.mark.parametrize("leak", [_centred, _scaled])
def test_a_planted_leak_is_caught(leak: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(indicators._COMPUTE, "roc", leak)
    assert proof()[1] > 0


@pytest.mark.parametrize("above", [0.5, 1.5, 2.0, 2.5])
def test_a_leak_that_a_rare_signal_uses_is_caught(
    above: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(indicators._COMPUTE, "roc", _centred)
    assert proof(momentum(above=above))[1] > 0


def test_a_leak_on_few_bars_is_caught_where_it_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fixed part of the window ends on such a bar: those after the signals do."""
    monkeypatch.setitem(indicators._COMPUTE, "roc", _rare)
    assert proof(momentum(above=8.0))[1] > 0
    monkeypatch.setattr(lookahead, "STATES", 0)
    monkeypatch.setattr(lookahead, "FIRES", 0)
    assert proof(momentum(above=8.0)) == (2 * 5, 0)


def test_a_leak_on_few_bars_is_caught_behind_an_honest_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(indicators._COMPUTE, "roc", _rare)
    honest = condition(Operand.of("rsi", length=14), ">", 50.0)
    entry = rule("any", [honest, condition(ROC, ">", 8.0)])
    assert proof(genome("long", entry, rule("all", [condition(ROC, "<", -50.0)])))[1] > 0


def test_a_leak_that_keeps_it_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal stands nearly always and is missing before a few falls."""

    def knows_falls(bars: Bars, _: object) -> np.ndarray:
        rare = np.arange(len(bars)) % 50 == 20
        return np.where(rare & (_centred(bars, None) < 0.0), -9.0, 1.0)

    monkeypatch.setitem(indicators._COMPUTE, "roc", knows_falls)
    entry = rule("all", [condition(ROC, ">", 0.0)])
    assert proof(genome("long", entry, rule("any", []), stops=Stops(max_bars=3)))[1] > 0


def test_candidates_share_what_was_replayed() -> None:
    bench = Bench(market(), slice(50, 400), Costs(1.0, 1.0))
    shared = Proof(bench)
    known = [shared.prove(Subject(((momentum(one), 1.0),), "ab" * 32)) for one in DIRECTIONS]
    alone = [Proof(bench).prove(Subject(((momentum(one), 1.0),), "ab" * 32)) for one in DIRECTIONS]
    assert known == alone


def test_an_entry_without_a_signal_before_it_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Bench.fills

    def early(self: Bench, one: Genome, symbol: int, **options: object) -> object:
        found = real(self, one, symbol)
        from dataclasses import replace

        moved = tuple(replace(t, entry_bar=t.entry_bar - 1) for t in found.trades)
        return replace(found, trades=moved)

    monkeypatch.setattr(Bench, "fills", early)
    assert proof()[1] > 0
