"""Truth-known markets: noise without any edge, and planted edges with a dial.

A market is a pure function of its recipe. Two recipes of one kind and seed share their noise, so
that only the dial or the drift differs between them.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import date
from functools import cache
from typing import Any

import blake3
import numpy as np
import rfc8785
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.market.bars import Bars, Panel, make_panel
from omp.market.splits import boundary_index
from omp.market.synthetic_edges import (
    EDGES,
    NIGHT_SHARE,
    PERIODS_PER_YEAR,
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
from omp.market.venues.synthetic import SESSIONS_PER_YEAR, sessions

LAST_YEAR = 2023
DEFAULT_DIAL = 1.5
EDGE_SHAPES = ("equal", "unequal")
Float = NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """All that determines a synthetic market.

    Args:
        kind: one of `KINDS`.
        seed: which market of its kind.
        n_bars: daily bars, 252 a year.
        n_symbols: symbols of the universe.
        drift_sharpe: annual buy-and-hold Sharpe.
        dial: true annual Sharpe of the planted rule's excess return, per symbol, before costs.
        edges: `equal`, or `unequal`: dials fall evenly from twice the dial to none.
        edge: name of the planted condition (see `EDGES`); empty lets the seed choose.
        correlation: of the noise between any two symbols.
        sealed_fraction: where a dying edge dies.

    Raises:
        InvalidInput: when a value is not usable.
    """

    kind: str
    seed: int
    n_bars: int = 2520
    n_symbols: int = 1
    drift_sharpe: float = 0.0
    dial: float = DEFAULT_DIAL
    edges: str = "equal"
    edge: str = ""
    correlation: float = 0.3
    sealed_fraction: float = 0.3

    def __post_init__(self) -> None:
        checks = {
            "kind": (self.kind in KINDS, ", ".join(KINDS)),
            "seed": (self.seed >= 0, "0 or more"),
            "n_bars": (300 <= self.n_bars <= 250_000, "300 to 250000"),
            "n_symbols": (1 <= self.n_symbols <= 200, "1 to 200"),
            "dial": (0.0 <= self.dial <= 10.0, "0 to 10"),
            "drift_sharpe": (-3.0 <= self.drift_sharpe <= 3.0, "-3 to 3"),
            "edges": (self.edges in EDGE_SHAPES, ", ".join(EDGE_SHAPES)),
            "edge": (not self.edge or self.edge in EDGES, ", ".join(EDGES)),
            "correlation": (0.0 <= self.correlation < 1.0, "0 to below 1"),
            "sealed_fraction": (0.0 < self.sealed_fraction < 1.0, "between 0 and 1"),
        }
        for name, (right, allowed) in checks.items():
            if not right:
                raise InvalidInput(
                    f"{name} = {getattr(self, name)!r} in a synthetic market",
                    allowed=allowed,
                    remedy="change it",
                )

    @property
    def name(self) -> str:
        """`NULL-000017`; a mark is added when more than kind and seed differs from the default."""
        plain = Recipe(self.kind, self.seed)
        stem = f"{self.kind.upper()}-{self.seed:06d}"
        return stem if self == plain else f"{stem}-{self.mark}"

    @property
    def mark(self) -> str:
        """Six digits that stand for all parameters together."""
        return blake3.blake3(rfc8785.dumps(asdict(self))).hexdigest()[:6]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names of the market's symbols, ascending."""
        if self.n_symbols == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number:03d}" for number in range(1, self.n_symbols + 1))

    @property
    def dials(self) -> Float:
        """The dial of each symbol, [S]."""
        if self.edges == "equal" or self.n_symbols == 1:
            return np.full(self.n_symbols, self.dial)
        return np.linspace(2.0 * self.dial, 0.0, self.n_symbols)


def parse_recipe(text: str, seed: int) -> Recipe:
    """A recipe from its short form: `null`, or `planted,dial=2.0,n_symbols=5`.

    Raises:
        InvalidInput: when the kind or a parameter is unknown, or a value is not usable.
    """
    kind, *rest = text.split(",")
    types = {one.name: one.type for one in fields(Recipe)}
    values: dict[str, Any] = {}
    for part in rest:
        key, _, value = part.strip().partition("=")
        try:
            convert = types[key]
            values[key] = convert(value)  # type: ignore[operator]
        except (KeyError, ValueError) as error:
            raise InvalidInput(
                f"{part.strip()!r} in the synthetic market {text!r}",
                allowed="KIND[,NAME=VALUE…] with " + ", ".join(types),
                remedy="for example planted,dial=2.0,n_symbols=5",
            ) from error
    return Recipe(kind.strip(), **({"seed": seed} | values))


@dataclass(frozen=True, eq=False)
class Market:
    """A market and the truth about it.

    Args:
        panel: its bars, on the venue `synthetic`.
        recipe: what it was made from.
        truth: `kind, dial, dials, drift_sharpe, edge, strategy` (the true rule, or None),
            `position` (symbol → position of the true rule during each bar, as in SPEC §7),
            `over_day` (symbol → whether it holds from open to close, so not on an open-exit
            bar), `drift` (symbol → true drift of each bar) and `true_sharpe` (of the true rule
            on the pool, annual).
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
        drift = np.stack([self.truth["drift"][name] for name in self.panel.symbols])
        return true_sharpe(night, day, held, drift, self.recipe.correlation)


def generate(recipe: Recipe, base: Panel | None = None) -> Market:
    """Make the market of a recipe.

    Args:
        recipe: what to make.
        base: real data whose magnitudes `signs` keeps; by default the demo's.
    """
    return KINDS[recipe.kind](recipe, base)


def _rng(recipe: Recipe) -> np.random.Generator:
    word = int.from_bytes(blake3.blake3(recipe.kind.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([word, recipe.seed])))


def _calendar(n_bars: int) -> NDArray[np.int64]:
    years = -(-n_bars // SESSIONS_PER_YEAR)
    days = sessions(date(LAST_YEAR - years + 1, 1, 1), date(LAST_YEAR, 12, 31))[-n_bars:]
    return days.astype("datetime64[ns]").astype(np.int64)


def _market(recipe: Recipe, bars: tuple[Bars, ...], drift: Float, **truth: Any) -> Market:
    panel = make_panel(bars, "1d", "synthetic", PERIODS_PER_YEAR)
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
    }
    return Market(panel, recipe, known | truth)


def _noise(recipe: Recipe, _base: Panel | None) -> Market:
    """Noise of three sorts: a random walk, GARCH with heavy tails, or regimes of volatility."""
    rng = _rng(recipe)
    shape = (recipe.n_symbols, recipe.n_bars)
    night = common_noise(rng, shape, recipe.correlation)
    day = common_noise(rng, shape, recipe.correlation)
    scale = np.ones(shape)
    if recipe.kind == "garch":
        night, day, scale = garch(night, day, rng)
    elif recipe.kind == "regime":
        scale = regimes(shape, rng)
    drift = fair_drift(scale, recipe.drift_sharpe)
    steps = moves(night, day, scale, drift)
    bars = bars_around(recipe.symbols, _calendar(recipe.n_bars), *steps, scale, rng)
    return _market(recipe, bars, drift)


def _planted(recipe: Recipe, _base: Panel | None) -> Market:
    """A drift that follows a condition; in a dying market only up to the sealed window."""
    rng = _rng(recipe)
    shape = (recipe.n_symbols, recipe.n_bars)
    names = tuple(EDGES)
    drawn = names[int(rng.integers(len(names)))]
    edge = EDGES[recipe.edge or drawn]
    night_noise = common_noise(rng, shape, recipe.correlation)
    day_noise = common_noise(rng, shape, recipe.correlation)
    dying = recipe.kind == "dying"
    last_bar = boundary_index(recipe.n_bars, recipe.sealed_fraction) if dying else recipe.n_bars
    gap = np.array(
        [
            calibrated_gap(edge.name, float(dial), recipe.drift_sharpe, CALIBRATION_BARS)
            for dial in recipe.dials
        ]
    )
    night = normal_moves(night_noise, NIGHT_SHARE)
    day = normal_moves(day_noise, 1.0 - NIGHT_SHARE)
    drift, state = follow(edge, night, day, bar_drift(recipe.drift_sharpe), gap, last_bar)
    flags = positions(state)
    scale = np.ones(shape)
    bars = bars_around(
        recipe.symbols, _calendar(recipe.n_bars), night, day + np.log1p(drift), scale, rng
    )
    return _market(
        recipe,
        bars,
        drift,
        dial=recipe.dial,
        dials=recipe.dials.tolist(),
        edge=edge.name,
        strategy={"direction": "long"} | edge.strategy,
        position={one.symbol: flags[2][k].astype(np.float64) for k, one in enumerate(bars)},
        over_day={one.symbol: state[k] for k, one in enumerate(bars)},
        true_sharpe=true_sharpe(*flags, drift, recipe.correlation),
    )


def _signs(recipe: Recipe, base: Panel | None) -> Market:
    """Real bars, each left as it is or turned round, by one coin for all symbols of a bar.

    The coin leaves a bar as it is with probability (1 + k R) / 2, R the real move of the pool; so
    the drift of a bar is k R^2, in proportion to its variance, and, as in `fair_drift`, no timing
    rule has alpha.
    """
    real = _demo() if base is None else base
    rng = _rng(recipe)
    moved = np.zeros((len(real.bars), len(real)))
    there = np.zeros((len(real.bars), len(real)))
    for k, (one, row) in enumerate(zip(real.bars, real.row, strict=True)):
        moved[k, row] = np.diff(np.log(one.close), prepend=np.log(one.open[0]))
        there[k, row] = 1.0
    pool = moved.sum(axis=0) / there.sum(axis=0)
    size = float(np.sqrt((pool**2).mean()))
    tilt = recipe.drift_sharpe / float(np.sqrt(PERIODS_PER_YEAR)) / size
    keep = rng.random(len(real)) < np.clip(0.5 * (1.0 + tilt * pool), 0.0, 1.0)
    sign = np.where(keep, 1.0, -1.0)
    calendar = _calendar(len(real))
    named = Recipe(**(asdict(recipe) | {"n_symbols": len(real.bars)}))
    bars = tuple(
        _turned(symbol, one, calendar[row], sign[row])
        for symbol, one, row in zip(named.symbols, real.bars, real.row, strict=True)
    )
    return _market(named, bars, tilt * pool * moved)


def _turned(symbol: str, real: Bars, timestamp: NDArray[np.int64], sign: Float) -> Bars:
    """The bars with the moves of each bar multiplied by its sign; a turned high becomes a low."""
    opened, close = np.log(real.open), np.log(real.close)
    night = np.concatenate([[0.0], opened[1:] - close[:-1]]) * sign
    body = (close - opened) * sign
    up, down = np.log(real.high) - opened, np.log(real.low) - opened
    top, bottom = np.where(sign > 0, up, -down), np.where(sign > 0, down, -up)
    new_close = opened[0] + np.cumsum(night + body)
    new_open = new_close - body
    o, c = np.exp(new_open), np.exp(new_close)
    high = np.maximum(np.exp(new_open + top), np.maximum(o, c))
    low = np.minimum(np.exp(new_open + bottom), np.minimum(o, c))
    return Bars(symbol, timestamp, o, high, low, c, real.volume)


@cache
def _demo() -> Panel:
    from omp.market.demo import demo_panel

    return demo_panel()


CALIBRATION_BARS = 2520

KINDS: dict[str, Callable[[Recipe, Panel | None], Market]] = {
    "null": _noise,
    "garch": _noise,
    "regime": _noise,
    "signs": _signs,
    "planted": _planted,
    "dying": _planted,
}
"""Every kind of synthetic market; the first four hold no edge."""

NULL_KINDS = ("null", "garch", "regime", "signs")

__all__ = ["EDGES", "KINDS", "NULL_KINDS", "SIGMA", "Market", "Recipe", "generate", "parse_recipe"]
