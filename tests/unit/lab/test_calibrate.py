"""`omp calibrate`: its result, its determinism, noise refused, a strong edge promoted."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omp.config.campaign_file import parse_campaign
from omp.config.settings import parse_settings
from omp.domain.errors import DataNotReady, InvalidInput, NotFound
from omp.gates.panel import judge
from omp.lab.calibrate import calibrate
from omp.lab.figures import rate
from omp.lab.market_ledger import MarketLedger
from omp.lab.one_market import Task, run_task
from omp.lab.page import page
from omp.lab.part import Part
from omp.lab.poisons import POISONS, Poison
from omp.lab.screen import Screen
from omp.lab.worlds import World, open_world, own_worlds
from omp.market.synthetic import Recipe, generate
from omp.mining.plan import make_plan
from omp.mining.run_evidence import Provenance
from omp.mining.search import search
from omp.mining.stage_b import judge as judge_run
from omp.ops.ensemble import choose, may_be_offered, selection_of

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Result = dict[str, Any]
CAMPAIGN = """\
[campaign]
name = "small"
market = "synthetic"

[data]
source = "synthetic:null"

[search]
population = 100
generations = 1
seeds = { first = 1, step = 1 }

[strategy]
direction = "long"
max_conditions = 2
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibration")
    (folder / "small.toml").write_text(CAMPAIGN, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def measured(room: Path) -> Result:
    """Three nulls, a drift each, and two strong edges, two campaigns on each."""
    calibrate(
        json_path=room / "one.json",
        null=3,
        planted=2,
        dial=4.0,
        campaigns=2,
        campaign=room / "small.toml",
        out_dir=room / "one",
        page=room / "one.md",
    )
    found: Result = json.loads((room / "one.json").read_bytes())
    return found


def test_the_result_has_the_shape_of_the_contract(measured: Result) -> None:
    assert {"schema_version", "config_hash", "markets", "totals"} <= set(measured)
    assert len(measured["config_hash"]) == 64
    assert len(measured["markets"]) == 5
    for market in measured["markets"]:
        assert {"market", "campaigns", "promoted"} <= set(market)
        assert [one["seed"] for one in market["campaigns"]] == [1, 2]
        assert market["promoted"] == sum(len(one["promoted"]) for one in market["campaigns"])
        assert market["trials"] == sum(one["trials"] for one in market["campaigns"])
        for one in market["campaigns"]:
            assert {"seed", "trials", "verdict", "first_failed_gate", "promoted"} <= set(one)
            assert one["trials"] > 500
            assert (one["verdict"] == "promoted") == bool(one["promoted"])
            assert (one["first_failed_gate"] is None) == bool(one["promoted"])


def test_noise_is_refused_and_a_strong_edge_is_promoted(measured: Result) -> None:
    nulls = [one for one in measured["markets"] if one["group"] == "null"]
    planted = [one for one in measured["markets"] if one["group"] == "planted"]
    assert [one["truth"]["drift_sharpe"] for one in nulls] == [0.0, 0.4, 0.8]
    assert sum(one["promoted"] for one in nulls) == 0
    assert all(one["first_failed_gate"] for null in nulls for one in null["campaigns"])
    assert any(one["promoted"] for one in planted)


def test_a_promotion_names_its_strategy_its_positions_and_its_truth(
    measured: Result, room: Path
) -> None:
    market = next(one for one in measured["markets"] if one["promoted"])
    promoted = next(one for each in market["campaigns"] for one in each["promoted"])
    assert promoted["candidate_id"].startswith("ens_")
    members = promoted["strategy"]["member"]
    assert 1 <= len(members) <= 10
    assert promoted["true_sharpe"] > 0.5 * market["truth"]["dial"]
    rows = list(csv.DictReader((room / "one" / promoted["positions"]).open(encoding="utf-8")))
    assert len(rows) == market["truth"]["n_bars"]
    assert {row["symbol"] for row in rows} == {market["market"]}
    held = [float(row["position"]) for row in rows]
    assert 0.0 <= min(held) < max(held) <= 1.0 + 1e-12


def test_the_second_look_at_a_market_asks_for_more(measured: Result) -> None:
    for market in measured["markets"]:
        levels = [
            one["figures"]["look_level"]
            for one in market["campaigns"]
            if one["figures"]["look_level"] is not None
        ]
        assert levels == sorted(levels, reverse=True)
        assert len(set(levels)) == len(levels) == market["looks"]


def test_totals_reconcile(measured: Result) -> None:
    counted, markets = measured["totals"], measured["markets"]
    assert counted["campaigns"] == sum(len(one["campaigns"]) for one in markets)
    assert counted["promotions"] == sum(one["promoted"] for one in markets)
    assert counted["null"]["contaminated"]["n"] == 3
    assert counted["null"]["contaminated"]["upper"] == pytest.approx(0.7076, abs=1e-4)
    for row in counted["funnel"]:
        assert sum(row["stopped_at"].values()) == row["campaigns"]


def test_the_page_shows_every_figure(measured: Result, room: Path) -> None:
    text = (room / "one.md").read_text(encoding="utf-8")
    assert measured["config_hash"][:16] in text
    for row in measured["totals"]["funnel"]:
        assert f"| {row['group']} | {row['campaigns']} |" in text
    (power,) = measured["totals"]["power"]
    for each, found in ((1, power["found_by_first_campaign"]), (2, power["found"])):
        assert f"| 1 | 4 | 0 | – | {each} | {found['hits']} of 2 |" in text
    assert "| 2 | all | 0 of 3 |" in text


@pytest.mark.parametrize(
    ("hits", "told"),
    [
        (
            3,
            (
                "| noise, 100 campaigns each "
                "| 3 of 124, 0.024 | 0.005 – 0.069 | at most 3 of 124 | met |"
            ),
        ),
        (4, "| 4 of 124, 0.032 | 0.009 – 0.081 | at most 3 of 124 | missed |"),
        (12, "| 12 of 124, 0.097 | 0.051 – 0.163 | at most 3 of 124 | missed, beyond chance |"),
    ],
)
def test_many_campaigns_have_a_bar_of_their_own(measured: Result, hits: int, told: str) -> None:
    many = json.loads(json.dumps(measured))
    for market in many["markets"]:
        market["campaigns"] = market["campaigns"][:1] * 100
    many["totals"]["null"]["contaminated"] = rate(hits, 124)
    text = page([many])
    assert "The bar of 100 campaigns each: at most 3 of 124, a rate of 0.0242." in text
    assert told in text.partition("## Held against")[2]


def test_two_processes_give_the_same_answer(measured: Result, room: Path) -> None:
    calibrate(
        json_path=room / "two.json",
        null=3,
        planted=2,
        dial=4.0,
        campaigns=2,
        campaign=room / "small.toml",
        out_dir=room / "two",
        workers=2,
    )
    again = json.loads((room / "two.json").read_bytes())
    for name in ("schema_version", "config_hash", "markets", "totals"):
        assert again[name] == measured[name]
    names = sorted(one.name for one in (room / "one").iterdir())
    assert names == sorted(one.name for one in (room / "two").iterdir())
    for name in names:
        assert (room / "one" / name).read_bytes() == (room / "two" / name).read_bytes()


def _write(path: Path, seed: int, **changes: Any) -> None:
    bars = generate(Recipe("null", seed, n_bars=900)).panel.bars[0]
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(bars.timestamp).cast(pl.Datetime("ns")).dt.date(),
            "symbol": ["X"] * len(bars),
            **{name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")},
        }
    )
    for name, value in changes.items():
        column = frame[name].to_list()
        column[500] = value
        frame = frame.with_columns(pl.Series(name, column, dtype=frame[name].dtype))
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)


def test_market_files_are_judged_and_poisoned_ones_refused(room: Path) -> None:
    folder = room / "files"
    folder.mkdir()
    _write(folder / "good.csv", 1)
    _write(folder / "same.parquet", 1)
    _write(folder / "poison.csv", 2, high=0.001)
    calibrate(json_path=room / "files.json", markets=folder, campaign=room / "small.toml")
    markets = {
        one["market"]: one for one in json.loads((room / "files.json").read_bytes())["markets"]
    }
    poisoned = markets["poison"]["campaigns"][0]
    assert (poisoned["verdict"], poisoned["first_failed_gate"]) == ("refused", "data")
    assert poisoned["trials"] == markets["poison"]["promoted"] == 0
    assert "ohlc" in " ".join(markets["poison"]["faults"])
    assert markets["good"]["campaigns"] == markets["same"]["campaigns"]
    assert markets["good"]["trials"] > 500
    assert markets["good"]["faults"] == []


def test_no_market_no_folder_and_no_file_are_refused(room: Path) -> None:
    with pytest.raises(InvalidInput, match="0 markets"):
        calibrate(json_path=room / "none.json")
    with pytest.raises(NotFound, match="no folder"):
        calibrate(json_path=room / "none.json", markets=room / "absent")
    (room / "empty").mkdir()
    with pytest.raises(InvalidInput, match="market files"):
        calibrate(json_path=room / "none.json", markets=room / "empty")
    assert not (room / "none.json").exists()


def test_markets_of_our_own_take_drifts_and_kinds_in_turn() -> None:
    made = own_worlds(
        null=12, planted=2, dials=(1.0, 2.0), drifts=(0.0, 0.4, 0.8), n_symbols=1, first_seed=7
    )
    recipes = [one.recipe for one in made if one.recipe is not None]
    assert len({one.name for one in made}) == len(made) == 16
    assert {one.kind for one in recipes[:12]} == {"null", "garch", "regime", "signs"}
    assert [one.drift_sharpe for one in recipes[:4]] == [0.0, 0.4, 0.8, 0.0]
    assert [one.dial for one in made[12:]] == [1.0, 1.0, 2.0, 2.0]


def test_a_ground_is_cut_at_its_boundary() -> None:
    recipe = Recipe("null", 3, n_bars=1000)
    ground = open_world(World(recipe.name, "null", recipe), parse_settings("").settings.holdout)
    assert (len(ground.mining), len(ground.sealed)) == (700, 300)
    assert int(ground.mining.timestamp[-1]) < ground.boundary_ns
    assert int(ground.sealed.timestamp[0]) == ground.boundary_ns


def test_the_lazy_screen_offers_what_the_whole_one_offers() -> None:
    """What stage B and the first panel find of all the exported, as a run child does it."""
    recipe = Recipe("planted", 0, dial=4.0)
    settings = parse_settings("").settings
    ground = open_world(World(recipe.name, "planted", recipe), settings.holdout)
    campaign = parse_campaign(CAMPAIGN, name="small")
    plan = make_plan(campaign, ground.mining, boundary_ns=ground.boundary_ns, seed=1)
    result = search(plan)
    words = Provenance(
        *("run_x", "synthetic", "small", "c", ground.data_digest, ground.lineage, 1),
        *("0.1", "sha", "lock"),
    )
    charged = MarketLedger().charge(result.counts.distinct)
    lazy = Screen(result, settings, charged, words)
    whole = judge_run(result, words).evidence
    best = selection_of(whole, whole.candidates[0], settings.holdout)
    passing = {
        one.candidate_id
        for one in whole.candidates
        if may_be_offered(
            judge(replace(lazy.case(one), run=whole, selection=best), 1), best, settings.holdout
        )
    }
    offered = choose(whole, passing, settings.holdout)
    assert len(offered.members) > 1
    assert choose(lazy.evidence, lazy, settings.holdout) == offered
    assert lazy.evidence.champion == whole.champion
    assert lazy.evidence.pbo == whole.pbo
    assert lazy.evidence.variance == whole.variance
    assert lazy.champion is not None
    assert lazy.whole(lazy.champion) == whole.candidate(lazy.champion.candidate_id)


def test_every_poison_is_named_and_nothing_is_mined_from_it(room: Path) -> None:
    document = calibrate(
        json_path=room / "poisoned.json",
        poisoned=len(POISONS),
        campaign=room / "small.toml",
        page=room / "poisoned.md",
        workers=2,
    )
    counted = document["totals"]["poisoned"]
    assert counted["unnamed"] == []
    assert counted["named"]["hits"] == len(POISONS)
    assert [one["trials"] for one in document["markets"]] == [0] * len(POISONS)
    told = (room / "poisoned.md").read_text(encoding="utf-8")
    assert f"{len(POISONS)} of {len(POISONS)} planted faults were named" in told


@pytest.mark.parametrize("poison", POISONS, ids=lambda one: one.name)
def test_a_poison_is_the_only_fault_of_its_market(poison: Poison) -> None:
    recipe = Recipe("null", 1)
    healthy = World("healthy", "null", recipe)
    open_world(healthy, parse_settings("").settings.holdout)
    with pytest.raises(DataNotReady) as caught:
        open_world(
            World("poisoned", "poisoned", recipe, poison=poison),
            parse_settings("").settings.holdout,
        )
    assert poison.rule in {str(one).partition(":")[0] for one in caught.value.faults}


def test_dying_edges_and_unequal_ones_are_groups_of_their_own(room: Path) -> None:
    document = calibrate(
        json_path=room / "dying.json",
        dying=1,
        planted=1,
        symbols=2,
        edges="unequal",
        dial=2.0,
        campaign=room / "small.toml",
        page=room / "dying.md",
    )
    groups = [one["group"] for one in document["totals"]["funnel"]]
    assert groups == [
        "dying, dial 2, drift 0, 2 symbols, unequal edges",
        "planted, dial 2, drift 0, 2 symbols, unequal edges",
    ]
    assert document["totals"]["dying"][0]["contaminated"]["n"] == 1
    assert "## Edges that die" in (room / "dying.md").read_text(encoding="utf-8")


def test_dying_edges_stand_against_the_bar_of_what_is_offered(room: Path) -> None:
    (room / "champion.toml").write_text('[holdout]\nsubject = "champion"\n')
    document = calibrate(
        json_path=room / "dying.json",
        dying=1,
        dial=2.0,
        campaign=room / "small.toml",
        config=room / "champion.toml",
    )
    (one,) = document["totals"]["dying"]
    one["contaminated"] = rate(2, 50)
    text = page([document])
    assert "| 1 | 2 | champion | 2 of 50 |" in text
    assert "| dying edges, symbols 1, dial 2, champion | 2 of 50, 0.040 |" in text
    assert "| at most 0.03 | missed |" in text
    del document["subject"]
    assert "| at most 0.05 | met |" in page([document])


def test_what_was_measured_is_kept_when_it_ends_early(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def run_then_fail(task: Task) -> tuple[dict[str, Any], float]:
        if len(done) == 2:
            raise MemoryError
        done.append(task.world.name)
        return run_task(task)

    monkeypatch.setattr("omp.lab.calibrate.run_task", run_then_fail)
    with pytest.raises(MemoryError):
        calibrate(json_path=room / "early.json", poisoned=4, campaign=room / "small.toml")
    assert not (room / "early.json").exists()
    head, *lines = (room / "early.json.part").read_bytes().splitlines()
    assert json.loads(head)["markets"] == 4
    assert [json.loads(one)["record"]["market"] for one in lines] == done
    with pytest.raises(InvalidInput, match="another calibration"):
        calibrate(json_path=room / "early.json", poisoned=3, campaign=room / "small.toml")
    monkeypatch.setattr("omp.lab.calibrate.run_task", run_task)
    (room / "early.json.part").write_bytes(b"\n".join([head, *lines, b'{"record": {"mark']))
    again = calibrate(json_path=room / "early.json", poisoned=4, campaign=room / "small.toml")
    whole = calibrate(json_path=room / "whole.json", poisoned=4, campaign=room / "small.toml")
    assert again["markets"] == whole["markets"]
    assert again["machine"]["markets_before"] == 2
    assert not (room / "early.json.part").exists()


def test_a_calibration_that_may_not_go_on_says_how_far_it_came(room: Path) -> None:
    asked: Result = {"poisoned": 3, "campaign": room / "small.toml"}
    first = calibrate(
        json_path=room / "short.json", **asked, stop_after_s=0.0, page=room / "short.md"
    )
    assert (len(first["markets"]), first["markets_asked"]) == (1, 3)
    assert "1 of 3 markets" in (room / "short.md").read_text(encoding="utf-8")
    rest = calibrate(json_path=room / "short.json", **asked)
    assert len(rest["markets"]) == rest["totals"]["markets"] == 3
    assert not (room / "short.json.part").exists()


def test_measuring_the_champion_alone_changes_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PBO refuses a run, no other candidate needs to be measured."""
    settings = parse_settings("").settings
    campaign = parse_campaign(CAMPAIGN, name="small")
    words = dict.fromkeys(("config_hash", "engine_version", "git_sha", "lock_digest"), "x")
    nulls = own_worlds(
        null=4, planted=2, dials=(1.5,), drifts=(0.0, 0.8), n_symbols=1, first_seed=40
    )
    tasks = [Task(one, campaign, settings, (1, 2), None, words) for one in nulls]
    short = [run_task(one)[0] for one in tasks]
    stopped = {each["first_failed_gate"] for one in short for each in one["campaigns"]}
    assert "pbo" in stopped
    assert len(stopped) > 1
    early = [run_task(replace(one, stop_refused=True))[0] for one in tasks]
    assert sum(one["trials"] for one in early) < sum(one["trials"] for one in short)
    for one, other in zip(early, short, strict=True):
        for each, full in zip(one["campaigns"], other["campaigns"], strict=True):
            assert each["first_failed_gate"] == full["first_failed_gate"]
            assert each["promoted"] == full["promoted"]
            assert each["figures"]["pbo"] == full["figures"]["pbo"]
            if full["first_failed_gate"] != "pbo":
                assert each == full
    monkeypatch.setattr("omp.lab.screen.leading", lambda _result: None)
    assert [run_task(one)[0] for one in tasks] == short


def test_a_whole_result_leaves_no_part(measured: Result, room: Path) -> None:
    assert measured["markets"]
    assert not (room / "one.json.part").exists()


def test_two_calibrations_do_not_write_one_result(tmp_path: Path) -> None:
    first, second = (Part(tmp_path / "one.json", {"markets": n}, ["NULL-1"]) for n in (1, 2))
    with first.alone():
        assert first.resume() == []
        with pytest.raises(InvalidInput, match="is writing"), second.alone():
            pass
        first.remove()
    with second.alone():
        assert second.resume() == []
