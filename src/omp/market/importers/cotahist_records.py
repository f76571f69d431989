"""The records of a COTAHIST file, cut at their fixed places without a step per line.

Layout: B3, "Cotações históricas", record 00 (header), 01 (a quote), 99 (trailer). Places are
counted from 1 as in that document.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import DataNotReady
from omp.market.importers.base import refused

if TYPE_CHECKING:
    import polars as pl

RECORD_BYTES = 245
CHUNK_LINES = 100_000
Bytes = NDArray[np.uint8]
Lines = NDArray[np.int64]

PLACES: dict[str, tuple[int, int]] = {
    "kind": (1, 2),
    "date": (3, 10),
    "bdi": (11, 12),
    "symbol": (13, 24),
    "market": (25, 27),
    "spec": (40, 49),
    "open": (57, 69),
    "high": (70, 82),
    "low": (83, 95),
    "close": (109, 121),
    "quantity": (153, 170),
    "factor": (211, 217),
    "count": (32, 42),
}
"""Field → its first and last place."""

MARKETS = {False: (b"010", b"02"), True: (b"020", b"96")}
"""Whether it is the fractional market → market type and BDI code of its shares."""
SHARES = r"^(ON|PN[A-Z]?|UNT)(\s|$)"
"""How the specification of a share begins: ordinary, preferred of any class, unit."""
_PRICES = ("open", "high", "low", "close")


def read_quotes(path: Path, *, is_fractional: bool) -> "pl.DataFrame":
    """The shares' quotes of one file, in its order.

    Returns:
        symbol, timestamp (UTC ns), open, high, low, close (in reais for one share), volume
        (shares), mark (the ex-marker of the specification, or "").

    Raises:
        DataNotReady: `record_length`, `trailer`, `record_count` or `digits`, with what is wrong.
    """
    import polars as pl

    market, bdi = MARKETS[is_fractional]
    quotes, lines = _scan(path, {"kind": b"01", "market": market, "bdi": bdi})
    specs = _texts(quotes, "spec")
    kept = specs.str.contains(SHARES)
    quotes, specs = quotes[kept.to_numpy()], specs.filter(kept)
    lines = lines[kept.to_numpy()]
    numbers = {
        name: _digits(quotes, name, path.name, lines)
        for name in ("date", *_PRICES, "quantity", "factor")
    }
    if (numbers["factor"] == 0).any():
        line = lines[int(np.argmax(numbers["factor"] == 0))]
        raise faulty(path.name, "digits", f"line {line} has the quotation factor 0")
    per_share = 100.0 * numbers["factor"]
    dates = pl.Series(numbers["date"]).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    if dates.null_count():
        line = lines[int(dates.is_null().arg_max() or 0)]
        raise faulty(path.name, "digits", f"line {line} has no date of its session")
    return pl.DataFrame(
        {
            "symbol": _texts(quotes, "symbol"),
            "timestamp": dates.cast(pl.Datetime("ns")).cast(pl.Int64),
            **{name: numbers[name] / per_share for name in _PRICES},
            "volume": numbers["quantity"].astype(np.float64),
            "mark": specs.str.slice(4, 4).str.strip_chars().str.extract(r"^(E\S*)").fill_null(""),
        }
    )


def _scan(path: Path, wanted: Mapping[str, bytes]) -> tuple[Bytes, Lines]:
    """The records with these fields and their line numbers, of a file proven to be whole.

    The file is read a piece at a time, so that a year takes no more memory than its shares.
    """
    with path.open("rb") as file:
        head = file.read(RECORD_BYTES + 2)
        stride = head.find(b"\n") + 1
        if len(head[:stride].rstrip(b"\r\n")) != RECORD_BYTES:
            raise _wrong_length(path, 1)
        end = _end(file)
        n_whole = (end - 1) // stride
        file.seek(0)
        rows, lines = [], []
        for start in range(0, n_whole, CHUNK_LINES):
            n_rows = min(CHUNK_LINES, n_whole - start)
            chunk = np.frombuffer(file.read(n_rows * stride), np.uint8).reshape(n_rows, stride)
            breaks = chunk == ord("\n")
            wrong = ~breaks[:, -1] | (np.count_nonzero(breaks, axis=1) != 1)
            if wrong.any():
                raise _wrong_length(path, start + int(np.argmax(wrong)) + 1)
            fits = np.logical_and.reduce([_equal(chunk, *one) for one in wanted.items()])
            rows.append(chunk[fits])
            lines.append(np.flatnonzero(fits) + start + 1)
        last = file.read(end - n_whole * stride)
    if b"\n" in last:
        raise _wrong_length(path, n_whole + 1)
    _require_trailer(last.ljust(RECORD_BYTES), n_whole + 1, path.name)
    empty = np.empty((0, stride), np.uint8), np.empty(0, np.int64)
    return (np.concatenate(rows), np.concatenate(lines)) if rows else empty


def _end(file: BinaryIO) -> int:
    """Where the last record ends: before the line breaks and the end mark of old systems."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - RECORD_BYTES))
    tail = file.read()
    return size - len(tail) + len(tail.rstrip(b"\r\n\x1a"))


def _wrong_length(path: Path, line: int) -> DataNotReady:
    what = f"line {line} is not {RECORD_BYTES} characters long"
    return faulty(path.name, "record_length", what)


def _require_trailer(last: bytes, n_lines: int, file: str) -> None:
    """The last line must be the trailer, and the count it promises the number of lines."""
    if last[:2] != b"99":
        raise faulty(file, "trailer", f"its last line (number {n_lines}) is no trailer: cut short")
    start, stop = PLACES["count"]
    promised = last[start - 1 : stop].strip()
    if not promised.isdigit():
        raise faulty(file, "trailer", f"its trailer promises no count ({promised!r})")
    if int(promised) != n_lines:
        raise faulty(
            file,
            "record_count",
            f"its trailer promises {int(promised)} records, {n_lines} were found",
        )


def _cut(rows: Bytes, name: str) -> Bytes:
    start, stop = PLACES[name]
    return rows[:, start - 1 : stop]


def _equal(rows: Bytes, name: str, text: bytes) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (_cut(rows, name) == np.frombuffer(text, dtype=np.uint8)).all(axis=1)
    return found


def _digits(rows: Bytes, name: str, file: str, lines: NDArray[np.int64]) -> NDArray[np.int64]:
    """A field of digits as whole numbers."""
    cells = _cut(rows, name).astype(np.int64) - ord("0")
    wrong = ((cells < 0) | (cells > 9)).any(axis=1)
    if wrong.any():
        at = int(np.argmax(wrong))
        text = bytes(_cut(rows, name)[at]).decode("latin-1")
        raise faulty(file, "digits", f"{name} on line {lines[at]} reads {text!r}")
    powers = 10 ** np.arange(cells.shape[1] - 1, -1, -1, dtype=np.int64)
    values: NDArray[np.int64] = cells @ powers
    return values


def _texts(rows: Bytes, name: str) -> "pl.Series":
    """A field of text, its blanks at the end cut off; each distinct text is decoded once."""
    import polars as pl

    cells = np.ascontiguousarray(_cut(rows, name))
    whole = cells.view(f"S{cells.shape[1]}").ravel() if cells.size else np.empty(0, dtype="S1")
    distinct, where = np.unique(whole, return_inverse=True)
    decoded = [bytes(one).decode("latin-1").rstrip() for one in distinct]
    return pl.Series(name, decoded, dtype=pl.String).gather(pl.Series(where, dtype=pl.UInt32))


def faulty(file: str, rule: str, what: str) -> DataNotReady:
    """The refusal of a COTAHIST file."""
    return refused(
        file,
        rule,
        what,
        allowed="COTAHIST as B3 publishes it, whole: 245 characters a line, header to trailer",
        remedy="download the file again",
    )
