"""A campaign's TOML: strictness, seeds, hashes, the demo campaigns."""

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omp.config.campaign_file import CampaignFile, SeedSequence, parse_campaign, read_campaign
from omp.config.campaign_rules import RULES, STOPS
from omp.config.demo_campaigns import DEMO_CAMPAIGNS, PLANTED_DIAL
from omp.domain.errors import InvalidConfiguration, NotFound
from omp.domain.indicators import INDICATORS, select_indicators

BASE = '[campaign]\nname = "Trend"\n[data]\nsource = "us-large-caps"\n'


def parse(more: str = "", base: str = BASE) -> CampaignFile:
    return parse_campaign(base + more, name="trend.toml")


def test_a_campaign_needs_a_name_and_data_only() -> None:
    campaign = parse()
    assert campaign.campaign.name == "Trend"
    assert campaign.campaign.market == "us"
    assert campaign.search.seeds.nth(2) == 3
    assert campaign.costs.commission_bps is None
    assert campaign.engine.command == ()


def test_every_fault_is_listed() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        parse_campaign('[campaign]\nnam = "x"\n[search]\npopulation = 1\n', name="x.toml")
    paths = [fault.path for fault in caught.value.faults]
    assert paths == [
        "campaign.nam (line 2)",
        "campaign.name",
        "data.source",
        "search.population (line 4)",
    ]
    assert "x.toml" in caught.value.sentence


@pytest.mark.parametrize(
    ("more", "path", "says"),
    [
        ("[serch]\n", "serch", "did you mean 'search'"),
        ("[search]\nseeds = []\n", "search.seeds", "no list of seeds"),
        ("[search]\nseeds = [1, 1]\n", "search.seeds", "listed twice"),
        ("[search]\nseeds = [-1]\n", "search.seeds", "no list of seeds"),
        ("[search]\nseeds = { first = 1, step = 0 }\n", "search.seeds", "step 1 or more"),
        ("[search]\nseeds = { frist = 1 }\n", "search.seeds", "no sequence"),
        ("[search]\nseeds = 7\n", "search.seeds", "no sequence"),
        ("[search]\nindicators = ['rssi']\n", "search.indicators", "did you mean 'rsi'"),
        ("[search]\nindicators = []\n", "search.indicators", "empty"),
        ("[search]\nworkers = 0\n", "search.workers", "1 to 256"),
        ("[strategy]\nstops = ['stoploss']\n", "strategy.stops", "did you mean 'stop_loss'"),
        ("[strategy]\ndirection = 'up'\n", "strategy.direction", "'long_short'"),
        ("[strategy]\nflat_at_session_end = 1\n", "strategy.flat_at_session_end", "true or false"),
        ("[costs]\ncommission_bps = '1'\n", "costs.commission_bps", "not a number"),
        ("[costs]\nslippage_bps = -1\n", "costs.slippage_bps", "0 to 1000"),
        ("[engine]\ncommand = 'rm -rf /'\n", "engine.command", "not a list"),
        ("[engine]\ncommand = ['']\n", "engine.command", "empty argument"),
        ("[expected]\ncandidates = 1.5\n", "expected.candidates", "whole number"),
        ("[constraints]\nmax_drawdown = 30\n", "constraints.max_drawdown", "0 to 1"),
    ],
)
def test_a_fault_names_its_key(more: str, path: str, says: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        parse(more)
    assert [fault.path.split(" (")[0] for fault in caught.value.faults] == [path]
    assert says in caught.value.sentence


@pytest.mark.parametrize(
    "source",
    ["/etc/passwd", "../x", "a/b", "a..b", "", "synthetic:", ".x", "x" * 97, "a b", "x\\n"],
)
def test_data_is_named_and_never_a_path(source: str) -> None:
    with pytest.raises(InvalidConfiguration, match="names no data"):
        parse(base=f'[campaign]\nname = "x"\n[data]\nsource = "{source}"\n')


def test_a_synthetic_source_needs_the_synthetic_market() -> None:
    with pytest.raises(InvalidConfiguration, match="does not go with"):
        parse(base='[campaign]\nname = "x"\n[data]\nsource = "synthetic:null"\n')


def test_dates_are_days_and_in_order() -> None:
    campaign = parse('start = 2001-01-02\nend = "2010-12-31"\n')
    assert (campaign.data.start, campaign.data.end) == (date(2001, 1, 2), date(2010, 12, 31))
    for wrong in ("start = 2001-01-02T00:00:00\n", "start = 'soon'\n"):
        with pytest.raises(InvalidConfiguration, match=r"data\.start"):
            parse(wrong)
    with pytest.raises(InvalidConfiguration, match="is not after"):
        parse("start = 2010-01-01\nend = 2010-01-01\n")


def test_daily_is_another_word_for_one_day() -> None:
    base = BASE.replace("[data]", 'timeframe = "daily"\n[data]')
    assert parse(base=base).campaign.timeframe == "1d"


def test_indicators_are_groups_and_names_in_the_order_of_the_table() -> None:
    chosen = parse('[search]\nindicators = ["rsi", "volume", "sma"]\n').search.indicators
    assert chosen == select_indicators(("rsi", "volume", "sma"))
    assert set(chosen) < set(INDICATORS)
    assert parse('[search]\nindicators = "all"\n').search.indicators == ()
    assert parse('[search]\nindicators = "volume"\n').search.indicators == select_indicators(
        ("volume",)
    )


def test_stops_are_kept_in_one_order() -> None:
    one = parse('[strategy]\nstops = ["max_bars", "stop_loss"]\n')
    other = parse('[strategy]\nstops = ["stop_loss", "max_bars"]\n')
    assert one.strategy.stops == ("stop_loss", "max_bars")
    assert one.config_hash == other.config_hash
    assert set(one.strategy.stops) < set(STOPS)


def test_the_hash_follows_the_content() -> None:
    same = parse("\n# a comment\n[search]\npopulation = 500\n")
    assert same.config_hash == parse().config_hash
    assert parse("[search]\npopulation = 501\n").config_hash != parse().config_hash


def test_a_renamed_copy_is_the_same_search() -> None:
    renamed = parse(
        "[search]\nworkers = 2\nseeds = [9]\n", base=BASE.replace("Trend", "Another name")
    )
    assert renamed.config_hash != parse().config_hash
    assert renamed.search_hash == parse().search_hash
    assert parse("[search]\npopulation = 501\n").search_hash != parse().search_hash
    assert parse("[costs]\nslippage_bps = 0\n").search_hash != parse().search_hash


def test_a_list_of_seeds_ends() -> None:
    seeds = parse("[search]\nseeds = [7, 3]\n").search.seeds
    assert [seeds.nth(i) for i in range(3)] == [7, 3, None]
    assert seeds.holds(3)
    assert not seeds.holds(4)
    with pytest.raises(ValueError, match="from 0"):
        seeds.nth(-1)


@given(st.integers(0, 10**6), st.integers(1, 10**4), st.integers(0, 10**6))
def test_a_sequence_holds_its_own_seeds_alone(first: int, step: int, i: int) -> None:
    seeds = SeedSequence(first, step)
    seed = seeds.nth(i)
    assert seed is not None
    assert seeds.holds(seed)
    assert seeds.holds(seed + 1) == (step == 1)
    assert not seeds.holds(first - step)


def test_a_missing_campaign_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="configs/campaigns"):
        read_campaign(tmp_path / "none.toml")


def test_every_ranged_key_is_a_key() -> None:
    tables = asdict(parse())
    keys = {f"{a}.{b}" for a, table in tables.items() for b in table}
    assert set(RULES) < keys


def test_a_named_cash_yield_stands_alone_and_leaves_other_hashes_as_they_were() -> None:
    plain = parse()
    assert "cash_yield" not in plain.content["costs"]
    named = replace(plain, costs=replace(plain.costs, cash_yield="cdi"))
    assert named.content["costs"]["cash_yield"] == "cdi"
    assert named.config_hash != plain.config_hash
    text = """[campaign]
name = "x"
market = "br"
timeframe = "1d"
[data]
source = "b3"
[costs]
cash_yield = "cdi"
cash_yield_annual = 0.1
"""
    with pytest.raises(InvalidConfiguration, match="cash_yield_annual"):
        parse_campaign(text, name="x.toml")


def test_a_timeframe_has_one_name_however_it_is_spelled() -> None:
    spelled = [
        parse(base=f'[campaign]\nname = "T"\ntimeframe = "{one}"\n[data]\nsource = "x"\n')
        for one in ("5m", "5min")
    ]
    assert [one.campaign.timeframe for one in spelled] == ["5m", "5m"]
    assert spelled[0].config_hash == spelled[1].config_hash
    with pytest.raises(InvalidConfiguration, match="15m"):
        parse(base='[campaign]\nname = "T"\ntimeframe = "2w"\n[data]\nsource = "x"\n')


def test_what_only_asks_the_data_is_beside_the_search() -> None:
    plain = parse()
    assert not {"universe", "max_age_days"} & set(plain.content["data"])
    asking = parse('universe = "sp500"\nmax_age_days = 40\n')
    assert asking.content["data"]["max_age_days"] == 40
    assert asking.config_hash != plain.config_hash
    assert asking.search_hash == plain.search_hash
    made = '[campaign]\nname = "x"\nmarket = "synthetic"\n[data]\nsource = "synthetic:null"\n'
    with pytest.raises(InvalidConfiguration, match="neither age nor members"):
        parse("max_age_days = 1\n", base=made)


@pytest.mark.parametrize("demo", DEMO_CAMPAIGNS, ids=lambda demo: demo.file_name)
def test_the_demo_campaigns_are_valid(demo) -> None:
    campaign = parse_campaign(demo.text, name=demo.file_name)
    assert campaign.campaign.name == demo.name
    assert campaign.campaign.market == demo.market


def test_the_demo_has_real_data_a_canary_and_a_planted_edge() -> None:
    by_file = {demo.file_name: demo for demo in DEMO_CAMPAIGNS}
    queued = [demo for demo in DEMO_CAMPAIGNS if demo.is_queued]
    assert len(queued) == 3
    assert queued[0].environment == "demo"
    assert by_file["canary.toml"].repeat
    assert str(PLANTED_DIAL) in by_file["planted_edge.toml"].name
    assert not by_file["test.toml"].is_queued
    sources = {demo.file_name: parse_campaign(demo.text, name="x").data.source for demo in queued}
    assert sources == {
        "us_large_caps.toml": "us-large-caps",
        "canary.toml": "synthetic:noise",
        "planted_edge.toml": "planted-edge",
    }
