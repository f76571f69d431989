"""A sealed bar never lies in the mining part of a snapshot, nor anywhere else a run may read."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omp.market.acquire import publish_demo, publish_synthetic
from omp.market.catalog import Catalog
from omp.market.recipe import Recipe
from omp.market.snapshot import Snapshot
from omp.market.splits import parse_iso


@pytest.fixture(params=["demo", "null", "planted"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Catalog, Snapshot]:
    catalog = Catalog(tmp_path)
    if request.param == "demo":
        return catalog, publish_demo(catalog)
    return catalog, publish_synthetic(catalog, Recipe(request.param, 1, n_symbols=2))


def test_a_sealed_bar_never_lies_in_the_mining_part(workspace, tmp_path) -> None:
    catalog, found = workspace
    boundary = parse_iso(found.boundary)
    mining, sealed = catalog.open_mining(found.digest), catalog.open_sealed(found.digest)
    assert mining.timestamp[-1] < boundary <= sealed.timestamp[0]
    readable = [
        path
        for path in (tmp_path / "data").rglob("*.parquet")
        if pl.read_parquet(path)["timestamp"].max() >= boundary
    ]
    assert readable == []


def test_the_mining_part_opens_without_the_sealed_one(workspace, tmp_path) -> None:
    catalog, found = workspace
    before = catalog.open_mining(found.digest)
    (tmp_path / "state" / "sealed").rename(tmp_path / "elsewhere")
    after = catalog.open_mining(found.digest)
    assert np.array_equal(before.bars[0].close, after.bars[0].close)
