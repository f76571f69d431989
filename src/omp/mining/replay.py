"""The `replay` child: an entry's numbers and trades again, from the entry's folder alone.

An entry's folder holds what was promoted and, under `data/`, the snapshot it was made from::

    manifest.json    files with their digests
    entry.json       provenance
    campaign.toml    the configuration of the run
    evidence.json    the subject's own evidence, or the run's with the subject in it
    strategy.toml, metrics.obfs, metrics.json, trades.csv, returns.parquet, curves.json
    look/look.json, look/trades.csv, look/returns.parquet, look/curves.json
    data/manifest.json, data/bars.parquet            the mining part of the snapshot
    data/sealed/manifest.json, data/sealed/bars.parquet

Nothing outside the folder is read, so an entry can be carried to another machine and proven.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omp.config.campaign_file import CampaignFile, read_campaign
from omp.domain.errors import Damaged, NotFound
from omp.market import snapshot as snap
from omp.market.bars import Panel
from omp.market.splits import parse_iso
from omp.mining.candidate_files import candidate_files, trades_csv
from omp.mining.look import joined_bench
from omp.mining.measure import Origin, measure, subject_of
from omp.mining.plan import campaign_liquidity, make_plan
from omp.mining.run_evidence import court_of
from omp.mining.strategy_file import Strategy, from_toml
from omp.wire.canonical import finite
from omp.wire.container import unseal

NUMBERS_LEFT_OUT = frozenset({"artifacts", "against"})


def replay_entry(entry: Path) -> dict[str, Any]:
    """Rebuild an entry and compare to the last digit.

    Returns:
        `equal`, and `differences`: one sentence for each number or trade that is not the same.

    Raises:
        NotFound: If the entry or one of its files is not there.
        Damaged: If its metrics or data are not what their digests say.
    """
    if not entry.is_dir():
        raise NotFound(f"there is no entry {entry.name}", remedy="list them: omp hall list")
    strategy = from_toml(_text(entry / "strategy.toml"))
    sealed_metrics = unseal(_bytes(entry / "metrics.obfs"))
    campaign = read_campaign(entry / "campaign.toml")
    mining, manifest = _panel(entry / "data", "mining")
    differences = _in_sample(entry, strategy, sealed_metrics, campaign, mining, manifest)
    looked = (entry / "look" / "trades.csv").is_file()
    if looked:
        differences += _sealed(entry, strategy, campaign, mining, manifest)
    return {
        "entry": entry.name,
        "equal": not differences,
        "differences": differences,
        "numbers": len(_flat(sealed_metrics)),
        "trades": _bytes(entry / "trades.csv").count(b"\n") - 1,
        "look_replayed": looked,
    }


def _in_sample(
    entry: Path,
    strategy: Strategy,
    expected: dict[str, Any],
    campaign: CampaignFile,
    mining: Panel,
    manifest: dict[str, Any],
) -> list[str]:
    """The in-sample numbers and files, computed again."""
    plan = make_plan(
        campaign, mining, boundary_ns=parse_iso(manifest["boundary"]), seed=0, workers=1
    )
    court = court_of(plan, int(expected["n_trials"]))
    origin = Origin(
        int(expected["generation"]), str(expected["behaviour_hash"]), tuple(expected["members"])
    )
    found, files = candidate_files(court.bench, strategy, measure(court, strategy, origin))
    ours = {name: v for name, v in asdict(found).items() if name not in NUMBERS_LEFT_OUT}
    differences = _compared(_flat(expected), _flat({"schema_version": 1, **ours}))
    differences += [
        f"{name} is not the same bytes"
        for name in ("strategy.toml", "trades.csv", "curves.json")
        if _bytes(entry / name) != files[name]
    ]
    return differences


def _sealed(
    entry: Path,
    strategy: Strategy,
    campaign: CampaignFile,
    mining: Panel,
    manifest: dict[str, Any],
) -> list[str]:
    """The trades of the look, computed again."""
    folder = entry / "data" / "sealed"
    note = json.loads(_bytes(folder / snap.MANIFEST_FILE))
    sealed = snap.read_panel(folder, manifest, "sealed", note["files"][snap.BARS_FILE])
    bench = joined_bench(
        mining,
        sealed,
        strategy,
        cash_yield_annual=campaign.costs.cash_yield_annual,
        flat_at_session_end=campaign.strategy.flat_at_session_end,
        liquidity=campaign_liquidity(campaign),
    )
    again = trades_csv(bench.trades(subject_of(strategy)))
    same = again == _bytes(entry / "look" / "trades.csv")
    return [] if same else ["look/trades.csv is not the same bytes"]


def _panel(folder: Path, part: str) -> tuple[Panel, dict[str, Any]]:
    """The bars of an entry's own copy of its snapshot, proven by digest."""
    manifest = json.loads(_bytes(folder / snap.MANIFEST_FILE))
    if snap.header_digest(manifest) != manifest.get("digest"):
        raise Damaged(
            f"the data manifest of {folder.parent.name} describes other data than its digest",
            remedy="restore the entry from a backup",
        )
    panel = snap.read_panel(folder, manifest, part, manifest["files"][snap.BARS_FILE])
    return panel, manifest


def _flat(document: Any, path: str = "") -> dict[str, Any]:
    """A nested document as dotted path -> value."""
    if isinstance(document, dict):
        return {
            name: value
            for key, item in document.items()
            for name, value in _flat(item, f"{path}.{key}" if path else str(key)).items()
        }
    if isinstance(document, list | tuple):
        return {
            name: value
            for at, item in enumerate(document)
            for name, value in _flat(item, f"{path}[{at}]").items()
        }
    return {path: finite(document)}


def _compared(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [
        f"{name} was {expected.get(name)!r}, is {found.get(name)!r}"
        for name in names
        if expected.get(name) != found.get(name)
    ]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(
            f"the entry {path.parent.name} lacks {path.name}",
            remedy="put the folder back from your own copy of it",
        ) from None


def _text(path: Path) -> str:
    return _bytes(path).decode("utf-8")
