"""Each rule of the execution model on prices small enough to check by hand, both engines."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from omp.domain.errors import InvalidInput
from omp.engine import simulate

ENGINES = ("oracle", "kernel")


@dataclass(frozen=True)
class Case:
    """Prices as rows of open, high, low, close; signals as bar numbers; what must come out."""

    name: str
    rows: list[tuple[float, float, float, float]]
    entry: tuple[int, ...]
    exit: tuple[int, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    returns: tuple[float, ...] = ()
    trades: tuple[tuple[int, int, str, float, float, str], ...] = ()
    position: tuple[int, ...] | None = None


def flat(*closes: float) -> list[tuple[float, float, float, float]]:
    """Bars that open where the last one closed and never leave open and close."""
    rows, before = [], closes[0]
    for close in closes:
        rows.append((before, max(before, close), min(before, close), close))
        before = close
    return rows


LONG = [
    (100, 101, 99, 100),
    (102, 106, 101, 105),
    (104, 111, 103, 110),
    (108, 109, 107, 108),
    (108, 108, 108, 108),
]
COSTS = {"commission_bps": 20.0, "slippage_bps": 10.0}
FEE, SLIP = 0.002, 0.001

CASES = [
    Case(
        "long: entry at the next open, held, exit at the next open",
        LONG,
        (0,),
        (2,),
        returns=(0, 105 / 102 - 1, 110 / 105 - 1, 108 / 110 - 1, 0),
        trades=((1, 3, "long", 102, 108, "signal"),),
        position=(0, 1, 1, 1, 0),
    ),
    Case(
        "long with costs",
        LONG,
        (0,),
        (2,),
        COSTS,
        returns=(
            0,
            105 / (102 * (1 + SLIP) * (1 + FEE)) - 1,
            110 / 105 - 1,
            108 * (1 - SLIP) * (1 - FEE) / 110 - 1,
            0,
        ),
        trades=((1, 3, "long", 102 * 1.001, 108 * 0.999, "signal"),),
    ),
    Case(
        "short with costs: constant exposure",
        LONG,
        (0,),
        (2,),
        {"direction": "short", **COSTS},
        returns=(
            0,
            -(105 / (102 * (1 - SLIP)) - 1) - FEE,
            -(110 / 105 - 1),
            -(108 * (1 + SLIP) / 110 - 1) - FEE,
            0,
        ),
        trades=((1, 3, "short", 102 * 0.999, 108 * 1.001, "signal"),),
        position=(0, -1, -1, -1, 0),
    ),
    Case(
        "an entry does not count where the exit is set, and not while in a position",
        flat(10, 11, 12, 13, 14),
        (0, 1, 2),
        (0, 3),
        returns=(0, 0, 12 / 11 - 1, 13 / 12 - 1, 0),
        trades=((2, 4, "long", 11, 13, "signal"),),
        position=(0, 0, 1, 1, 1),
    ),
    Case(
        "an open position is closed at the last close and flagged",
        flat(10, 11, 12),
        (0,),
        (),
        COSTS,
        returns=(0, 11 / (10 * 1.001 * 1.002) - 1, 12 * 0.999 * 0.998 / 11 - 1),
        trades=((1, 2, "long", 10 * 1.001, 12 * 0.999, "end"),),
    ),
    Case(
        "a trade within the last bar",
        flat(10, 11, 12),
        (1,),
        (),
        COSTS,
        returns=(0, 0, 12 * 0.999 * 0.998 / (11 * 1.001 * 1.002) - 1),
        trades=((2, 2, "long", 11 * 1.001, 12 * 0.999, "end"),),
    ),
    Case("a signal on the last close has no open left", flat(10, 11, 12), (2,), returns=(0, 0, 0)),
    Case("one bar", flat(10), (0,), returns=(0,)),
    Case(
        "the entry bar counts for the stop from its open",
        [(10, 10, 10, 10), (100, 101, 94, 99), (99, 99, 99, 99)],
        (0,),
        (),
        {"stop_loss": 0.05},
        returns=(0, 95 / 100 - 1, 0),
        trades=((1, 1, "long", 100, 95, "stop"),),
        position=(0, 1, 0),
    ),
    Case(
        "a gap through the stop fills at the open",
        [(10, 10, 10, 10), (100, 101, 99, 100), (90, 96, 90, 95), (95, 95, 95, 95)],
        (0,),
        (),
        {"stop_loss": 0.05},
        returns=(0, 0, 90 / 100 - 1, 0),
        trades=((1, 2, "long", 100, 90, "stop"),),
    ),
    Case(
        "a gap through the target fills at the open",
        [(10, 10, 10, 10), (100, 101, 99, 100), (112, 113, 90, 95), (95, 95, 95, 95)],
        (0,),
        (),
        {"stop_loss": 0.05, "take_profit": 0.1},
        returns=(0, 0, 112 / 100 - 1, 0),
        trades=((1, 2, "long", 100, 112, "target"),),
    ),
    Case(
        "the stop comes before the target when one bar touches both",
        [(10, 10, 10, 10), (100, 120, 90, 100), (100, 100, 100, 100)],
        (0,),
        (),
        {"stop_loss": 0.05, "take_profit": 0.1},
        returns=(0, -0.05, 0),
        trades=((1, 1, "long", 100, 95, "stop"),),
    ),
    Case(
        "the target fills at its level, with slippage and commission",
        [(10, 10, 10, 10), (100, 111, 99, 100), (100, 100, 100, 100)],
        (0,),
        (),
        {"take_profit": 0.1, **COSTS},
        returns=(0, 110 * 0.999 * 0.998 / (100 * 1.001 * 1.002) - 1, 0),
        trades=((1, 1, "long", 100 * 1.001, 110 * 0.999, "target"),),
    ),
    Case(
        "a signal exit at the open comes before a gap",
        [(10, 10, 10, 10), (100, 101, 99, 100), (90, 96, 90, 95), (95, 95, 95, 95)],
        (0,),
        (1,),
        {"stop_loss": 0.05},
        returns=(0, 0, -0.1, 0),
        trades=((1, 2, "long", 100, 90, "signal"),),
    ),
    Case(
        "after a stop the entry signal of that very bar counts again",
        [(10, 10, 10, 10), (100, 101, 94, 99), (99, 103, 98, 102), (102, 102, 102, 102)],
        (0, 1),
        (2,),
        {"stop_loss": 0.05},
        returns=(0, -0.05, 102 / 99 - 1, 0),
        trades=((1, 1, "long", 100, 95, "stop"), (2, 3, "long", 99, 102, "signal")),
        position=(0, 1, 1, 1),
    ),
    Case(
        "mirrored stop of a short",
        [(10, 10, 10, 10), (100, 106, 99, 101), (101, 101, 101, 101)],
        (0,),
        (),
        {"direction": "short", "stop_loss": 0.05, **COSTS},
        returns=(0, -(105 * 1.001 / (100 * 0.999) - 1) - 2 * FEE, 0),
        trades=((1, 1, "short", 100 * 0.999, 105 * 1.001, "stop"),),
    ),
    Case(
        "mirrored target of a short, by a gap",
        [(10, 10, 10, 10), (100, 101, 99, 100), (85, 90, 84, 90), (90, 90, 90, 90)],
        (0,),
        (),
        {"direction": "short", "take_profit": 0.1},
        returns=(0, 0, -(85 / 100 - 1), 0),
        trades=((1, 2, "short", 100, 85, "target"),),
    ),
    Case(
        "a trailing stop follows the highest high up to the previous bar",
        [
            (10, 10, 10, 10),
            (100, 110, 99, 109),
            (109, 130, 104.5, 120),
            (120, 121, 116, 118),
            (118, 118, 118, 118),
        ],
        (0,),
        (),
        {"trailing": 0.1},
        # bar 2: 110 * .9 = 99 is not touched although 130 * .9 would be; bar 3: 130 * .9 = 117
        returns=(0, 109 / 100 - 1, 120 / 109 - 1, 117 / 120 - 1, 0),
        trades=((1, 3, "long", 100, 117, "trail"),),
    ),
    Case(
        "on the entry bar the trailing stop stands below the entry open",
        [(10, 10, 10, 10), (100, 150, 89, 140), (140, 140, 140, 140)],
        (0,),
        (),
        {"trailing": 0.1},
        returns=(0, -0.1, 0),
        trades=((1, 1, "long", 100, 90, "trail"),),
    ),
    Case(
        "of stop and trailing stop the nearer one counts",
        [(10, 10, 10, 10), (100, 101, 94, 95), (95, 95, 95, 95)],
        (0,),
        (),
        {"stop_loss": 0.05, "trailing": 0.1},
        returns=(0, -0.05, 0),
        trades=((1, 1, "long", 100, 95, "stop"),),
    ),
    Case(
        "max_bars exits at the next open; the entry signal before it was in a position",
        flat(10, 11, 12, 13, 14, 15),
        (0, 1, 2, 3),
        (),
        {"max_bars": 2},
        returns=(0, 11 / 10 - 1, 12 / 11 - 1, 0, 14 / 13 - 1, 15 / 14 - 1),
        trades=((1, 3, "long", 10, 12, "time"), (4, 5, "long", 13, 15, "end")),
        position=(0, 1, 1, 1, 1, 1),
    ),
    Case(
        "a signal exit on the last permitted bar is a signal",
        flat(10, 11, 12, 13),
        (0,),
        (2,),
        {"max_bars": 2},
        returns=(0, 0.1, 12 / 11 - 1, 0),
        trades=((1, 3, "long", 10, 12, "signal"),),
    ),
    Case(
        "long_short turns at one open, compounding both legs",
        [
            (10, 10, 10, 10),
            (100, 101, 99, 100),
            (110, 111, 104, 105),
            (105, 105, 105, 105),
            (105, 105, 105, 105),
        ],
        (0,),
        (1,),
        {"direction": "long_short", **COSTS},
        returns=(
            0,
            100 / (100 * 1.001 * 1.002) - 1,
            (110 * 0.999 * 0.998 / 100) * (1 - (105 / (110 * 0.999) - 1) - FEE) - 1,
            0,
            -(105 * 1.001 / 105 - 1) - FEE,
        ),
        trades=(
            (1, 2, "long", 100 * 1.001, 110 * 0.999, "signal"),
            (2, 4, "short", 110 * 0.999, 105 * 1.001, "end"),
        ),
        position=(0, 1, -1, -1, -1),
    ),
    Case(
        "long_short: both signals at once are nothing",
        flat(10, 11, 12, 13),
        (0, 1),
        (1,),
        {"direction": "long_short"},
        returns=(0, 0.1, 12 / 11 - 1, 13 / 12 - 1),
        trades=((1, 3, "long", 10, 13, "end"),),
    ),
    Case(
        "long_short: the exit signal opens a short from flat",
        flat(10, 11, 12),
        (),
        (0,),
        {"direction": "long_short"},
        returns=(0, -0.1, -(12 / 11 - 1)),
        trades=((1, 2, "short", 10, 12, "end"),),
    ),
    Case(
        "long_short: after a stop flat until the next signal",
        [
            (10, 10, 10, 10),
            (100, 101, 94, 99),
            (99, 99, 99, 99),
            (98, 98, 96, 97),
            (97, 97, 97, 97),
        ],
        (0,),
        (2,),
        {"direction": "long_short", "stop_loss": 0.05},
        returns=(0, -0.05, 0, -(97 / 98 - 1), 0),
        trades=((1, 1, "long", 100, 95, "stop"), (3, 4, "short", 98, 97, "end")),
        position=(0, 1, 0, -1, -1),
    ),
    Case(
        "ruin: a short that loses everything ends the account",
        [
            (10, 10, 10, 10),
            (100, 100, 100, 100),
            (100, 250, 100, 220),
            (50, 50, 50, 50),
            (50, 60, 50, 60),
        ],
        (0, 2, 3),
        (),
        {"direction": "short"},
        returns=(0, 0, -1, 0, 0),
        trades=((1, 2, "short", 100, 220, "ruin"),),
        position=(0, -1, -1, 0, 0),
    ),
    Case(
        "ruin by the fill of a gap through the stop",
        [(10, 10, 10, 10), (100, 100, 100, 100), (300, 300, 300, 300), (300, 300, 300, 300)],
        (0,),
        (),
        {"direction": "short", "stop_loss": 0.5},
        returns=(0, 0, -1, 0),
        trades=((1, 2, "short", 100, 300, "ruin"),),
    ),
    Case(
        "flat at session end: closed at the session's last close, entered again next session",
        flat(10, 11, 12, 13, 14),
        (0, 2),
        (),
        {"session_end": [0, 0, 1, 0, 1]},
        returns=(0, 0.1, 12 / 11 - 1, 13 / 12 - 1, 14 / 13 - 1),
        trades=((1, 2, "long", 10, 12, "time"), (3, 4, "long", 12, 14, "time")),
    ),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rule(case: Case, engine: Any) -> None:
    n = len(case.rows)
    columns = np.array(case.rows, dtype=np.float64).T
    entry, leave = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    entry[list(case.entry)] = True
    leave[list(case.exit)] = True
    done = simulate(*columns, entry, leave, engine=engine, **case.settings)
    assert done.returns == pytest.approx(case.returns, abs=1e-12)
    assert len(done.trades) == len(case.trades)
    for trade, wanted in zip(done.trades, case.trades, strict=True):
        bars = (trade.entry_bar, trade.exit_bar, trade.side, trade.reason)
        assert bars == (wanted[0], wanted[1], wanted[2], wanted[5])
        assert trade.entry_price == pytest.approx(wanted[3], rel=1e-12)
        assert trade.exit_price == pytest.approx(wanted[4], rel=1e-12)
    if case.position is not None:
        assert done.position.tolist() == list(case.position)
    assert done.equity == pytest.approx(np.cumprod(1 + np.array(case.returns)), abs=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_net_return_of_a_trade_is_the_product_of_its_bars(engine: Any) -> None:
    columns = np.array(LONG, dtype=np.float64).T
    entry, leave = np.array([1, 0, 0, 0, 0]), np.array([0, 0, 1, 0, 0])
    done = simulate(*columns, entry, leave, engine=engine, **COSTS)
    wanted = 108 * 0.999 * 0.998 / (102 * 1.001 * 1.002) - 1
    assert done.trades[0].net_return == pytest.approx(wanted, rel=1e-12)
    assert done.trades[0].bars_held == 2


def test_equity_starts_at_one_which_counts_as_a_peak() -> None:
    columns = np.array(flat(10, 8, 9), dtype=np.float64).T
    done = simulate(*columns, np.array([1, 0, 0]), np.zeros(3, dtype=bool))
    assert done.max_drawdown == pytest.approx(0.2)


def test_sharpe_counts_flat_bars_and_is_undefined_without_any_move() -> None:
    columns = np.array(flat(10, 11, 12, 12, 12), dtype=np.float64).T
    done = simulate(*columns, np.array([1, 0, 0, 0, 0]), np.array([0, 0, 1, 0, 0]))
    wanted = done.returns.mean() / done.returns.std(ddof=1) * np.sqrt(252)
    assert done.sharpe(252) == pytest.approx(wanted)
    idle = simulate(*columns, np.zeros(5, dtype=bool), np.zeros(5, dtype=bool))
    assert np.isnan(idle.sharpe(252))
    assert idle.max_drawdown == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
def test_an_unusable_price_is_refused_by_name(column: str, bad: float) -> None:
    prices = {name: np.full(5, 10.0) for name in ("open", "high", "low", "close")}
    prices[column][3] = bad
    signal = np.zeros(5, dtype=bool)
    with pytest.raises(InvalidInput, match=f"{column} of bar 3"):
        simulate(**prices, entry=signal, exit=signal)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"direction": "sideways"}, "sideways"),
        ({"stop_loss": 0.0}, "stop_loss"),
        ({"stop_loss": 1.0}, "stop_loss"),
        ({"take_profit": -0.1}, "take_profit"),
        ({"max_bars": 0}, "max_bars"),
        ({"commission_bps": -1.0}, "commission_bps"),
        ({"slippage_bps": float("nan")}, "slippage_bps"),
        ({"engine": "abacus"}, "abacus"),
    ],
)
def test_a_setting_outside_its_range_is_refused_by_name(
    settings: dict[str, Any], word: str
) -> None:
    prices, signal = np.full(5, 10.0), np.zeros(5, dtype=bool)
    with pytest.raises(InvalidInput, match=word):
        simulate(prices, prices, prices, prices, signal, signal, **settings)


def test_signals_of_another_length_or_type_are_refused() -> None:
    prices, signal = np.full(5, 10.0), np.zeros(5, dtype=bool)
    with pytest.raises(InvalidInput, match="entry"):
        simulate(prices, prices, prices, prices, signal[:4], signal)
    with pytest.raises(InvalidInput, match="exit"):
        simulate(prices, prices, prices, prices, signal, np.full(5, np.nan))
