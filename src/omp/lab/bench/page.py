"""`docs/benchmarks.md`: the tables of a bench as a page for people."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from omp.config.fingerprint import engine_version, git_sha
from omp.domain.durable import write_durable
from omp.lab.bench.reasons import reasons_of
from omp.lab.bench.table import Table

PACKAGES = (
    "numpy",
    "numba",
    "TA-Lib",
    "scipy",
    "polars",
    "vectorbt",
    "raptorbt",
    "backtesting",
    "phacker",
)

INTRODUCTION = """\
# Benchmarks

This page is written by `omp bench --write docs/benchmarks.md`; its figures are not edited by hand.

Every contestant answers the same question on the same bars and the same condition columns, in one
process, in turn, each round beginning with another one. Before a clock starts, the answers are held
against one another: the evaluator against the plain loop on every rule (trades exactly, Sharpe
ratios, drawdown, profit factor, exposure and all block sums to 1e-9), and every engine against the
bar-by-bar oracle on the rules it is timed on (trades exactly, Sharpe ratio and drawdown to 1e-9).
Time is CPU time. *Times ours* is the median over the rounds of the ratio within each round, *least*
the smallest of these ratios.

Our side runs `Evaluator.evaluate` on a `Population`: what `combiner factory run` does with each
generation, all metrics, behaviour hashes and the 16 block sums of x and of its square included. It
gets new rules in every round, so that nothing is remembered from an earlier one. Two plain loops
are shown, since *plain* can mean two things: the rule asked at every bar, and the rule combined
column by column first. Both are held against the same bar. Engines that take long get fewer rules,
spread evenly over the range of trades; the column *note* says how many.
"""

MEANING = """\
## What is not compared

- The other engines answer trades, Sharpe ratio, profit factor and drawdown; excess returns, block
  sums and behaviour hashes are ours alone and on our bill.
- With stops only our own loops follow all four of them; see [parity](reference/parity.md) for what
  the other engines make of stops.
- A position that is open at the end is closed here with costs and marked elsewhere; the comparison
  takes the difference out ([parity](reference/parity.md)).
"""


def write_page(path: Path, tables: Sequence[Table], profile: str) -> None:
    """Write the page.

    Args:
        path: where. tables: of all sections. profile: what stands under bars that are not met.
    """
    parts = [INTRODUCTION, _machine(), *(one.markdown() for one in tables)]
    parts += [_shortfalls(tables, profile), MEANING]
    write_durable(path, ("\n".join(parts).rstrip() + "\n").encode())


def _machine() -> str:
    known = []
    for name in PACKAGES:
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            known.append(f"{name} not installed")
    return (
        "## Machine and versions\n\n"
        f"{os.cpu_count()} cores, {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}; {', '.join(known)}; "
        f"omp {engine_version()}, commit `{git_sha()[:12]}`.\n"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = [one.partition(":")[2].strip() for one in lines if one.startswith("model name")]
    return named[0] if named else platform.machine()


def _shortfalls(tables: Sequence[Table], profile: str) -> str:
    missed = [(table, row) for table in tables for row in table.rows if row.met is False]
    if not missed:
        return "## Bars that are not met\n\nNone.\n"
    listed = [f"- {table.title}, {row.name}: {row.bar}" for table, row in missed]
    why = [line for text in reasons_of(missed) for line in (text, "")]
    return "\n".join(["## Bars that are not met", "", *listed, "", *why, profile])
