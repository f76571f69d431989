"""What a campaign says of its data must be so before its first trial."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.mining.conftest import World

from omp.config.campaign_file import CampaignFile, parse_campaign
from omp.domain.errors import DataNotReady
from omp.market.bars import Bars, Panel, make_panel
from omp.market.catalog import Catalog
from omp.market.splits import parse_iso
from omp.market.venues import venue
from omp.mining.data_ready import data_ready, require_young
from omp.mining.plan import campaign_costs

DAY_NS = 86_400 * 10**9


def campaign(data: str = "", head: str = "", more: str = "") -> CampaignFile:
    text = f'[campaign]\nname = "x"\nmarket = "synthetic"\n{head}[data]\nsource = "small"\n{data}'
    return parse_campaign(text + more, name="x.toml")


def refused(world: World, one: CampaignFile) -> str:
    with pytest.raises(DataNotReady) as error:
        data_ready(one, world.workspace.root)
    assert error.value.exit_code == 3
    assert error.value.remedy
    return error.value.sentence


def members(world: World, *rows: str) -> str:
    path = world.workspace.root / "lists" / "mine.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["ticker,start_date,end_date", *rows]))
    return "lists/mine.csv"


def test_the_bars_must_be_as_long_as_the_campaign_says(world: World) -> None:
    assert data_ready(campaign(), world.workspace.root)["source"] == "small"
    said = refused(world, campaign(head='timeframe = "60min"\n'))
    assert "wants bars of 1h, those of small are 1d" in said
    path = world.campaign()
    path.write_text(path.read_text().replace("[campaign]", '[campaign]\ntimeframe = "5min"'))
    with pytest.raises(DataNotReady, match="wants bars of 5m"):
        world.mine("run_long", campaign=path)
    assert not (world.workspace.run("run_long") / "charges.ndjson").exists()


def test_the_last_bar_must_be_as_young_as_the_campaign_says(world: World) -> None:
    assert "days old; the campaign allows 30" in refused(world, campaign("max_age_days = 30\n"))
    snapshot = Catalog(world.workspace.root).resolve("small")
    last_ns = parse_iso(snapshot.manifest["last"])
    one = campaign("max_age_days = 30\n")
    require_young(one, snapshot, last_ns + 30 * DAY_NS)
    with pytest.raises(DataNotReady, match="age: "):
        require_young(one, snapshot, last_ns + 30 * DAY_NS + 1)


def test_the_symbols_must_be_members_on_each_of_their_days(world: World) -> None:
    root = world.workspace.root
    snapshot = Catalog(root).resolve("small")
    (symbol, *_) = snapshot.symbols
    every = [f"{one},1980-01-01," for one in snapshot.symbols]
    name = members(world, *every)
    one = campaign(f'universe = "{name}"\n')
    assert data_ready(one, root)["symbols"] == list(snapshot.symbols)
    members(world, f"{symbol},1980-01-01,{snapshot.manifest['first'][:4]}-06-01", *every[1:])
    said = refused(world, one)
    assert f"outside_universe: {symbol}" in said
    assert "no member of mine" in said
    members(world, "nonsense")
    assert "membership" in refused(world, one)
    assert "no membership file" in refused(world, campaign('universe = "../x.csv"\n'))
    assert "of no universe" in refused(world, campaign('universe = "sp500"\n'))
    assert f"outside_universe: {symbol}" in refused(world, campaign('universe = "ibov"\n'))


def test_a_known_list_on_the_spec_card_must_be_that_of_the_data(world: World) -> None:
    root = world.workspace.root
    assert data_ready(campaign(head='universe = "three large caps"\n'), root)
    said = refused(world, campaign(head='universe = "sp500"\n'))
    assert "[campaign] universe is 'sp500', small is of no universe" in said
    manifest = Catalog(root).resolve("small").manifest_path
    record = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps(record | {"universe": {"name": "sp500"}}))
    assert data_ready(campaign('universe = "sp500"\n', 'universe = "sp500"\n'), root)
    assert "small is of 'sp500'" in refused(world, campaign(head='universe = "ibov"\n'))


def half_hours(place: str) -> Panel:
    stamps = np.arange(200, dtype=np.int64) * 30 * 60 * 10**9 + parse_iso("2020-01-02T13:00:00Z")
    flat = np.full(200, 10.0)
    bars = Bars("AAA", stamps, flat, flat, flat, flat, flat)
    return make_panel([bars], "30m", place, venue(place).bars_per_year("30m"))


@pytest.mark.parametrize(
    ("place", "more", "commission"),
    [
        ("br", "", 3.0),
        ("br", "[strategy]\nflat_at_session_end = true\n", 2.3),
        ("br", "[strategy]\nflat_at_session_end = true\n[costs]\ncommission_bps = 7\n", 7.0),
        ("us", "[strategy]\nflat_at_session_end = true\n", 1.0),
    ],
)
def test_a_day_trade_costs_what_the_venue_declares(
    place: str, more: str, commission: float
) -> None:
    assert campaign_costs(campaign(more=more), half_hours(place)).commission_bps == commission


def test_the_commission_of_the_united_states_holds_the_fees_on_sales(tmp_path: Path) -> None:
    """A fee on sales weighs half a side; of a share of 5 dollars the fee a share is dearest."""
    us = venue("us")
    for row in us.charges.sell_fee_bps:
        per_share = us.charges.on("sell_fee_per_share", row.since) or 0.0
        a_side = (row.value + per_share / 5.0 * 1e4) / 2.0
        assert a_side < 0.4 < us.terms_on(row.since).commission_bps
