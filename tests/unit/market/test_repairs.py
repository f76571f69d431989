"""Repairs: only when asked for, only what the rule named, on record, and judged again."""

import numpy as np
import polars as pl
import pytest
from tests.unit.market.test_readiness import NOW, PLANTS, put, repeated

from omp.domain.errors import InvalidInput
from omp.market.importers import Raw
from omp.market.readiness import judge, table_of
from omp.market.readiness_rule import Context
from omp.market.repairs import REPAIRS, repair
from omp.market.venues import venue

REPAIRABLE = [name for name, (rule, _) in PLANTS.items() if rule in REPAIRS]


@pytest.fixture
def table(made) -> pl.DataFrame:
    return table_of(made(("AAA", "BBB")))


def context_of(frame: pl.DataFrame) -> Context:
    return Context.of(frame, venue("synthetic"), "1d", 0.3, 250, NOW)


def mended(frame: pl.DataFrame, *rules: str, as_traded: pl.DataFrame | None = None):
    raw = Raw(frame, "table", ("made.csv",), {}, raw_frame=as_traded)
    return repair(raw, context_of, rules)


@pytest.mark.parametrize("fault", REPAIRABLE)
def test_what_a_rule_names_is_gone_and_nothing_else(table, fault: str) -> None:
    rule, plant = PLANTS[fault]
    poisoned = plant(table)
    raw, done = mended(poisoned, rule)
    again = judge(raw.frame, venue("synthetic"), "1d", now_ns=NOW)
    assert rule not in {one.rule for one in again.faults}
    assert {one.rule for one in done} == {rule}
    assert {one.symbol for one in done} == {"AAA"}
    assert all(one.bars >= 1 for one in done)
    other = pl.col("symbol") == "BBB"
    assert raw.frame.filter(other).equals(poisoned.filter(other))
    if rule == "order":
        assert raw.frame.height == table.height
    else:
        assert 0 < poisoned.height - raw.frame.height <= 10


def test_clean_data_are_left_alone(table) -> None:
    raw, done = mended(table, *REPAIRS)
    assert done == ()
    assert raw.frame.equals(table)


def test_prices_as_traded_keep_step(table) -> None:
    poisoned = repeated(put("low", 200, 0.0)(table))
    as_traded = poisoned.with_columns(close=pl.int_range(pl.len()).cast(pl.Float64))
    raw, _ = mended(poisoned, "non_positive", "duplicate", as_traded=as_traded)
    assert raw.raw_frame is not None
    assert raw.raw_frame.height == raw.frame.height == poisoned.height - 2
    assert raw.raw_frame["timestamp"].equals(raw.frame["timestamp"])
    assert 200.0 not in raw.raw_frame["close"].to_list()


def test_it_is_said_what_was_done(table) -> None:
    _, (done,) = mended(put("low", 500, 0.0)(table), "non_positive")
    day = np.datetime64(int(table["timestamp"][500]), "ns").astype("datetime64[D]")
    assert (done.rule, done.symbol, done.bars) == ("non_positive", "AAA", 1)
    assert done.first is not None
    assert done.first.startswith(str(day))


@pytest.mark.parametrize("name", ["gap", "split_jump", "nonsense"])
def test_what_cannot_be_repaired_is_refused_by_name(table, name: str) -> None:
    with pytest.raises(InvalidInput, match=name) as refused:
        mended(table, name)
    assert "duplicate" in refused.value.allowed
