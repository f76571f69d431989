"""From a campaign's words to what is searched: windows, grammar, costs, limits."""

import datetime as dt
from dataclasses import asdict, dataclass, replace

import numpy as np

from omp.config.campaign_file import CampaignFile
from omp.domain.errors import DataNotReady, InvalidInput
from omp.domain.indicators import is_feature
from omp.domain.timeframes import DAILY
from omp.engine.fills import Costs
from omp.engine.genome import Genome
from omp.engine.grammar import Grammar
from omp.engine.indicators import compute
from omp.engine.liquidity import VolumeSlippage
from omp.market.bars import Panel
from omp.market.splits import Windows, iso, parse_iso, windows
from omp.market.venues import venue
from omp.wire.evidence import Window

N_BLOCKS = 16
FOLDS = 6
FIRST_GENERATION = 2_000
"""Random rules of generation 0 at least; PBO and the null of the search rest on them."""

EXPORTED = 100
"""Best candidates that stage B measures and the run exports."""

MIN_TRADES = 20
"""Trades in-sample below which stage A drops a rule: fewer prove nothing later."""

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True)
class Plan:
    """Everything a search needs and nothing it may not know.

    Args:
        panel: Mining part of the snapshot; never a sealed bar.
        windows: In-sample window, its warm-up and folds.
        boundary_ns: First sealed instant, UTC ns.
        grammar: Rules that may be drawn.
        costs: Costs per side.
        seed: Registered seed.
        population: Genomes of each later generation.
        generations: Generations after generation 0.
        first_generation: Random rules of generation 0.
        workers: Threads; never changes a result.
        max_runtime_s: Seconds after which the search ends at a generation boundary.
        min_sharpe_annual: In-sample floor of the Sharpe of x, annual; None asks only > 0.
        max_drawdown: In-sample limit as a fraction; None asks nothing.
        flat_at_session_end: Whether positions are closed with each session.
        liquidity: What stage B, looks and replays pay for the volume they take; None: nothing.
        seeds: Declared strategies the search starts from, besides its random rules.
    """

    panel: Panel
    windows: Windows
    boundary_ns: int
    grammar: Grammar
    costs: Costs
    seed: int
    population: int
    generations: int
    first_generation: int = FIRST_GENERATION
    workers: int = 1
    max_runtime_s: float = float("inf")
    min_sharpe_annual: float | None = None
    max_drawdown: float | None = None
    flat_at_session_end: bool = False
    liquidity: VolumeSlippage | None = None
    seeds: tuple[Genome, ...] = ()

    @property
    def window(self) -> Window:
        """The in-sample window in the words of evidence.json."""
        inside = self.panel.timestamp[self.windows.in_sample]
        return Window(
            iso(int(inside[0])),
            iso(int(inside[-1])),
            self.windows.n_bars,
            iso(self.boundary_ns),
            self.windows.embargo_bars,
        )

    @property
    def cost_model(self) -> dict[str, float]:
        """Costs per side, as strategies carry them."""
        return asdict(self.costs)

    @property
    def charged(self) -> dict[str, float]:
        """Everything stage B charges, as the run's records show it."""
        return self.cost_model | ({} if self.liquidity is None else asdict(self.liquidity))


def make_plan(
    campaign: CampaignFile,
    panel: Panel,
    *,
    boundary_ns: int,
    seed: int,
    workers: int | None = None,
) -> Plan:
    """Fix what a campaign searches on a panel.

    Args:
        campaign: The configuration.
        panel: Mining part of its data.
        boundary_ns: First sealed instant, UTC ns.
        seed: The run's registered seed.
        workers: Threads; the campaign's own number by default.

    Raises:
        DataNotReady: If too few in-sample bars remain, or volumes are missing that [costs] capital
            needs.
        InvalidInput: If no condition can be formed from the campaign's indicators.
    """
    strategy, wanted = campaign.strategy, campaign.search
    features = tuple(name for name in wanted.indicators if is_feature(name))
    others = tuple(name for name in wanted.indicators if name not in features)
    grammar = Grammar(
        indicators=others,
        direction=strategy.direction,
        max_conditions=strategy.max_conditions,
        stops=strategy.stops,
    )
    fixed = windows(
        panel,
        boundary_ns=boundary_ns,
        embargo_bars=grammar.lookback_bars,
        folds=FOLDS,
        start_ns=_day_ns(campaign.data.start),
        end_ns=_day_ns(campaign.data.end, whole_day=True),
    )
    if features:
        levels = feature_levels(panel, fixed, features)
        grammar = replace(grammar, indicators=wanted.indicators, feature_levels=levels)
    liquidity = campaign_liquidity(campaign)
    if liquidity is not None:
        require_volume(panel)
    return Plan(
        panel=with_cash(panel, campaign.costs.cash_yield_annual),
        windows=fixed,
        boundary_ns=boundary_ns,
        grammar=grammar,
        costs=campaign_costs(campaign, panel),
        seed=seed,
        population=wanted.population,
        generations=wanted.generations,
        workers=wanted.workers if workers is None else workers,
        max_runtime_s=wanted.max_runtime_s,
        min_sharpe_annual=campaign.constraints.min_sharpe,
        max_drawdown=campaign.constraints.max_drawdown,
        flat_at_session_end=strategy.flat_at_session_end,
        liquidity=liquidity,
    )


def feature_levels(
    panel: Panel, fixed: Windows, names: tuple[str, ...]
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """The deciles of each feature in the in-sample window, all symbols together.

    They are fixed here, once, and stand as plain numbers in the strategies.

    Raises:
        InvalidInput: If a symbol lacks a feature, or it has no value in the window.
    """
    inside = panel.timestamp[fixed.in_sample]
    bars = panel.window(int(inside[0]), int(inside[-1])).bars
    found = []
    for name in names:
        values = np.concatenate([compute(name, {}, one) for one in bars])
        known = values[np.isfinite(values)]
        if not known.size:
            raise InvalidInput(
                f"{name} has no value in the in-sample window",
                allowed="a feature with values",
                remedy="leave it out of [search] indicators, or widen [data]",
            )
        deciles = np.quantile(known, np.arange(1, 10) / 10.0)
        found.append((name, tuple(sorted({float(f"{one:.6g}") for one in deciles.tolist()}))))
    return tuple(found)


def campaign_costs(campaign: CampaignFile, panel: Panel) -> Costs:
    """The campaign's costs per side; what it does not say, the venue's on the panel's last day.

    Where every position is closed within its session, the venue's fees of a day trade hold.
    """
    last = dt.datetime.fromtimestamp(int(panel.timestamp[-1]) / 1e9, tz=dt.UTC).date()
    place = venue(panel.venue)
    terms, usual = place.terms_on(last), place.terms_on(last).commission_bps
    if campaign.strategy.flat_at_session_end and panel.timeframe != DAILY:
        within = place.charges.on("day_trade_bps", last)
        usual = usual if within is None else within
    said = campaign.costs
    return Costs(
        usual if said.commission_bps is None else said.commission_bps,
        terms.slippage_bps if said.slippage_bps is None else said.slippage_bps,
    )


def campaign_liquidity(campaign: CampaignFile) -> VolumeSlippage | None:
    """The campaign's account in a market of limited volume; None where it names no capital."""
    said = campaign.costs
    if said.capital is None:
        return None
    given = {"participation_cap": said.participation_cap, "impact_bps": said.impact_bps}
    known = {name: value for name, value in given.items() if value is not None}
    return VolumeSlippage(said.capital, **known)


def require_volume(panel: Panel) -> None:
    """Where the account's share of the volume is priced, every symbol must have traded.

    Raises:
        DataNotReady: If a volume is not a number of at least 0, or a symbol has none at all.
    """
    without = [
        one.symbol
        for one in panel.bars
        if not (np.isfinite(one.volume) & (one.volume >= 0.0)).all() or not one.volume.any()
    ]
    if without:
        raise DataNotReady(
            f"[costs] capital needs volumes, {', '.join(without[:5])} lacks them",
            allowed="a volume of at least 0 in every bar, and some above 0",
            remedy="leave [costs] capital out, or mine data with volumes",
            faults=("volume",),
        )


def with_cash(panel: Panel, cash_yield_annual: float | None) -> Panel:
    """The panel with a constant cash yield, or as it is where none is given."""
    if cash_yield_annual is None:
        return panel
    per_bar = (1.0 + cash_yield_annual) ** (1.0 / panel.periods_per_year) - 1.0
    return replace(panel, cash=np.full(panel.timestamp.size, per_bar))


def _day_ns(day: dt.date | None, *, whole_day: bool = False) -> int | None:
    if day is None:
        return None
    return parse_iso(day.isoformat()) + (_DAY_NS - 1 if whole_day else 0)
