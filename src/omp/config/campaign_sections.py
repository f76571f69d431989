"""The tables of a campaign's TOML, with their defaults."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class SeedSequence:
    """The declared seeds of a campaign: an endless arithmetic sequence, or a list that ends.

    Args:
        first: Seed of the first run.
        step: Distance to the next seed.
        listed: The seeds one by one; None for the endless sequence.
    """

    first: int = 1
    step: int = 1
    listed: tuple[int, ...] | None = None

    def nth(self, i: int) -> int | None:
        """Seed of the i-th run, counted from 0; None when a list has ended."""
        if i < 0:
            raise ValueError(f"runs are counted from 0, got {i}")
        if self.listed is not None:
            return self.listed[i] if i < len(self.listed) else None
        return self.first + i * self.step

    def holds(self, seed: int) -> bool:
        """Whether a seed belongs to the sequence."""
        if self.listed is not None:
            return seed in self.listed
        steps, rest = divmod(seed - self.first, self.step)
        return steps >= 0 and rest == 0


@dataclass(frozen=True)
class CampaignSection:
    """Who asks for what, in which market."""

    name: str
    market: Literal["us", "br", "synthetic"] = "us"
    timeframe: str = "1d"
    owner: str = ""
    universe: str = "custom"
    objective: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataSection:
    """Which data: a data set's name, a digest, or `synthetic:<kind>`; dates narrow the search.

    Args:
        universe: a membership file of the workspace (CSV), or the name of a universe: the symbols
            must be its members on each of their days.
        max_age_days: how old the last bar may be when a run begins.
    """

    source: str
    start: date | None = None
    end: date | None = None
    universe: str | None = None
    max_age_days: float | None = None


@dataclass(frozen=True)
class SearchSection:
    """How hard to search; `indicators` is empty for all; `start_from` names strategy files."""

    population: int = 500
    generations: int = 20
    seeds: SeedSequence = field(default_factory=SeedSequence)
    workers: int = 1
    max_runtime_s: float = 3600.0
    indicators: tuple[str, ...] = ()
    start_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class StrategySection:
    """What a strategy may look like; `stops` lists the kinds it may use."""

    direction: Literal["long", "short", "long_short"] = "long"
    max_conditions: int = 3
    stops: tuple[str, ...] = ()
    flat_at_session_end: bool = False


@dataclass(frozen=True)
class CostsSection:
    """Costs per side, cash yield a year and the account; None takes the venue's and the data's.

    Args:
        cash_yield: name of the yields that the data must carry, such as "cdi".
        capital: size of the account; stage B then pays for the volume it takes. None: it does not.
    """

    commission_bps: float | None = None
    slippage_bps: float | None = None
    cash_yield_annual: float | None = None
    cash_yield: str | None = None
    capital: float | None = None
    participation_cap: float | None = None
    impact_bps: float | None = None


@dataclass(frozen=True)
class ConstraintsSection:
    """What a candidate must meet in-sample to be exported; None asks nothing."""

    max_drawdown: float | None = None
    min_sharpe: float | None = None


@dataclass(frozen=True)
class ExpectedSection:
    """What the researcher expects, for the spec card."""

    candidates: int | None = None
    promotions: int | None = None


@dataclass(frozen=True)
class QueueSection:
    """Its place in the queue; None takes what `[queue]` of `omp_config.toml` says.

    Args:
        after: Names of the campaigns whose latest run must have completed before it starts.
        retries: A failed run is tried again so often where the campaign does not repeat.
        retry_delay_s: Pause before the first retry, seconds; it doubles with each failure.
    """

    after: tuple[str, ...] = ()
    retries: int | None = None
    retry_delay_s: float | None = None


@dataclass(frozen=True)
class EngineSection:
    """The program that mines, as a list of arguments; empty for the built-in engine."""

    command: tuple[str, ...] = ()
