"""`omp calibrate`: measure false promotions and power on markets whose truth is known.

Every market has a ledger of its own and is taken through its campaigns in one process; markets
share nothing, so any number of processes gives the same answer.
"""

import json
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omp.config.campaign_file import CampaignFile, parse_campaign, read_campaign
from omp.config.fingerprint import config_hash, engine_version, git_sha, lock_digest
from omp.config.settings import Settings, as_mapping, load_settings, parse_settings
from omp.domain.durable import write_durable
from omp.domain.errors import InvalidInput
from omp.lab.figures import totals
from omp.lab.one_market import Task, run_task
from omp.lab.page import write_page
from omp.lab.part import Done, Part
from omp.lab.worlds import World, file_worlds, own_worlds
from omp.market.recipe import DRIFTS
from omp.market.synthetic_signals import signal_name
from omp.wire.canonical import canonical, finite

SCHEMA_VERSION = 1
CAMPAIGN = """\
[campaign]
name = "Calibration"
market = "synthetic"
timeframe = "1d"

[data]
source = "synthetic:null"

[search]
population = 1000
generations = 28
seeds = { first = 1, step = 1 }

[strategy]
direction = "long"
max_conditions = 2
"""
"""What is searched unless a campaign is given: more than 20,000 distinct trials on a market."""

WITH_SIGNALS = ["momentum"]
"""Groups of indicators that are searched beside the signals of a market."""


def calibrate(
    *,
    json_path: Path,
    markets: Path | None = None,
    campaigns: int = 1,
    null: int = 0,
    planted: int = 0,
    dial: float | Sequence[float] = 1.5,
    drift: Sequence[float] = DRIFTS,
    edge_drift: float = 0.0,
    symbols: int = 1,
    edges: str = "equal",
    dying: int = 0,
    poisoned: int = 0,
    first_market: int = 0,
    campaign: Path | None = None,
    out_dir: Path | None = None,
    page: Path | None = None,
    beside: Sequence[Path] = (),
    workers: int = 1,
    stop_after_s: float | None = None,
    stop_refused: bool = False,
    signals: int = 0,
    shift_years: float = 0.0,
    timeframe: str = "1d",
    config: Path | None = None,
) -> dict[str, Any]:
    """Take every market through its campaigns and write what became of them.

    A call that was cut short is taken up by the same call: markets that were done are kept.

    Args:
        json_path: Where the result goes.
        markets: Folder of market files; None for our own markets alone.
        campaigns: Campaigns on each market.
        null, planted: Number of our own markets without an edge, and with one for each dial.
        dial: True annual Sharpe ratios of the planted edges.
        drift: Buy-and-hold Sharpe ratios of the nulls, in turn.
        edge_drift: Buy-and-hold Sharpe ratio of the planted markets.
        symbols: Symbols of our own markets.
        edges: `equal` or `unequal` dials of the symbols of a planted market.
        dying: Number of markets whose edge dies where the sealed window begins, for each dial.
        poisoned: Number of markets with one fault in their data.
        first_market: Seed of the first of our own markets.
        campaign: What is searched; `CAMPAIGN` by default.
        out_dir: Folder of the positions of what is promoted.
        page: Documentation page to write from the result.
        beside: Earlier results that the page shows as well.
        workers: Processes.
        stop_after_s: Wall seconds after which no further market is waited for; the result then
            says how many were asked for, and the same call goes on.
        stop_refused: End each search after generation 0 where PBO has refused it by then: the same
            promotions with fewer trials.
        signals: Uncorrelated edges of each planted market, each with a column of its own that the
            search is given; 0 for one edge that follows prices.
        shift_years: Years between two changes of the drift of our own markets, on average; their
            levels lie within 1 of the drift that is asked for. 0 for a drift that stays.
        timeframe: `1d`, or `1h`: markets of hourly bars, and a campaign over them.
        config: Gates, bars and the rules of the sealed window; the default ones without.

    Raises:
        InvalidInput: If there is no market, or two of one name, or another calibration was begun
            under the same name.
        NotFound: If there is no such folder or campaign.
    """
    dials = [dial] if isinstance(dial, int | float) else list(dial)
    worlds = [] if markets is None else file_worlds(markets, timeframe)
    worlds += own_worlds(
        null=null,
        planted=planted,
        dials=dials,
        drifts=drift,
        n_symbols=symbols,
        first_seed=first_market,
        edge_drift=edge_drift,
        edges=edges,
        dying=dying,
        poisoned=poisoned,
        signals=signals,
        shift_years=shift_years,
        timeframe=timeframe,
    )
    _require_worlds(worlds)
    searched = _campaign(campaign, signals, timeframe)
    settings = (parse_settings("") if config is None else load_settings(config)).settings
    in_force = _config_hash(searched, settings)
    for folder in (json_path.parent, out_dir, None if page is None else page.parent):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    words = {
        "config_hash": in_force,
        "engine_version": engine_version(),
        "git_sha": git_sha(),
        "lock_digest": lock_digest(),
    }
    seeds = _seeds(searched, campaigns)
    begun = time.monotonic()
    tasks = [Task(one, searched, settings, seeds, out_dir, words, stop_refused) for one in worlds]
    identity = {
        **words,
        "campaigns": len(seeds),
        "markets": len(tasks),
        "stop_refused": stop_refused,
    }
    part = Part(json_path, identity, [one.name for one in worlds])
    with part.alone():
        done = part.resume()
        before = len(done)
        for one in _work(tasks[before:], workers):
            part.add(one)
            done.append(one)
            _tell(len(done), before, len(tasks), one[0], begun)
            if stop_after_s is not None and time.monotonic() - begun >= stop_after_s:
                break
        records = [record for record, _ in done]
        document = {
            "schema_version": SCHEMA_VERSION,
            **words,
            "campaign": searched.content,
            "markets_asked": len(tasks),
            "stop_refused": stop_refused,
            "spending": settings.holdout.spending,
            "subject": settings.holdout.subject,
            "markets": records,
            "totals": totals(records),
            "machine": {
                "command": " ".join(["omp", *sys.argv[1:]]),
                "python": platform.python_version(),
                "processor": _processor(),
                "cores": os.cpu_count(),
                "workers": workers,
                "wall_s": round(time.monotonic() - begun, 1),
                "cpu_s": round(sum(took_s for _, took_s in done), 1),
                "markets_before": before,
            },
        }
        write_durable(json_path, canonical(finite(document)))
        if len(done) == len(tasks):
            part.remove()
    if page is not None:
        others = [json.loads(one.read_bytes()) for one in beside]
        write_page(page, [*others, finite(document)])
    return document


def _require_worlds(worlds: Sequence[World]) -> None:
    names = [one.name for one in worlds]
    twice = sorted({one for one in names if names.count(one) > 1})
    if not worlds or twice:
        raise InvalidInput(
            f"{len(worlds)} markets to calibrate on" + (f", twice: {twice[:3]}" if twice else ""),
            allowed="at least one market, each name once",
            remedy="omp calibrate --null 20 --planted 20 --json result.json",
        )


def _campaign(path: Path | None, signals: int, timeframe: str) -> CampaignFile:
    if path is not None:
        given = read_campaign(path)
        if given.campaign.timeframe != timeframe:
            raise InvalidInput(
                f"a campaign of {given.campaign.timeframe} on markets of {timeframe}",
                allowed="one timeframe for both",
                remedy=f"omp calibrate --timeframe {given.campaign.timeframe}",
            )
        return given
    text = CAMPAIGN.replace('"1d"', f'"{timeframe}"')
    if signals:
        named = WITH_SIGNALS + [f"feature:{signal_name(k + 1)}" for k in range(signals)]
        text = text.replace("[search]\n", f"[search]\nindicators = {json.dumps(named)}\n")
    return parse_campaign(text, name="calibration.toml")


def _config_hash(campaign: CampaignFile, settings: Settings) -> str:
    """Hash of all that decides a verdict: what is searched, gates, bars and rules."""
    in_force = as_mapping(settings)
    return config_hash(
        {
            "search": campaign.search_hash,
            "gates": in_force["gates"],
            "holdout": in_force["holdout"],
            "review": in_force["review"],
        }
    )


def _seeds(campaign: CampaignFile, n: int) -> tuple[int, ...]:
    drawn = [campaign.search.seeds.nth(at) for at in range(n)]
    known = tuple(one for one in drawn if one is not None)
    if len(known) < n:
        raise InvalidInput(
            f"{n} campaigns on each market",
            allowed=f"up to {len(known)}: the campaign lists so many seeds",
            remedy="declare an endless sequence: seeds = { first = 1, step = 1 }",
        )
    return known


def _work(tasks: Sequence[Task], workers: int) -> Iterator[Done]:
    """Each task's record, in order."""
    if workers <= 1 or len(tasks) <= 1:
        yield from map(run_task, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(min(workers, len(tasks))) as pool:
        yield from pool.imap(run_task, tasks)


def _tell(number: int, before: int, n_tasks: int, record: dict[str, Any], begun: float) -> None:
    """A line of progress on stderr; `before` markets were done by an earlier call."""
    left_s = (time.monotonic() - begun) / (number - before) * (n_tasks - number)
    stops = ", ".join(
        "promoted" if one["promoted"] else str(one["first_failed_gate"])
        for one in record["campaigns"][-3:]
    )
    line = f"{number}/{n_tasks} {record['market']}: {stops}; {left_s:.0f} s left"
    sys.stderr.write(line + "\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = [one.partition(":")[2].strip() for one in lines if one.startswith("model name")]
    return named[0] if named else platform.machine()
