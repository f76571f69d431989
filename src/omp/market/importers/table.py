"""A table: CSV or Parquet with one row per bar, its columns guessed by name or mapped."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omp.domain.errors import DataNotReady
from omp.market.bars import FIELDS
from omp.market.importers.base import Options, Raw
from omp.market.importers.table_times import to_utc_ns

if TYPE_CHECKING:
    import polars as pl

TEXT_SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")
SEPARATORS = (",", ";", "\t", "|")
SNIFFED_BYTES = 65_536

NAMES: dict[str, tuple[str, ...]] = {
    "symbol": ("symbol", "ticker", "name", "instrument", "code", "asset"),
    "timestamp": ("timestamp", "datetime", "date", "time", "day", "tradedate", "opentime", "ts"),
    "open": ("open", "o", "openprice"),
    "high": ("high", "h", "highprice", "max"),
    "low": ("low", "l", "lowprice", "min"),
    "close": ("close", "c", "closeprice", "last", "price"),
    "volume": ("volume", "v", "vol", "qty", "quantity"),
    "adj_close": ("adjclose", "adjustedclose", "closeadj", "closeadjusted"),
}
"""Names a column may have, compared without case, spaces and signs; the first that fits wins."""

REQUIRED = ("timestamp", "open", "high", "low", "close", "volume")
_PLAIN = re.compile(r"[^a-z0-9]")
_DECIMAL_COMMA = re.compile(r"^-?\d{1,3}(\.\d{3})+,\d+$|^-?\d+,\d+$")
_COMMA_NUMBER = r"^-?\d{1,3}(\.\d{3})+(,\d+)?$|^-?\d+(,\d+)?$"


@dataclass(frozen=True)
class Table:
    """Reads CSV and Parquet."""

    name: str = "table"
    meaning: str = "CSV or Parquet, one row per bar, with a symbol column or one file per symbol"

    def recognises(self, path: Path) -> bool:
        """Whether the file's name ends as a table's does."""
        return path.name.lower().endswith((*TEXT_SUFFIXES, *PARQUET_SUFFIXES))

    def parse(self, files: tuple[Path, ...], options: Options) -> Raw:
        """Read the tables one below the other.

        Raises:
            DataNotReady: when a file cannot be read, has no column for what is needed, or has
                dates whose order of day and month is not certain.
        """
        import polars as pl

        notes: dict[str, str] = {}
        frames = [self._one(path, options, notes) for path in files]
        return Raw(pl.concat(frames), self.name, tuple(path.name for path in files), notes)

    def _one(self, path: Path, options: Options, notes: dict[str, str]) -> "pl.DataFrame":
        import polars as pl

        frame = _load(path)
        if frame.height == 0:
            raise _unreadable(path, "there is no bar in it")
        found = _columns(frame.columns, options, path)
        notes["columns"] = ", ".join(f"{ours}={theirs}" for ours, theirs in found.items())
        numbers = [
            _number(frame[found[name]]).alias(name)
            for name in (*FIELDS, "adj_close")
            if name in found
        ]
        stamps = to_utc_ns(frame[found["timestamp"]], options, path.name)
        symbols = (
            frame[found["symbol"]].cast(pl.String).str.strip_chars()
            if "symbol" in found
            else pl.Series([options.symbol or _stem(path)] * frame.height, dtype=pl.String)
        )
        table = pl.DataFrame([symbols.alias("symbol"), stamps.alias("timestamp"), *numbers])
        if "adj_close" in found:
            table = _adjusted(table, options, notes)
        return _upright(table.select("symbol", "timestamp", *FIELDS), notes)


def _stem(path: Path) -> str:
    return path.name.split(".")[0].upper()


def _load(path: Path) -> "pl.DataFrame":
    import polars as pl

    try:
        if path.name.lower().endswith(PARQUET_SUFFIXES):
            return pl.read_parquet(path)
        return _text(path)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error


def _text(path: Path) -> "pl.DataFrame":
    """Every cell as text; what is a number is decided later, so that nothing is lost silently."""
    import polars as pl

    data = path.read_bytes()
    head = pl.read_csv(
        data, separator="\n", n_rows=1, has_header=False, infer_schema=False, quote_char=None
    )
    first = str(head.item(0, 0)) if head.height else ""
    separator = max(SEPARATORS, key=first.count)
    if first.count(separator) == 0:
        raise _unreadable(path, f"its first line {first[:60]!r} has no column separator")
    frame = pl.read_csv(data, separator=separator, infer_schema=False)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines are no bars
    frame = frame.rename({name: name.strip().lstrip("\ufeff") for name in frame.columns})
    return frame if separator == "," else _decimal_points(frame)


def _decimal_points(frame: "pl.DataFrame") -> "pl.DataFrame":
    """A table with decimal commas, its numbers rewritten with points; any other as it is."""
    import polars as pl

    sample = frame.head(200)
    cells = (cell for column in sample for cell in column.drop_nulls().str.strip_chars())
    if not any(_DECIMAL_COMMA.match(cell) for cell in cells):
        return frame
    numbers = [
        name
        for name in frame.columns
        if sample[name].drop_nulls().str.strip_chars().str.contains(_COMMA_NUMBER).all()
    ]
    text = pl.col(numbers).str.replace_all(".", "", literal=True)
    return frame.with_columns(text.str.replace(",", ".", literal=True))


def _number(column: "pl.Series") -> "pl.Series":
    """A column as numbers; text that is none becomes null, and is then named as a fault."""
    import polars as pl

    text = column.str.strip_chars() if column.dtype == pl.String else column
    return text.cast(pl.Float64, strict=False)


def _columns(present: list[str], options: Options, path: Path) -> dict[str, str]:
    """Our column names → the file's: those mapped by the user, then those guessed."""
    plain = {_PLAIN.sub("", name.lower()): name for name in reversed(present)}
    found: dict[str, str] = {}
    for ours, aliases in NAMES.items():
        mapped = options.columns.get(ours)
        if mapped is not None and mapped not in present:
            raise _unreadable(path, f"it has no column {mapped!r} for {ours}; it has {present}")
        guessed = next((plain[alias] for alias in aliases if alias in plain), None)
        chosen = mapped or guessed
        if chosen is not None:
            found[ours] = chosen
    unknown = sorted(set(options.columns) - set(NAMES))
    missing = [name for name in REQUIRED if name not in found]
    if unknown or missing:
        what = f"no column for {', '.join(missing)}" if missing else f"no such name as {unknown}"
        raise _unreadable(path, f"{what}; it has {', '.join(present)}")
    return found


def _adjusted(table: "pl.DataFrame", options: Options, notes: dict[str, str]) -> "pl.DataFrame":
    """Open, high, low and volume brought to the adjusted close, if that is wanted."""
    import polars as pl

    if not options.adjust:
        notes["adjustment"] = "none; the column of adjusted closes was left aside"
        return table
    notes["adjustment"] = "open, high, low times adjusted close / close, volume divided by it"
    factor = pl.col("adj_close") / pl.col("close")
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    lawful = (pl.col("high") >= top) & (pl.col("low") <= bottom)
    scaled = table.with_columns(
        *(pl.col(name) * factor for name in ("open", "high", "low")),
        pl.col("volume") / factor,
        lawful=lawful,
    ).with_columns(close=pl.col("adj_close"))
    edge = pl.col("lawful")  # where rounding alone parts high or low from open or close
    return scaled.with_columns(
        high=pl.when(edge).then(pl.max_horizontal("high", "open", "close")).otherwise("high"),
        low=pl.when(edge).then(pl.min_horizontal("low", "open", "close")).otherwise("low"),
    )


def _upright(table: "pl.DataFrame", notes: dict[str, str]) -> "pl.DataFrame":
    """A table that lists the newest bar first, for every symbol, turned over."""
    import polars as pl

    step = table.select(pl.col("timestamp").diff().over("symbol").alias("step"))["step"]
    if table.height > 1 and bool((step.drop_nulls() < 0).all()) and step.drop_nulls().len():
        notes["order"] = "newest first, turned over"
        return table.reverse()
    return table


def _unreadable(path: Path, what: str) -> DataNotReady:
    return DataNotReady(
        f"{path.name} cannot be imported: {what}",
        allowed="CSV or Parquet with columns for " + ", ".join(REQUIRED),
        remedy="map columns with --column open=FIRST (and so on), or mend the file",
        faults=(f"schema: {path.name}: {what}",),
    )


IMPORTER = Table()
