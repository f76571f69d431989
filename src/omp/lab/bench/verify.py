"""Equal answers first: no clock starts before everybody agrees."""

import numpy as np

from omp.domain.errors import Damaged
from omp.engine.evaluation import Evaluation
from omp.engine.fills import Float, Order
from omp.engine.simulation import max_drawdown, run, sharpe
from omp.lab.bench.mix import COSTS, FEE_BPS, Draw, Question, stops_of
from omp.lab.bench.peers import Answer

TOLERANCE = 1e-9


def judged(question: Question, draw: Draw, *, closed: bool) -> Answer:
    """What the oracle says of each rule, bar by bar.

    Args:
        question: bars and conditions. draw: the rules.
        closed: whether a position that is open at the end pays for its closing. We charge it;
            vectorbt, raptorbt and backtesting.py mark it at the last close.
    """
    open_, high, low, close = question.prices[:4]
    found = np.empty((len(draw), 3))
    for g in range(len(draw)):
        entry, exit_ = question.signals(draw, g)
        order = Order("long", COSTS, stops_of(draw, g))
        fills = run((open_, high, low, close), entry, exit_, order, "oracle")
        returns = fills.returns
        if not closed and fills.trades and fills.trades[-1].reason == "end":
            returns[-1] = (1.0 + returns[-1]) / (1.0 - FEE_BPS / 1e4) - 1.0
        found[g] = len(fills.trades), sharpe(returns), max_drawdown(returns)
    return Answer(found[:, 0], found[:, 1], found[:, 2])


def as_answer(evaluation: Evaluation) -> Answer:
    """The evaluator's figures that every engine has."""
    trades = evaluation.n_trades.astype(np.float64)
    return Answer(trades, evaluation.sharpe, evaluation.max_drawdown)


def require_equal(name: str, answer: Answer, truth: Answer) -> None:
    """Trades to the last one, Sharpe ratio and drawdown to 1e-9.

    Raises:
        Damaged: when they differ.
    """
    require_close(name, "trades", answer.trades, truth.trades, 0.0)
    require_close(name, "Sharpe ratio", answer.sharpe, truth.sharpe)
    require_close(name, "drawdown", answer.max_drawdown, truth.max_drawdown)


def require_close(
    name: str, what: str, found: Float, truth: Float, tolerance: float = TOLERANCE
) -> None:
    """One figure of every rule; undefined (NaN, or the infinity of a flat account) only together.

    Raises:
        Damaged: when they differ, with the first rule that does.
    """
    a, b = np.where(np.isfinite(found), found, np.nan), np.where(np.isfinite(truth), truth, np.nan)
    scale = np.maximum(1.0, np.abs(b))
    wrong = (np.isnan(a) != np.isnan(b)) | (np.abs(a - b) > tolerance * scale)
    if a.shape != b.shape or bool(wrong.any()):
        at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        raise Damaged(
            f"{name}: {what} of rule {at[0]} is {a[at]!r}, not {b[at]!r}; "
            f"{int(wrong.sum())} of {wrong.size} differ",
            allowed=f"the same to {tolerance:g}",
            remedy="do not trust either engine until the difference is explained",
        )
