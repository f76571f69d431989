"""A made COTAHIST year in B3's exact layout, for measurements and tests of the importer.

Run as a program it writes the file: `python -m tests.kits.cotahist_year PATH [RECORDS]`.
"""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.kits.importer_cases import cotahist_quote, cotahist_text

from omp.market.venues import venue
from omp.market.venues.base import Sessions

YEAR = 2019
SHARES = 400
OTHER_MARKETS = (("070", "78"), ("080", "82"), ("030", "62"), ("020", "96"))


def write_years(folder: Path, years: Sequence[int], per_session: int) -> int:
    """A file a year, in which the shares' prices go on; give the number of shares' quotes."""
    rng, close, written = np.random.default_rng(7), None, 0
    for year in years:
        path = folder / f"COTAHIST_A{year}.TXT"
        quotes, close = _write(path, _sessions(year), per_session, rng, close)
        written += quotes
    return written


def write_year(path: Path, records: int = 2_000_000, *, zipped: bool = False) -> int:
    """Write so many quotes over the sessions of a year; give the number of shares' quotes.

    Every session has the same records: shares of the cash market, and for the rest options and
    other markets as in the real file. Prices walk at random with a fixed seed.
    """
    days = _sessions(YEAR)
    written, _ = _write(path, days, records // len(days), np.random.default_rng(7), None)
    if zipped:
        import zipfile

        with zipfile.ZipFile(path.with_suffix(".ZIP"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
    return written


def _sessions(year: int) -> Sessions:
    found = venue("br").sessions(date(year, 1, 1), date(year, 12, 31))
    assert found is not None
    return found


def _write(
    path: Path,
    sessions: Sessions,
    per_day: int,
    rng: np.random.Generator,
    start: NDArray[np.float64] | None,
) -> tuple[int, NDArray[np.float64]]:
    n_days, year = len(sessions), str(sessions[0])[:4]
    shares = min(SHARES, per_day)
    template = np.frombuffer(cotahist_text([_record(i, shares) for i in range(per_day)]), np.uint8)
    rows = template.reshape(-1, 247)
    close = np.exp(rng.normal(3.0, 0.5, shares)) if start is None else start
    with path.open("wb") as file:
        file.write(rows[0].tobytes())
        for day in sessions:
            body = rows[1:-1].copy()
            body[:, 2:10] = np.frombuffer(str(day).replace("-", "").encode(), np.uint8)
            opened, close = close, close * np.exp(rng.normal(0, 0.015, shares))
            high, low = np.maximum(opened, close) * 1.01, np.minimum(opened, close) * 0.99
            for start, prices in ((56, opened), (69, high), (82, low), (108, close)):
                body[:shares, start : start + 13] = _digits(np.round(prices * 100), 13)
            body[:shares, 152:170] = _digits(rng.integers(100, 10**7, shares), 18)
            file.write(body.tobytes())
        last = f"{f'99COTAHIST.{year}BOVESPA {year}1230{per_day * n_days + 2:011d}':<245}\r\n"
        file.write(last.encode("latin-1"))
    return shares * n_days, close


def _record(number: int, shares: int) -> str:
    if number < shares:
        spec = ("ON      NM", "PN      N1", "UNT     N2")[number % 3]
        return cotahist_quote(
            f"S{number:03d}{3 + number % 3}", "2019-01-02", [1, 1, 1, 1], 1, spec=spec
        )
    market, bdi = OTHER_MARKETS[number % len(OTHER_MARKETS)]
    return cotahist_quote(f"O{number:05d}", "2019-01-02", [1, 1, 1, 1], 1, market=market, bdi=bdi)


def _digits(values: np.ndarray, width: int) -> np.ndarray:
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (values.astype(np.int64)[:, None] // powers % 10 + ord("0")).astype(np.uint8)


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000_000
    print(write_year(Path(sys.argv[1]), count, zipped=True))
