"""Two workers against one: the evaluator alone, by the wall clock."""

import os
import statistics
import time

import numpy as np

from omp.domain.errors import Damaged
from omp.engine.evaluator import Evaluator
from omp.engine.population import Population
from omp.lab.bench import mix
from omp.lab.bench.ceiling import ceiling, middle_of
from omp.lab.bench.table import Row, Table

BAR = 1.8
SIZES = ((5_000, 1_000), (5_000, 20_000), (100_000, 1_000))
"""(bars, rules a population)"""


def table(rounds: int, *, quick: bool) -> Table:
    """How many times faster two threads are than one, for some sizes of window and population."""
    rows = []
    for n_bars, size in SIZES[:1] if quick else SIZES:
        ratios = _ratios(n_bars, size, rounds)
        middle = statistics.median(ratios)
        rows.append(
            Row(
                f"{n_bars:,} bars, populations of {size:,}",
                middle,
                bar=f"≥ {BAR}",
                met=middle >= BAR,
                note=f"at best {max(ratios):.2f}",
            )
        )
    most, note = middle_of(ceiling("rules", 1 if quick else rounds))
    rows.append(
        Row("two processes that share nothing, 5,000 bars, populations of 20,000", most, note=note)
    )
    facts = (
        (
            "Median over the rounds of the wall time of one worker over that of two, the same "
            "rules, the answers equal to the last bit. What a population costs before its rules "
            "are shared out is not shared. The last line is what two processes of one worker each "
            "reach, and so the most that two workers can reach here. "
            f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end: beyond 2, "
            "other work had the cores too."
        ),
    )
    return Table("kernel", "Two workers", "times one worker", tuple(rows), facts)


def _ratios(n_bars: int, size: int, rounds: int) -> list[float]:
    question = mix.make_question(n_bars)
    populations = [question.population(mix.draw_rules(size, k, stops=False)) for k in range(2)]
    one, two = (
        Evaluator(question.panel, mix.GRAMMAR, mix.COSTS, workers=workers) for workers in (1, 2)
    )
    for each in populations:
        _require_equal(one, two, each)
    return [_wall_s(one, populations) / max(_wall_s(two, populations), 1e-9) for _ in range(rounds)]


def _wall_s(evaluator: Evaluator, populations: list[Population]) -> float:
    begun = time.perf_counter()
    for each in populations:
        evaluator.evaluate(each)
    return time.perf_counter() - begun


def _require_equal(one: Evaluator, two: Evaluator, population: Population) -> None:
    ours, theirs = vars(one.evaluate(population)), vars(two.evaluate(population))
    for name, value in ours.items():
        if not np.array_equal(value, theirs[name], equal_nan=np.asarray(value).dtype.kind == "f"):
            raise Damaged(
                f"two workers give another {name} than one",
                remedy="do not use this build: results must not depend on the number of workers",
            )
