"""Surrogate data keep what they promise and lose what a timing rule lives on."""

import numpy as np
import pytest

from omp.domain.errors import InvalidInput
from omp.engine.fills import check_prices
from omp.engine.surrogates import surrogate_panel
from omp.market.bars import Panel
from omp.market.synthetic import Recipe, generate


def market(kind: str = "regime", n_symbols: int = 3, **words: float) -> Panel:
    return generate(Recipe(kind, 5, n_bars=1500, n_symbols=n_symbols, **words)).panel


def moves(panel: Panel) -> np.ndarray:
    return np.stack([np.diff(np.log(one.close)) for one in panel.bars])


def test_sizes_of_moves_ranges_volumes_and_times_stay() -> None:
    panel = market()
    copy = surrogate_panel(panel, 1)
    assert np.allclose(np.abs(moves(copy)), np.abs(moves(panel)), atol=1e-12)
    for one, other in zip(panel.bars, copy.bars, strict=True):
        assert np.array_equal(one.timestamp, other.timestamp)
        assert np.array_equal(one.volume, other.volume)
        assert np.allclose(np.log(other.high / other.low), np.log(one.high / one.low), atol=1e-9)


def test_bars_stay_bars() -> None:
    for one in surrogate_panel(market(), 2).bars:
        check_prices(one.open, one.high, one.low, one.close)
        assert (one.high >= np.maximum(one.open, one.close)).all()
        assert (one.low <= np.minimum(one.open, one.close)).all()


def test_bars_of_like_volatility_keep_their_rising_and_falling_bars() -> None:
    panel = market(n_symbols=1)
    before, after = (
        np.diff(np.log(one.bars[0].close), prepend=np.log(one.bars[0].open[0]))
        for one in (panel, surrogate_panel(panel, 3, 50))
    )
    around = np.convolve(np.abs(before), np.ones(21), "same") / np.convolve(
        np.ones(1500), np.ones(21), "same"
    )
    assert not np.array_equal(np.sign(before), np.sign(after))
    for block in np.array_split(np.argsort(around, kind="stable"), 30):
        assert np.sign(before[block]).sum() == np.sign(after[block]).sum()


def test_symbols_keep_what_they_have_in_common() -> None:
    panel = market(n_symbols=4)
    before, after = np.corrcoef(moves(panel)), np.corrcoef(moves(surrogate_panel(panel, 4)))
    assert np.allclose(before, after, atol=0.05)


def test_a_planted_edge_is_gone() -> None:
    """Momentum: what follows a rise. The planted market has it, its copies do not."""
    made = generate(Recipe("planted", 8, n_bars=5000, dial=4.0))
    held = next(iter(made.truth["over_day"].values()))[1:]
    real = moves(made.panel)[0]
    gap = real[held].mean() - real[~held].mean()
    copies = [moves(surrogate_panel(made.panel, seed))[0] for seed in range(40)]
    gaps = np.array([one[held].mean() - one[~held].mean() for one in copies])
    assert gap > gaps.max()
    assert abs(gaps.mean()) < 0.25 * gap


def test_a_seed_is_a_copy() -> None:
    panel = market()
    one, same, other = (surrogate_panel(panel, seed).bars[0].close for seed in (7, 7, 8))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    with pytest.raises(InvalidInput, match="2 bars"):
        surrogate_panel(panel, 1, 1)
