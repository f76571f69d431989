"""PBO against the published algorithm, phacker and purgedcv, and their known defects."""

import math
from itertools import combinations, pairwise

import numpy as np
import purgedcv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from phacker.cscv import cscv

from omp.stats import pbo_from_block_sums, probability_of_backtest_overfitting

Float = NDArray[np.float64]


def noise(seed: int, n_obs: int, n_rules: int, drift: float = 0.0) -> Float:
    return np.random.default_rng(seed).normal(drift, 0.01, (n_obs, n_rules))


def plain(returns: Float, n_blocks: int) -> tuple[float, Float, float]:
    """Algorithm 2.3 as it is written, on rows, with the conventions of the house."""
    length = len(returns) // n_blocks
    blocks = np.split(returns[len(returns) - length * n_blocks :], n_blocks)
    n_rules = returns.shape[1]

    def ratios(chosen: list[int]) -> tuple[Float, Float]:
        rows = np.concatenate([blocks[b] for b in chosen])
        flat = np.ptp(rows, axis=0) == 0
        return np.where(flat, 0.0, rows.mean(0) / np.where(flat, 1, rows.std(0, ddof=1))), flat

    logits, lost = [], []
    for chosen in combinations(range(n_blocks), n_blocks // 2):
        inside, flat_inside = ratios(list(chosen))
        outside, flat_outside = ratios([b for b in range(n_blocks) if b not in chosen])
        best = int(np.argmax(inside))
        rank = 1 + int(np.sum(outside < outside[best]))
        if flat_inside[best] or flat_outside[best]:
            rank = 1
        logits.append(math.log(rank / (n_rules + 1 - rank)))
        lost.append(outside[best] <= 0 or flat_inside[best])
    found = np.array(logits)
    return float(np.mean(found <= 0)), found, float(np.mean(lost))


@pytest.mark.parametrize(("n_obs", "n_rules", "n_blocks"), [(120, 7, 6), (403, 40, 8), (95, 2, 4)])
def test_the_algorithm_as_published(n_obs: int, n_rules: int, n_blocks: int) -> None:
    returns = noise(n_obs, n_obs, n_rules)
    returns[:, 0] = 0.0
    result = probability_of_backtest_overfitting(returns, n_blocks)
    pbo, logits, loss = plain(returns, n_blocks)
    assert (result.pbo, result.loss) == (pbo, loss)
    assert np.allclose(result.logits, logits, atol=1e-12)
    assert result.n_obs_used == n_obs - n_obs % n_blocks
    assert result.n_trials == n_rules


@pytest.mark.parametrize("seed", range(4))
def test_phacker_agrees_where_all_rules_trade(seed: int) -> None:
    returns = noise(seed, 648, 61)
    pbo, logits = cscv(returns, 12)
    result = probability_of_backtest_overfitting(returns, 12)
    assert result.pbo == pbo
    assert np.allclose(result.logits, logits, atol=1e-12)


def test_purgedcv_agrees_for_an_even_number_of_rules() -> None:
    returns = noise(5, 240, 12)
    other = purgedcv.probability_of_backtest_overfitting(returns.T, 6)
    ours = probability_of_backtest_overfitting(returns, 6)
    assert ours.pbo == other.pbo
    assert np.allclose(np.sort(ours.logits), np.sort(other.logits), atol=1e-12)
    elsewhere = np.array([there for _, there in other.is_oos_performance])
    assert ours.loss == np.mean(elsewhere <= 0)


def test_noise_is_overfit_half_of_the_time_and_an_edge_is_not() -> None:
    found = [probability_of_backtest_overfitting(noise(s, 600, 50), 10).pbo for s in range(40)]
    assert 0.4 < np.mean(found) < 0.6
    edge = noise(1, 600, 50)
    edge[:, 17] += 0.004
    assert probability_of_backtest_overfitting(edge, 10).pbo == 0.0


def test_costs_that_tell_rules_apart_make_pbo_low_though_every_choice_loses() -> None:
    """The rule that trades least is best on both halves, and earns nothing on either."""
    returns = noise(3, 600, 50)
    returns -= returns.mean(axis=0) + np.linspace(0.001, 0.005, 50)
    found = probability_of_backtest_overfitting(returns, 10)
    assert found.pbo < 0.2
    assert found.loss > 0.9
    edge = noise(1, 600, 50)
    edge[:, 17] += 0.004
    assert probability_of_backtest_overfitting(edge, 10).loss == 0.0


def test_a_choice_on_noise_loses_half_of_the_time() -> None:
    found = [probability_of_backtest_overfitting(noise(s, 600, 50), 10).loss for s in range(40)]
    assert 0.4 < np.mean(found) < 0.65


def test_block_sums_give_the_same_answer() -> None:
    returns = noise(9, 16 * 30 + 5, 50)
    direct = probability_of_backtest_overfitting(returns, 16)
    blocks = returns[5:].reshape(16, 30, 50)
    sums, squares = blocks.sum(1).T, (blocks**2).sum(1).T
    summed = pbo_from_block_sums(sums, squares, np.full(16, 30))
    assert summed.pbo == direct.pbo
    assert np.array_equal(summed.logits, direct.logits)
    assert summed.loss == direct.loss
    assert summed.n_obs_used == direct.n_obs_used == 480


def test_blocks_of_unequal_length_are_weighed_by_their_bars() -> None:
    returns = noise(3, 100, 9)
    bounds = [0, 10, 45, 60, 100]
    blocks = [returns[a:b] for a, b in pairwise(bounds)]
    sums = np.array([b.sum(0) for b in blocks]).T
    squares = np.array([(b**2).sum(0) for b in blocks]).T
    result = pbo_from_block_sums(sums, squares, [len(b) for b in blocks])
    for split, chosen in enumerate(combinations(range(4), 2)):
        inside = np.concatenate([blocks[b] for b in chosen])
        outside = np.concatenate([blocks[b] for b in range(4) if b not in chosen])
        best = np.argmax(inside.mean(0) / inside.std(0, ddof=1))
        ratio = outside.mean(0) / outside.std(0, ddof=1)
        rank = 1 + np.sum(ratio < ratio[best])
        assert result.logits[split] == pytest.approx(math.log(rank / (10 - rank)), abs=1e-12)


def test_the_oldest_rows_are_dropped_not_the_newest() -> None:
    """A known defect: S that does not divide T mis-indexes the blocks."""
    returns = noise(4, 16 * 20, 30)
    whole = probability_of_backtest_overfitting(returns, 16)
    for extra in (1, 7, 15):
        longer = np.vstack([np.full((extra, 30), 0.5), returns])
        result = probability_of_backtest_overfitting(longer, 16)
        assert result.n_obs_used == 320
        assert np.array_equal(result.logits, whole.logits)


def test_a_rule_that_never_trades_cannot_make_it_a_pass() -> None:
    """A known defect: among losers it wins every split and ranks first, giving PBO 0.0."""
    losers = noise(6, 320, 20, drift=-0.02)
    losers[:, 3] = 0.0
    assert cscv(losers, 8)[0] == 0.0
    result = probability_of_backtest_overfitting(losers, 8)
    assert result.pbo == 1.0
    assert result.n_flat_winners == len(result.logits)
    assert np.allclose(result.logits, math.log(1 / 20))


def test_a_rule_flat_on_one_half_only_cannot_make_it_a_pass() -> None:
    losers = noise(6, 320, 20, drift=-0.02)
    losers[:160, 3] = 0.0
    losers[160:, 3] = np.random.default_rng(0).normal(0.01, 0.01, 160)  # trades, then never
    result = probability_of_backtest_overfitting(losers, 2)
    assert result.pbo == 1.0
    assert result.n_flat_winners == 2


@pytest.mark.parametrize("level", [0.0, 0.001, 0.1 + 1e-17])
def test_a_constant_column_counts_as_flat_in_spite_of_rounding(level: float) -> None:
    returns = noise(8, 331, 20, drift=-0.02)
    returns[:, 5] = level
    result = probability_of_backtest_overfitting(returns, 8)
    assert result.pbo == 1.0
    assert result.n_flat_winners == math.comb(8, 4)


def test_the_middle_rank_of_an_odd_number_counts_as_overfit() -> None:
    """A known defect: counting logits strictly below 0 reads low for odd N."""
    returns = noise(12, 240, 3)
    result = probability_of_backtest_overfitting(returns, 6)
    other = purgedcv.probability_of_backtest_overfitting(returns.T, 6)
    middle = int(np.sum(np.abs(result.logits) < 1e-9))
    assert middle > 0
    assert other.pbo == pytest.approx(result.pbo - middle / 20)
    assert result.pbo == np.mean(result.logits <= 0)


def test_the_best_rank_is_n_over_n_plus_one() -> None:
    """A known defect: rank / N makes the logit of a perfect rank infinite."""
    edge = noise(1, 300, 9)
    edge[:, 2] += 0.05
    result = probability_of_backtest_overfitting(edge, 6)
    assert np.allclose(result.logits, math.log(9 / 1))


def test_ties_take_the_lowest_rank() -> None:
    """Ten copies of one rule are one rule: the winner shares its rank with its copies."""
    one = noise(2, 320, 1)
    copies = np.repeat(one, 10, axis=1)
    result = probability_of_backtest_overfitting(copies, 8)
    assert result.pbo == 1.0
    assert np.allclose(result.logits, math.log(1 / 10))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n_rules=st.integers(2, 12))
def test_neither_order_nor_scale_of_the_rules_matters(seed: int, n_rules: int) -> None:
    rng = np.random.default_rng(seed)
    returns = noise(seed, 70, n_rules)
    returns[:, rng.integers(n_rules)] = 0.0
    returns[:, rng.integers(n_rules)] = returns[:, 0]
    result = probability_of_backtest_overfitting(returns, 6)
    shuffled = returns[:, rng.permutation(n_rules)] * 2.0 ** rng.integers(-3, 3)
    again = probability_of_backtest_overfitting(shuffled, 6)
    if not math.isnan(result.pbo):
        assert np.array_equal(result.logits, again.logits)
        assert result.pbo == again.pbo == np.mean(result.logits <= 0)


@pytest.mark.parametrize(
    "returns",
    [
        np.zeros((100, 5)),
        np.where(np.arange(500).reshape(100, 5) == 7, np.nan, noise(0, 100, 5)),
        np.where(np.arange(500).reshape(100, 5) == 7, np.inf, noise(0, 100, 5)),
        noise(0, 29, 5),
        noise(0, 33, 5),  # 32 used with 4 blocks, but 24 with 8
        noise(0, 5, 5),
        noise(0, 100, 1),
    ],
    ids=["all flat", "nan", "inf", "29 bars", "too few left", "fewer than blocks", "one rule"],
)
def test_what_is_undefined_is_unknown(returns: Float) -> None:
    n_blocks = 12 if len(returns) == 33 else 8
    result = probability_of_backtest_overfitting(returns, n_blocks)
    assert math.isnan(result.pbo)
    assert np.isnan(result.logits).all()
    assert result.n_obs_used == len(returns) - len(returns) % n_blocks


@pytest.mark.parametrize("n_blocks", [0, 1, 7, -2, 22])
def test_blocks_must_be_even_and_few(n_blocks: int) -> None:
    with pytest.raises(ValueError, match="even number"):
        probability_of_backtest_overfitting(noise(0, 100, 5), n_blocks)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[T, N\]"):
        probability_of_backtest_overfitting(np.zeros(100), 8)
    with pytest.raises(ValueError, match=r"\[N, S\]"):
        pbo_from_block_sums(np.zeros((5, 8)), np.zeros((5, 6)), np.ones(8))
    with pytest.raises(ValueError, match=r"\[N, S\]"):
        pbo_from_block_sums(np.zeros((5, 8)), np.zeros((5, 8)), np.ones(6))
    with pytest.raises(ValueError, match="whole numbers"):
        pbo_from_block_sums(np.zeros((5, 8)), np.zeros((5, 8)), np.full(8, 1.5))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_rules=st.integers(2, 150),
    n_blocks=st.sampled_from([2, 4, 6, 8]),
    copies=st.integers(0, 5),
    flat=st.integers(0, 5),
)
def test_compiled_and_interpreted_give_the_same_to_the_last_bit(
    seed: int, n_rules: int, n_blocks: int, copies: int, flat: int
) -> None:
    returns = noise(seed, 96, n_rules)
    dice = np.random.default_rng(seed)
    for _ in range(copies):
        returns[:, dice.integers(n_rules)] = returns[:, dice.integers(n_rules)]
    for _ in range(flat):
        returns[: dice.choice([48, 96]), dice.integers(n_rules)] = dice.choice([0.0, 0.001, -0.001])
    one = probability_of_backtest_overfitting(returns, n_blocks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("omp.stats.overfitting.COMPILED_FROM", 0)
        other = probability_of_backtest_overfitting(returns, n_blocks)
    assert np.array_equal(one.logits, other.logits, equal_nan=True)
    assert one.n_flat_winners == other.n_flat_winners
    assert np.array_equal(one.loss, other.loss, equal_nan=True)


def test_the_usual_size_is_compiled_and_agrees_with_phacker() -> None:
    returns = noise(11, 330, 100)
    result = probability_of_backtest_overfitting(returns, 16)
    pbo, logits = cscv(returns[-320:], 16)
    assert result.pbo == pbo
    assert np.allclose(result.logits, logits, atol=1e-12)


@pytest.mark.parametrize("n_blocks", [2, 6, 12, 20])
def test_splits_come_in_the_order_of_combinations(n_blocks: int) -> None:
    from omp.stats.overfitting import _masks

    expected = [
        sum(1 << b for b in chosen) for chosen in combinations(range(n_blocks), n_blocks // 2)
    ]
    assert _masks(n_blocks).tolist() == expected
