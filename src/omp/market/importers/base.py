"""What an importer is given, and what it gives back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from omp.market.bars import FIELDS
from omp.market.given_file import head_of, refused

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COLUMNS", "FEATURE_NAME", "Importer", "Options", "Raw", "head_of", "refused"]

COLUMNS = ("symbol", "timestamp", *FIELDS)
FEATURE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Options:
    """How files are to be read; what is empty or None is guessed from the content.

    An empty time zone is that of the venue which the format implies, else New York's.

    Args:
        timeframe: such as "1d"; daily times are cut to their date.
        timezone: IANA name of the time zone of times that name none.
        columns: our column name → the file's.
        features: name of a column of the user's own → the file's column.
        symbol: the one symbol of a file that names none; by default the file's name.
        date_format: strftime format of dates in text.
        separator: the sign between columns.
        decimal: "." or ",".
        encoding: such as "utf-8" or "latin-1".
        adjust: multiply open, high and low by adjusted close / close where there is such a
            column, and use the adjusted close.
        fractional: the fractional market instead of round lots, where a file holds both.
    """

    timeframe: str = "1d"
    timezone: str = "UTC"
    columns: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    symbol: str | None = None
    date_format: str | None = None
    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    adjust: bool = True
    fractional: bool = False


@dataclass(frozen=True, eq=False)
class Raw:
    """Rows as they were read, before they are judged.

    Args:
        frame: columns symbol, timestamp (UTC nanoseconds), open, high, low, close, volume, then
            the features; what could not be read as a number or a time is null. Rows stand in the
            file's order.
        importer: name of the importer.
        files: names of the files that were read.
        notes: what the importer decided or did, for the manifest.
        features: names of the user's own columns at the end of `frame`.
        timeframe: as told, or as found in the times.
        venue: the venue that the format implies, if it does.
        adjusted: True where prices are adjusted for splits and dividends, False where they are
            known not to be, None where nobody knows.
        raw_frame: the prices as traded, in the columns of `frame`, where `frame` is adjusted.
        actions: symbol, date (the first without), kind ("split", "dividend"), value (new shares
            per old one; cash per share).
        factors: symbol, date (the last day they hold), price_factor, split_factor,
            reference_price.
        ex_marks: symbol, date, mark: sessions from which a share traded without a right.
        map_rows: symbol, date, ticker: the ticker a company's shares had up to a date.
    """

    frame: "pl.DataFrame"
    importer: str
    files: tuple[str, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    timeframe: str = "1d"
    venue: str | None = None
    adjusted: bool | None = None
    raw_frame: "pl.DataFrame | None" = None
    actions: "pl.DataFrame | None" = None
    factors: "pl.DataFrame | None" = None
    ex_marks: "pl.DataFrame | None" = None
    map_rows: "pl.DataFrame | None" = None


class Importer(Protocol):
    """A reader of one kind of file: one module on the shelf, declaring `IMPORTER`."""

    @property
    def name(self) -> str:
        """Short name, as in `--importer`."""

    @property
    def meaning(self) -> str:
        """One line for the documentation."""

    @property
    def is_general(self) -> bool:
        """Whether it takes what no importer with a format of its own recognises."""

    @property
    def venue(self) -> str | None:
        """The venue its format implies, if it does."""

    def recognises(self, path: Path) -> bool:
        """Whether this importer reads a file of this name that begins so."""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Folders beside what the user named that belong to it, such as factor files."""

    def parse(self, files: tuple[Path, ...], options: Options) -> Raw:
        """Read files that it recognises.

        Raises:
            DataNotReady: when a file cannot be understood; the message names file and column.
        """
