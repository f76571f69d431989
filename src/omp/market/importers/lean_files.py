"""The files of a LEAN folder as tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from omp.market.bars import PRICE_FIELDS
from omp.market.importers.base import COLUMNS, Options, refused
from omp.market.venues import venue

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["daily", "hour", "minute"]
PRICE_SCALE = 10_000.0
FACTOR_COLUMNS = ("date", "price_factor", "split_factor", "reference_price")
RAW_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_NUMBER = re.compile(r"^\d+(\.\d+)?([eE][+-]?\d+)?$")
TIMEZONE = "America/New_York"


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars by the ticker of their file, in their order.

    Args:
        frame: symbol (the file's ticker), day (the session's date), timestamp, prices, volume.
        timezone: of the times in the files.
        outside: bars beyond the regular session that were left out.
    """

    frame: "pl.DataFrame"
    timezone: str
    outside: int


def kind_of(path: Path) -> Kind:
    """What kind of bars a file holds, from its name and its first times."""
    if "_minute_" in path.name:
        return "minute"
    with path.open("rb") as file:
        first = [line[9:14] for line in file.readlines(4_000)]
    return "hour" if any(clock[2:3] == b":" and clock != b"00:00" for clock in first) else "daily"


def read_bars(paths: Sequence[Path], kind: Kind, options: Options) -> Bars:
    """All bars of one kind.

    Raises:
        DataNotReady: `lean`, when a line is no bar; the file and line are named.
    """
    import polars as pl

    timezone = TIMEZONE if options.timezone in ("", "UTC") else options.timezone
    table = pl.concat([_one(path, kind) for path in paths])
    day = pl.col("moment").dt.date().alias("day")
    outside = 0
    if kind == "minute":
        terms = venue("us").terms[-1]
        inside = (
            pl.col("moment")
            .dt.strftime("%H:%M")
            .is_between(pl.lit(terms.opens), pl.lit(terms.closes), closed="left")
        )
        outside = table.height
        table = table.filter(inside)
        outside -= table.height
    moment = pl.col("moment").cast(pl.Datetime("ns"))
    if kind != "daily":
        moment = moment.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
        moment = moment.dt.convert_time_zone("UTC")
    table = table.with_columns(
        day, moment.cast(pl.Int64).alias("timestamp"), pl.col(PRICE_FIELDS) / PRICE_SCALE
    )
    return Bars(table.select("day", *COLUMNS), timezone, outside)


def _one(path: Path, kind: Kind) -> "pl.DataFrame":
    import polars as pl

    ticker = path.name.split("_")[1] if kind == "minute" else path.name.removesuffix(".csv")
    try:
        text = pl.read_csv(path, has_header=False, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise _faulty(path, str(error).splitlines()[0]) from error
    if text.width != len(RAW_COLUMNS):
        raise _faulty(path, f"it has {text.width} columns, not {len(RAW_COLUMNS)}")
    text = text.rename(dict(zip(text.columns, RAW_COLUMNS, strict=True)))
    time = pl.col("time")
    if kind == "minute":
        day = pl.lit(path.name[:8]).str.to_datetime("%Y%m%d", time_unit="ms")
        moment = day + pl.duration(milliseconds=time.cast(pl.Int64, strict=False))
    else:
        moment = time.str.to_datetime("%Y%m%d %H:%M", strict=False, time_unit="ms")
    numbers = [pl.col(name).cast(pl.Float64, strict=False) for name in RAW_COLUMNS[1:]]
    table = text.select(pl.lit(ticker.upper()).alias("symbol"), moment.alias("moment"), *numbers)
    lost = table.filter(pl.any_horizontal(pl.all().is_null()))
    if lost.height:
        at = table.select(pl.any_horizontal(pl.all().is_null()).arg_max()).item()
        raise _faulty(path, f"line {at + 1} reads {','.join(str(c) for c in text.row(at))!r}")
    return table


def read_factors(paths: Sequence[Path]) -> "pl.DataFrame | None":
    """The factor files: up to each date (included) the factors that bring prices to the last."""
    import polars as pl

    parts = []
    for path in paths:
        rows = []
        for number, line in enumerate(
            path.read_text(encoding="ascii", errors="replace").split(), 1
        ):
            cells = line.split(",")
            if len(cells) not in (3, 4) or not _is_day(cells[0]) or not _numbers(cells[1:]):
                raise _faulty(path, f"line {number} reads {line!r}, no date and factors")
            rows.append(cells if len(cells) == len(FACTOR_COLUMNS) else [*cells, None])
        table = pl.DataFrame(rows, schema=dict.fromkeys(FACTOR_COLUMNS, pl.String), orient="row")
        symbol = path.name.removesuffix(".csv").upper()
        parts.append(table.select(pl.lit(symbol).alias("symbol"), pl.all()))
    if not parts:
        return None
    return (
        pl.concat(parts)
        .with_columns(
            pl.col("date").str.to_date("%Y%m%d"), pl.col(FACTOR_COLUMNS[1:]).cast(pl.Float64)
        )
        .sort("symbol", "date")
    )


def read_maps(paths: Sequence[Path]) -> "pl.DataFrame | None":
    """The map files: up to each date (included) the ticker a company's shares had."""
    import polars as pl

    rows = []
    for path in paths:
        symbol = path.name.removesuffix(".csv").upper()
        for number, line in enumerate(
            path.read_text(encoding="ascii", errors="replace").split(), 1
        ):
            cells = line.split(",")
            if len(cells) < 2 or not _is_day(cells[0]):
                raise _faulty(path, f"line {number} reads {line!r}, no date and ticker")
            rows.append((symbol, cells[0], cells[1].upper()))
    if not rows:
        return None
    table = pl.DataFrame(rows, schema=["symbol", "date", "ticker"], orient="row")
    return table.with_columns(pl.col("date").str.to_date("%Y%m%d")).sort("symbol", "date")


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a date, no instant
    except ValueError:
        return False
    return len(text) == len("20200102")


def _numbers(cells: Sequence[str]) -> bool:
    return all(_NUMBER.match(cell) for cell in cells)


def _faulty(path: Path, what: str) -> Exception:
    return refused(
        path.name,
        "lean",
        what,
        allowed="LEAN's own files, as its download tool writes them",
        remedy="download the file again",
    )
