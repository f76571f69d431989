"""The search: generation after generation, in memory, a pure function of its plan.

It owns no file, clock or process: `mine` charges and checkpoints around it, `omp calibrate` runs
thousands of them in one process.
"""

from dataclasses import asdict, astuple, dataclass
from typing import Any, Self

import numpy as np

from omp.engine.evaluator import Evaluator
from omp.engine.evolution import Evolution
from omp.engine.genome import Genome
from omp.mining.books import CandidateBook, CandidateRow, TrialBook, TrialRows
from omp.mining.plan import EXPORTED, MIN_TRADES, N_BLOCKS, Plan
from omp.mining.run_evidence import Counts, trial_variance
from omp.mining.stage_a import candidate_rows, genome_of, trial_rows
from omp.mining.strategy_file import Strategy, single
from omp.mining.streams import Int


@dataclass(frozen=True)
class Convergence:
    """How far the search was after a generation; Sharpe ratios of x, annual, None if undefined.

    Args:
        diversity: New distinct behaviours per genome of the generation, 0 to 1.
    """

    generation: int
    best_sharpe_x_annual: float | None
    median_sharpe_x_annual: float | None
    distinct: int
    candidates: int
    diversity: float


@dataclass(frozen=True, eq=False)
class Step:
    """What one generation added; enough to put it into fresh books again.

    Args:
        genomes: Genomes evaluated.
        trials: New distinct behaviours.
        candidates: Survivors of stage A among them.
    """

    generation: int
    genomes: int
    trials: TrialRows
    candidates: list[CandidateRow]
    convergence: Convergence


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a finished search hands to stage B: no files, no clock.

    Args:
        block_lengths: Bars of each CSCV block, [S].
        exported: Best candidates, best first.
        strategies: The same as strategies.
        ended_by: `generations` or `max_runtime_s`.
    """

    plan: Plan
    counts: Counts
    trials: TrialRows
    candidates: list[CandidateRow]
    block_lengths: Int
    exported: list[CandidateRow]
    strategies: list[Strategy]
    convergence: tuple[Convergence, ...]
    ended_by: str


class Search:
    """A search that can be stopped after any generation and taken up again elsewhere.

    Args:
        plan: What is searched.
    """

    def __init__(self, plan: Plan) -> None:
        inside = plan.windows.in_sample
        self.plan = plan
        self.evaluator = Evaluator(
            plan.panel,
            plan.grammar,
            plan.costs,
            flat_at_session_end=plan.flat_at_session_end,
            n_blocks=N_BLOCKS,
            workers=plan.workers,
            warmup=inside.start,
            stop=inside.stop,
        )
        self._evolution = Evolution(
            plan.grammar,
            population=plan.population,
            seed=plan.seed,
            first_generation=plan.first_generation,
            min_trades=MIN_TRADES,
        )
        self._trials = TrialBook()
        self._candidates = CandidateBook()
        self._convergence: list[Convergence] = []
        self._genomes = 0

    @property
    def generation(self) -> int:
        """The generation that is evaluated next, from 0."""
        return self._evolution.generation

    @property
    def finished(self) -> bool:
        """Whether every generation has been evaluated."""
        return self.generation > self.plan.generations

    @property
    def distinct(self) -> int:
        """Distinct behaviours so far."""
        return self._trials.distinct

    @property
    def n_candidates(self) -> int:
        """Survivors of stage A so far."""
        return self._candidates.count

    def ask(self) -> list[Genome]:
        """The genomes of the next generation."""
        return self._evolution.ask()

    def advance(self, genomes: list[Genome]) -> Step:
        """Evaluate what `ask` gave and put it into the books."""
        generation = self.generation
        evaluation = self.evaluator.evaluate(genomes)
        fresh = self._trials.first_seen(evaluation.behaviour_hash)
        trials = trial_rows(evaluation, fresh, generation)
        found = candidate_rows(self.plan, genomes, evaluation, fresh, generation)
        self._evolution.tell(genomes, evaluation)
        year = float(np.sqrt(self.plan.panel.periods_per_year))
        known = evaluation.sharpe_x[np.isfinite(evaluation.sharpe_x)]
        best = self._evolution.best_sharpe_x
        convergence = Convergence(
            generation=generation,
            best_sharpe_x_annual=best * year if np.isfinite(best) else None,
            median_sharpe_x_annual=float(np.median(known)) * year if known.size else None,
            distinct=self.distinct + len(trials),
            candidates=self.n_candidates + len(found),
            diversity=len(trials) / len(genomes),
        )
        step = Step(generation, len(genomes), trials, found, convergence)
        self._book(step)
        return step

    def _book(self, step: Step) -> None:
        self._trials.add(step.trials)
        self._candidates.add(step.candidates)
        self._convergence.append(step.convergence)
        self._genomes += step.genomes

    def state(self) -> dict[str, Any]:
        """The breeding state, as JSON values; the books follow from the steps."""
        return self._evolution.state()

    @classmethod
    def restore(cls, plan: Plan, state: dict[str, Any], steps: list[Step]) -> Self:
        """The search as it was when `state` was taken after these steps."""
        made = cls(plan)
        made._evolution = Evolution.restore(plan.grammar, state)
        for step in steps:
            made._book(step)
        return made

    def result(self, ended_by: str = "generations") -> RunResult:
        """What was found so far."""
        exported = self._candidates.best(EXPORTED)
        trials = self._trials.kept()
        lengths = np.full(N_BLOCKS, self.plan.windows.n_bars // N_BLOCKS, dtype=np.int64)
        return RunResult(
            plan=self.plan,
            counts=Counts(
                generations=self.generation,
                genomes=self._genomes,
                distinct=self.distinct,
                without_trades=self._trials.without_trades,
                candidates=self.n_candidates,
                sharpe_variance=trial_variance(trials, lengths),
            ),
            trials=trials,
            candidates=self._candidates.kept(),
            block_lengths=lengths,
            exported=exported,
            strategies=[strategy_of(self.plan, row) for row in exported],
            convergence=tuple(self._convergence),
            ended_by=ended_by,
        )


def search(plan: Plan) -> RunResult:
    """A whole search at once, in memory."""
    made = Search(plan)
    while not made.finished:
        made.advance(made.ask())
    return made.result()


def strategy_of(plan: Plan, row: CandidateRow) -> Strategy:
    """A candidate row as the strategy that is written and judged."""
    return single(genome_of(row), plan.panel.symbols, plan.panel.timeframe, plan.cost_model)


def step_record(step: Step) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """A step as JSON values and arrays, for a checkpoint."""
    record = {
        "generation": step.generation,
        "genomes": step.genomes,
        "convergence": asdict(step.convergence),
        "candidates": [astuple(one) for one in step.candidates],
    }
    trials = step.trials
    arrays = {
        "behaviour": trials.behaviour,
        "generation": trials.generation,
        "n_trades": trials.n_trades,
        "block_sum": trials.block_sum,
        "block_sum_sq": trials.block_sum_sq,
    }
    return record, arrays


def step_of(record: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Step:
    """The step that `step_record` took apart."""
    trials = TrialRows(
        arrays["behaviour"],
        arrays["generation"],
        arrays["n_trades"],
        arrays["block_sum"],
        arrays["block_sum_sq"],
    )
    return Step(
        int(record["generation"]),
        int(record["genomes"]),
        trials,
        [CandidateRow(*one) for one in record["candidates"]],
        Convergence(**record["convergence"]),
    )
