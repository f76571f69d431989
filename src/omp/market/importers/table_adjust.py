"""A table with a column of adjusted closes, brought to them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def adjusted(table: "pl.DataFrame") -> "pl.DataFrame":
    """Open, high and low times adjusted close / close, the volume divided by it.

    So price times volume stays what was traded. Where rounding alone parts high or low from open
    or close they enclose them again; where they did not before, the bar stays wrong.
    """
    import polars as pl

    factor = pl.col("adj_close") / pl.col("close")
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    lawful = (pl.col("high") >= top) & (pl.col("low") <= bottom)
    scaled = table.with_columns(
        *(pl.col(name) * factor for name in ("open", "high", "low")),
        pl.col("volume") / factor,
        lawful=lawful,
    ).with_columns(close=pl.col("adj_close"))
    edge = pl.col("lawful")
    return scaled.with_columns(
        high=pl.when(edge).then(pl.max_horizontal("high", "open", "close")).otherwise("high"),
        low=pl.when(edge).then(pl.min_horizontal("low", "open", "close")).otherwise("low"),
    )
