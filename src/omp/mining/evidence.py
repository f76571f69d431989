"""The `evidence` child: measure again what a run claims, or measure an ensemble of its best."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from omp.domain.durable import write_durable
from omp.domain.errors import Damaged, InvalidInput
from omp.market.splits import iso
from omp.mining.bench import Bench, PlacedTrade
from omp.mining.candidate_files import candidate_files, write_folder
from omp.mining.candidates import CandidateRow
from omp.mining.likeness import kept_subjects, likeness, likeness_bench, pool_of
from omp.mining.measure import Origin, ensemble_behaviour, measure, subject_of
from omp.mining.opened import OpenRun
from omp.mining.run_evidence import assemble, court_of
from omp.mining.strategy_file import Member, Strategy
from omp.wire.canonical import digest
from omp.wire.evidence import (
    SCHEMA_VERSION,
    Against,
    CandidateEvidence,
    Replay,
    RunEvidence,
    SubjectEvidence,
    write_document,
)
from omp.wire.filed import digest_filed, is_filed, read_filed
from omp.wire.rundir import write_folder_manifest

MAX_MEMBERS = 10


def measure_run(opened: OpenRun, *, may_go_on: Callable[[], None]) -> str:
    """Write `evidence.json` of a run from our own measurements; gives its digest.

    Missing files of an exported candidate are written, files that are there are never replaced:
    one that differs from ours is left out of the artifacts, so that completeness fails.

    Raises:
        Damaged: If the run's manifest binds an evidence.json that ours does not equal.
    """
    document = recompute(opened, may_go_on=may_go_on, write_missing=True)
    data = write_document(document)
    bound = opened.manifest.files.get(opened.run.evidence.name)
    if bound is None:
        write_durable(opened.run.evidence, data)
    elif bound != digest(data):
        raise Damaged(
            f"the evidence of {opened.manifest.run_id}, measured again, is not the one its "
            "manifest binds",
            remedy="do not trust this run; mine it again with: omp queue add",
        )
    return digest(data)


def recompute(
    opened: OpenRun, *, may_go_on: Callable[[], None], write_missing: bool = False
) -> RunEvidence:
    """The evidence of a run as our own code measures it."""
    court = court_of(opened.plan, opened.counts.distinct)
    measured = []
    for row in opened.best():
        may_go_on()
        strategy = opened.strategy(row)
        origin = Origin(row.generation, row.behaviour_hash)
        found, files = candidate_files(court.bench, strategy, measure(court, strategy, origin))
        folder = opened.run.candidate(row.candidate_id)
        if write_missing:
            write_folder(
                folder, {name: data for name, data in files.items() if not (folder / name).exists()}
            )
        measured.append((strategy, _as_claimed(folder, found, court.bench, strategy)))
    return assemble(
        opened.plan,
        court,
        opened.provenance,
        opened.counts,
        np.array([one.sharpe_x for one in opened.rows]),
        opened.trials,
        opened.block_lengths,
        measured,
        opened.standing,
    )


def _as_claimed(
    folder: Path, found: CandidateEvidence, bench: Bench, strategy: Strategy
) -> CandidateEvidence:
    """Our evidence, held against the files an engine left in a candidate's folder."""
    kept = dict(found.artifacts)
    for name, ours in found.artifacts.items():
        path = folder / name
        if not is_filed(path):
            continue
        theirs = digest_filed(path)
        if name == "metrics.obfs" and theirs != ours:
            del kept[name]
        else:
            kept[name] = theirs
    claimed = folder / "trades.csv"
    replay = found.replay
    if is_filed(claimed) and replay is not None:
        same = _claimed_trades(claimed) == _our_trades(bench.trades(subject_of(strategy)))
        replay = Replay(replay.trades_equal and same, replay.max_return_difference)
    return replace(found, artifacts=kept, replay=replay)


def _claimed_trades(path: Path) -> list[tuple[str, ...]]:
    keys = ("symbol", "entry_time", "exit_time", "side")
    rows = csv.DictReader(io.StringIO(read_filed(path).decode()))
    return sorted(tuple(str(row.get(key)) for key in keys) for row in rows)


def _our_trades(trades: tuple[PlacedTrade, ...]) -> list[tuple[str, ...]]:
    return sorted((one.symbol, iso(one.entry_ns), iso(one.exit_ns), one.side) for one in trades)


def measure_ensemble(
    opened: OpenRun, member_ids: list[str], *, earlier: Path | None = None
) -> tuple[str, str]:
    """Write an equal-weight ensemble as one candidate; gives its id and its evidence's digest.

    Args:
        opened: The run the members come from.
        member_ids: One to ten candidates of the run.
        earlier: Folder with one folder per earlier subject, each with its `returns.parquet`.

    Raises:
        InvalidInput: If a member is named twice, or there are none or too many.
        NotFound: If the run has no such candidate.
    """
    rows = members_of(opened, member_ids)
    found, files, document = subject_document(opened, rows, earlier=earlier)
    return write_subject(opened, found, files, document)


def members_of(opened: OpenRun, member_ids: list[str]) -> list[CandidateRow]:
    """The rows of an ensemble's members, ascending by id.

    Raises:
        InvalidInput: If a member is named twice, or there are none or too many.
        NotFound: If the run has no such candidate.
    """
    wanted = sorted(set(member_ids))
    if not 1 <= len(wanted) <= MAX_MEMBERS or len(wanted) != len(member_ids):
        raise InvalidInput(
            f"members {', '.join(member_ids) or 'none'}",
            allowed=f"1 to {MAX_MEMBERS} different candidates of the run",
            remedy="name them separated by commas: --members cand_a,cand_b",
        )
    return [opened.row(one) for one in wanted]


def offered(rows: Sequence[CandidateRow], parts: Sequence[Strategy]) -> tuple[Strategy, Origin]:
    """What some candidates are offered as: their equal-weight ensemble; one alone as itself.

    Args:
        rows: The members' rows, ascending by id.
        parts: Their strategies, in the same order.
    """
    if len(rows) == 1:
        return parts[0], Origin(rows[0].generation, rows[0].behaviour_hash)
    weight = 1.0 / len(rows)
    strategy = Strategy(
        tuple(Member(one.members[0].genome, weight) for one in parts),
        parts[0].symbols,
        parts[0].timeframe,
        parts[0].costs,
        is_ensemble=True,
    )
    behaviour = ensemble_behaviour([row.behaviour_hash for row in rows], [weight] * len(rows))
    members = tuple(row.candidate_id for row in rows)
    return strategy, Origin(max(row.generation for row in rows), behaviour, members)


def subject_document(
    opened: OpenRun, rows: Sequence[CandidateRow], *, earlier: Path | None
) -> tuple[CandidateEvidence, dict[str, bytes], SubjectEvidence]:
    """What some candidates are offered as, measured; its files; its own evidence.json.

    Args:
        opened: The run they come from.
        rows: The members' rows, ascending by id.
        earlier: Folder of earlier subjects; None for none.
    """
    strategy, origin = offered(rows, [opened.strategy(row) for row in rows])
    court = court_of(opened.plan, opened.counts.distinct)
    found, files = candidate_files(court.bench, strategy, measure(court, strategy, origin))
    against: list[Against] = []
    if kept := kept_subjects(earlier, found.candidate_id):
        beside = likeness_bench(opened.plan, court.bench)
        against = likeness(pool_of(beside.streams(subject_of(strategy))), kept)
    document = SubjectEvidence(
        SCHEMA_VERSION,
        opened.manifest.run_id,
        digest_filed(opened.run.evidence),
        replace(found, against=against),
    )
    return found, files, document


def write_subject(
    opened: OpenRun, found: CandidateEvidence, files: dict[str, bytes], document: SubjectEvidence
) -> tuple[str, str]:
    """Write one subject's folder with its own evidence.json and manifest.json."""
    data = write_document(document)
    folder = opened.run.candidate(found.candidate_id)
    write_folder(folder, {**files, "evidence.json": data})
    write_folder_manifest(folder, [*files, "evidence.json"])
    return found.candidate_id, digest(data)
