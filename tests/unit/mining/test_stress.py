"""What the scenarios of the stress suite ask; `test_stress_alone` fails each of them by itself.

The markets are made by hand. Signals are written in the volume (a spike opens, a dip closes), so
that prices are free to reward or punish whatever a scenario is about. A cycle has ten bars: the
signal on bar 0, the position on bars 1 to 5, out at the open of bar 6. Paid are bars 2 to 6, so
that one bar of delay loses nothing.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from omp.engine.fills import Costs
from omp.engine.genome import Genome, Operand, Stops, condition, genome, rule
from omp.market.bars import Bars, make_panel
from omp.mining.bench import Bench, Subject
from omp.mining.stress import SUITE, regime_masks, run_suite

CYCLE, CYCLES, WARMUP = 10, 150, 60
PAID = (0, 0, 1, 1, 1, 1, 1, 0, 0, 0)
DAY = 86_400_000_000_000


@dataclass(frozen=True)
class World:
    """What a market pays: bps per paid bar, by cycle, and its noise, by cycle."""

    paid_bps: np.ndarray
    noise_bps: np.ndarray
    shape: tuple[float, ...] = PAID
    cost_bps: float = 1.0
    spike: float = 6.0
    dip: float = 0.05


def calm(**changed: object) -> World:
    """A kind world: every scenario is passed."""
    made = World(np.full(CYCLES, 60.0), np.full(CYCLES, 10.0))
    return replace(made, **changed)  # type: ignore[arg-type]


def bars(world: World, name: str, seed: int = 1) -> Bars:
    n_bars = WARMUP + CYCLE * CYCLES
    rng = np.random.default_rng(seed)
    shape = np.array(world.shape, dtype=np.float64)
    given_back = np.where(shape == 0.0, -shape.sum() / (shape == 0.0).sum(), 0.0)
    change = np.outer(world.paid_bps, shape + given_back)
    change += world.noise_bps[:, None] * rng.standard_normal((CYCLES, CYCLE))
    close = 100.0 * np.exp(np.cumsum(np.r_[np.zeros(WARMUP), change.ravel() / 1e4]))
    open_ = np.r_[100.0, close[:-1]]
    volume = np.ones(n_bars)
    volume[WARMUP::CYCLE] = world.spike
    volume[WARMUP + 5 :: CYCLE] = world.dip
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    return Bars(name, np.arange(n_bars) * DAY, open_, high, low, close, volume)


def volume_rule(stops: Stops | None = None) -> Genome:
    volume = Operand.of("relative_volume", length=20)
    leave = [] if stops else [condition(volume, "<", 0.5)]
    return genome(
        "long", rule("all", [condition(volume, ">", 2.0)]), rule("any", leave), stops or Stops()
    )


def failed(*worlds: World, strategy: Genome | None = None) -> set[str]:
    """Names of the scenarios that are not passed."""
    panel = make_panel(
        [bars(one, f"S{at}", at + 1) for at, one in enumerate(worlds)], "1d", "us", 252.0
    )
    bench = Bench(panel, slice(WARMUP, len(panel)), Costs(worlds[0].cost_bps, 0.0))
    subject = Subject(((strategy or volume_rule(), 1.0),), "7f" * 32)
    return {one.scenario for one in run_suite(bench, subject) if one.passed is False}


def thirds(bad: int) -> np.ndarray:
    """Paid 60 bps a bar, but in one third of the cycles as much is taken."""
    paid = np.full(CYCLES, 60.0)
    paid[CYCLES * bad // 3 : CYCLES * (bad + 1) // 3] = -60.0
    return paid


def regimes(bad: int) -> World:
    """Noise that changes every ten cycles; at one of its three levels money is taken."""
    level = np.arange(CYCLES) // 10 % 3
    noise = np.array([10.0, 80.0, 160.0])[level]
    paid = np.where(level == bad, -80.0, 90.0)
    return World(paid, noise)


def test_a_kind_world_is_passed() -> None:
    assert failed(calm(), calm()) == set()


def test_a_universe_of_one_cannot_be_asked_about_other_symbols() -> None:
    panel = make_panel([bars(calm(), "S0")], "1d", "us", 252.0)
    bench = Bench(panel, slice(WARMUP, len(panel)), Costs(1.0, 0.0))
    found = run_suite(bench, Subject(((volume_rule(), 1.0),), "7f" * 32))
    assert [one.passed for one in found if one.scenario == "other_symbols"] == [None]


def test_the_regimes_part_the_bars_by_what_was_known_before() -> None:
    rng = np.random.default_rng(2)
    market = rng.standard_normal(600) * np.repeat([0.01, 0.03, 0.1], 200)
    masks = regime_masks(market)
    assert sum(int(one.sum()) for one in masks) == 600 - 21
    assert not (masks[0] & masks[1]).any()
    changed = market.copy()
    changed[500:] *= 9.0
    again = regime_masks(changed)
    assert (again[2][:200] == masks[2][:200]).all() or (again[0][:200] >= masks[0][:200]).all()


@pytest.mark.parametrize(
    ("around", "passed"),
    [([0.1, 0.1, -0.2], True), ([0.1, -0.1, -0.2], False), ([None, None, 0.3], False)],
)
def test_parameters_one_step_aside(
    around: list[float | None], passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bench, "neighbour_sharpes", lambda *_: around)
    assert ("parameter_step" in failed(calm())) is not passed


def test_every_scenario_has_its_own_name() -> None:
    assert len({one.name for one in SUITE}) == len(SUITE)
    assert all(one.version >= 1 and one.about for one in SUITE)
