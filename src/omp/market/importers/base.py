"""What an importer is given, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Options:
    """How files are to be read.

    Args:
        timeframe: such as "1d"; daily times are cut to their date.
        timezone: IANA name of the time zone of times that name none.
        columns: our column name → the file's, where guessing must not decide.
        symbol: the one symbol of a file that names none; by default the file's name.
        date_format: strftime format of dates in text, where guessing must not decide.
        adjust: multiply open, high and low by adjusted close / close where there is such a
            column, and use the adjusted close.
    """

    timeframe: str = "1d"
    timezone: str = "UTC"
    columns: Mapping[str, str] = field(default_factory=dict)
    symbol: str | None = None
    date_format: str | None = None
    adjust: bool = True


@dataclass(frozen=True, eq=False)
class Raw:
    """Rows as they were read, before they are judged.

    Args:
        frame: columns symbol, timestamp (UTC nanoseconds), open, high, low, close, volume; what
            could not be read as a number or a time is null. Rows stand in the file's order.
        importer: name of the importer.
        files: names of the files that were read.
        notes: what the importer decided or did, for the manifest.
    """

    frame: "pl.DataFrame"
    importer: str
    files: tuple[str, ...]
    notes: Mapping[str, str] = field(default_factory=dict)


class Importer(Protocol):
    """A reader of one kind of file: one module on the shelf, declaring `IMPORTER`."""

    @property
    def name(self) -> str:
        """Short name, as in `--importer`."""

    @property
    def meaning(self) -> str:
        """One line for the documentation."""

    def recognises(self, path: Path) -> bool:
        """Whether this importer reads a file of this name."""

    def parse(self, files: tuple[Path, ...], options: Options) -> Raw:
        """Read files that it recognises.

        Raises:
            DataNotReady: when a file cannot be understood; the message names file and column.
        """
