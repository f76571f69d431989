"""One sample for each importer: how to write files it reads, and the rows they hold."""

from collections.abc import Callable
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


CASES: dict[str, tuple[Callable[[Path], Path], Options, Rows]] = {
    "table": (table, Options(), ROWS),
}
"""By importer: writes a file of `Rows` into a folder; the options to read it with; the rows."""
