"""ProfitChart exports: `TICKER;dd/mm/yyyy;HH:MM:SS;open;high;low;close;turnover;quantity`."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omp.market.bars import FIELDS
from omp.market.importers.base import COLUMNS, Options, Raw, head_of, refused
from omp.market.importers.table_text import LINE, load_text, number
from omp.market.importers.table_times import read_moments, timeframe_of, to_utc_ns, upright

if TYPE_CHECKING:
    import polars as pl

NUMBER = r"[\d.]+(?:,\d+)?"
SIGNATURE = re.compile(
    rf"^\ufeff?[A-Z0-9@$]{{3,14}};\d{{2}}/\d{{2}}/\d{{4}};(\d{{2}}:\d{{2}}(:\d{{2}})?;)?"
    rf"({NUMBER};){{4,5}}{NUMBER}\s*$"
)
DAILY = ("symbol", "date", "open", "high", "low", "close", "turnover", "volume")
INTRADAY = ("symbol", "date", "time", *DAILY[2:])


@dataclass(frozen=True)
class Profit:
    """Reads the text files that ProfitChart exports: no header, decimal commas, newest first."""

    name: str = "profit"
    meaning: str = "ProfitChart export: TICKER;dd/mm/yyyy;HH:MM:SS;O;H;L;C;turnover;quantity"
    is_general: bool = False
    venue: str | None = "br"

    def recognises(self, path: Path) -> bool:
        """Whether the first line is a bar as ProfitChart writes it."""
        first = head_of(path, 400).split(b"\n", 1)[0]
        return SIGNATURE.match(first.decode("latin-1")) is not None

    def companions(self, path: Path) -> tuple[Path, ...]:  # noqa: ARG002 - it stands alone
        """Nothing beside the file belongs to it."""
        return ()

    def parse(self, files: tuple[Path, ...], options: Options) -> Raw:
        """Read the files one below the other, the oldest bar of each symbol first.

        Raises:
            DataNotReady: when a file has not these columns, or the bars no known length.
        """
        import polars as pl

        told = replace(options, decimal=options.decimal or ",")
        own = {name: theirs for name, theirs in options.features.items() if theirs == "turnover"}
        notes = {"separator": ";", "decimal": told.decimal or ",", "header": "none"}
        parts = []
        for path in files:
            table, told = _rows(path, told, notes)
            table = table.with_columns(pl.col(theirs).alias(name) for name, theirs in own.items())
            parts.append(upright(table.select(*COLUMNS, *own), notes))
        return Raw(
            pl.concat(parts),
            self.name,
            tuple(path.name for path in files),
            notes | {"timezone": options.timezone},
            features=tuple(own),
            timeframe=told.timeframe,
            venue=self.venue,
        )


def _rows(path: Path, options: Options, notes: dict[str, str]) -> "tuple[pl.DataFrame, Options]":
    """One file's rows, and the options with the length of bar that the first file shows."""
    import polars as pl

    text = load_text(path, replace(options, separator=";", encoding=options.encoding or "latin-1"))
    frame = text.frame
    lines = frame[LINE]
    values = frame.drop(LINE)
    has_time = values.width > 2 and bool(values[:, 2].str.contains(":", literal=True).any())
    names = INTRADAY if has_time else DAILY
    if values.width != len(names):
        raise refused(
            path.name,
            "schema",
            f"it has {values.width} columns",
            allowed=";".join(INTRADAY),
            remedy="export the prices again, or import it as a table with --importer table",
        )
    values = values.rename(dict(zip(values.columns, names, strict=True)))
    numbers = [
        number(values[name], lines, options.decimal or ",", path.name, is_told=True)
        for name in (*FIELDS, "turnover")
    ]
    clock = values["time"] if "time" in values.columns else None
    if clock is not None:
        short = clock.str.len_chars() == len("09:00")
        clock = pl.select(pl.when(short).then(clock + ":00").otherwise(clock)).to_series()
    moment = values["date"] if clock is None else values["date"] + " " + clock
    notes["columns"] = ";".join(names)
    notes["dates"] = "%d/%m/%Y" if clock is None else "%d/%m/%Y %H:%M:%S"
    symbols = values["symbol"].str.strip_chars()
    moments = read_moments(moment, replace(options, date_format=notes["dates"]), path.name)
    told = replace(options, timeframe=timeframe_of(symbols, moments, options, path.name))
    stamps = to_utc_ns(moments, told, told.timeframe).alias("timestamp")
    return pl.DataFrame([symbols, stamps, *numbers]), told


IMPORTER = Profit()
