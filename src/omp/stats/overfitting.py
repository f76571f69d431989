"""Probability of backtest overfitting by combinatorially symmetric cross-validation."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from omp.stats.moments import MIN_OBSERVATIONS, Float, as_matrix

MAX_BLOCKS = 20
"""184,756 splits; more would take minutes and add nothing."""

FLAT_VARIANCE = 1e-12
"""A half whose variance is within this fraction of its mean square is flat up to rounding."""

_GROUP = 4
_GROUP_BITS = (1 << _GROUP) - 1

Bool = NDArray[np.bool_]
Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Overfitting:
    """How often the best rule of one half of the data disappoints on the other half.

    It belongs to the run's selection, not to one strategy.

    Args:
        pbo: share of splits with logit ≤ 0, or NaN (UNKNOWN).
        logits: logit of the relative rank of each split's winner on the other half, in the
            order of `itertools.combinations(range(S), S // 2)`, [C(S, S/2)]; NaN when unknown.
        n_obs_used: bars used, after the oldest T mod S were dropped.
        n_trials: rules compared.
        n_flat_winners: splits that a flat rule won; each counts as overfit with the lowest rank.
    """

    pbo: float
    logits: Float
    n_obs_used: int
    n_trials: int
    n_flat_winners: int


def probability_of_backtest_overfitting(returns: ArrayLike, n_blocks: int = 16) -> Overfitting:
    """Share of splits in which the in-sample winner falls into the lower half out of sample.

    Bailey, Borwein, López de Prado & Zhu (2015), algorithm 2.3 (CSCV): S contiguous blocks of
    T // S bars; for each choice of S/2 blocks the rule with the highest Sharpe ratio there is
    ranked on the other S/2. Relative rank ω = rank/(N + 1), logit ln(ω/(1 - ω)), overfit when the
    logit is ≤ 0. Ties take the lowest rank (also ties for the first place in sample). A flat rule
    has Sharpe ratio 0; a split won by a rule that is flat on either half counts as overfit.

    Args:
        returns: (excess) returns per bar, one column per rule, [T, N].
        n_blocks: S, even, 2 to 20; 12 to 16 is usual.

    Returns:
        The probability with its logits; UNKNOWN (NaN) when a value is NaN or infinite, fewer than
        30 bars remain, fewer than two rules are compared, or every rule is flat.

    Raises:
        ValueError: when returns is not [T, N], or n_blocks is odd or out of range.
    """
    matrix = as_matrix(returns)
    _check_blocks(n_blocks)
    n_rows, n_trials = matrix.shape
    length = n_rows // n_blocks
    used = matrix[n_rows - length * n_blocks :].reshape(n_blocks, length, n_trials)
    sums = np.add.reduce(used, axis=1)
    squares = np.add.reduce(used * used, axis=1)
    if not bool(np.isfinite(matrix).all()):  # a fault in a dropped row is a fault all the same
        sums = np.full_like(sums, np.nan)
    return _cscv(sums, squares, np.full(n_blocks, length, dtype=np.int64))


def pbo_from_block_sums(sums: ArrayLike, squares: ArrayLike, lengths: ArrayLike) -> Overfitting:
    """The same probability from each rule's sums over the blocks, without the returns.

    Args:
        sums: sum of the returns of each rule over each block, [N, S].
        squares: sum of their squares, [N, S].
        lengths: bars in each block, whole numbers, [S].

    Returns:
        As `probability_of_backtest_overfitting` gives on the returns themselves.

    Raises:
        ValueError: when the shapes do not fit, a length is not a positive whole number, or S is
            odd or out of range.
    """
    by_rule = as_matrix(np.atleast_2d(np.asarray(sums, dtype=np.float64)), "sums")
    by_rule_squares = as_matrix(np.atleast_2d(np.asarray(squares, dtype=np.float64)), "squares")
    bars = np.asarray(lengths, dtype=np.float64)
    if by_rule.shape != by_rule_squares.shape or bars.shape != (by_rule.shape[1],):
        raise ValueError(
            f"sums {by_rule.shape}, squares {by_rule_squares.shape} and lengths {bars.shape} do "
            "not fit; allowed: [N, S], [N, S] and [S]"
        )
    if not bool(((bars >= 1) & (bars == np.floor(bars))).all()):
        raise ValueError(f"lengths are {bars.tolist()}; allowed: whole numbers of bars, 1 or more")
    _check_blocks(by_rule.shape[1])
    return _cscv(
        np.ascontiguousarray(by_rule.T),
        np.ascontiguousarray(by_rule_squares.T),
        bars.astype(np.int64),
    )


def _check_blocks(n_blocks: int) -> None:
    if n_blocks != int(n_blocks) or n_blocks % 2 or not 2 <= n_blocks <= MAX_BLOCKS:
        raise ValueError(
            f"n_blocks is {n_blocks}; allowed: an even number from 2 to {MAX_BLOCKS}, "
            "12 to 16 is usual"
        )


def _cscv(sums: Float, squares: Float, lengths: Int) -> Overfitting:
    """CSCV over block sums laid out [S, N]."""
    n_blocks, n_trials = sums.shape
    n_obs_used = int(lengths.sum())
    n_splits = math.comb(n_blocks, n_blocks // 2)
    known = n_obs_used >= MIN_OBSERVATIONS and n_trials >= 2
    known = known and bool(np.isfinite(sums).all() and np.isfinite(squares).all())
    if not known or bool(_is_flat(sums.sum(0), squares.sum(0), n_obs_used).all()):
        logits = np.full(n_splits, np.nan)
        return Overfitting(math.nan, logits, n_obs_used, n_trials, 0)
    tables = _Tables(_subset_sums(sums), _subset_sums(squares), [int(n) for n in lengths])
    rank, flat = _ranks(tables, _masks(n_blocks), n_trials)
    rank[flat] = 1
    omega = rank / (n_trials + 1)
    logits = np.log(omega / (1.0 - omega))
    # ranks are whole numbers: compared as such, no rounding can move the middle rank of an odd N
    logits[2 * rank == n_trials + 1] = 0.0
    overfit = int(np.count_nonzero(2 * rank <= n_trials + 1))
    n_flat = int(np.count_nonzero(flat))
    return Overfitting(overfit / n_splits, logits, n_obs_used, n_trials, n_flat)


def _masks(n_blocks: int) -> list[int]:
    """Each choice of S/2 blocks as a bit mask, in the order of `itertools.combinations`."""
    return [sum(1 << b for b in c) for c in combinations(range(n_blocks), n_blocks // 2)]


def _is_flat(total: Float, squares: Float, n: int) -> Bool:
    return np.asarray(squares - total * total / n <= FLAT_VARIANCE * squares)


def _subset_sums(blocks: Float) -> list[Float]:
    """For each group of four blocks, the sums over each subset of the group, [2^4, N]."""
    tables = []
    for first in range(0, blocks.shape[0], _GROUP):
        group = blocks[first : first + _GROUP]
        table = np.zeros((1 << len(group), blocks.shape[1]))
        for bit, block in enumerate(group):
            np.add(table[: 1 << bit], block, out=table[1 << bit : 2 << bit])
        tables.append(table)
    return tables


@dataclass(frozen=True, eq=False)
class _Tables:
    """Sums and sums of squares over every subset of each group of blocks; block lengths."""

    sums: list[Float]
    squares: list[Float]
    lengths: list[int]


class _Half:
    """Sharpe ratios (0 where flat) and flatness of all rules over some of the blocks, [N]."""

    def __init__(self, n_trials: int) -> None:
        self.score = np.empty(n_trials)
        self.flat = np.empty(n_trials, dtype=np.bool_)
        self._squares = np.empty(n_trials)
        self._spare = np.empty(n_trials)

    def measure(self, tables: _Tables, mask: int) -> None:
        """Overwrite both with their values over the blocks in the mask."""
        n = sum(length for b, length in enumerate(tables.lengths) if mask >> b & 1)
        total, squares, spare = self.score, self._squares, self._spare
        _add_up(tables.sums, mask, total)
        _add_up(tables.squares, mask, squares)
        np.multiply(total, total, out=spare)
        spare /= n
        total *= math.sqrt(max(n - 1, 1)) / n
        deviations = np.subtract(squares, spare)
        squares *= 1.0 - FLAT_VARIANCE
        np.greater_equal(spare, squares, out=self.flat)
        np.copyto(deviations, 1.0, where=self.flat)
        np.sqrt(deviations, out=deviations)
        total /= deviations
        np.copyto(total, 0.0, where=self.flat)


def _add_up(tables: list[Float], mask: int, out: Float) -> None:
    np.copyto(out, tables[0][mask & _GROUP_BITS])
    for place, table in enumerate(tables[1:], start=1):
        out += table[mask >> _GROUP * place & _GROUP_BITS]


def _ranks(tables: _Tables, masks: list[int], n_trials: int) -> tuple[Int, Bool]:
    """Rank of each split's winner on its other half, and whether the winner was flat."""
    rank = np.empty(len(masks), dtype=np.int64)
    flat = np.empty(len(masks), dtype=np.bool_)
    one, other = _Half(n_trials), _Half(n_trials)
    for i in range(len(masks) // 2):  # the last split is the first with its halves exchanged
        j = len(masks) - 1 - i
        one.measure(tables, masks[i])
        other.measure(tables, masks[j])
        rank[i], flat[i] = _judge(one, other)
        rank[j], flat[j] = _judge(other, one)
    return rank, flat


def _judge(chosen_on: _Half, ranked_on: _Half) -> tuple[int, bool]:
    """Rank (1 the lowest) elsewhere of the best rule here, and whether it is flat on a half."""
    tied = np.flatnonzero(chosen_on.score == chosen_on.score.max())
    worst = ranked_on.score[tied].min()
    flat = bool(chosen_on.flat[tied].any() or ranked_on.flat[tied].any())
    return 1 + int(np.count_nonzero(ranked_on.score < worst)), flat
