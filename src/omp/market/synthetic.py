"""Truth-known markets: noise without any edge, and planted edges with a dial.

A market is a pure function of its recipe. Two recipes of one kind and seed share their noise, so
that only the dial or the drift differs between them.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import blake3
import numpy as np
from numpy.typing import NDArray

from omp.market.bars import Bars, Panel, make_panel
from omp.market.recipe import KINDS, NULL_KINDS, Recipe, parse_recipe
from omp.market.splits import boundary_index
from omp.market.synthetic_edges import (
    EDGES,
    NIGHT_SHARE,
    SIGMA,
    bar_drift,
    calibrated_gap,
    follow,
    normal_moves,
    positions,
    true_sharpe,
)
from omp.market.synthetic_paths import (
    bars_around,
    common_noise,
    fair_drift,
    garch,
    moves,
    regimes,
)
from omp.market.synthetic_rhythm import Rhythm, calendar, rhythm, shifting
from omp.market.synthetic_signals import edge_drifts, rule_of, signal_name, signals, states
from omp.market.synthetic_signs import turned_bars

CALIBRATION_BARS = {"1d": 2520, "1h": 6174}
Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Market:
    """A market and the truth about it.

    Args:
        panel: its bars, on the venue `synthetic`.
        recipe: what it was made from.
        truth: `kind, dial, dials, drift_sharpe, edge, strategy` (the true rule, or None),
            `position` (symbol → position of the true rule during each bar, by the
            execution model), `over_day` (symbol → whether it holds from open to close, so not
            on an open-exit bar), `drift` (symbol → true drift of each bar over the day),
            `night_drift` (symbol → that over the night before it, or None) and `true_sharpe` (of
            the true rule on the pool, annual). Of a market with signals also `rules` (the true
            ones) and `edge_drift` (symbol → what each edge adds to the drift, [K, T]).
    """

    panel: Panel
    recipe: Recipe
    truth: dict[str, Any]

    @property
    def provenance(self) -> dict[str, Any]:
        """The truth in words and numbers, for a manifest."""
        words = ("dial", "drift_sharpe", "edge", "strategy", "true_sharpe")
        return {"recipe": asdict(self.recipe)} | {name: self.truth[name] for name in words}

    def true_sharpe(self, position: NDArray[Any], over_day: NDArray[Any] | None = None) -> float:
        """Annual Sharpe of x that any long positions in this market are truly due, before costs.

        Args:
            position: 1 while long during a bar (entry, held and open-exit bars), [S, T].
            over_day: whether the move from open to close is held; by default every bar with a
                position but the last of each holding, which is taken as left at its open.
        """
        return self.due(np.stack(long_flags(position, over_day)))

    def due(self, flags: NDArray[Any], drift: Float | None = None) -> float:
        """Annual Sharpe of x that holding over night, over the day and at all is due, before costs.

        Args:
            flags: the three of `long_flags`, or shares between 0 and 1, [3, S, T].
            drift: over the day, [S, T], where only a part of the market's own shall count.
        """
        law: dict[str, Any] = {"rhythm": rhythm(self.recipe.timeframe, len(self.panel))}
        if drift is None:
            drift = np.stack([self.truth["drift"][name] for name in self.panel.symbols])
            night_drift = self.truth["night_drift"]
            if night_drift is not None:
                law["night_drift"] = np.stack([night_drift[one] for one in self.panel.symbols])
        night, day, held = flags
        return true_sharpe(night, day, held, drift, self.recipe.correlation, **law)


def long_flags(
    position: NDArray[Any], over_day: NDArray[Any] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Where long positions hold over night, over the day, and at all during a bar, [S, T] each.

    Args:
        position: as for `Market.true_sharpe`.
        over_day: as for `Market.true_sharpe`.
    """
    held = np.atleast_2d(np.asarray(position)) > 0
    if over_day is None:
        after = np.zeros_like(held)
        after[:, :-1] = held[:, 1:]
        day = held & after
        day[:, -1] = held[:, -1]
    else:
        day = np.atleast_2d(np.asarray(over_day)) > 0
    night = np.zeros_like(held)
    night[:, 1:] = day[:, :-1]
    return night, day, held


def generate(recipe: Recipe, base: Panel | None = None) -> Market:
    """Make the market of a recipe.

    Args:
        recipe: what to make.
        base: real data whose magnitudes `signs` keeps; by default the demo's.
    """
    return _MAKERS[recipe.kind](recipe, base)


def _rng(recipe: Recipe) -> np.random.Generator:
    word = int.from_bytes(blake3.blake3(recipe.kind.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([word, recipe.seed])))


def _level(recipe: Recipe, n_bars: int) -> float | Float:
    """The annual buy-and-hold Sharpe in force in each bar, drawn apart from the noise."""
    word = int.from_bytes(blake3.blake3(recipe.kind.encode()).digest()[:8], "little")
    rng = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([word, recipe.seed, 1])))
    a_year = rhythm(recipe.timeframe, n_bars).periods_per_year
    return shifting(rng, n_bars, recipe.drift_sharpe, recipe.shift_years * a_year)


def _split(session: float | Float, spread: Rhythm, shape: tuple[int, int]) -> tuple[Float, Float]:
    """A session's drift as that over the nights and over the days of its bars, [S, T] each."""
    parts = (np.asarray(session * one) for one in (spread.night_drift, spread.day_drift))
    night, day = (np.broadcast_to(one, shape) for one in parts)
    return night, day


def _market(
    recipe: Recipe,
    bars: tuple[Bars, ...],
    drift: Float,
    night_drift: Float | None = None,
    **truth: Any,
) -> Market:
    a_year = rhythm(recipe.timeframe, recipe.n_bars).periods_per_year
    panel = make_panel(bars, recipe.timeframe, "synthetic", a_year)
    gains = {} if night_drift is None else dict(zip(recipe.symbols, night_drift, strict=True))
    known = {
        "kind": recipe.kind,
        "dial": 0.0,
        "dials": [0.0] * len(bars),
        "drift_sharpe": recipe.drift_sharpe,
        "edge": None,
        "strategy": None,
        "true_sharpe": 0.0,
        "position": {one.symbol: np.zeros(len(one)) for one in bars},
        "over_day": {one.symbol: np.zeros(len(one), dtype=np.bool_) for one in bars},
        "drift": {one.symbol: drift[k] for k, one in enumerate(bars)},
        "night_drift": gains or None,
    }
    return Market(panel, recipe, known | truth)


def _noise(recipe: Recipe, _base: Panel | None) -> Market:
    """Noise of three sorts: a random walk, GARCH with heavy tails, or regimes of volatility."""
    rng = _rng(recipe)
    shape = (recipe.n_symbols, recipe.n_bars)
    night = common_noise(rng, shape, recipe.correlation)
    day = common_noise(rng, shape, recipe.correlation)
    spread = rhythm(recipe.timeframe, recipe.n_bars)
    scale = np.ones(shape)
    if recipe.kind == "garch":
        night, day, scale = garch(night, day, rng, spread)
    elif recipe.kind == "regime":
        scale = regimes(shape, rng)
    over_night, drift = _split(fair_drift(scale, _level(recipe, recipe.n_bars)), spread, shape)
    steps = moves(night, day, scale, drift, spread, over_night)
    times = calendar(recipe.timeframe, recipe.n_bars)
    bars = bars_around(recipe.symbols, times, *steps, scale, rng, spread)
    return _market(recipe, bars, drift, over_night if over_night.any() else None)


def _planted(recipe: Recipe, _base: Panel | None) -> Market:
    """A drift that follows a condition; in a dying market only up to the sealed window."""
    if recipe.n_signals:
        return _signalled(recipe, _base)
    rng = _rng(recipe)
    shape = (recipe.n_symbols, recipe.n_bars)
    names = tuple(EDGES)
    drawn = names[int(rng.integers(len(names)))]
    edge = EDGES[recipe.edge or drawn]
    night_noise = common_noise(rng, shape, recipe.correlation)
    day_noise = common_noise(rng, shape, recipe.correlation)
    dying = recipe.kind == "dying"
    last_bar = boundary_index(recipe.n_bars, recipe.sealed_fraction) if dying else recipe.n_bars
    timeframe = recipe.timeframe
    n_calibrated = CALIBRATION_BARS[timeframe]
    gap = np.array(
        [
            calibrated_gap(edge.name, float(dial), recipe.drift_sharpe, n_calibrated, timeframe)
            for dial in recipe.dials
        ]
    )
    spread = rhythm(timeframe, recipe.n_bars)
    over_night, base = _split(bar_drift(_level(recipe, recipe.n_bars)), spread, shape)
    night = normal_moves(night_noise, NIGHT_SHARE * spread.night) + np.log1p(over_night)
    day = normal_moves(day_noise, (1.0 - NIGHT_SHARE) * spread.day)
    drift, state = follow(edge, night, day, base, gap, last_bar, spread)
    flags = positions(state)
    scale = np.ones(shape)
    times = calendar(timeframe, recipe.n_bars)
    bars = bars_around(recipe.symbols, times, night, day + np.log1p(drift), scale, rng, spread)
    gained = over_night if over_night.any() else None
    return _market(
        recipe,
        bars,
        drift,
        gained,
        dial=recipe.dial,
        dials=recipe.dials.tolist(),
        edge=edge.name,
        strategy={"direction": "long"} | edge.strategy,
        position={one.symbol: flags[2][k].astype(np.float64) for k, one in enumerate(bars)},
        over_day={one.symbol: state[k] for k, one in enumerate(bars)},
        true_sharpe=true_sharpe(
            *flags, drift, recipe.correlation, rhythm=spread, night_drift=gained
        ),
    )


def _signalled(recipe: Recipe, _base: Panel | None) -> Market:
    """Several edges, each following a column of its own."""
    rng = _rng(recipe)
    shape = (recipe.n_symbols, recipe.n_bars)
    night = normal_moves(common_noise(rng, shape, recipe.correlation), NIGHT_SHARE)
    day = normal_moves(common_noise(rng, shape, recipe.correlation), 1.0 - NIGHT_SHARE)
    columns = signals(rng, (recipe.n_signals, *shape))
    added = edge_drifts(states(columns), recipe.dial)
    drift = bar_drift(_level(recipe, recipe.n_bars)) + added.sum(axis=0)
    plain = bars_around(
        recipe.symbols,
        calendar(recipe.timeframe, recipe.n_bars),
        night,
        day + np.log1p(drift),
        np.ones(shape),
        rng,
    )
    bars = tuple(
        replace(one, features={signal_name(k + 1): column[at] for k, column in enumerate(columns)})
        for at, one in enumerate(plain)
    )
    return _market(
        recipe,
        bars,
        drift,
        dial=recipe.dial,
        dials=recipe.dials.tolist(),
        edge="signals",
        true_sharpe=recipe.dial,
        rules=[rule_of(k + 1) for k in range(recipe.n_signals)],
        edge_drift={one.symbol: added[:, at] for at, one in enumerate(bars)},
    )


def _signs(recipe: Recipe, base: Panel | None) -> Market:
    """Real bars, each left as it is or turned round; the symbols are those of the real data."""
    real = _demo() if base is None else base
    named = replace(recipe, n_symbols=len(real.bars))
    level = _level(recipe, len(real))
    times = calendar(recipe.timeframe, len(real))
    bars, drift = turned_bars(real, named.symbols, times, level, _rng(recipe))
    return _market(named, bars, drift)


@cache
def _demo() -> Panel:
    from omp.market.demo import demo_panel

    return demo_panel()


_MAKERS: dict[str, Callable[[Recipe, Panel | None], Market]] = {
    "null": _noise,
    "garch": _noise,
    "regime": _noise,
    "signs": _signs,
    "planted": _planted,
    "dying": _planted,
}
__all__ = ["EDGES", "KINDS", "NULL_KINDS", "SIGMA", "Market", "Recipe", "generate", "parse_recipe"]
