"""The recipe of a synthetic market: all that determines it, its short form and its names."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import blake3
import numpy as np
import rfc8785
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.market.synthetic_edges import EDGES
from omp.market.synthetic_rhythm import BARS_A_SESSION, HOURLY

DEFAULT_DIAL = 1.5
EDGE_SHAPES = ("equal", "unequal")
NULL_KINDS = ("null", "garch", "regime", "signs")
"""Kinds of market that hold no edge."""
NOISE = "noise"
"""In the place of a kind: each kind without an edge in turn, with each of `DRIFTS`, by the seed."""
DRIFTS = (0.0, 0.4, 0.8)
"""Annual buy-and-hold Sharpe ratios of markets without an edge, in turn."""
KINDS = (*NULL_KINDS, "planted", "dying")
"""Every kind of synthetic market."""
LATER = {"n_signals": 0, "shift_years": 0.0, "timeframe": "1d"}
"""Fields that came later: they change no market's name while they stand at what was before."""
Float = NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """All that determines a synthetic market.

    Args:
        kind: one of `KINDS`.
        seed: which market of its kind.
        n_bars: bars; 252 a year of daily ones, 1,764 of hourly ones, in whole sessions.
        n_symbols: symbols of the universe.
        drift_sharpe: annual buy-and-hold Sharpe.
        dial: true annual Sharpe of the planted rule's excess return, per symbol, before costs.
        edges: `equal`, or `unequal`: dials fall evenly from twice the dial to none.
        edge: name of the planted condition (see `EDGES`); empty lets the seed choose.
        correlation: of the noise between any two symbols.
        sealed_fraction: where a dying edge dies.
        n_signals: planted edges that each follow a column of their own (`synthetic_signals`); 0 for
            one edge that follows prices.
        shift_years: years between two changes of the drift, on average; 0 where it stays. Every
            level is drawn anew within 1 of `drift_sharpe`, and prices do not know when.
        timeframe: `1d`, or `1h`: seven bars a session and a gap over night (`synthetic_rhythm`).

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
    n_signals: int = 0
    shift_years: float = 0.0
    timeframe: str = "1d"

    def __post_init__(self) -> None:
        hourly = self.timeframe == HOURLY
        checks = {
            "timeframe": (
                self.timeframe in BARS_A_SESSION
                and not (hourly and (self.kind == "signs" or self.n_signals)),
                "1d; 1h too, but for signs and n_signals",
            ),
            "shift_years": (0.0 <= self.shift_years <= 100.0, "0 to 100"),
            "kind": (self.kind in KINDS, ", ".join(KINDS)),
            "seed": (self.seed >= 0, "0 or more"),
            "n_bars": (
                300 <= self.n_bars <= 250_000
                and self.n_bars % BARS_A_SESSION.get(self.timeframe, 1) == 0,
                "300 to 250000, of hourly bars a multiple of 7",
            ),
            "n_symbols": (1 <= self.n_symbols <= 200, "1 to 200"),
            "dial": (0.0 <= self.dial <= 10.0, "0 to 10"),
            "drift_sharpe": (-3.0 <= self.drift_sharpe <= 3.0, "-3 to 3"),
            "edges": (self.edges in EDGE_SHAPES, ", ".join(EDGE_SHAPES)),
            "edge": (not self.edge or self.edge in EDGES, ", ".join(EDGES)),
            "correlation": (0.0 <= self.correlation < 1.0, "0 to below 1"),
            "n_signals": (0 <= self.n_signals <= 20, "0 to 20"),
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
        said = asdict(self)
        said = {
            name: value for name, value in said.items() if name not in LATER or value != LATER[name]
        }
        return blake3.blake3(rfc8785.dumps(said)).hexdigest()[:6]

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
    """A recipe from its short form: `null`, `noise`, or `planted,dial=2.0,n_symbols=5`.

    Raises:
        InvalidInput: when the kind or a parameter is unknown, or a value is not usable.
    """
    kind, *rest = text.split(",")
    types = {one.name: one.type for one in fields(Recipe)}
    values: dict[str, Any] = {"kind": kind.strip(), "seed": seed}
    if values["kind"] == NOISE:
        turn, at = divmod(seed, len(NULL_KINDS))
        values |= {"kind": NULL_KINDS[at], "drift_sharpe": DRIFTS[turn % len(DRIFTS)]}
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
    return Recipe(**values)
