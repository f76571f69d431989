"""A table: CSV or Parquet with one row per bar, its columns guessed by name or mapped."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omp.market.bars import FIELDS, PRICE_FIELDS
from omp.market.importers import table_columns as columns
from omp.market.importers.base import COLUMNS, Options, Raw, head_of
from omp.market.importers.table_adjust import adjusted
from omp.market.importers.table_columns import unreadable
from omp.market.importers.table_text import LINE, SEPARATORS, SHOWN, decimal_of, load_text, number
from omp.market.importers.table_times import Moments, read_moments, timeframe_of, to_utc_ns, upright

if TYPE_CHECKING:
    import polars as pl

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".csv.zst")
LEAST_SEPARATORS = 4
PARQUET_SUFFIXES = (".parquet", ".pq")


@dataclass
class _Reading:
    """What is found out while files are read; the first file that tells decides for all."""

    options: Options
    notes: dict[str, str] = field(default_factory=dict)
    timeframe: str = ""
    is_adjusted: bool = False
    endings: str = ""


@dataclass(frozen=True)
class Table:
    """Reads CSV and Parquet."""

    name: str = "table"
    meaning: str = "CSV or Parquet, one row per bar, with a symbol column or one file per symbol"
    is_general: bool = True
    venue: str | None = None

    def recognises(self, path: Path) -> bool:
        """Whether the file's name ends as a table's does; a `.txt` must begin as one too."""
        name = path.name.lower()
        if name.endswith(".txt"):
            first = head_of(path).split(b"\n", 1)[0].replace(b"\0", b"")
            return max(first.count(sign.encode()) for sign in SEPARATORS) >= LEAST_SEPARATORS
        return name.endswith((*TEXT_SUFFIXES, *PARQUET_SUFFIXES))

    def companions(self, path: Path) -> tuple[Path, ...]:  # noqa: ARG002 - it stands alone
        """Nothing beside the file belongs to it."""
        return ()

    def parse(self, files: tuple[Path, ...], options: Options) -> Raw:
        """Read the tables one below the other.

        Raises:
            DataNotReady: when a file cannot be read, has no column for what is needed, or has
                dates or numbers that could mean two things.
        """
        import polars as pl

        reading = _Reading(options, endings=_shared_ending(files))
        parts = []
        for path in files:
            try:
                parts.append(self._one(path, reading))
            except (pl.exceptions.PolarsError, OSError) as error:
                raise unreadable(path.name, str(error).splitlines()[0]) from error
        frame = pl.concat([part for part, _ in parts])
        as_traded = pl.concat([before for _, before in parts]) if reading.is_adjusted else None
        return Raw(
            frame,
            self.name,
            tuple(path.name for path in files),
            reading.notes,
            features=tuple(options.features),
            timeframe=reading.timeframe,
            adjusted=True if reading.is_adjusted else None,
            raw_frame=as_traded,
        )

    def _one(self, path: Path, reading: _Reading) -> "tuple[pl.DataFrame, pl.DataFrame]":
        """One file's rows, and the same as traded."""
        options, notes = reading.options, reading.notes
        frame = _load(path, reading)
        if frame.height == 0:
            raise unreadable(path.name, "there is no bar in it", "empty")
        frame = _long(frame, options, notes)
        present = [name for name in frame.columns if name != LINE]
        found = columns.mapped(present, options, path.name)
        own = columns.features(present, options, path.name)
        notes["columns"] = ", ".join(f"{ours}={theirs}" for ours, theirs in found.items())
        table = _numbers(frame, found | own, reading, path.name)
        moments = _moments(frame, found, options, path.name, notes.get("dates", ""))
        symbols = _symbols(frame, found, path, reading)
        timeframe = reading.timeframe or timeframe_of(symbols, moments, options, path.name)
        reading.timeframe, reading.options = timeframe, replace(options, timeframe=timeframe)
        notes["dates"] = moments.form
        notes["timezone"] = moments.zone or options.timezone
        stamps = to_utc_ns(moments, options, timeframe)
        table = table.with_columns(symbols.alias("symbol"), stamps.alias("timestamp"))
        wanted = [*COLUMNS, *own]
        if "adj_close" not in found:
            same = upright(table.select(wanted), notes)
            return same, same
        if not options.adjust:
            notes["adjustment"] = "none; the column of adjusted closes was left aside"
            same = upright(table.select(wanted), notes)
            return same, same
        reading.is_adjusted = True
        notes["adjustment"] = "open, high, low times adjusted close / close, volume divided by it"
        before = upright(table.select(wanted), notes)
        return upright(adjusted(table).select(wanted), notes), before


def _load(path: Path, reading: _Reading) -> "pl.DataFrame":
    """A file's cells: numbers as numbers where Parquet has them, all else as text."""
    import polars as pl

    notes = reading.notes
    if not path.stat().st_size:
        raise unreadable(path.name, "there is nothing in it", "empty")
    if path.name.lower().endswith(PARQUET_SUFFIXES):
        notes["format"] = "Parquet"
        return pl.read_parquet(path).with_row_index(LINE, offset=1)
    text = load_text(path, reading.options)
    notes["format"] = "text"
    notes["encoding"] = text.encoding
    notes["separator"] = SHOWN.get(text.separator, text.separator)
    notes["header"] = "first line" if text.has_header else "none"
    return text.frame


def _long(frame: "pl.DataFrame", options: Options, notes: dict[str, str]) -> "pl.DataFrame":
    """A wide table (a group of columns per symbol) with its symbols one below the other."""
    import polars as pl

    groups = columns.wide([name for name in frame.columns if name != LINE])
    if not groups or options.columns:
        return frame
    taken = {name for group in groups.values() for name in group.values()}
    shared = [name for name in frame.columns if name not in taken]
    notes["layout"] = f"wide: {len(groups)} symbols side by side"
    parts = [
        frame.select(
            *shared,
            pl.lit(symbol).alias("symbol"),
            *(pl.col(group[name]).alias(name) for name in FIELDS),
        ).filter(~pl.all_horizontal(pl.col(FIELDS).is_null()))
        for symbol, group in groups.items()
    ]
    return pl.concat(parts)


def _numbers(
    frame: "pl.DataFrame", found: Mapping[str, str], reading: _Reading, file: str
) -> "pl.DataFrame":
    import polars as pl

    wanted = [name for name in found if name not in ("symbol", "timestamp", "time_of_day")]
    texts = {name for name in wanted if frame[found[name]].dtype == pl.String}
    decimal = "."
    prices = [found[name] for name in PRICE_FIELDS if name in texts]
    if prices:
        decimal = decimal_of(frame, prices, reading.options, file)
        reading.notes["decimal"] = decimal
    told = reading.options.decimal is not None
    made = {}
    for name in wanted:
        column = frame[found[name]]
        made[name] = (
            number(column, frame[LINE], decimal, file, is_told=told)
            if name in texts
            else column.cast(pl.Float64, strict=False)
        )
    return pl.DataFrame([column.alias(name) for name, column in made.items()])


def _moments(
    frame: "pl.DataFrame", found: Mapping[str, str], options: Options, file: str, expected: str
) -> Moments:
    """The times of a table, its time of day taken from a column of its own where there is one."""
    import polars as pl

    column = frame[found["timestamp"]]
    if "time_of_day" in found:
        clock = frame[found["time_of_day"]].cast(pl.String).str.strip_chars()
        day = column.cast(pl.String).str.strip_chars()
        column = pl.DataFrame({"day": day, "clock": clock}).select(
            pl.concat_str("day", "clock", separator=" ").alias("time")
        )["time"]
    return read_moments(column, options, file, expected)


def _stem(path: Path) -> str:
    """A file's name in capitals without what says that it is a table."""
    name = path.name
    for suffix in (".gz", ".zst", *TEXT_SUFFIXES, *PARQUET_SUFFIXES):
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return name.upper()


def _shared_ending(files: tuple[Path, ...]) -> str:
    """What the names of all files end with, such as `_data` or `.us`; it is no part of a symbol."""
    stems = [_stem(path) for path in files]
    cuts = [max(stem.rfind(sign) for sign in "_.-") for stem in stems]
    endings = {stem[cut:] if cut > 0 else "" for stem, cut in zip(stems, cuts, strict=True)}
    return endings.pop() if len(files) > 1 and len(endings) == 1 else ""


def _symbols(
    frame: "pl.DataFrame", found: Mapping[str, str], path: Path, reading: _Reading
) -> "pl.Series":
    import polars as pl

    told = reading.options.symbol
    if "symbol" not in found or told:
        own = told or _stem(path).removesuffix(reading.endings)
        return pl.Series("symbol", [own], dtype=pl.String).new_from_index(0, frame.height)
    symbols = frame[found["symbol"]].cast(pl.String).str.strip_chars().replace("", None)
    if symbols.null_count():
        line = frame[LINE][int(symbols.is_null().arg_max() or 0)]
        raise unreadable(path.name, f"line {line} names no symbol")
    return symbols


IMPORTER = Table()
