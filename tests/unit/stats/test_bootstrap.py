"""SPA against arch and on noise; the circular shift against brute force."""

import math

import numpy as np
import pytest
from arch.bootstrap import SPA
from numpy.typing import NDArray

from omp.stats import circular_shift_pvalue, spa_pvalue
from omp.stats.bootstrap import _stationary_variance, _stationary_weights

Float = NDArray[np.float64]


def field(seed: int, n_obs: int = 400, n_rules: int = 15, best: float = 0.0) -> Float:
    returns = np.random.default_rng(seed).normal(0, 0.01, (n_obs, n_rules))
    returns[:, 4] += best
    return returns


@pytest.mark.parametrize(("seed", "best"), [(1, 0.0), (2, 0.0005), (3, 0.001), (4, 0.0015)])
def test_arch_agrees_where_all_volatilities_are_equal(seed: int, best: float) -> None:
    """arch compares plain means; with equal volatilities that is the studentised comparison."""
    returns = field(seed, best=best)
    returns /= returns.std(0) / 0.01
    other = SPA(np.zeros(400), -returns, block_size=10, reps=4_000, seed=1)
    other.compute()
    ours = spa_pvalue(returns, n_draws=4_000, block_length=10)
    assert ours == pytest.approx(other.pvalues["consistent"], abs=0.03)


def test_the_variance_is_that_of_arch() -> None:
    returns = field(5, n_obs=200)
    other = SPA(np.zeros(200), -returns, block_size=7, reps=1_000, seed=1)
    other._compute_variance()
    ours = _stationary_variance(returns - returns.mean(0), 1 / 7)
    assert np.allclose(ours, other._loss_diff_var, rtol=1e-10)


def test_the_draws_are_blocks_of_the_length_asked_for() -> None:
    rng = np.random.default_rng(0)
    returns = field(6, n_obs=200, n_rules=5)
    centred = returns - returns.mean(0)
    weights = np.vstack(list(_stationary_weights(rng, 20_000, 200, 1 / 7)))
    assert np.allclose(weights.sum(1), 1.0)
    assert np.allclose(weights.mean(0), 1 / 200, rtol=0.1)
    drawn = math.sqrt(200) * (weights @ centred)
    assert np.allclose(drawn.var(0), _stationary_variance(centred, 1 / 7), rtol=0.05)


def test_noise_passes_at_its_level() -> None:
    p = np.array([spa_pvalue(field(seed, 250, 10)) for seed in range(300)])
    assert np.mean(p <= 0.05) <= 0.09
    assert np.mean(p <= 0.20) == pytest.approx(0.20, abs=0.08)


def test_an_edge_is_seen() -> None:
    assert spa_pvalue(field(1, best=0.003)) < 0.01


def test_poor_rules_neither_help_nor_hide_a_good_one() -> None:
    """Hansen's point against the reality check."""
    good = field(1, best=0.0015)
    hopeless = np.hstack([good, field(2, n_rules=200) - 0.01])
    assert spa_pvalue(hopeless) == pytest.approx(spa_pvalue(good), abs=0.02)


def test_the_scale_of_a_rule_does_not_matter() -> None:
    returns = field(3, best=0.001)
    scaled = returns * np.geomspace(0.01, 100, 15)
    assert spa_pvalue(scaled) == pytest.approx(spa_pvalue(returns), abs=1e-12)


def test_a_benchmark_is_taken_off() -> None:
    returns, benchmark = field(4, best=0.001), field(9)[:, 0]
    direct = spa_pvalue(returns - benchmark[:, np.newaxis])
    assert spa_pvalue(returns, benchmark) == direct
    assert spa_pvalue(returns[:, 4]) == spa_pvalue(returns[:, [4]])


def test_the_same_seed_gives_the_same_answer_and_never_0() -> None:
    returns = field(1, best=0.05)
    assert spa_pvalue(returns, seed=3) == spa_pvalue(returns, seed=3) == 1 / 1_001
    noise = field(1)
    assert len({spa_pvalue(noise, seed=seed) for seed in range(4)}) > 1


def test_flat_rules_are_left_out() -> None:
    returns = field(1, best=0.001)
    with_flat = np.hstack([returns, np.zeros((400, 3)), np.full((400, 1), 0.1)])
    assert spa_pvalue(with_flat) == spa_pvalue(returns)


def test_what_is_undefined_is_unknown() -> None:
    assert math.isnan(spa_pvalue(np.zeros((100, 3))))
    assert math.isnan(spa_pvalue(field(1)[:29]))
    broken = field(1)
    broken[3, 3] = math.nan
    assert math.isnan(spa_pvalue(broken))


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="1000 or more"):
        spa_pvalue(field(1), n_draws=999)
    with pytest.raises(ValueError, match="block_length"):
        spa_pvalue(field(1), block_length=0.5)
    with pytest.raises(ValueError, match="the same bars"):
        spa_pvalue(field(1), np.zeros(7))
    with pytest.raises(ValueError, match=r"\[T, N\]"):
        spa_pvalue(np.zeros((4, 4, 4)))


def shifted(position: Float, market: Float) -> float:
    earned = [float(np.sum(np.roll(position, k, axis=0) * market)) for k in range(len(position))]
    return float(np.mean(np.array(earned) >= earned[0] - 1e-12))


@pytest.mark.parametrize("n_obs", [30, 97, 256])
@pytest.mark.parametrize("symbols", [None, 3])
def test_every_shift_is_tried(n_obs: int, symbols: int | None) -> None:
    rng = np.random.default_rng(n_obs)
    shape = (n_obs,) if symbols is None else (n_obs, symbols)
    market = rng.normal(0.001, 0.01, shape)
    position = (rng.random(shape) < 0.4).astype(float)
    found = circular_shift_pvalue(position, market)
    assert found == pytest.approx(shifted(position, market), abs=1e-12)


def test_its_floor_is_one_over_the_bars() -> None:
    market = np.random.default_rng(0).normal(0, 0.01, 756)
    assert circular_shift_pvalue(market > 0, market) == 1 / 756


def test_positions_that_repeat_tie_with_themselves() -> None:
    rng = np.random.default_rng(0)
    market = np.tile(rng.normal(0, 0.01, 50), 4)
    position = np.tile((rng.random(50) < 0.5).astype(float), 4)
    assert circular_shift_pvalue(position, market) >= 4 / 200


def test_a_shift_of_what_never_changes_is_unknown() -> None:
    market = np.random.default_rng(0).normal(0, 0.01, 100)
    assert math.isnan(circular_shift_pvalue(np.ones(100), market))
    assert math.isnan(circular_shift_pvalue(market, np.zeros(100)))
    assert math.isnan(circular_shift_pvalue(market[:29] > 0, market[:29]))
    assert math.isnan(circular_shift_pvalue(np.r_[market[:-1], np.nan], market))
    with pytest.raises(ValueError, match="the same shape"):
        circular_shift_pvalue(market, market[1:])
