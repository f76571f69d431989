"""Prices as traded, brought to one measure: splits undone, dividends put back (total return).

Bars before the ex-date are multiplied: by old shares per new one at a split, by
1 - amount / last close before it at a dividend or spin-off (the method of the Center for Research
in Security Prices: a holder who reinvests has the same return). The latest bars stay as traded.
Volumes are divided by the splits alone. The prices as traded ride along beside the adjusted ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omp.domain.errors import InvalidInput
from omp.market.actions import read_actions
from omp.market.bars import PRICE_FIELDS
from omp.market.importers.base import COLUMNS, Raw, refused

if TYPE_CHECKING:
    import polars as pl

FACTORS = ("price_factor", "split_factor")


def apply(raw: Raw, *, actions_file: Path | None = None, timezone: str = "UTC") -> Raw:
    """The rows with adjusted prices, and as they were traded in `raw_frame`.

    The user's table is used where one is given; else the factor files, else the actions that came
    with the data. Rows without any of them stay as they are.

    Args:
        raw: rows as they were read.
        actions_file: table of symbol, ex_date, kind, value.
        timezone: zone of the venue, which dates intraday bars.

    Raises:
        InvalidInput: when the prices are adjusted already, or the table names no symbol of them.
        DataNotReady: `actions`, when the table cannot be understood or an amount exceeds the price.
    """
    if actions_file is not None:
        if raw.adjusted:
            raise InvalidInput(
                f"the table {actions_file.name} for prices that are adjusted already",
                allowed="a table of splits and dividends for prices as traded",
                remedy="leave --actions away, or import with --no-adjust",
            )
        actions = read_actions(actions_file)
        raw = replace(raw, actions=_of(actions, raw, actions_file), factors=None)
    if raw.adjusted or raw.raw_frame is not None:
        return raw
    if raw.factors is not None and raw.factors.height:
        factors, note = raw.factors, "splits and dividends by factor files"
    elif raw.actions is not None and raw.actions.height:
        factors = factors_of(raw.frame, raw.actions, timezone)
        note = f"splits and dividends by {raw.actions.height} corporate actions"
    else:
        return raw
    unnamed = set(raw.frame["symbol"].unique().to_list()) - set(factors["symbol"].to_list())
    notes = dict(raw.notes) | {"adjustment": note + " (total return); prices as traded are kept"}
    if unnamed and raw.factors is not None:
        notes["not_adjusted"] = "no factor file: " + ", ".join(sorted(unnamed))
    return replace(
        raw,
        frame=adjusted(raw.frame, factors, timezone),
        raw_frame=raw.frame.select(COLUMNS),
        adjusted=True,
        notes=notes,
    )


def adjusted(
    frame: "pl.DataFrame", factors: "pl.DataFrame", timezone: str = "UTC"
) -> "pl.DataFrame":
    """The frame with prices times both factors and volume divided by the split factor.

    Args:
        frame: symbol, timestamp (UTC ns), open, high, low, close, volume and more, in any order.
        factors: symbol, date (the last day they hold), price_factor, split_factor. After the last
            date of a symbol both are 1.
        timezone: zone of the venue, which dates intraday bars.
    """
    import polars as pl

    held = factors.select("symbol", pl.col("date").alias("session"), *FACTORS).sort("session")
    own = frame.columns
    found = (
        frame.with_columns(session(timezone))
        .with_row_index("place")
        .sort("session")
        .join_asof(held, on="session", by="symbol", strategy="forward", check_sortedness=False)
        .sort("place")
        .with_columns(pl.col(FACTORS).fill_null(1.0))
    )
    both = pl.col("price_factor") * pl.col("split_factor")
    return found.with_columns(
        *(pl.col(name) * both for name in PRICE_FIELDS), pl.col("volume") / pl.col("split_factor")
    ).select(own)


def factors_of(
    frame: "pl.DataFrame", actions: "pl.DataFrame", timezone: str = "UTC"
) -> "pl.DataFrame":
    """The factors that a table of actions makes, in the form of factor files.

    The amount of a dividend is cash a share as traded on the ex-date, so after a split of the same
    day. Actions before the first or after the last bar change nothing.

    Raises:
        DataNotReady: when an amount is not below the last close before it.
    """
    import polars as pl

    closes = (
        frame.drop_nulls(["symbol", "timestamp", "close"])
        .with_columns(session(timezone))
        .sort("symbol", "timestamp")
        .group_by("symbol", "session", maintain_order=True)
        .agg(pl.col("close").last())
    )
    rows: list[tuple[str, object, float, float]] = []
    for symbol, own in _by_symbol(actions).items():
        mine = closes.filter(pl.col("symbol") == symbol)
        last = mine["session"].max()
        price, split = 1.0, 1.0
        made: list[tuple[str, object, float, float]] = []
        for day in sorted(set(own["date"].to_list()), reverse=True):
            before = mine.filter(pl.col("session") < day)
            if not before.height or (last is not None and day > last):
                continue
            of_day = own.filter(pl.col("date") == day)
            ratio, cash = 1.0, 0.0
            for kind, value in of_day.select("kind", "value").rows():
                if kind == "split":
                    ratio *= value
                else:
                    cash += value
            held_until, close = before.row(-1)[1], before.row(-1)[2]
            reference = close / ratio
            if cash >= reference:
                raise refused(
                    "the table of actions",
                    "actions",
                    f"{symbol} pays {cash:g} on {day}, its last close is {reference:g}",
                    allowed="amounts a share below the last close before the ex-date",
                    remedy="correct amount or date (amounts are cash a share, in the currency "
                    "of the prices)",
                )
            split /= ratio
            price *= 1.0 - cash / reference
            made.append((symbol, held_until, price, split))
        rows += reversed(made)
    schema = {
        "symbol": pl.String,
        "date": pl.Date,
        "price_factor": pl.Float64,
        "split_factor": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def session(timezone: str) -> "pl.Expr":
    """The local date of a bar; a daily bar (midnight UTC) is dated as it stands."""
    import polars as pl

    instant = pl.col("timestamp").cast(pl.Datetime("ns"))
    local = instant.dt.replace_time_zone("UTC").dt.convert_time_zone(timezone).dt.date()
    is_midnight = instant.dt.time() == pl.time(0, 0)
    return pl.when(is_midnight).then(instant.dt.date()).otherwise(local).alias("session")


def _by_symbol(actions: "pl.DataFrame") -> "Mapping[str, pl.DataFrame]":
    return {str(one["symbol"][0]): one for one in actions.partition_by("symbol")}


def _of(actions: "pl.DataFrame", raw: Raw, path: Path) -> "pl.DataFrame":
    """The actions of symbols that have bars."""
    import polars as pl

    present = raw.frame["symbol"].drop_nulls().unique()
    own = actions.filter(pl.col("symbol").is_in(present.to_list()))
    if actions.height and not own.height:
        raise InvalidInput(
            f"no symbol of {path.name} ({', '.join(actions['symbol'].unique()[:5])}) has bars",
            allowed="the symbols of the data: " + ", ".join(sorted(present.to_list())[:10]),
            remedy="name the symbols as the data do",
        )
    return own
