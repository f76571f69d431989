"""Markets to calibrate on: a list of what shall be made or read, and each of them opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omp.config.settings import Holdout
from omp.domain.errors import InvalidInput, NotFound
from omp.lab.poisons import POISONS, Poison
from omp.market.acquire import panel_from_table
from omp.market.bars import Panel
from omp.market.certificate import Certificate
from omp.market.importers import Options, read
from omp.market.readiness import CALENDAR_RULES, Known, judge, table_of
from omp.market.snapshot import content_digest
from omp.market.splits import boundary_index
from omp.market.synthetic import NULL_KINDS, Market, Recipe, generate
from omp.market.venues import venue

if TYPE_CHECKING:
    import polars as pl

VENUE = "synthetic"
"""Terms and year of every market: 1 bp commission and 1 bp slippage a side, 252 bars a year."""

ACCEPTED = ("spin_off",)
"""Rules whose faults are taken as real: the volumes of a made market need not follow its news."""

SUFFIXES = (".csv", ".parquet")

N_BARS = {"1d": 2520, "1h": 6174}
"""Bars of our own markets: ten years of daily ones; of hourly ones three and a half, so that the
sealed window holds a year of sessions."""


@dataclass(frozen=True)
class World:
    """A market that shall be calibrated on.

    Args:
        name: Its name in the result; unique.
        group: `null`, `planted`, `dying`, `poisoned` or `file`: which figures it counts for.
        recipe: What it is made from, where it is one of our own.
        path: Where it is read from, where it is not.
        poison: The fault that is planted in its data; None leaves them healthy.
        timeframe: Of its bars.
    """

    name: str
    group: str
    recipe: Recipe | None = None
    path: Path | None = None
    poison: Poison | None = None
    timeframe: str = "1d"

    @property
    def dial(self) -> float | None:
        """True annual Sharpe ratio of its planted edge; None where the truth is not known."""
        if self.recipe is None:
            return None
        return self.recipe.dial if self.group in {"planted", "dying"} else 0.0


@dataclass(frozen=True, eq=False)
class Ground:
    """A market that was found fit, cut into what may be mined and what is sealed."""

    world: World
    whole: Panel
    mining: Panel
    sealed: Panel
    boundary_ns: int
    data_digest: str
    sealed_digest: str
    lineage: str
    market: Market | None


def own_worlds(
    *,
    null: int,
    planted: int,
    dials: Sequence[float],
    drifts: Sequence[float],
    n_symbols: int,
    first_seed: int,
    edge_drift: float = 0.0,
    edges: str = "equal",
    dying: int = 0,
    poisoned: int = 0,
    signals: int = 0,
    shift_years: float = 0.0,
    timeframe: str = "1d",
) -> list[World]:
    """Our own markets: nulls with each drift and of each kind in turn, and each dial alike.

    Args:
        null: Number of markets without any edge.
        planted: Number of markets with an edge, for each dial.
        dials: True annual Sharpe ratios of the planted rule.
        drifts: Buy-and-hold Sharpe ratios, a year, of the nulls.
        n_symbols: Symbols of each market.
        first_seed: Seed of the first market of each list.
        edge_drift: Buy-and-hold Sharpe ratio, a year, of the planted and the dying markets.
        edges: Whether the symbols of a planted market share one dial (see `EDGE_SHAPES`).
        dying: Number of markets whose edge dies where the sealed window begins, for each dial.
        poisoned: Number of markets with a fault in their data, each of `POISONS` in turn.
        signals: Uncorrelated edges of each planted market; 0 for one that follows prices.
        shift_years: Years between two changes of the drift, on average; 0 where it stays.
        timeframe: `1d`, or `1h` for markets of hourly bars.
    """
    made: list[World] = []
    n_bars = N_BARS.get(timeframe, N_BARS["1d"])
    form: dict[str, Any] = {"shift_years": shift_years, "timeframe": timeframe, "n_bars": n_bars}
    kinds = [one for one in NULL_KINDS if timeframe == "1d" or one != "signs"]
    for number in range(null):
        kind = kinds[number // len(drifts) % len(kinds)]
        drift = drifts[number % len(drifts)]
        recipe = Recipe(kind, first_seed + number, n_symbols=n_symbols, drift_sharpe=drift, **form)
        made.append(World(recipe.name, "null", recipe, timeframe=timeframe))
    for group, number_of in (("planted", planted), ("dying", dying)):
        for dial in dials:
            for number in range(number_of):
                recipe = Recipe(
                    group,
                    first_seed + number,
                    n_symbols=n_symbols,
                    dial=dial,
                    drift_sharpe=edge_drift,
                    edges=edges,
                    n_signals=signals if group == "planted" else 0,
                    **form,
                )
                made.append(World(recipe.name, group, recipe, timeframe=timeframe))
    for number in range(poisoned):
        poison = POISONS[number % len(POISONS)]
        recipe = Recipe("null", first_seed + number, **form)
        name = f"{recipe.name}-{poison.name}"
        made.append(World(name, "poisoned", recipe, poison=poison, timeframe=timeframe))
    return made


def file_worlds(folder: Path, timeframe: str = "1d") -> list[World]:
    """Every market file of a folder, by name.

    Args:
        folder: Where they lie.
        timeframe: Of their bars.

    Raises:
        NotFound: There is no such folder.
        InvalidInput: It holds no market file, or two of one name.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", remedy="give --markets a folder of files")
    files = [one for one in sorted(folder.iterdir()) if one.suffix.lower() in SUFFIXES]
    names = [one.stem for one in files]
    if not files or len(set(names)) != len(names):
        raise InvalidInput(
            f"{folder} holds {len(files)} market files of {len(set(names))} names",
            allowed="at least one CSV or Parquet file, each with a name of its own",
            remedy="put one file for each market into it",
        )
    return [World(one.stem, "file", path=one, timeframe=timeframe) for one in files]


def open_world(world: World, rules: Holdout) -> Ground:
    """Make or read a market, judge it as every import is judged, and seal its last part.

    Raises:
        DataNotReady: With every fault of its data.
    """
    if world.recipe is not None:
        market = generate(world.recipe, _base(world.recipe))
        table = table_of(market.panel)
        if world.poison is not None:
            table = world.poison.plant(table)
        _judge(table, world.timeframe, rules).require(world.name)
        return _cut(world, market.panel, rules, market)
    if world.path is None:
        raise InvalidInput(f"{world.name} has neither a recipe nor a file", remedy="name one")
    place = venue(VENUE)
    table = read(world.path, Options(timezone=place.timezone)).frame
    _judge(table, world.timeframe, rules).require(world.name)
    return _cut(world, panel_from_table(table, place, world.timeframe), rules, None)


def _judge(table: "pl.DataFrame", timeframe: str, rules: Holdout) -> Certificate:
    return judge(
        table,
        venue(VENUE),
        timeframe,
        accept=ACCEPTED,
        exempt=CALENDAR_RULES,  # nobody knows the calendar that a market file lives on
        known=Known(adjusted=True),
        sealed_fraction=rules.sealed_fraction,
        min_sealed_bars=rules.min_bars,
    )


def _cut(world: World, panel: Panel, rules: Holdout, market: Market | None) -> Ground:
    boundary = boundary_index(len(panel), rules.sealed_fraction)
    stamps = [int(panel.timestamp[at]) for at in (0, boundary, -1)]
    mining = panel.window(stamps[0], stamps[1] - 1)
    sealed = panel.window(stamps[1], stamps[2])
    data_digest = content_digest(mining)
    return Ground(
        world=world,
        whole=panel,
        mining=mining,
        sealed=sealed,
        boundary_ns=stamps[1],
        data_digest=data_digest,
        sealed_digest=content_digest(sealed),
        lineage=f"lin_{data_digest[:20]}",
        market=market,
    )


def _base(recipe: Recipe) -> Panel | None:
    """The real data whose signs are drawn anew, cut to the recipe's bars and symbols."""
    if recipe.kind != "signs":
        return None
    real = _demo()
    first = recipe.seed % len(real.symbols)
    turned = (*real.symbols[first:], *real.symbols[:first])
    chosen = real.select(turned[: recipe.n_symbols])
    start = max(0, len(chosen) - recipe.n_bars)
    return chosen.window(int(chosen.timestamp[start]), int(chosen.timestamp[-1]))


@cache
def _demo() -> Panel:
    from omp.market.demo import demo_panel

    return demo_panel()
