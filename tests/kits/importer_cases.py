"""One sample for each importer: how to write files it reads, and the rows they hold."""

from collections.abc import Callable, Sequence
from pathlib import Path

from omp.market.importers import Options

Rows = list[tuple[str, str, float, float, float, float, float]]
ROWS: Rows = [
    ("AAA", "2020-01-02", 1.0, 2.0, 0.5, 1.5, 100.0),
    ("AAA", "2020-01-03", 1.5, 2.5, 1.0, 2.0, 200.0),
]


def table(folder: Path) -> Path:
    """A CSV file."""
    lines = ["symbol,date,open,high,low,close,volume"]
    lines += [",".join(str(cell) for cell in row) for row in ROWS]
    path = folder / "sample.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def cotahist_quote(
    symbol: str,
    day: str,
    prices: Sequence[float],
    quantity: int,
    *,
    spec: str = "ON      NM",
    bdi: str = "02",
    market: str = "010",
    factor: int = 1,
) -> str:
    """One quote as B3 writes it: open, high, low, close in hundredths per lot of quotation."""
    opened, high, low, close = (f"{round(price * 100 * factor):013d}" for price in prices)
    head = f"01{day.replace('-', '')}{bdi}{symbol:<12}{market}{'COMPANY':<12}{spec:<10}"
    quote = f"{'':3}R$  {opened}{high}{low}{close}{close}{close}{close}00007{quantity:018d}"
    rest = f"{0:018d}{0:013d}0{'99991231'}{factor:07d}{0:013d}{'BRAAAAACNOR1':<12}101"
    return head + quote + rest


def cotahist_text(quotes: Sequence[str], *, count: int | None = None) -> bytes:
    """A whole file: header, quotes, trailer with the number of all lines (or another)."""
    n_lines = len(quotes) + 2 if count is None else count
    head = f"{'00COTAHIST.2020BOVESPA 20200103':<245}"
    last = f"{f'99COTAHIST.2020BOVESPA 20200103{n_lines:011d}':<245}"
    return ("\r\n".join([head, *quotes, last]) + "\r\n").encode("latin-1")


def cotahist(folder: Path) -> Path:
    """A COTAHIST file: two shares' quotes, and records that are no shares."""
    quotes = [cotahist_quote(symbol, day, ohlc, int(v)) for symbol, day, *ohlc, v in ROWS]
    quotes.insert(1, cotahist_quote("AAAF", "2020-01-02", [1, 2, 1, 1], 7, bdi="96", market="020"))
    quotes.append(cotahist_quote("FUND11", "2020-01-03", [1, 2, 1, 1], 7, spec="CI", bdi="12"))
    path = folder / "COTAHIST_A2020.TXT"
    path.write_bytes(cotahist_text(quotes))
    return path


def lean(folder: Path) -> Path:
    """A LEAN file of daily bars, unpacked."""
    lines = [
        f"{day.replace('-', '')} 00:00," + ",".join(str(round(p * 10_000)) for p in ohlc) + f",{v}"
        for _, day, *ohlc, v in ROWS
    ]
    path = folder / "aaa.csv"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def profit(folder: Path) -> Path:
    """A ProfitChart export of daily bars, the newest first."""
    lines = []
    for symbol, day, *ohlc, volume in reversed(ROWS):
        year, month, date = day.split("-")
        prices = ";".join(f"{price:.2f}".replace(".", ",") for price in ohlc)
        lines.append(f"{symbol};{date}/{month}/{year};00:00:00;{prices};1.234,50;{volume:.0f}")
    path = folder / "AAA_diario.csv"
    path.write_text("\r\n".join(lines) + "\r\n", encoding="latin-1")
    return path


CASES: dict[str, tuple[Callable[[Path], Path], Options, Rows]] = {
    "cotahist": (cotahist, Options(), ROWS),
    "lean": (lean, Options(), ROWS),
    "profit": (profit, Options(), ROWS),
    "table": (table, Options(), ROWS),
}
"""By importer: writes a file of `Rows` into a folder; the options to read it with; the rows."""
