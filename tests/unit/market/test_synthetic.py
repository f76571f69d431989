"""Truth-known markets: deterministic, lawful bars, no edge in noise, and a dial that is true."""

import numpy as np
import pytest

from omp.domain.errors import InvalidInput
from omp.market.bars import FIELDS, Bars, Panel
from omp.market.readiness import judge_panel
from omp.market.recipe import DRIFTS
from omp.market.synthetic import (
    EDGES,
    KINDS,
    NULL_KINDS,
    Market,
    Recipe,
    generate,
    parse_recipe,
)
from omp.market.venues import venue

ANNUAL = np.sqrt(252.0)


def excess_of_true_rule(market: Market) -> np.ndarray:
    """x of the planted rule without costs, straight from the bars, pooled."""
    pool = []
    for bars in market.panel.bars:
        day = market.truth["over_day"][bars.symbol]
        night = np.concatenate([[False], day[:-1]])
        before = np.concatenate([[bars.open[0]], bars.close[:-1]])
        r = bars.close / before - 1.0
        intraday, overnight = bars.close / bars.open - 1.0, bars.open / before - 1.0
        held = np.where(day & night, r, np.where(day, intraday, np.where(night, overnight, 0.0)))
        position = market.truth["position"][bars.symbol]
        assert (position == (day | night)).all()
        pool.append(held - position.mean() * r)
    return np.mean(pool, axis=0)


def sharpe(x: np.ndarray) -> float:
    return float(x.mean() / x.std(ddof=1) * ANNUAL)


def hold(bars: Bars) -> np.ndarray:
    return np.diff(bars.close) / bars.close[:-1]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_recipe_gives_the_same_market_and_another_seed_another_one(kind, made) -> None:
    base = made(n_bars=900)

    def values(seed: int) -> list[np.ndarray]:
        panel = generate(Recipe(kind, seed, n_bars=900), base).panel
        return [getattr(panel.bars[0], field) for field in FIELDS]

    first, again, other = values(3), values(3), values(4)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not (first[3] == other[3]).all()


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_ready_for_mining(kind, made) -> None:
    base = made(("AAA", "BBB"))
    market = generate(Recipe(kind, 5, n_symbols=2, drift_sharpe=0.8, n_bars=1000), base)
    certificate = judge_panel(market.panel, venue("synthetic"))
    assert certificate.faults == ()
    assert certificate.ready is True


def test_ranges_are_those_of_a_market() -> None:
    bars = generate(Recipe("null", 1)).panel.bars[0]
    spread = np.log(bars.high / bars.low)
    assert 1.2 < spread.mean() / hold(bars).std() < 1.6
    gaps = np.log(bars.open[1:] / bars.close[:-1])
    assert 0.2 < gaps.var() / hold(bars).var() < 0.3
    assert np.corrcoef(np.log(spread), np.log(bars.volume))[0, 1] > 0.5


@pytest.mark.parametrize("kind", ["null", "garch", "regime"])
@pytest.mark.parametrize("drift", [0.0, 0.4, 0.8])
def test_noise_has_the_drift_it_was_asked_for(kind: str, drift: float) -> None:
    found = [
        sharpe(hold(generate(Recipe(kind, seed, drift_sharpe=drift)).panel.bars[0]))
        for seed in range(40)
    ]
    error = 1 / np.sqrt(10 * 40)
    assert abs(np.mean(found) - drift) < 4 * error


def test_sign_randomised_data_keep_their_magnitudes_and_take_the_drift(made) -> None:
    base = made(("AAA", "BBB"), n_bars=2520)
    turned = generate(Recipe("signs", 1), base).panel
    for real, new in zip(base.bars, turned.bars, strict=True):
        assert np.allclose(abs(np.diff(np.log(real.close))), abs(np.diff(np.log(new.close))))
        width = np.log(real.high / real.low)
        assert np.allclose(width, np.log(new.high / new.low))
        assert (np.sign(np.diff(real.close)) != np.sign(np.diff(new.close))).mean() > 0.4
    pools = []
    for seed in range(60):
        panel = generate(Recipe("signs", seed, drift_sharpe=0.8), base).panel
        pools.append(sharpe(np.mean([hold(one) for one in panel.bars], axis=0)))
    assert abs(np.mean(pools) - 0.8) < 0.2


def test_volatility_clusters_where_it_should_and_nowhere_else() -> None:
    def clustering(kind: str) -> float:
        found = []
        for seed in range(20):
            size = np.abs(hold(generate(Recipe(kind, seed)).panel.bars[0]))
            found.append(np.corrcoef(size[1:], size[:-1])[0, 1])
        return float(np.mean(found))

    assert clustering("null") < 0.02
    assert clustering("garch") > 0.05
    assert clustering("regime") > 0.05


@pytest.mark.parametrize("kind", [kind for kind in NULL_KINDS if kind != "signs"])
def test_no_timing_rule_has_alpha_in_noise_with_drift(kind: str) -> None:
    """Long after calm days, the rule that a constant drift would pay for."""
    alphas = []
    for seed in range(150):
        r = hold(generate(Recipe(kind, seed, drift_sharpe=0.8)).panel.bars[0])
        calm = np.concatenate([[False], np.abs(r[:-1]) < np.median(np.abs(r))])
        slope = np.cov(calm * r, r)[0, 1] / r.var(ddof=1)
        alphas.append((calm * r).mean() - slope * r.mean())
    t = np.mean(alphas) / (np.std(alphas, ddof=1) / np.sqrt(len(alphas)))
    assert abs(t) < 3.0


@pytest.mark.parametrize("drift", [0.0, 0.8])
@pytest.mark.parametrize("dial", [1.0, 2.0])
def test_the_realised_excess_sharpe_averages_the_dial(dial: float, drift: float) -> None:
    found = np.array(
        [
            sharpe(
                excess_of_true_rule(
                    generate(Recipe("planted", seed, dial=dial, drift_sharpe=drift, edge=name))
                )
            )
            for name in ("trend-distance-20", "trend-rsi-14", "turn-roc-20")
            for seed in range(25)
        ]
    )
    error = found.std(ddof=1) / np.sqrt(found.size)
    assert error < 0.06
    assert abs(found.mean() - dial) < 3.5 * error


@pytest.mark.parametrize("name", list(EDGES))
def test_each_planted_edge_is_calibrated_to_its_dial(name: str) -> None:
    known = [generate(Recipe("planted", s, edge=name)).truth["true_sharpe"] for s in range(6)]
    assert abs(np.mean(known) - 1.5) < 0.05


def test_a_market_without_a_dial_has_no_edge() -> None:
    market = generate(Recipe("planted", 1, dial=0.0, drift_sharpe=0.4))
    assert abs(market.truth["true_sharpe"]) < 0.1


def test_a_dying_edge_lives_to_the_boundary_and_not_beyond() -> None:
    cut = 2520 - 756
    early, late = [], []
    for seed in range(30):
        x = excess_of_true_rule(generate(Recipe("dying", seed, dial=2.0)))
        early.append(sharpe(x[:cut]))
        late.append(sharpe(x[cut:]))
    assert 1.7 < np.mean(early) < 2.3
    assert abs(np.mean(late)) < 0.4
    drift = next(iter(generate(Recipe("dying", 1)).truth["drift"].values()))
    assert np.unique(drift[:cut]).size > 1
    assert np.unique(drift[cut:]).size == 1


def test_pooling_raises_the_sharpe_and_unequal_edges_fall_to_none() -> None:
    equal = generate(Recipe("planted", 1, n_symbols=5)).truth
    assert equal["true_sharpe"] > 1.5 * 1.7
    unequal = generate(Recipe("planted", 1, n_symbols=5, edges="unequal", edge="trend-roc-20"))
    assert unequal.truth["dials"] == [3.0, 2.25, 1.5, 0.75, 0.0]
    per_symbol = unequal.truth["drift"]
    assert np.unique(per_symbol["PLANTED-000001-" + unequal.recipe.mark + "-005"]).size == 1


def test_symbols_of_a_pool_are_correlated_as_asked() -> None:
    panel = generate(Recipe("null", 1, n_symbols=4, correlation=0.5)).panel
    matrix = np.corrcoef([hold(one) for one in panel.bars])
    assert abs(matrix[np.triu_indices(4, 1)].mean() - 0.5) < 0.05


def test_the_true_sharpe_of_any_positions_is_known() -> None:
    market = generate(Recipe("planted", 2, dial=2.0))
    (symbol,) = market.panel.symbols
    truth = market.truth
    own = market.true_sharpe(truth["position"][symbol], truth["over_day"][symbol])
    assert own == pytest.approx(truth["true_sharpe"])
    assert abs(market.true_sharpe(np.ones(2520))) < 1e-9
    assert market.true_sharpe(np.zeros(2520)) == 0.0
    coin = np.repeat(np.random.default_rng(0).integers(0, 2, 252), 10)
    assert abs(market.true_sharpe(coin)) < 0.5
    assert market.true_sharpe(~truth["over_day"][symbol]) < -1.0


def test_planted_states_are_those_of_the_indicator_the_engine_computes() -> None:
    talib = pytest.importorskip("talib")
    compute = {
        "roc": talib.ROC,
        "distance": lambda close, n: close / talib.SMA(close, n) - 1.0,
        "rsi": talib.RSI,
    }
    for name, edge in EDGES.items():
        market = generate(Recipe("planted", 4, edge=name))
        (bars,) = market.panel.bars
        value = compute[edge.indicator](bars.close, edge.length)
        signal = value > edge.level if edge.op == ">" else value < edge.level
        expected = np.concatenate([[False], signal[:-1]])
        assert (market.truth["over_day"][bars.symbol] == expected).all(), name


def test_planted_edges_lie_on_the_grids_a_search_draws_from() -> None:
    from omp.domain.indicators import INDICATORS

    for edge in EDGES.values():
        known = INDICATORS[edge.indicator]
        assert edge.level in known.levels
        assert edge.length in known.parameters[0].grid


def test_names_carry_kind_and_seed_and_differ_with_every_parameter() -> None:
    assert Recipe("null", 17).symbols == ("NULL-000017",)
    names = {
        Recipe("planted", 17).name,
        Recipe("planted", 17, dial=2.0).name,
        Recipe("planted", 17, drift_sharpe=0.4).name,
        Recipe("dying", 17).name,
        Recipe("planted", 18).name,
    }
    assert len(names) == 5
    assert all(name.startswith(("PLANTED-0000", "DYING-000017")) for name in names)


def test_noise_takes_every_kind_with_every_drift_in_turn() -> None:
    recipes = [parse_recipe("noise", seed) for seed in range(12)]
    pairs = {(one.kind, one.drift_sharpe) for one in recipes}
    assert pairs == {(kind, drift) for kind in NULL_KINDS for drift in DRIFTS}
    assert parse_recipe("noise", 17) == Recipe("garch", 17, drift_sharpe=0.4)
    assert parse_recipe("noise,drift_sharpe=0.1,n_symbols=2", 8).drift_sharpe == 0.1


def test_the_short_form_of_a_recipe() -> None:
    assert parse_recipe("null", 3) == Recipe("null", 3)
    wide = parse_recipe("planted,dial=2.0, n_symbols=5,edges=unequal", 3)
    assert wide == Recipe("planted", 3, dial=2.0, n_symbols=5, edges="unequal")
    for text in ("nonsense", "planted,dial", "planted,dial=x", "planted,colour=1", "null,n_bars=5"):
        with pytest.raises(InvalidInput):
            parse_recipe(text, 1)


def test_markets_of_any_length_end_in_the_past() -> None:
    panel: Panel = generate(Recipe("null", 1, n_bars=10_000)).panel
    assert len(panel) == 10_000
    assert panel.timestamp[-1] < np.datetime64("2024-01-01", "ns").astype(np.int64)
