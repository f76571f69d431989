"""Companies and tickers: which bars of which LEAN file are whose.

A ticker can be handed on (FB was another company until 2003) and a company can change it (GOOGL
was GOOG until 2014). LEAN's files are named by ticker, its map files by company: up to each date
the ticker that its shares had.
"""

from typing import TYPE_CHECKING

from omp.market.importers.lean_files import Bars

if TYPE_CHECKING:
    import polars as pl


def assembled(bars: Bars, maps: "pl.DataFrame | None") -> "tuple[pl.DataFrame, dict[str, str]]":
    """Each company's bars under its name, whatever its ticker was.

    Args:
        bars: bars by the ticker of their file.
        maps: symbol (the company), date, ticker; None where there are no map files.

    Returns:
        The bars, and notes on what was put together and what belongs to nobody. A ticker that no
        map names keeps its bars.
    """
    import polars as pl

    if maps is None:
        return bars.frame, {}
    spans = maps.with_columns(
        since=pl.col("date").shift(1).over("symbol"),
        first=pl.int_range(pl.len()).over("symbol"),
    ).with_columns(  # the first row is the first day itself, not a span before it
        since=pl.coalesce("since", pl.col("date") - pl.duration(days=1))
    )
    tickers = set(bars.frame["symbol"].unique().to_list())
    known = set(maps["ticker"].unique().to_list())
    parts = [bars.frame.filter(pl.col("symbol") == one) for one in sorted(tickers - known)]
    taken = 0
    joined: dict[str, list[str]] = {}
    for company, since, until, ticker in spans.select("symbol", "since", "date", "ticker").rows():
        if ticker not in tickers:
            continue
        own = bars.frame.filter(
            (pl.col("symbol") == ticker) & (pl.col("day") > since) & (pl.col("day") <= until)
        )
        if own.height:
            taken += own.height
            parts.append(own.with_columns(symbol=pl.lit(company)))
            used = joined.setdefault(company, [])
            used += [ticker] if ticker not in used else []
    table = pl.concat(parts)
    notes = {}
    renamed = [
        f"{company} from {' and '.join(used)}"
        for company, used in joined.items()
        if used != [company]
    ]
    if renamed:
        notes["tickers"] = "; ".join(renamed)
    nobody = bars.frame.height - table.height
    if nobody:
        notes["no_company"] = f"{nobody} bars of days on which no map gives the ticker to anyone"
    return table, notes
