"""The search: generation after generation, in memory, a pure function of its plan.

It owns no file, clock or process: `mine` charges and checkpoints around it, `omp calibrate` runs
thousands of them in one process.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from omp.engine.codebook import Codebook
from omp.engine.evaluation import Evaluation
from omp.engine.evaluator import Evaluator
from omp.engine.evolution import Evolution
from omp.engine.population import Population
from omp.mining.agreement import (
    CONSENSUS,
    Standing,
    best_rows,
    expected_sharpe,
    open_evaluator,
    pooled,
    standard,
    to_consensus,
)
from omp.mining.books import TrialBook, TrialRows
from omp.mining.candidates import CandidateBook, CandidateRow, Candidates
from omp.mining.columns import Array, Behaviours
from omp.mining.plan import MIN_TRADES, N_BLOCKS, Plan
from omp.mining.run_evidence import Counts, trial_variance
from omp.mining.stage_a import (
    candidate_columns,
    candidate_rows,
    genome_of,
    survivors,
    trial_rows,
)
from omp.mining.strategy_file import Strategy, single
from omp.mining.streams import Float, Int

Inspect = Callable[[int, Population, Evaluation], object]
"""Generation, its genomes, their evaluation."""


@dataclass(frozen=True)
class Convergence:
    """How far the search was after a generation; Sharpe ratios of x, annual, None if undefined.

    Args:
        best_sharpe_x_annual: The best of any rule with enough trades so far.
        median_sharpe_x_annual: The middle one of this generation.
        diversity: New distinct behaviours per genome of the generation, 0 to 1.
        archive: What the archive says of its own spread, see `Evolution.measures`.
    """

    generation: int
    best_sharpe_x_annual: float | None
    median_sharpe_x_annual: float | None
    distinct: int
    candidates: int
    diversity: float
    archive: dict[str, float]


@dataclass(frozen=True, eq=False)
class Step:
    """What one generation added; enough to put it into fresh books again.

    Args:
        genomes: Genomes evaluated.
        behaviours: New distinct behaviours, [N, 2].
        without_trades: How many of them never traded.
        found: Survivors of stage A among them.
        trials: Those that may still be among the kept trials.
        candidates: Survivors that may still be among the kept candidates.
    """

    generation: int
    genomes: int
    behaviours: Behaviours
    without_trades: int
    found: int
    trials: TrialRows
    candidates: Candidates
    convergence: Convergence


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a finished search hands to stage B: no files, no clock. Texts are made when asked for.

    Args:
        found: The kept survivors of stage A, best first by Sharpe ratio.
        best: Which of them the run puts forward, best first (`omp.mining.agreement`).
        near: The agreement of each of these, [N]; empty where the Sharpe ratio ranked alone.
        expected: The Sharpe ratio of x, per bar, that is expected of each, [N]; empty likewise.
        folded: Standardised sketches of the same, [N, K]; empty likewise.
        block_lengths: Bars of each CSCV block, [S].
        evaluator: What evaluated them.
        ended_by: `generations`, `max_runtime_s` or why the search gave up early.
    """

    plan: Plan
    counts: Counts
    trials: TrialRows
    found: Candidates
    best: Int
    near: Float
    expected: Float
    folded: Float
    block_lengths: Int
    evaluator: Evaluator
    convergence: tuple[Convergence, ...]
    ended_by: str

    def rows(self, chosen: Candidates) -> list[CandidateRow]:
        """Some candidates as rows, in the same order."""
        return candidate_rows(self.plan, chosen, self.evaluator.moments(chosen.population))

    @cached_property
    def candidates(self) -> list[CandidateRow]:
        """The kept survivors of stage A, best first by Sharpe ratio."""
        return self.rows(self.found)

    @cached_property
    def exported(self) -> list[CandidateRow]:
        """What the run puts forward, best first."""
        return self.rows(self.found.take(self.best))

    @cached_property
    def strategies(self) -> list[Strategy]:
        """The same as strategies."""
        return [strategy_of(self.plan, row) for row in self.exported]

    @property
    def standing(self) -> dict[str, Standing]:
        """Of what is exported, by candidate id; empty where the Sharpe ratio ranked alone."""
        found = zip(self.exported, self.near.tolist(), self.expected.tolist(), strict=False)
        return {row.candidate_id: Standing(near, expected) for row, near, expected in found}


class Search:
    """A search that can be stopped after any generation and taken up again elsewhere.

    Args:
        plan: What is searched.
        evaluator: One that was opened for the same window and grammar before; None opens it.
    """

    def __init__(self, plan: Plan, evaluator: Evaluator | None = None) -> None:
        self.plan = plan
        self.evaluator = evaluator or open_evaluator(plan)
        self._open(
            Evolution(
                plan.grammar,
                population=plan.population,
                seed=plan.seed,
                first_generation=plan.first_generation,
                min_trades=MIN_TRADES,
                seeds=plan.seeds,
            )
        )

    def _open(self, evolution: Evolution) -> None:
        self._evolution = evolution
        self._trials = TrialBook()
        self._candidates = CandidateBook(evolution.codebook)
        self._convergence: list[Convergence] = []
        self._genomes = self._without_trades = self._found = 0

    @property
    def generation(self) -> int:
        """The generation that is evaluated next, from 0."""
        return self._evolution.generation

    @property
    def codebook(self) -> Codebook:
        """What the numbers in its genomes mean."""
        return self._evolution.codebook

    @property
    def given_up(self) -> str | None:
        """Why the search need not go on, or None."""
        return self._evolution.finished_early

    @property
    def finished(self) -> bool:
        """Whether every generation has been evaluated, or the rest is not worth it."""
        return self.generation > self.plan.generations or self.given_up is not None

    @property
    def distinct(self) -> int:
        """Distinct behaviours so far."""
        return self._trials.distinct

    @property
    def n_candidates(self) -> int:
        """Survivors of stage A so far."""
        return self._found

    def ask(self) -> Population:
        """The genomes of the next generation."""
        return self._evolution.ask()

    def advance(self, population: Population, *, inspect: Inspect | None = None) -> Step:
        """Evaluate what `ask` gave and put it into the books.

        Args:
            population: What `ask` gave.
            inspect: Sees the evaluation before anything follows from it, and may raise.
        """
        generation = self.generation
        evaluation = self.evaluator.evaluate(population)
        if inspect is not None:
            inspect(generation, population, evaluation)
        fresh = self._trials.first_seen(evaluation.behaviour)
        good = fresh[survivors(self.plan, evaluation)[fresh]]
        self._evolution.tell(population, evaluation, self.evaluator.sketch)
        year = float(np.sqrt(self.plan.panel.periods_per_year))
        is_known = np.isfinite(evaluation.sharpe_x)
        known = evaluation.sharpe_x[is_known]
        proven = evaluation.sharpe_x[is_known & (evaluation.n_trades >= MIN_TRADES)]
        behaviours = evaluation.behaviour[fresh]
        kept = fresh[self._trials.may_keep(behaviours, generation)]
        best_of_good = good[self._candidates.may_keep(evaluation.sharpe_x[good])]
        convergence = Convergence(
            generation=generation,
            best_sharpe_x_annual=self._best_annual(proven * year),
            median_sharpe_x_annual=float(np.median(known)) * year if known.size else None,
            distinct=self.distinct,
            candidates=self._found + good.size,
            diversity=fresh.size / len(population),
            archive=self._evolution.measures(),
        )
        step = Step(
            generation,
            len(population),
            behaviours,
            int((evaluation.n_trades[fresh] == 0).sum()),
            int(good.size),
            trial_rows(evaluation, kept, generation),
            candidate_columns(population, evaluation, best_of_good, generation),
            convergence,
        )
        self._book(step)
        return step

    def _best_annual(self, sharpe_x_annual: Float) -> float | None:
        """The best so far, this generation's rules with enough trades included."""
        before = self._convergence[-1].best_sharpe_x_annual if self._convergence else None
        found = [] if before is None else [before]
        if sharpe_x_annual.size:
            found.append(float(sharpe_x_annual.max()))
        return max(found, default=None)

    def _book(self, step: Step) -> None:
        self._trials.add(step.trials)
        self._candidates.add(step.candidates)
        self._convergence.append(step.convergence)
        self._genomes += step.genomes
        self._without_trades += step.without_trades
        self._found += step.found

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """The breeding state as JSON values and arrays; the books follow from the steps."""
        return self._evolution.state()

    def again(self, step: Step) -> None:
        """Put a generation that was evaluated before into the books."""
        self._trials.first_seen(step.behaviours)
        self._book(step)

    def breed_on(self, head: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take up the breeding state that `state` gave; the books start empty."""
        self._open(Evolution.restore(self.plan.grammar, head, arrays, self.evaluator.sketch))

    def step_of(self, record: dict[str, Any], arrays: dict[str, Array]) -> Step:
        """The step that `step_record` took apart."""
        return step_of(record, arrays, self._evolution.codebook)

    @classmethod
    def restore(
        cls,
        plan: Plan,
        state: tuple[dict[str, Any], dict[str, Array]],
        steps: list[tuple[dict[str, Any], dict[str, Array]]],
    ) -> Self:
        """The search as it was when `state` was taken after these steps."""
        made = cls(plan)
        made.breed_on(*state)
        for record, arrays in steps:
            made.again(made.step_of(record, arrays))
        return made

    def result(self, ended_by: str | None = None) -> RunResult:
        """What was found so far."""
        trials, found = self._trials.kept(), self._candidates.kept()
        lengths = np.full(N_BLOCKS, self.plan.windows.n_bars // N_BLOCKS, dtype=np.int64)
        pool, chance = pooled(found.generation)
        near, expected, folded = np.empty(0), np.empty(0), np.empty((0, 0))
        if pool.size:
            folded = standard(self.evaluator.sketch(found.population.take(pool)))
            near = to_consensus(folded, chance[:CONSENSUS])
            n_bars = self.plan.windows.n_bars
            expected = expected_sharpe(near, found.sharpe_x[pool], chance, n_bars)
        best = best_rows(len(found), pool, expected)
        if pool.size:
            at = np.searchsorted(pool, best)
            near, expected, folded = near[at], expected[at], folded[at]
        return RunResult(
            plan=self.plan,
            counts=Counts(
                generations=self.generation,
                genomes=self._genomes,
                distinct=self.distinct,
                without_trades=self._without_trades,
                candidates=self._found,
                sharpe_variance=trial_variance(trials, lengths),
            ),
            trials=trials,
            found=found,
            best=best,
            near=near,
            expected=expected,
            folded=folded,
            block_lengths=lengths,
            evaluator=self.evaluator,
            convergence=tuple(self._convergence),
            ended_by=ended_by or self.given_up or "generations",
        )


def search(plan: Plan, evaluator: Evaluator | None = None) -> RunResult:
    """A whole search at once, in memory; see `Search`."""
    made = Search(plan, evaluator)
    while not made.finished:
        made.advance(made.ask())
    return made.result()


def strategy_of(plan: Plan, row: CandidateRow) -> Strategy:
    """A candidate row as the strategy that is written and judged."""
    return single(genome_of(row), plan.panel.symbols, plan.panel.timeframe, plan.cost_model)


_TRIALS, _CANDIDATES = "trials.", "candidates."


def step_record(step: Step) -> tuple[dict[str, Any], dict[str, Array]]:
    """A step as JSON values and arrays, for a checkpoint."""
    record = {
        "generation": step.generation,
        "genomes": step.genomes,
        "without_trades": step.without_trades,
        "found": step.found,
        "convergence": asdict(step.convergence),
    }
    return record, {
        "behaviours": step.behaviours,
        **{_TRIALS + name: one for name, one in step.trials.columns.items()},
        **{_CANDIDATES + name: one for name, one in step.candidates.columns.items()},
    }


def step_of(record: dict[str, Any], arrays: dict[str, Array], codebook: Any) -> Step:
    """The step that `step_record` took apart."""

    def part(prefix: str) -> dict[str, Array]:
        return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}

    return Step(
        int(record["generation"]),
        int(record["genomes"]),
        arrays["behaviours"],
        int(record["without_trades"]),
        int(record["found"]),
        TrialRows(**part(_TRIALS)),
        Candidates.of(part(_CANDIDATES), codebook),
        Convergence(**record["convergence"]),
    )
