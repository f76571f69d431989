"""Positions on both sides: the same rules as `long_short`, beside the same rules as `long`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from omp.engine.detail import detail
from omp.engine.evaluator import Evaluator
from omp.engine.genome import DIRECTIONS
from omp.engine.population import Population
from omp.lab.bench import mix
from omp.lab.bench.clock import Contestant, race
from omp.lab.bench.table import Table, raced
from omp.lab.bench.verify import require_close

_BOTH = DIRECTIONS.index("long_short")
_JUDGED, _ORACLE = 20, 3
POPULATIONS = 10


def table(rounds: int, *, stops: bool, n_bars: int, each: int = POPULATIONS) -> Table:
    """Race rules on both sides against the same on one, after holding them to the oracle.

    Args:
        rounds: of the race. stops: whether the rules have stops.
        n_bars: bars of the one symbol. each: populations of 1,000 rules in each round.

    Raises:
        Damaged: when trades, Sharpe ratio or drawdown differ from the oracle's.
    """
    question = mix.make_question(n_bars)
    evaluator = Evaluator(question.panel, mix.GRAMMAR, mix.COSTS, n_blocks=mix.N_BLOCKS)
    draws = [mix.draw_rules(mix.GENOMES, k, stops=stops) for k in range(1 + rounds * each)]
    long = [question.population(one) for one in draws]
    both = [replace(one, direction=np.full_like(one.direction, _BOTH)) for one in long]
    done = evaluator.evaluate(both[0])
    evaluator.evaluate(long[0])
    rows = mix.spread(done.n_trades, _JUDGED)
    judges = [detail(both[0].genome(g), question.panel, mix.COSTS, engine="oracle") for g in rows]
    truth = np.array([[one.n_trades, one.sharpe, one.max_drawdown] for one in judges])
    ours = np.stack([done.n_trades, done.sharpe, done.max_drawdown], axis=1)[rows]
    require_close("omp, long_short", "figure", ours, truth)
    few = [both[0].genome(g) for g in mix.spread(done.n_trades, _ORACLE)]

    def judge(_: int) -> None:
        for one in few:
            detail(one, question.panel, mix.COSTS, engine="oracle")

    def run(asked: Sequence[Population]) -> Contestant:
        def work(number: int) -> None:
            for one in asked[1 + number * each : 1 + (number + 1) * each]:
                evaluator.evaluate(one)

        name = DIRECTIONS[int(asked[0].direction[0])]
        return Contestant(f"omp, the rules as {name}", work, each * mix.GENOMES)

    racers = [run(both), run(long), Contestant("omp's own oracle", judge, len(few), "3 rules")]
    words = "each of four stops with probability ½, at least one; " if stops else ""
    return Table(
        "kernel",
        f"Positions on both sides, {n_bars:,} bars" + (", with stops" if stops else ""),
        "µs a strategy",
        raced(race(racers, rounds), {}, 1e6),
        (
            (
                f"The rules of the tables above as `long_short`; {words}trades a rule: median "
                f"{np.median(done.n_trades):g}, mean {done.n_trades.mean():.0f}."
            ),
        ),
    )
