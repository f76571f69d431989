"""Memory of a worker on a large universe, measured in a process of its own.

`python -m omp.lab.bench.memory FOLDER` reads the bars of a folder, one file a symbol, and prints
its peak in bytes before and after the work.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from omp.engine.evaluator import Evaluator
from omp.engine.evolution import Evolution
from omp.lab.bench.mix import COSTS, GRAMMAR, N_BLOCKS, make_panel_of
from omp.lab.bench.table import Row, Table
from omp.market.bars import Bars, make_panel

SYMBOLS, BARS, RULES = 500, 5_000, 400
BAR_MB = 600.0


def table(symbols: int = SYMBOLS, bars: int = BARS) -> Table:
    """Peak resident memory of a worker that evaluates the first generation of a campaign."""
    with tempfile.TemporaryDirectory(prefix="omp-bench-") as folder:
        for one in make_panel_of(bars, symbols).bars:
            columns = [one.timestamp, one.open, one.high, one.low, one.close, one.volume]
            np.save(Path(folder) / f"{one.symbol}.npy", np.stack(columns))
        command = [sys.executable, "-m", "omp.lab.bench.memory", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    base, peak = (int(one) / 2**20 for one in done.stdout.split())
    row = Row(
        f"{symbols} symbols × {bars:,} bars",
        peak,
        bar=f"≤ {BAR_MB:g} MB",
        met=peak <= BAR_MB,
        note=f"{base:.0f} MB with the program and the bars alone",
    )
    return Table(
        "startup",
        "Memory of a worker",
        "MB",
        (row,),
        (
            (
                "Peak resident memory of a process that evaluates random rules of the whole "
                f"grammar ({RULES}, which fill the memory for condition masks), one worker."
            ),
        ),
    )


def _peak_bytes() -> int:
    """VmHWM: unlike getrusage's, it does not begin with the peak of the process that forked us."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(one for one in lines if one.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def _read(path: Path) -> Bars:
    stamps, *columns = np.load(path)
    return Bars(path.stem, stamps.astype(np.int64), *columns)


def main(folder: Path) -> None:
    """Evaluate random rules and print the peak before and after."""
    panel = make_panel([_read(one) for one in sorted(folder.iterdir())], "1h", "synthetic", 252.0)
    base = _peak_bytes()
    evaluator = Evaluator(panel, GRAMMAR, COSTS, n_blocks=N_BLOCKS)
    rules = Evolution(GRAMMAR, population=1, seed=1, first_generation=RULES).ask()
    evaluator.evaluate(rules)
    print(base, _peak_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
