"""Are a campaign's data ready? The same questions a run asks before its first trial."""

from pathlib import Path
from typing import Any

from omp.config.campaign_file import CampaignFile
from omp.domain.errors import DataNotReady
from omp.market.catalog import Catalog
from omp.market.snapshot import Snapshot
from omp.market.splits import parse_iso
from omp.mining.plan import make_plan
from omp.mining.start_from import declared, read_texts


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


def data_ready(campaign: CampaignFile, workspace: Path) -> dict[str, Any]:
    """What a run of this campaign would mine.

    Raises:
        InvalidConfiguration: If a strategy it starts from cannot be used.
        NotFound: If its source names no data.
        DataNotReady: If the data are not proven fit, or too short for its longest look-back.
    """
    source = campaign.data.source
    starts = read_texts(campaign, workspace)
    if source.startswith("synthetic:"):
        return {"source": source, "made": "fresh for each seed"}
    catalog = Catalog(workspace)
    snapshot = catalog.resolve(source)
    require_cash(campaign, snapshot)
    plan = make_plan(
        campaign,
        catalog.open_mining(snapshot.digest),
        boundary_ns=parse_iso(snapshot.boundary),
        seed=0,
    )
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
