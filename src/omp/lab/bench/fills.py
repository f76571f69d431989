"""The kernel: metrics of 1,000 rules on 5,000 and on 100,000 bars, beside every other engine.

Our side runs `Evaluator.evaluate` on a `Population`, which is what `combiner factory run` does
with each generation: all metrics, drawdown, behaviour hash and the 16 block sums included.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from omp.engine.evaluation import Evaluation
from omp.engine.evaluator import Evaluator
from omp.engine.fills import Float
from omp.engine.population import Population
from omp.lab.bench.clock import Contestant, race
from omp.lab.bench.kernels.plain_loop import plain_loop
from omp.lab.bench.mix import (
    COSTS,
    FEE_BPS,
    GENOMES,
    GRAMMAR,
    N_BLOCKS,
    SEED,
    Draw,
    Int,
    Question,
    draw_rules,
    make_question,
    spread,
)
from omp.lab.bench.peers import PEERS, Peer
from omp.lab.bench.table import Table, raced
from omp.lab.bench.verify import as_answer, judged, require_close, require_equal

OURS = "omp, Evaluator.evaluate"
LOOP = "plain numba loop, rule asked at every bar"
COLUMNS = "plain numba loop, columns combined first"
JUDGED = 20


@dataclass(frozen=True)
class Size:
    """One size of the question and what is asked of us there.

    Args:
        n_bars: bars of the one symbol.
        populations: populations of 1,000 rules that we evaluate in each round; always new ones.
        loop, loop_stops: times as fast as the plain loop, without and with stops.
        oracle: rules the oracle is timed on.
    """

    n_bars: int
    populations: int
    loop: float
    loop_stops: float
    oracle: int


SIZES = (Size(5_000, 10, 7.0, 5.0, 5), Size(100_000, 1, 3.0, 2.0, 1))


def table(
    size: Size, peers: Sequence[Peer], rounds: int, *, stops: bool, genomes: int = GENOMES
) -> Table:
    """Race everybody at one size.

    Args:
        size: the question. peers: foreign engines that are installed. rounds: of the race.
        stops: whether the rules have stops; only our own loops follow all of them then.
        genomes: rules of a population.

    Raises:
        Damaged: when an engine's answer differs from the oracle's.
    """
    question = make_question(size.n_bars)
    evaluator = Evaluator(question.panel, GRAMMAR, COSTS, n_blocks=N_BLOCKS)
    first = draw_rules(genomes, 0, stops=stops)
    evaluation = evaluator.evaluate(question.population(first))
    check(question, first, evaluation)
    samples = {one.name: _sample(question, first, evaluation, one, size) for one in peers}
    if not stops:
        for one in peers:
            few = first.take(samples[one.name])
            require_equal(one.name, one.answer(question, few), judged(question, few, closed=False))
    held = rounds * size.populations
    draws = [draw_rules(genomes, 1 + k, stops=stops) for k in range(held)]
    asked = [question.population(one) for one in draws]
    for warm in (genomes, genomes + 1):  # masks and compiled code are there before the clock starts
        evaluator.evaluate(question.population(draw_rules(genomes, 10**6 + warm, stops=stops)))
    racers = [_ours(evaluator, asked, size.populations), *_loops(question, draws)]
    if not stops:
        racers += [_peer(one, question, first, samples[one.name]) for one in peers]
        racers.append(_oracle(question, first, spread(evaluation.n_trades, size.oracle)))
    bar = size.loop_stops if stops else size.loop
    bars = {LOOP: bar, COLUMNS: bar}
    large = int(size.n_bars > SIZES[0].n_bars)
    bars |= {one.name: asks for one in peers if (asks := one.bars[large]) is not None}
    return Table(
        "kernel",
        f"Kernel, {size.n_bars:,} bars" + (", with stops" if stops else ""),
        "µs a strategy",
        raced(race(racers, rounds), bars, 1e6),
        (_facts(size, evaluation, genomes, rounds, stops=stops),),
    )


def check(question: Question, draw: Draw, evaluation: Evaluation) -> None:
    """Hold an evaluation against the plain loop, all of it, and against the oracle in samples.

    Raises:
        Damaged: when a figure differs.
    """
    figures, sums, squares = loop_figures(question, draw, by_column=False)
    columns = loop_figures(question, draw, by_column=True)[0]
    require_close(COLUMNS, "figure", columns, figures, 0.0)
    ours = np.stack(
        [
            evaluation.sharpe,
            evaluation.sharpe_x,
            evaluation.max_drawdown,
            evaluation.profit_factor,
            evaluation.n_trades.astype(np.float64),
            evaluation.exposure,
        ],
        axis=1,
    )
    require_close(OURS, "figure", ours, figures)
    require_close(OURS, "block sum", evaluation.block_sum, sums)
    require_close(OURS, "block sum of squares", evaluation.block_sum_sq, squares)
    rows = spread(evaluation.n_trades, min(JUDGED, len(draw)))
    truth = judged(question, draw.take(rows), closed=True)
    answer = as_answer(evaluation)
    few = type(answer)(answer.trades[rows], answer.sharpe[rows], answer.max_drawdown[rows])
    require_equal(OURS, few, truth)


def loop_figures(question: Question, draw: Draw, *, by_column: bool) -> tuple[Float, Float, Float]:
    """What the plain loop says: figures [G, 6], block sums and sums of squares [G, S]."""
    figures = np.empty((len(draw), 6))
    sums, squares = np.empty((2, len(draw), N_BLOCKS))
    plain_loop(
        question.prices,
        question.columns,
        draw.chosen,
        draw.count,
        draw.every,
        draw.levels,
        FEE_BPS / 1e4,
        N_BLOCKS,
        by_column,
        figures,
        sums,
        squares,
    )
    return figures, sums, squares


def _ours(evaluator: Evaluator, asked: Sequence[Population], each: int) -> Contestant:
    def run(number: int) -> None:
        for one in asked[number * each : (number + 1) * each]:
            evaluator.evaluate(one)

    return Contestant(OURS, run, each * len(asked[0]))


def _loops(question: Question, draws: Sequence[Draw]) -> list[Contestant]:
    def racer(name: str, by_column: bool) -> Contestant:
        def run(number: int) -> None:
            loop_figures(question, draws[number], by_column=by_column)

        return Contestant(name, run, len(draws[0]))

    return [racer(LOOP, False), racer(COLUMNS, True)]


def _sample(question: Question, draw: Draw, evaluation: Evaluation, peer: Peer, size: Size) -> Int:
    """Rules for a peer; one that never asks on the first bar gets none that enters there."""
    wanted = min(peer.sample[int(size.n_bars > SIZES[0].n_bars)], len(draw))
    if peer.first_bar:
        return spread(evaluation.n_trades, wanted)
    signals = (question.signals(draw, g) for g in range(len(draw)))
    fit = np.flatnonzero([not (entry[0] and not exit_[0]) for entry, exit_ in signals])
    return np.asarray(fit[spread(evaluation.n_trades[fit], wanted)])


def _peer(peer: Peer, question: Question, draw: Draw, rows: Int) -> Contestant:
    few = draw.take(rows)
    return Contestant(peer.name, lambda _: peer.answer(question, few), len(few), _count(few))


def _oracle(question: Question, draw: Draw, rows: Int) -> Contestant:
    few = draw.take(rows)
    return Contestant(
        "omp's own oracle",
        lambda _: judged(question, few, closed=True),
        len(few),
        _count(few),
    )


def _count(few: Draw) -> str:
    return f"{len(few)} rules" if len(few) > 1 else "1 rule"


def _facts(size: Size, evaluation: Evaluation, genomes: int, rounds: int, *, stops: bool) -> str:
    trades = evaluation.n_trades
    words = "each of four stops with probability ½, at least one; " if stops else ""
    return (
        f"Populations of {genomes:,} rules, seed {SEED}: entry and exit each an AND or OR of 2–4 "
        f"conditions out of 284, long only, {FEE_BPS:g} bps a side; {words}"
        f"trades a rule: median {np.median(trades):g}, mean {trades.mean():.0f}; "
        f"{size.populations * genomes:,} rules of ours in each of {rounds} rounds, never the same "
        "twice."
    )


def installed(peers: Sequence[Peer] = PEERS) -> tuple[list[Peer], list[Peer]]:
    """Peers that can run here, and those that are missing."""
    here = [one for one in peers if one.version is not None]
    return here, [one for one in peers if one.version is None]
