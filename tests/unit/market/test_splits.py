"""Windows: the boundary by calendar, the embargo, folds and blocks."""

import numpy as np
import pytest

from omp.domain.errors import DataNotReady
from omp.market.splits import block_bounds, boundary_index, iso, parse_iso, windows


def test_the_boundary_seals_at_least_the_asked_share() -> None:
    assert boundary_index(1000, 0.3) == 700
    assert boundary_index(1001, 0.3) == 700
    assert boundary_index(10, 0.5) == 5
    with pytest.raises(ValueError, match="between 0 and 1"):
        boundary_index(10, 0.0)


def test_the_embargo_is_taken_from_the_end_of_the_mining_part(made) -> None:
    panel = made()
    cut = windows(panel, boundary_ns=int(panel.timestamp[-1]) + 1, embargo_bars=200)
    assert cut.in_sample == slice(0, 800)
    assert cut.n_bars == 800
    assert cut.warmup_bars == 0


def test_a_panel_that_reaches_the_boundary_is_refused(made) -> None:
    panel = made()
    with pytest.raises(DataNotReady, match="sealed window begins"):
        windows(panel, boundary_ns=int(panel.timestamp[-1]), embargo_bars=0)


def test_start_and_end_only_narrow(made) -> None:
    panel = made()
    beyond = int(panel.timestamp[-1]) + 1
    start, end = int(panel.timestamp[100]), int(panel.timestamp[600])
    cut = windows(panel, boundary_ns=beyond, embargo_bars=50, start_ns=start, end_ns=end)
    assert cut.in_sample == slice(100, 601)
    assert cut.warmup_bars == 100
    late = windows(panel, boundary_ns=beyond, embargo_bars=50, end_ns=beyond * 2)
    assert late.in_sample.stop == 950


def test_too_little_in_sample_is_refused(made) -> None:
    panel = made(n_bars=300)
    with pytest.raises(DataNotReady, match="in-sample bars remain"):
        windows(panel, boundary_ns=int(panel.timestamp[-1]) + 1, embargo_bars=100)


def test_folds_walk_forward_without_overlap_and_with_their_purge(made) -> None:
    panel = made()
    cut = windows(
        panel, boundary_ns=int(panel.timestamp[-1]) + 1, embargo_bars=160, folds=6, purge_bars=10
    )
    assert [fold.test for fold in cut.folds] == [slice(120 * k, 120 * (k + 1)) for k in range(1, 7)]
    assert all(fold.train == slice(0, fold.test.start - 10) for fold in cut.folds)


def test_blocks_are_equal_and_drop_the_oldest_bars() -> None:
    edges = block_bounds(1003, 16)
    assert edges[0] == 1003 % 16
    assert edges[-1] == 1003
    assert set(np.diff(edges)) == {1003 // 16}
    with pytest.raises(ValueError, match="even"):
        block_bounds(1000, 15)
    with pytest.raises(ValueError, match="cannot make"):
        block_bounds(10, 16)


def test_iso_times_read_back() -> None:
    for text in ("2009-04-07T00:00:00Z", "1969-12-31T23:59:59Z"):
        assert iso(parse_iso(text)) == text
    assert parse_iso("2009-04-07") == parse_iso("2009-04-07T00:00:00Z")
    assert parse_iso("2009-04-07T02:00:00+02:00") == parse_iso("2009-04-07")
