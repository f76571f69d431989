"""Small markets for the tests of this room."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from omp.market.bars import Bars, Panel, make_panel
from omp.market.catalog import Catalog, Source
from omp.market.readiness import judge_panel
from omp.market.snapshot import Snapshot
from omp.market.venues import venue

Maker = Callable[..., Panel]
SOURCE = Source(importer="test", path_name="made.csv")


def make_bars(symbol: str, stamps: np.ndarray, seed: int) -> Bars:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, stamps.size)))
    opened = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 0.002, stamps.size))
    spread = np.exp(np.abs(rng.normal(0, 0.004, (2, stamps.size))))
    high, low = np.maximum(opened, close) * spread[0], np.minimum(opened, close) / spread[1]
    return Bars(symbol, stamps, opened, high, low, close, rng.integers(1, 10**6, stamps.size))


def synthetic_days(n_bars: int, first_year: int = 2010) -> np.ndarray:
    days = venue("synthetic").sessions(date(first_year, 1, 1), date(first_year + 20, 1, 1))
    assert days is not None
    return days[:n_bars].astype("datetime64[ns]").astype(np.int64)


@pytest.fixture
def made() -> Maker:
    def make(
        symbols: tuple[str, ...] = ("AAA",), n_bars: int = 1000, first_year: int = 2010
    ) -> Panel:
        stamps = synthetic_days(n_bars, first_year)
        bars = [make_bars(symbol, stamps, seed) for seed, symbol in enumerate(symbols)]
        return make_panel(bars, "1d", "synthetic", 252.0)

    return make


@pytest.fixture
def published(tmp_path: Path) -> Callable[..., tuple[Catalog, Snapshot]]:
    def publish(panel: Panel, name: str = "made", **options: object) -> tuple[Catalog, Snapshot]:
        catalog = Catalog(tmp_path)
        certificate = judge_panel(panel, venue("synthetic"))
        settings: dict[str, object] = {"environment": "test", "source": SOURCE} | options
        return catalog, catalog.publish(
            panel,
            name=name,
            certificate=certificate,
            **settings,  # type: ignore[arg-type]
        )

    return publish
