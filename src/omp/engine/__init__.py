"""The engine room: rules, their fills and their search. It knows bars, never files or campaigns."""

from omp.engine.detail import Detail, SymbolDetail, detail
from omp.engine.evaluation import Evaluation
from omp.engine.evaluator import Evaluator
from omp.engine.evolution import Evolution
from omp.engine.fills import Costs, Trade
from omp.engine.genome import Condition, Genome, Operand, Rule, Stops
from omp.engine.grammar import Grammar
from omp.engine.liquidity import VolumeSlippage
from omp.engine.simulation import Simulation, simulate
from omp.engine.strategy import (
    candidate_id,
    ensemble_hash,
    from_strategy,
    genome_hash,
    to_strategy,
)

__all__ = [
    "Condition",
    "Costs",
    "Detail",
    "Evaluation",
    "Evaluator",
    "Evolution",
    "Genome",
    "Grammar",
    "Operand",
    "Rule",
    "Simulation",
    "Stops",
    "SymbolDetail",
    "Trade",
    "VolumeSlippage",
    "candidate_id",
    "detail",
    "ensemble_hash",
    "from_strategy",
    "genome_hash",
    "simulate",
    "to_strategy",
]
