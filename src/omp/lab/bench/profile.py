"""Where our own time goes: the part of a population that each kind of rule takes."""

import cProfile
import pstats

from omp.engine.evaluator import Evaluator
from omp.lab.bench.mix import COSTS, GENOMES, GRAMMAR, N_BLOCKS, draw_rules, make_question

_SHOWN = 8


def profile(n_bars: int = 5_000) -> str:
    """A profile of the evaluator, without and with stops, as Markdown."""
    question = make_question(n_bars)
    evaluator = Evaluator(question.panel, GRAMMAR, COSTS, n_blocks=N_BLOCKS)
    parts = []
    for stops in (False, True):
        evaluator.evaluate(question.population(draw_rules(GENOMES, 0, stops=stops)))
        asked = [question.population(draw_rules(GENOMES, 1 + k, stops=stops)) for k in range(10)]
        clock = cProfile.Profile()
        clock.enable()
        for one in asked:
            evaluator.evaluate(one)
        clock.disable()
        parts.append(_lines(clock, "with stops" if stops else "without stops"))
    return "\n".join(parts)


def _lines(clock: cProfile.Profile, title: str) -> str:
    table = pstats.Stats(clock).get_stats_profile()
    ranked = sorted(table.func_profiles.items(), key=lambda one: one[1].tottime, reverse=True)
    rows = [f"Profile of 10 populations at 5,000 bars, {title}:", "", "| function | share |"]
    rows.append("|---|---:|")
    rows += [
        f"| `{name}` | {100 * one.tottime / table.total_tt:.0f} % |"
        for name, one in ranked[:_SHOWN]
    ]
    return "\n".join([*rows, ""])
