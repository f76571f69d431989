"""One market with all its campaigns, in one process: the record of it in a calibration."""

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omp.config.campaign_file import CampaignFile
from omp.config.settings import Settings
from omp.domain.errors import DataNotReady
from omp.lab.market_ledger import MarketLedger
from omp.lab.truth import edges_held, true_sharpe_annual, whole_bench, write_positions
from omp.lab.walk import Walked, open_mill, walk
from omp.lab.worlds import Ground, World, open_world
from omp.mining.bench import Bench
from omp.mining.plan import campaign_costs, campaign_liquidity
from omp.mining.run_evidence import Provenance
from omp.mining.strategy_file import Strategy, to_toml
from omp.wire.canonical import digest_of


@dataclass(frozen=True)
class Task:
    """What one process is told: a market and the campaigns over it.

    Args:
        seeds: Registered seeds of the campaigns, in order.
        out_dir: Folder of position files; None writes none.
        words: Engine version, commit, lock digest and configuration hash of every record.
        stop_refused: As in `omp.lab.walk.walk`.
    """

    world: World
    campaign: CampaignFile
    settings: Settings
    seeds: tuple[int, ...]
    out_dir: Path | None
    words: dict[str, str]
    stop_refused: bool = False


def run_task(task: Task) -> tuple[dict[str, Any], float]:
    """One market with all its campaigns: its record, and the CPU seconds it took."""
    begun = time.process_time()
    world = task.world
    record: dict[str, Any] = {
        "market": world.name,
        "group": world.group,
        "truth": _truth(world),
        "faults": [],
    }
    ledger = MarketLedger()
    done: list[dict[str, Any]] = []
    try:
        ground = open_world(world, task.settings.holdout)
        bench = whole_bench(
            ground,
            campaign_costs(task.campaign, ground.whole),
            flat_at_session_end=task.campaign.strategy.flat_at_session_end,
            liquidity=campaign_liquidity(task.campaign),
        )
        mill = open_mill(ground, task.campaign)
        for seed in task.seeds:
            named = _provenance(task, ground, seed)
            walked = walk(mill, task.settings, ledger, named, stop_refused=task.stop_refused)
            done.append(_campaign_record(task, ground, bench, seed, walked))
    except DataNotReady as error:
        record["faults"] = [str(one) for one in error.faults] or [error.asked]
        done += [_not_ready(seed) for seed in task.seeds[len(done) :]]
    record |= {
        "campaigns": done,
        "trials": ledger.trials,
        "looks": len(ledger.looks),
        "promoted": sum(len(one["promoted"]) for one in done),
    }
    return record, time.process_time() - begun


def _truth(world: World) -> dict[str, Any] | None:
    recipe = world.recipe
    if recipe is None:
        return None
    return {
        "kind": recipe.kind,
        "seed": recipe.seed,
        "n_symbols": recipe.n_symbols,
        "n_bars": recipe.n_bars,
        "drift_sharpe": recipe.drift_sharpe,
        "dial": world.dial,
        "edges": f"{recipe.n_signals} signals" if recipe.n_signals else recipe.edges,
        "n_edges": recipe.n_signals or 1,
        "shift_years": recipe.shift_years,
        "timeframe": recipe.timeframe,
        "poison": world.poison and world.poison.name,
        "poisoned_rule": world.poison and world.poison.rule,
    }


def _provenance(task: Task, ground: Ground, seed: int) -> Provenance:
    name = digest_of({"market": ground.data_digest, "seed": seed, **task.words})
    return Provenance(
        run_id=f"run_{name[:20]}",
        environment="test" if ground.market is None else "synthetic",
        campaign=task.campaign.campaign.name,
        data_digest=ground.data_digest,
        lineage=ground.lineage,
        seed=seed,
        **task.words,
    )


def _campaign_record(
    task: Task, ground: Ground, bench: Bench, seed: int, walked: Walked
) -> dict[str, Any]:
    subject, look, run = walked.subject, walked.look, walked.evidence
    champion = None if run.champion is None else run.candidate(run.champion)
    true = None
    if walked.strategy is not None:
        true = true_sharpe_annual(ground, bench, walked.strategy)
    promoted = []
    if walked.verdict == "promoted" and walked.strategy is not None and subject is not None:
        told = _promoted(task, bench, walked.strategy, seed, true)
        promoted.append(told | {"edges": edges_held(ground, bench, walked.strategy)})
    return {
        "seed": seed,
        "trials": walked.trials,
        "verdict": walked.verdict,
        "first_failed_gate": walked.first_failed_gate,
        "failed_gates": list(walked.failed_gates),
        "waits_for_signature": walked.waits,
        "promoted": promoted,
        "figures": {
            "pbo": run.pbo.value,
            "champion_sharpe_x_annual": champion and champion.sharpe_x_annual,
            "champion_dsr": champion and champion.dsr,
            "members": walked.offered,
            "subject_sharpe_x_annual": subject and subject.sharpe_x_annual,
            "subject_true_sharpe_annual": true,
            "look_level": walked.level,
            "look_p_value": look and look.p_value,
            "sealed_sharpe_annual": look and look.sharpe_annual,
        },
    }


def _promoted(
    task: Task, bench: Bench, strategy: Strategy, seed: int, true: float | None
) -> dict[str, Any]:
    name = None
    if task.out_dir is not None:
        name = f"{task.world.name}-{seed}-{strategy.candidate_id}.csv"
        write_positions(task.out_dir / name, bench, strategy)
    return {
        "candidate_id": strategy.candidate_id,
        "strategy": tomllib.loads(to_toml(strategy)),
        "positions": name,
        "true_sharpe": true,
    }


def _not_ready(seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "trials": 0,
        "verdict": "refused",
        "first_failed_gate": "data",
        "failed_gates": ["data"],
        "waits_for_signature": False,
        "promoted": [],
        "figures": None,
    }
