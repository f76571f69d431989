"""A user's table of corporate actions: splits, dividends and spin-offs by symbol and ex-date."""

from pathlib import Path
from typing import TYPE_CHECKING

from omp.market.importers.base import refused

if TYPE_CHECKING:
    import polars as pl

KINDS = {"split": "ratio", "dividend": "amount", "spin_off": "amount"}
"""Kind → what its value is: new shares per old one, or cash a share as traded on the ex-date."""
NEEDED = ("symbol", "ex_date", "kind")
VALUES = ("value", "ratio", "amount")
ALLOWED = "symbol,ex_date,kind,value with the kinds " + ", ".join(KINDS)


def read_actions(path: Path) -> "pl.DataFrame":
    """The table as symbol, date (the first day without the right), kind, value.

    Args:
        path: CSV with a header: symbol, ex_date (ISO), kind, and `value` — or `ratio` for splits
            and `amount` for the rest.

    Raises:
        DataNotReady: `actions`, with the line, when a row cannot be understood.
    """
    import polars as pl

    try:
        text = pl.read_csv(path, infer_schema=False, encoding="utf8")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _faulty(path, str(error).splitlines()[0]) from error
    text = text.rename({name: name.strip().lower() for name in text.columns})
    lacking = [name for name in NEEDED if name not in text.columns]
    values = [name for name in VALUES if name in text.columns]
    if lacking or not values:
        what = ", ".join([*lacking, *([] if values else ["value"])])
        raise _faulty(path, f"it has no column {what}")
    table = text.select(
        pl.col("symbol").str.strip_chars(),
        pl.col("ex_date").str.strip_chars().str.to_date("%Y-%m-%d", strict=False).alias("date"),
        pl.col("kind").str.strip_chars().str.to_lowercase().str.replace_all("[- ]", "_"),
        pl.coalesce(
            pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in values
        ).alias("value"),
    )
    wrong = table.select(
        pl.any_horizontal(
            pl.any_horizontal(pl.all().is_null()),
            ~pl.col("kind").is_in(list(KINDS)),
            ~(pl.col("value").is_finite() & (pl.col("value") > 0.0)),
        ).fill_null(value=True)
    ).to_series()
    if wrong.any():
        at = int(wrong.arg_max() or 0)
        cells = ",".join("" if cell is None else str(cell) for cell in text.row(at))
        raise _faulty(path, f"line {at + 2} reads {cells!r}")
    twice = table.filter(table.select("symbol", "date", "kind").is_duplicated())
    if twice.height:
        symbol, day, kind, _ = twice.row(0)
        raise _faulty(path, f"{symbol} has two rows {kind} of {day}")
    return table.sort("symbol", "date", "kind")


def _faulty(path: Path, what: str) -> Exception:
    return refused(
        path.name,
        "actions",
        what,
        allowed=ALLOWED,
        remedy="correct the table of corporate actions",
    )
