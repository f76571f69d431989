"""Are a campaign's data ready? The same questions a run asks before its first trial."""

import time
from pathlib import Path, PurePath
from typing import Any

from omp.config.campaign_file import CampaignFile
from omp.domain.errors import DataNotReady
from omp.market.bars import Panel
from omp.market.catalog import Catalog
from omp.market.certificate import Fault
from omp.market.readiness import RULES, Known, judge_panel
from omp.market.snapshot import Snapshot
from omp.market.splits import parse_iso
from omp.market.universes import UNIVERSES, Universe, ibov, read_membership
from omp.market.venues import venue
from omp.market.venues.base import DAY_NS
from omp.mining.plan import make_plan
from omp.mining.start_from import declared, read_texts

MEMBERSHIP = ("outside_universe", "absent_members")
"""Rules that a campaign's own universe is asked by."""

LISTS = tuple(one.name for one in UNIVERSES if one.name != "custom")


def require_cash(campaign: CampaignFile, snapshot: Snapshot) -> None:
    """The yields of cash that the campaign names must be those the data carry.

    Raises:
        DataNotReady: When they carry none, or others.
    """
    wanted = campaign.costs.cash_yield
    carried = (snapshot.manifest.get("cash") or {}).get("name")
    if wanted is not None and wanted != carried:
        raise DataNotReady(
            f"the campaign wants the cash yield {wanted!r}, {snapshot.name} carries "
            + (repr(carried) if carried else "none"),
            allowed="data that carry the yields the campaign names",
            remedy=f"omp data cash {snapshot.name} --yields FILE --cash {wanted}",
            faults=("cash_yield",),
        )


def require_timeframe(campaign: CampaignFile, snapshot: Snapshot) -> None:
    """The bars must be as long as the campaign says.

    Raises:
        DataNotReady: When they are longer or shorter.
    """
    wanted, found = campaign.campaign.timeframe, snapshot.timeframe
    if wanted != found:
        raise DataNotReady(
            f"the campaign wants bars of {wanted}, those of {snapshot.name} are {found}",
            allowed=f'[campaign] timeframe = "{found}", or data of {wanted}',
            remedy=f"correct the campaign, or: omp data resample {snapshot.name} --to {wanted}",
            faults=("timeframe",),
        )


def require_young(campaign: CampaignFile, snapshot: Snapshot, now_ns: int | None = None) -> None:
    """The last bar must not be older than the campaign allows.

    Raises:
        DataNotReady: When it is.
    """
    limit, last = campaign.data.max_age_days, str(snapshot.manifest["last"])
    if limit is None:
        return
    old = ((time.time_ns() if now_ns is None else now_ns) - parse_iso(last)) / DAY_NS
    if old > limit:
        detail = f"the last bar is {old:.0f} days old; the campaign allows {limit:g}"
        fault = Fault("age", "*", last[:10], detail, "import newer bars")
        raise DataNotReady(
            f"{snapshot.name} is not ready for this campaign: {fault}",
            allowed=f"data whose last bar is at most {limit:g} days old ([data] max_age_days)",
            remedy=f"omp data update {snapshot.name}",
            faults=(str(fault),),
        )


def require_members(
    campaign: CampaignFile, snapshot: Snapshot, panel: Panel, workspace: Path
) -> None:
    """The symbols must be members of the universe that the campaign names, on each of their days.

    `[data] universe` is a membership file of the workspace, or the name of a universe: `ibov`, or
    the one that the data were made of. `[campaign] universe` is a text for the spec card, unless
    it is the name of a known list or the data name another.

    Args:
        panel: The mining part; no sealed bar is asked.
        workspace: Where the file lies.

    Raises:
        DataNotReady: With every symbol that was no member, or when the data are of no universe.
    """
    carried = (snapshot.manifest.get("universe") or {}).get("name")
    said, wanted = campaign.campaign.universe, campaign.data.universe
    fits = {"", "custom", carried, wanted, None if wanted is None else PurePath(wanted).stem}
    if said not in fits and (said in LISTS or carried is not None):
        raise _of_another(snapshot, f"[campaign] universe is {said!r}", said, carried)
    if wanted is None or wanted == carried:
        return
    if wanted.endswith(".csv"):
        members = _membership(wanted, workspace)
    elif wanted == "ibov":
        members = ibov()
    else:
        raise _of_another(snapshot, f"[data] universe is {wanted!r}", wanted, carried)
    certificate = judge_panel(
        panel,
        venue(panel.venue),
        exempt=[name for name in RULES if name not in MEMBERSHIP],
        known=Known(universe=members),
    )
    certificate.require(f"{snapshot.name} ([data] universe = {wanted!r})")


def data_ready(campaign: CampaignFile, workspace: Path) -> dict[str, Any]:
    """What a run of this campaign would mine.

    Raises:
        InvalidConfiguration: If a strategy it starts from cannot be used.
        NotFound: If its source names no data.
        DataNotReady: If the data are not proven fit, too short for its longest look-back, or not
            what the campaign says they are.
    """
    source = campaign.data.source
    starts = read_texts(campaign, workspace)
    if source.startswith("synthetic:"):
        return {"source": source, "made": "fresh for each seed"}
    catalog = Catalog(workspace)
    snapshot = catalog.resolve(source)
    require_cash(campaign, snapshot)
    require_timeframe(campaign, snapshot)
    require_young(campaign, snapshot)
    panel = catalog.open_mining(snapshot.digest)
    require_members(campaign, snapshot, panel, workspace)
    plan = make_plan(campaign, panel, boundary_ns=parse_iso(snapshot.boundary), seed=0)
    seeds = declared(campaign, plan.grammar, starts)
    return {
        "source": source,
        "start_from": len(seeds),
        "digest": snapshot.digest,
        "environment": snapshot.environment,
        "symbols": list(plan.panel.symbols),
        "first": plan.window.first,
        "last": plan.window.last,
        "n_bars": plan.window.n_bars,
        "embargo_bars": plan.window.embargo_bars,
    }


def _membership(name: str, workspace: Path) -> Universe:
    root = workspace.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise DataNotReady(
            f"[data] universe: there is no membership file {name} in the workspace",
            allowed="a CSV ticker,start_date,end_date below the workspace",
            remedy=f"put it there: {root / name}",
            faults=("universe",),
        )
    return read_membership(path, path.stem)


def _of_another(snapshot: Snapshot, asked: str, wanted: str, carried: str | None) -> DataNotReady:
    return DataNotReady(
        f"{asked}, {snapshot.name} is " + (f"of {carried!r}" if carried else "of no universe"),
        allowed="data made of the universe that the campaign names",
        remedy=f"omp data universe {snapshot.name} --universe {wanted} --membership FILE",
        faults=("universe",),
    )
