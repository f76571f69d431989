"""The `look` child: one granted look at the sealed window, and nothing without its grant.

Signals may use bars from before the boundary, but none of theirs counts: positions start flat at
the first sealed bar. Net return is regressed on (1, r), r the pool's own close-to-close return.
"""

import json
import math
from pathlib import Path

import numpy as np

from omp.domain.errors import Damaged, LookRefused
from omp.engine.fills import Costs
from omp.engine.liquidity import VolumeSlippage
from omp.market.bars import Bars, Panel, make_panel
from omp.market.splits import iso, parse_iso
from omp.mining.bench import Bench
from omp.mining.candidate_files import trades_csv, write_folder
from omp.mining.curves import curves
from omp.mining.measure import subject_of, turnover_annual
from omp.mining.opened import OpenRun
from omp.mining.plan import with_cash
from omp.mining.strategy_file import Strategy, to_toml
from omp.mining.streams import sharpe
from omp.mining.tables import returns_parquet
from omp.stats import (
    alpha_test,
    circular_shift_pvalue,
    max_drawdown,
    min_track_record_length,
    moments,
    sharpe_standard_error,
)
from omp.wire.canonical import canonical, digest
from omp.wire.evidence import SCHEMA_VERSION, LookEvidence, write_document
from omp.wire.filed import digest_filed, is_filed
from omp.wire.grant import Grant, read_grant
from omp.wire.rundir import write_folder_manifest


def look(opened: OpenRun, candidate_id: str, grant_file: Path) -> tuple[str, str]:
    """Execute a grant; gives the look's id and the digest of its `look.json`.

    The same grant executed again gives the same bytes.

    Raises:
        LookRefused: If the grant is absent, forged, or for another run, subject or data.
        Damaged: If the sealed part or the subject is not what it says.
    """
    grant = read_grant(grant_file, opened.workspace.keys)
    strategy = opened.subject(candidate_id)
    _require(grant, opened, candidate_id)
    bench = sealed_bench(opened, strategy)
    sealed_note = opened.workspace.sealed / opened.snapshot.digest / "manifest.json"
    sealed_file = str(json.loads(sealed_note.read_bytes())["files"]["bars.parquet"])
    evidence, files = measure_look(grant, strategy, bench, sealed_digest=sealed_file)
    data = write_document(evidence)
    folder = opened.run.look(grant.look_id)
    write_folder(folder, {**files, "look.json": data})
    write_folder_manifest(folder, [*files, "look.json"])
    return grant.look_id, digest(data)


def subject_digest(opened: OpenRun, candidate_id: str) -> str:
    """Digest of the subject's strategy.toml as it lies in the run: what a grant names."""
    path = opened.run.candidate(candidate_id) / "strategy.toml"
    if is_filed(path):
        return digest_filed(path)
    return digest(to_toml(opened.subject(candidate_id)).encode())


def _require(grant: Grant, opened: OpenRun, candidate_id: str) -> None:
    said = {
        "run": (grant.run_id, opened.manifest.run_id),
        "candidate": (grant.candidate_id, candidate_id),
        "subject": (grant.subject_digest, subject_digest(opened, candidate_id)),
        "data": (grant.data_digest, opened.snapshot.digest),
        "lineage": (grant.lineage, opened.manifest.lineage),
    }
    other = [f"{name} {theirs}" for name, (theirs, ours) in said.items() if theirs != ours]
    if other:
        raise LookRefused(
            f"the grant {grant.look_id} is for another {', '.join(other)}",
            allowed=f"the look it was granted for: {candidate_id} of {opened.manifest.run_id}",
            remedy="looks are granted by the daemon alone: omp promote-check RUN",
        )


def sealed_bench(opened: OpenRun, strategy: Strategy) -> Bench:
    """The bench of the sealed window, with warm-up bars from the mining part."""
    digest_ = opened.snapshot.digest
    mining = opened.catalog.open_mining(digest_)
    sealed = opened.catalog.open_sealed(digest_)
    boundary_ns = parse_iso(opened.snapshot.boundary)
    if len(sealed) == 0 or int(sealed.timestamp[0]) < boundary_ns:
        raise Damaged(
            f"the sealed part of {digest_[:12]} does not begin at its boundary",
            remedy="import the data again",
        )
    return joined_bench(
        mining,
        sealed,
        strategy,
        cash_yield_annual=opened.campaign.costs.cash_yield_annual,
        flat_at_session_end=opened.campaign.strategy.flat_at_session_end,
        liquidity=opened.plan.liquidity,
    )


def joined_bench(
    mining: Panel,
    sealed: Panel,
    strategy: Strategy,
    *,
    cash_yield_annual: float | None,
    flat_at_session_end: bool,
    liquidity: VolumeSlippage | None = None,
) -> Bench:
    """A bench whose window is the sealed panel and whose warm-up is the whole mining panel."""
    whole = _joined(mining, sealed, strategy.symbols)
    start = int(np.searchsorted(whole.timestamp, int(sealed.timestamp[0])))
    return Bench(
        with_cash(whole, cash_yield_annual),
        slice(start, len(whole)),
        Costs(**strategy.costs),
        flat_at_session_end=flat_at_session_end,
        liquidity=liquidity,
    )


def _joined(mining: Panel, sealed: Panel, symbols: tuple[str, ...]) -> Panel:
    """Both parts on one calendar, the strategy's symbols alone."""
    parts: dict[str, list[Bars]] = {}
    for panel in (mining, sealed):
        for one in panel.bars:
            if one.symbol in symbols:
                parts.setdefault(one.symbol, []).append(one)
    bars = [_glued(pieces) for pieces in parts.values()]
    shell = make_panel(bars, sealed.timeframe, sealed.venue, sealed.periods_per_year)
    cash = dict(zip(mining.timestamp.tolist(), mining.cash.tolist(), strict=True))
    cash |= dict(zip(sealed.timestamp.tolist(), sealed.cash.tolist(), strict=True))
    column = np.array([cash[at] for at in shell.timestamp.tolist()], dtype=np.float64)
    return make_panel(bars, sealed.timeframe, sealed.venue, sealed.periods_per_year, column)


def _glued(pieces: list[Bars]) -> Bars:
    names = ("open", "high", "low", "close", "volume")
    stamps = np.concatenate([one.timestamp for one in pieces])
    o, h, low, c, v = (np.concatenate([getattr(one, name) for one in pieces]) for name in names)
    shared = set.intersection(*(set(one.features) for one in pieces))
    features = {name: np.concatenate([one.features[name] for one in pieces]) for name in shared}
    return Bars(pieces[0].symbol, stamps, o, h, low, c, v, features)


def measure_look(
    grant: Grant, strategy: Strategy, bench: Bench, *, sealed_digest: str
) -> tuple[LookEvidence, dict[str, bytes]]:
    """What the look found, and the files beside `look.json`.

    Args:
        grant: What was granted.
        strategy: Its subject.
        bench: The sealed window.
        sealed_digest: Digest of the sealed bars.
    """
    subject = subject_of(strategy)
    streams = bench.streams(subject)
    trades = bench.trades(subject)
    net, market = streams.net(), streams.market()
    year = bench.periods_per_year
    test = alpha_test(net, market)
    over, hold = sharpe(streams.over_cash()), sharpe(market - streams.cash)
    m = moments(streams.over_cash())
    error = track = math.nan
    if over is not None:
        error = sharpe_standard_error(over, m.n, m.skew, m.kurtosis)
        track = min_track_record_length(over, 0.0, m.skew, m.kurtosis, 0.05)
    shift = circular_shift_pvalue(streams.position, streams.asset)
    files = {
        "returns.parquet": returns_parquet(streams, bench.symbols),
        "trades.csv": trades_csv(trades),
        "curves.json": canonical(curves(streams)),
    }
    evidence = LookEvidence(
        schema_version=SCHEMA_VERSION,
        look_id=grant.look_id,
        grant_digest=grant.digest,
        run_id=grant.run_id,
        candidate_id=grant.candidate_id,
        subject_digest=grant.subject_digest,
        data_digest=grant.data_digest,
        sealed_digest=sealed_digest,
        lineage=grant.lineage,
        first=iso(int(bench.timestamp[0])),
        last=iso(int(bench.timestamp[-1])),
        n_bars=len(streams),
        periods_per_year=year,
        alpha_annual=_known(test.alpha * year),
        beta=_known(test.beta),
        t=_known(test.t),
        dof=test.dof,
        lags=test.lags,
        p_value=_known(test.p_value),
        sharpe_annual=None if over is None else over * math.sqrt(year),
        max_drawdown=_known(max_drawdown(net)),
        n_trades=len(trades),
        turnover_annual=turnover_annual(bench, subject, trades),
        standard_error_annual=_known(error * math.sqrt(year)),
        min_track_record_bars=_known(track),
        buy_and_hold_sharpe_annual=None if hold is None else hold * math.sqrt(year),
        circular_shift_p=_known(shift),
        artifacts={name: digest(data) for name, data in sorted(files.items())},
    )
    return evidence, files


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
