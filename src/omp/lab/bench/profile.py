"""Where our own time goes: the part of a population that each kind of rule takes."""

import cProfile
from pathlib import Path

from omp.engine.evaluator import Evaluator
from omp.lab.bench.mix import COSTS, GENOMES, GRAMMAR, N_BLOCKS, draw_rules, make_question

_SHOWN = 8


def profile(n_bars: int = 5_000) -> str:
    """A profile of the evaluator, without and with stops, as Markdown."""
    question = make_question(n_bars)
    evaluator = Evaluator(question.panel, GRAMMAR, COSTS, n_blocks=N_BLOCKS)
    parts = []
    for stops in (False, True):
        asked = [question.population(draw_rules(GENOMES, 1 + k, stops=stops)) for k in range(10)]
        for one in asked:  # compiled code, masks and tables are there before the clock starts
            evaluator.evaluate(one)
        clock = cProfile.Profile()
        clock.enable()
        for one in asked:
            evaluator.evaluate(one)
        clock.disable()
        parts.append(_lines(clock, "with stops" if stops else "without stops"))
    return "\n".join(parts)


def _lines(clock: cProfile.Profile, title: str) -> str:
    clock.create_stats()
    taken: dict[str, float] = {}
    for (file, _, name), found in clock.stats.items():
        where = f"{Path(file).stem}.{name}"
        taken[where] = taken.get(where, 0.0) + found[2]
    total = sum(taken.values())
    rows = [f"Profile of 10 populations at 5,000 bars, {title}:", "", "| function | share |"]
    rows.append("|---|---:|")
    ranked = sorted(taken.items(), key=lambda one: one[1], reverse=True)
    rows += [f"| `{name}` | {100 * one / total:.0f} % |" for name, one in ranked[:_SHOWN]]
    return "\n".join([*rows, ""])
