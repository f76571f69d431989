"""One case for each rule of readiness: data it says yes to, and the least that it alone names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from omp.market.bars import FIELDS, Bars, make_panel
from omp.market.readiness import Known, table_of
from omp.market.splits import parse_iso
from omp.market.universes import Universe
from omp.market.venues import venue

NOW = parse_iso("2020-01-01")
AT = 500
"""Row of the first symbol at which most faults are planted."""
SYMBOLS = ("AAA", "BBB")
N_DAYS = 1000
DAY_NS = 86_400_000_000_000
LATE = date(2200, 1, 1)
PRICES = FIELDS[:4]
Plant = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Case:
    """A rule's case.

    Args:
        plant: makes of clean data the least that the rule names.
        symbol: the instrument that is named, or `*`.
        has_time: whether a time is named.
        timeframe: of the clean data, `1d` or `1h`.
        symbols: how many symbols the clean data have.
        clean: what is known beside the clean data.
        known: what is known beside the faulty ones, where that differs.
        now_ns: when the faulty ones are judged, UTC nanoseconds.
        beside: a flag that cannot but come with it.
    """

    plant: Plant
    symbol: str = "AAA"
    has_time: bool = True
    timeframe: str = "1d"
    symbols: int = 2
    clean: Known = field(default_factory=lambda: Known(adjusted=True))
    known: Known | None = None
    now_ns: int = NOW
    beside: str = ""


@cache
def daily(symbols: int = 2) -> pl.DataFrame:
    """Calm daily bars of made symbols, in which no rule finds anything."""
    found = venue("synthetic").sessions(date(2010, 1, 1), date(2014, 1, 1))
    assert found is not None
    stamps = found[:N_DAYS].astype("datetime64[ns]").astype(np.int64)
    return _table(stamps, "1d", symbols)


@cache
def hourly() -> pl.DataFrame:
    """The same by the hour."""
    hours = venue("synthetic").hours
    assert hours is not None
    found = hours(date(2010, 1, 1), date(2014, 1, 1))
    assert found is not None
    step = 3_600_000_000_000
    each = zip(found.opens_ns[:N_DAYS], found.closes_ns[:N_DAYS], strict=True)
    return _table(np.concatenate([np.arange(a, b, step) for a, b in each]), "1h", 1)


def clean(case: Case) -> pl.DataFrame:
    """The data that a case begins with."""
    return daily(case.symbols) if case.timeframe == "1d" else hourly()


def _table(stamps: np.ndarray, timeframe: str, symbols: int) -> pl.DataFrame:
    bars = []
    for number in range(symbols):
        rng = np.random.default_rng(number)
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, stamps.size)))
        opened = np.append(100.0, close[:-1])
        high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
        volume = 1e6 + 1e3 * rng.integers(1, 100, stamps.size) + np.arange(stamps.size)
        bars.append(Bars("ABCDEFG"[number] * 3, stamps, opened, high, low, close, volume))
    place = venue("synthetic")
    panel = make_panel(bars, timeframe, place.name, place.bars_per_year(timeframe))
    return table_of(panel)


def put(column: str, value: float | None) -> Plant:
    """One value of one bar replaced."""
    return lambda table: table.with_columns(
        pl.when(row() == AT).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )


def times(factor: float, *columns: str, first: int = AT, after: int = AT + 1) -> Plant:
    """Columns of the first symbol's rows from one to another multiplied."""
    here = row().is_between(first, after - 1) & (pl.col("symbol") == "AAA")
    return lambda table: table.with_columns(
        pl.when(here).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
        for name in columns or PRICES
    )


def at_rows(*rows: int) -> Plant:
    """These rows alone."""
    return lambda table: table[list(rows)]


def without(first: int, after: int | None = None) -> Plant:
    """Without a row, or the rows from one to another."""
    last = first if after is None else after - 1
    return lambda table: table.filter(~row().is_between(first, last))


def row() -> pl.Expr:
    """The number of a row."""
    return pl.int_range(pl.len())


def with_bar(after_ns: int) -> Plant:
    """One more bar so many nanoseconds after the one planted at."""

    def plant(table: pl.DataFrame) -> pl.DataFrame:
        late = pl.col("timestamp") + after_ns
        extra = table[AT].with_columns(timestamp=late, volume=pl.col("volume") + 7)
        return pl.concat([table[: AT + 1], extra, table[AT + 1 :]]).sort("symbol", "timestamp")

    return plant


def on_a_weekend(table: pl.DataFrame) -> pl.DataFrame:
    """A bar on the Saturday after a Friday."""
    days = table["timestamp"].to_numpy()
    friday = next(k for k in range(AT, AT + 9) if days[k + 1] - days[k] == 3 * DAY_NS)
    day = pl.col("timestamp") + DAY_NS
    extra = table[friday].with_columns(timestamp=day, volume=pl.col("volume") + 7)
    return pl.concat([table[: friday + 1], extra, table[friday + 1 :]])


def one_day_early(table: pl.DataFrame) -> pl.DataFrame:
    """Months dated as by a zone that is hours behind."""
    days = table["timestamp"].to_numpy()
    monday = next(k for k in range(400, 420) if days[k] - days[k - 1] == 3 * DAY_NS)
    early = pl.when(row().is_between(monday, AT)).then(DAY_NS).otherwise(0)
    return table.with_columns(timestamp=pl.col("timestamp") - early)


def as_before(*rows: int) -> Plant:
    """Bars that repeat the one before the first of them."""

    def plant(table: pl.DataFrame) -> pl.DataFrame:
        order = np.arange(table.height)
        order[list(rows)] = rows[0] - 1
        return table[order].with_columns(table["timestamp"])

    return plant


def busy(plant: Plant) -> Plant:
    """With three times the usual volume in the bar planted at."""
    loud = times(3.0, "volume")
    return lambda table: loud(plant(table))


def quiet_days(table: pl.DataFrame) -> pl.DataFrame:
    """A tenth of the first symbol's bars without volume."""
    here = (row() % 10 == 0) & (pl.col("symbol") == "AAA")
    return table.with_columns(volume=pl.when(here).then(0.0).otherwise(pl.col("volume")))


def same(table: pl.DataFrame) -> pl.DataFrame:
    """The clean data; what is known beside them is what makes them unfit."""
    return table


def universe(*, aaa_until: date = LATE, more: str = "") -> Universe:
    """A list by date."""
    spells = {name: ((date(2000, 1, 1), LATE),) for name in ("BBB", *more.split())}
    spells["AAA"] = ((date(2000, 1, 1), aaa_until),)
    return Universe("few", spells, is_point_in_time=True, source="this kit")


def ex_marks(day: str) -> pl.DataFrame:
    """A dividend of the first symbol."""
    return pl.DataFrame({"symbol": ["AAA"], "date": [date.fromisoformat(day)], "mark": ["ED"]})


CASES: dict[str, Case] = {
    "missing_value": Case(put("close", None)),
    "order": Case(at_rows(*range(AT), AT + 1, AT, *range(AT + 2, 2 * N_DAYS))),
    "duplicate": Case(at_rows(*range(AT + 1), *range(AT, 2 * N_DAYS))),
    "non_positive": Case(put("low", 0.0)),
    "ohlc": Case(put("high", 1.0)),
    "future": Case(same, now_ns=int(daily()["timestamp"].max()) + DAY_NS - 1),  # type: ignore[arg-type]
    "time_zone": Case(one_day_early),
    "off_calendar": Case(on_a_weekend),
    "off_session": Case(with_bar(1_200_000_000_000), timeframe="1h"),
    "gap": Case(without(AT)),
    "cut_session": Case(without(7 * 70 + 3), timeframe="1h"),
    "partial_session": Case(without(7 * N_DAYS - 2, 7 * N_DAYS), timeframe="1h"),
    "partial_last": Case(
        lambda table: times(0.1, "volume", first=N_DAYS - 1, after=N_DAYS)(table.head(N_DAYS))
    ),
    "zero_volume": Case(quiet_days),
    "stale": Case(as_before(AT, AT + 1)),
    "bad_tick": Case(times(1.4)),
    "split_jump": Case(times(0.5, first=AT, after=N_DAYS)),
    "spin_off": Case(times(0.84, first=AT, after=N_DAYS)),
    "ex_mark": Case(
        same,
        clean=Known(adjusted=True, ex_marks=ex_marks("2011-05-02")),
        known=Known(ex_marks=ex_marks("2011-05-02")),
        beside="adjustment",
    ),
    "too_short": Case(without(N_DAYS, N_DAYS + 600), symbol="BBB"),
    "age": Case(
        same,
        symbol="*",
        clean=Known(adjusted=True, max_age_days=36_500.0),
        known=Known(adjusted=True, max_age_days=30.0),
    ),
    "outside_universe": Case(
        same,
        clean=Known(adjusted=True, universe=universe()),
        known=Known(adjusted=True, universe=universe(aaa_until=date(2012, 1, 3))),
    ),
    "absent_members": Case(
        same,
        symbol="*",
        has_time=False,
        clean=Known(adjusted=True, universe=universe()),
        known=Known(adjusted=True, universe=universe(more="ZZZ")),
    ),
    "survivorship": Case(
        same,
        symbol="*",
        has_time=False,
        symbols=5,
        clean=Known(adjusted=True, universe=universe(more="CCC DDD EEE")),
        known=Known(adjusted=True),
    ),
    "adjustment": Case(same, symbol="*", has_time=False, known=Known(adjusted=None)),
    "repeat": Case(as_before(AT)),
    "shadow": Case(busy(times(0.85, "low"))),
}
"""By rule: its case."""
