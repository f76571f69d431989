"""Probability of backtest overfitting by combinatorially symmetric cross-validation."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from omp.stats.moments import MIN_OBSERVATIONS, Float, as_matrix

MAX_BLOCKS = 20
"""184,756 splits; more would take minutes and add nothing."""

FLAT_VARIANCE = 1e-12
"""A half whose variance is within this fraction of its mean square is flat up to rounding."""

COMPILED_FROM = 1_000_000
"""Splits times rules from which the compiled kernel pays for its import."""

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
        loss: share of splits whose winner has a Sharpe ratio of 0 or less on the other half, or
            NaN. Where costs tell the rules apart, ranks last though nobody earns: PBO alone is low.
    """

    pbo: float
    logits: Float
    n_obs_used: int
    n_trials: int
    n_flat_winners: int
    loss: float


def probability_of_backtest_overfitting(returns: ArrayLike, n_blocks: int = 16) -> Overfitting:
    """Share of splits in which the in-sample winner falls into the lower half out of sample.

    Bailey, Borwein, López de Prado & Zhu (2015), algorithm 2.3 (CSCV): S contiguous blocks of
    T // S bars; for each choice of S/2 blocks the rule with the highest Sharpe ratio there is
    ranked on the other S/2. Relative rank ω = rank/(N + 1), logit ln(ω/(1 - ω)), overfit when the
    logit is ≤ 0. Ties take the lowest rank (also ties for the first place in sample). A flat rule
    has Sharpe ratio 0; a split won by a rule that is flat on either half counts as overfit. The
    probability of loss is of the same paper.

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
        return Overfitting(math.nan, logits, n_obs_used, n_trials, 0, math.nan)
    halves = _Halves(_subset_sums(sums), _subset_sums(squares), _subset_bars(lengths))
    rank, flat, lost = _ranks(halves, _masks(n_blocks))
    rank[flat] = 1
    omega = rank / (n_trials + 1)
    logits = np.log(omega / (1.0 - omega))
    # ranks are whole numbers: compared as such, no rounding can move the middle rank of an odd N
    logits[2 * rank == n_trials + 1] = 0.0
    overfit = int(np.count_nonzero(2 * rank <= n_trials + 1))
    n_flat = int(np.count_nonzero(flat))
    loss = int(np.count_nonzero(lost | flat)) / n_splits
    return Overfitting(overfit / n_splits, logits, n_obs_used, n_trials, n_flat, loss)


@cache
def _masks(n_blocks: int) -> Int:
    """Each choice of S/2 blocks as a bit mask, in the order of `itertools.combinations`."""
    every = np.arange(1 << n_blocks, dtype=np.int64)[::-1]
    chosen = every[np.bitwise_count(every) == n_blocks // 2]
    masks = np.zeros_like(chosen)
    for b in range(n_blocks):  # the first block is the highest digit of the order
        masks |= (chosen >> (n_blocks - 1 - b) & 1) << b
    masks.setflags(write=False)
    return np.asarray(masks, dtype=np.int64)


def _is_flat(total: Float, squares: Float, n: int) -> Bool:
    return np.asarray(squares - total * total / n <= FLAT_VARIANCE * squares)


def _subset_sums(blocks: Float) -> Float:
    """Sums over each subset of the earlier and of the later half of the blocks, [2, 2^(S/2), N]."""
    half = blocks.shape[0] // 2
    tables = np.zeros((2, 1 << half, blocks.shape[1]))
    for side, table in enumerate(tables):
        for bit, block in enumerate(blocks[side * half : (side + 1) * half]):
            np.add(table[: 1 << bit], block, out=table[1 << bit : 2 << bit])
    return tables


def _subset_bars(lengths: Int) -> Float:
    return _subset_sums(lengths[:, None].astype(np.float64))[:, :, 0]


@dataclass(frozen=True, eq=False)
class _Halves:
    """Sums over every subset of the earlier and of the later blocks; a split takes one of each.

    Args:
        sums, squares: [2, 2^(S/2), N]. bars: [2, 2^(S/2)].
    """

    sums: Float
    squares: Float
    bars: Float

    def keys(self, mask: int) -> tuple[Float, Bool]:
        """What orders the rules by Sharpe ratio over the blocks in the mask, 0 where flat, [N].

        With total s, squares q and n bars the Sharpe ratio rises with s|s|/q for any n, which
        needs one division and no root.
        """
        n_subsets = self.sums.shape[1]
        low, high = mask % n_subsets, mask // n_subsets
        n = self.bars[0, low] + self.bars[1, high]
        total = self.sums[0, low] + self.sums[1, high]
        squares = self.squares[0, low] + self.squares[1, high]
        flat = total * total >= squares * (n * (1.0 - FLAT_VARIANCE))
        solid = np.where(flat, 1.0, squares)
        return np.where(flat, 0.0, total * np.abs(total) / solid), flat


def _ranks(halves: _Halves, masks: Int) -> tuple[Int, Bool, Bool]:
    """Rank of each split's winner on its other half, whether it was flat, and whether it lost."""
    rank = np.empty(masks.size, dtype=np.int64)
    flat = np.empty(masks.size, dtype=np.bool_)
    lost = np.empty(masks.size, dtype=np.bool_)
    if masks.size * halves.sums.shape[2] >= COMPILED_FROM:
        from omp.stats.kernels.cscv import ranks

        solid = 1.0 - FLAT_VARIANCE
        ranks(halves.sums, halves.squares, masks, halves.bars, solid, rank, flat, lost)
        return rank, flat, lost
    for i in range(masks.size // 2):  # the last split is the first with its halves exchanged
        j = masks.size - 1 - i
        one, other = halves.keys(int(masks[i])), halves.keys(int(masks[j]))
        rank[i], flat[i], lost[i] = _judge(*one, *other)
        rank[j], flat[j], lost[j] = _judge(*other, *one)
    return rank, flat, lost


def _judge(here: Float, flat_here: Bool, there: Float, flat_there: Bool) -> tuple[int, bool, bool]:
    """Of the best rule here: rank elsewhere (1 the lowest), flat on a half, no gain elsewhere."""
    tied = np.flatnonzero(here == here.max())
    worst = there[tied].min()
    flat = bool(flat_here[tied].any() or flat_there[tied].any())
    return 1 + int(np.count_nonzero(there < worst)), flat, bool(worst <= 0.0)
