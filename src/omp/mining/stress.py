"""The stress suite: what happens to a strategy when the world is a little less kind.

Every scenario gives one number, the annual in-sample Sharpe ratio of excess returns under the
stress, and is passed when that number is above 0. A scenario that cannot be run gives no answer.
Mandatory ones and how many must be passed are the gate's business; a scenario whose meaning
changes gets a new version.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from omp.engine.fills import Costs
from omp.mining.bench import Bench, Subject
from omp.mining.streams import Bool, Float, Streams, sharpe
from omp.wire.evidence import StressOutcome

MISSED_SHARE = 0.10
MISSED_DRAWS = 20
NOISE_DRAWS = 3
ENSEMBLE_STEP_DRAWS = 20
BEST_DAYS_SHARE = 0.05
REGIME_BARS = 21
ACCOUNT_FACTOR = 2.0
Measure = Callable[[Bench, Subject], tuple[float | None, str]]


@dataclass(frozen=True)
class Scenario:
    """One scenario of the suite.

    Args:
        name: As in evidence and in the gate's list of mandatory ones.
        version: Raised whenever the measure changes its meaning.
        about: One sentence for the documentation.
        measure: Gives the per-bar Sharpe of x under the stress and a note.
        by_volume: Whether it is asked only where the campaign prices the volume it takes; runs
            without that keep the very evidence they had before there was such a question.
    """

    name: str
    version: int
    about: str
    measure: Measure
    by_volume: bool = False


def run_suite(bench: Bench, subject: Subject) -> list[StressOutcome]:
    """Every scenario of the suite that the campaign asks, in its order."""
    year = math.sqrt(bench.periods_per_year)
    outcomes = []
    for one in SUITE:
        if one.by_volume and bench.liquidity is None:
            continue
        value, note = one.measure(bench, subject)
        annual = None if value is None else value * year
        passed = None if value is None else value > 0.0
        outcomes.append(StressOutcome(one.name, one.version, annual, passed, note))
    return outcomes


def _costs(factor: float) -> Measure:
    def measure(bench: Bench, subject: Subject) -> tuple[float | None, str]:
        costs: Costs = bench.costs.times(factor)
        note = f"{costs.commission_bps:g} bps commission, {costs.slippage_bps:g} bps slippage"
        return sharpe(bench.streams(subject, costs=costs).excess()), note

    return measure


def _delay(bench: Bench, subject: Subject) -> tuple[float | None, str]:
    return sharpe(bench.streams(subject, delay_bars=1).excess()), "fills one open later"


def _missed(bench: Bench, subject: Subject) -> tuple[float | None, str]:
    draws = [
        sharpe(bench.streams(subject, missed_share=MISSED_SHARE, draw=draw).excess())
        for draw in range(MISSED_DRAWS)
    ]
    return _low(draws), f"second worst of {MISSED_DRAWS} draws"


def _noise(bench: Bench, subject: Subject) -> tuple[float | None, str]:
    draws = [sharpe(bench.streams(subject, noise=draw).excess()) for draw in range(NOISE_DRAWS)]
    return _middle(draws), f"signals on noisy prices, median of {NOISE_DRAWS} draws"


def _step(bench: Bench, subject: Subject) -> tuple[float | None, str]:
    if len(subject.members) == 1:
        around = bench.neighbour_sharpes(subject.members[0][0])
        return _middle(around), f"median of {len(around)} neighbours"
    draws = [sharpe(bench.stepped(subject, draw).excess()) for draw in range(ENSEMBLE_STEP_DRAWS)]
    return _middle(draws), f"every member one step aside, median of {ENSEMBLE_STEP_DRAWS} draws"


def _best_days(bench: Bench, subject: Subject) -> tuple[float | None, str]:
    base = bench.streams(subject)
    x, held = base.excess(), base.held() != 0.0
    n_removed = math.ceil(BEST_DAYS_SHARE * int(held.sum()))
    best = np.flatnonzero(held)[np.argsort(-x[held], kind="stable")[:n_removed]]
    kept = np.ones(x.size, dtype=np.bool_)
    kept[best] = False
    return sharpe(x[kept]), f"{n_removed} best bars with a position removed"


def _regime(third: int) -> Measure:
    def measure(bench: Bench, subject: Subject) -> tuple[float | None, str]:
        base = bench.streams(subject)
        inside = regime_masks(base.market())[third]
        return sharpe(base.part(inside).excess()), f"{int(inside.sum())} bars"

    return measure


def regime_masks(market: Float) -> tuple[Bool, Bool, Bool]:
    """Calm, middling and wild bars: thirds by the volatility of the 21 bars before each bar."""
    squares = np.concatenate([[0.0], np.cumsum(market * market)])
    at = np.arange(market.size)
    first = np.maximum(at - REGIME_BARS, 0)
    recent = np.sqrt((squares[at] - squares[first]) / np.maximum(at - first, 1))
    known = at >= REGIME_BARS
    low, high = np.quantile(recent[known], [1 / 3, 2 / 3]) if known.any() else (0.0, 0.0)
    return (
        known & (recent <= low),
        known & (recent > low) & (recent <= high),
        known & (recent > high),
    )


def _period(third: int) -> Measure:
    def measure(bench: Bench, subject: Subject) -> tuple[float | None, str]:
        base = bench.streams(subject)
        n_bars = len(base)
        part = base.part(slice(n_bars * third // 3, n_bars * (third + 1) // 3))
        return sharpe(part.excess()), f"{len(part)} bars"

    return measure


def _other_symbols(bench: Bench, subject: Subject) -> tuple[float | None, str]:
    base: Streams = bench.streams(subject)
    n_symbols = base.present.shape[1]
    if n_symbols < 2:
        return None, "the universe has one symbol"
    earned = base.excess_by_symbol().sum(axis=0)
    kept = np.ones(n_symbols, dtype=np.bool_)
    kept[int(earned.argmax())] = False
    return sharpe(base.symbols(kept).excess()), f"without the best of {n_symbols} symbols"


def _account(bench: Bench, subject: Subject) -> tuple[float | None, str]:
    note = f"an account {ACCOUNT_FACTOR:g} times as large"
    return sharpe(bench.streams(subject, account=ACCOUNT_FACTOR).excess()), note


def _low(draws: list[float | None]) -> float | None:
    known = sorted(one for one in draws if one is not None)
    return known[1] if len(known) == len(draws) else None


def _middle(draws: list[float | None]) -> float | None:
    known = [0.0 if one is None else one for one in draws]
    return float(np.median(known)) if known else None


SUITE: tuple[Scenario, ...] = (
    Scenario("costs_x2", 1, "commission and slippage twice as high", _costs(2.0)),
    Scenario("costs_x3", 1, "commission and slippage three times as high", _costs(3.0)),
    Scenario("delay_one_bar", 1, "every signal acts one bar later", _delay),
    Scenario("missed_trades", 1, "10 % of the trades are missed at random", _missed),
    Scenario("price_noise", 1, "signals see prices off by a tenth of a bar's volatility", _noise),
    Scenario("parameter_step", 1, "each parameter, level and stop one step aside", _step),
    Scenario("best_days", 1, "the best 5 % of the bars with a position removed", _best_days),
    Scenario("volatility_low", 1, "only the calmest third of the bars", _regime(0)),
    Scenario("volatility_mid", 1, "only the middling third of the bars", _regime(1)),
    Scenario("volatility_high", 1, "only the wildest third of the bars", _regime(2)),
    Scenario("period_first", 1, "only the first third of the window", _period(0)),
    Scenario("period_middle", 1, "only the middle third of the window", _period(1)),
    Scenario("period_last", 1, "only the last third of the window", _period(2)),
    Scenario("other_symbols", 1, "the universe without its best symbol", _other_symbols),
    Scenario("volume_slippage", 1, "the account twice as large", _account, by_volume=True),
)
"""The suite, in the order it is shown."""
