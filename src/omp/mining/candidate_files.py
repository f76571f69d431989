"""The files of one candidate's folder, as bytes; the same candidate gives the same bytes."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from omp.domain.durable import disk_room, write_all_durable
from omp.market.splits import iso
from omp.mining.bench import Bench, PlacedTrade
from omp.mining.curves import curves
from omp.mining.measure import subject_of
from omp.mining.strategy_file import Strategy, to_toml
from omp.mining.tables import returns_parquet
from omp.wire.canonical import canonical, digest
from omp.wire.container import seal
from omp.wire.evidence import CandidateEvidence

TRADE_COLUMNS = (
    "symbol",
    "entry_time",
    "exit_time",
    "side",
    "entry_price",
    "exit_price",
    "net_return",
    "bars_held",
    "reason",
)


def metrics(evidence: CandidateEvidence) -> dict[str, Any]:
    """What `metrics.json` and `metrics.obfs` hold: the evidence without what is added later."""
    document = asdict(evidence)
    del document["artifacts"], document["against"]
    return {"schema_version": 1, **document}


def candidate_files(
    bench: Bench, strategy: Strategy, evidence: CandidateEvidence
) -> tuple[CandidateEvidence, dict[str, bytes]]:
    """The evidence with the digests of its artifacts, and their bytes by name."""
    subject = subject_of(strategy)
    streams = bench.streams(subject)
    document = metrics(evidence)
    files = {
        "strategy.toml": to_toml(strategy).encode(),
        "metrics.obfs": seal(document),
        "metrics.json": canonical(document),
        "trades.csv": trades_csv(bench.trades(subject)),
        "returns.parquet": returns_parquet(streams, bench.symbols),
        "curves.json": canonical(curves(streams)),
    }
    digests = {name: digest(data) for name, data in sorted(files.items())}
    return replace(evidence, artifacts=digests), files


def trades_csv(trades: Sequence[PlacedTrade]) -> bytes:
    """`trades.csv`: one line per trade, prices with slippage, numbers without loss."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TRADE_COLUMNS)
    for one in trades:
        writer.writerow(
            (
                one.symbol,
                iso(one.entry_ns),
                iso(one.exit_ns),
                one.side,
                repr(one.entry_price),
                repr(one.exit_price),
                repr(one.net_return),
                one.bars_held,
                one.reason,
            )
        )
    return text.getvalue().encode()


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write a candidate's files durably.

    Raises:
        DiskFull: If there is no room.
    """
    with disk_room(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_all_durable(folder, files)
