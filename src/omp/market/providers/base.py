"""What a provider is asked for, what it gives back, and how bars become a table."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from omp.domain.errors import DataNotReady, InvalidInput

BAR = ("symbol", "timestamp", "open", "high", "low", "close", "volume")
"""Columns of a fetched table; `timestamp` is an ISO date of daily bars, else an ISO instant."""


@dataclass(frozen=True)
class Ask:
    """The bars that are wanted.

    Args:
        symbols: as the provider names them.
        first: first session.
        last: last session, included.
        timeframe: length of a bar, such as "1d".
    """

    symbols: tuple[str, ...]
    first: date
    last: date
    timeframe: str = "1d"


@dataclass(frozen=True)
class Fetched:
    """What was fetched, as a file or folder that an importer reads.

    Args:
        path: the file or folder.
        importer: name of the importer that reads it.
        licence: under whose terms the user has the data.
        venue: where the instruments trade, where the provider knows.
    """

    path: Path
    importer: str
    licence: str
    venue: str = ""


class Provider(Protocol):
    """A source of bars: one module on the shelf, declaring `PROVIDER`."""

    @property
    def name(self) -> str:
        """Short name, as in `omp data fetch NAME`."""

    @property
    def about(self) -> str:
        """One line for the documentation."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Environment variables that hold what it asks for."""

    @property
    def timeframes(self) -> tuple[str, ...]:
        """Lengths of bars it gives."""

    def fetch(self, ask: Ask, folder: Path) -> Fetched:
        """Fetch bars into a folder.

        Raises:
            InvalidInput: a key or an extra is missing, or the provider refuses the request.
            DataNotReady: it sent no bars of a symbol, or what cannot be understood.
            ResourceShort: it does not answer, also after the last attempt.
        """


@dataclass(frozen=True)
class Terms:
    """What every provider declares in the same way."""

    name: str
    about: str
    keys: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ("1d",)
    intervals: Mapping[str, Any] = field(default_factory=dict)

    def secrets(self) -> tuple[str, ...]:
        """The values of the environment variables it asks for.

        Raises:
            InvalidInput: names those that are not set.
        """
        missing = [one for one in self.keys if not os.environ.get(one)]
        if missing:
            raise InvalidInput(
                f"{self.name} needs {' and '.join(missing)} in the environment",
                allowed="keys in environment variables; none is ever written down",
                remedy=f"export {missing[0]}=… and try again (a running daemon needs it at start)",
            )
        return tuple(os.environ[one] for one in self.keys)

    def base_url(self, usual: str) -> str:
        """Where its interface is; OMP_<NAME>_URL names another place."""
        return (os.environ.get(f"OMP_{self.name.upper()}_URL") or usual).rstrip("/")

    def require(self, ask: Ask) -> None:
        """Refuse what it does not give.

        Raises:
            InvalidInput: an unknown timeframe, no symbol, or a span that ends before it begins.
        """
        if ask.timeframe not in self.timeframes:
            raise InvalidInput(
                f"{self.name} gives no bars of {ask.timeframe!r} here",
                allowed=", ".join(self.timeframes),
                remedy="choose one of these with --timeframe",
            )
        if not ask.symbols:
            raise InvalidInput("no symbol is named", allowed="--symbols A,B", remedy="name them")
        if ask.first > ask.last:
            raise InvalidInput(
                f"the span from {ask.first} to {ask.last}", allowed="a first day before the last"
            )


def write_table(
    rows: Sequence[Mapping[str, Any]], ask: Ask, folder: Path, *, provider: str
) -> Fetched:
    """Write bars as a table that the importer of tables reads.

    Raises:
        DataNotReady: a symbol that was asked for has no bar.
    """
    import polars as pl

    there = {row["symbol"] for row in rows}
    absent = [symbol for symbol in ask.symbols if symbol not in there]
    if absent:
        raise DataNotReady(
            f"{provider} sent no bar of {', '.join(absent)} from {ask.first} to {ask.last}",
            allowed="bars of every symbol that is asked for",
            remedy="check the symbols and the span, or leave these symbols out; nothing was "
            "changed",
        )
    types = {name: pl.String if name in ("symbol", "timestamp") else pl.Float64 for name in BAR}
    path = folder / f"{provider}.csv"
    pl.DataFrame([{name: row[name] for name in BAR} for row in rows], schema=types).write_csv(path)
    return Fetched(path, "table", f"terms of {provider}")
