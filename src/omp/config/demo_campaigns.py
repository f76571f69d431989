"""The campaigns a new workspace gets: real data, a noise canary, a planted edge, and a test."""

from dataclasses import dataclass

PLANTED_DIAL = 1.5
"""Annual excess Sharpe ratio of the edge planted in each of the data set's symbols."""

PLANTED_SYMBOLS = 5
"""Pooled symbols; one alone would be found in about half of all seeds (docs/calibration.md)."""


@dataclass(frozen=True)
class DemoCampaign:
    """One campaign of a new workspace.

    Args:
        file_name: Its file under `configs/campaigns/`.
        name: As shown in the queue.
        market: Of the queue's row.
        environment: Whose data it mines.
        repeat: Whether it is queued again with the next seed.
        is_queued: Whether a new workspace queues it; the test campaign only lies there.
        text: The TOML.
    """

    file_name: str
    name: str
    market: str
    environment: str
    repeat: bool
    is_queued: bool
    text: str


_SEARCH = """\
[search]
population = 500
generations = {generations}
seeds = {{ first = 1, step = 1 }}     # an endless sequence; a repeat takes the next seed
workers = 1
max_runtime_s = 600
indicators = "all"                   # or groups and names, see docs/reference/indicators.md

[strategy]
direction = "long"
max_conditions = 3
"""

_REAL = """\
# US large caps (AAPL, GOOG, IBM, MSFT), daily bars, shipped with the product. Survivors only: see
# its provenance.
[campaign]
name = "US large caps, daily"
owner = "demo"
market = "us"
universe = "custom"
timeframe = "1d"
objective = "A long rule on large caps that beats holding them"
tags = ["demo", "daily"]

[data]
source = "us-large-caps"

""" + _SEARCH.format(generations=12)

_CANARY = """\
# A market of pure noise, a fresh one for every seed: random walks, GARCH, regimes of volatility and
# real moves with random signs in turn, flat and rising. It must promote nothing; each run of it
# tests whether the whole chain of evidence still refuses noise.
[campaign]
name = "Noise canary"
owner = "demo"
market = "synthetic"
timeframe = "1d"
objective = "Promote nothing"
tags = ["demo", "canary"]

[data]
source = "synthetic:noise"

""" + _SEARCH.format(generations=10)

_PLANTED = f"""\
# A synthetic market of {PLANTED_SYMBOLS} symbols with a known edge of annual Sharpe ratio
# {PLANTED_DIAL} in each: the product should find it, look once, and promote it as `synthetic`.
[campaign]
name = "Planted edge, dial {PLANTED_DIAL}"
owner = "demo"
market = "synthetic"
timeframe = "1d"
objective = "Find the edge of Sharpe ratio {PLANTED_DIAL} in each of {PLANTED_SYMBOLS} symbols"
tags = ["demo", "planted"]

[data]
source = "planted-edge"

""" + _SEARCH.format(generations=12)

_TEST = """\
# A short campaign on the shipped data, to try the queue with.
[campaign]
name = "Test"
owner = "demo"
market = "us"
timeframe = "1d"
objective = "See one run from the queue to its verdicts"
tags = ["test"]

[data]
source = "us-large-caps"

""" + _SEARCH.format(generations=5)

DEMO_CAMPAIGNS: tuple[DemoCampaign, ...] = (
    DemoCampaign("us_large_caps.toml", "US large caps, daily", "us", "demo", True, True, _REAL),
    DemoCampaign(
        "planted_edge.toml",
        f"Planted edge, dial {PLANTED_DIAL}",
        "synthetic",
        "synthetic",
        False,
        True,
        _PLANTED,
    ),
    DemoCampaign("canary.toml", "Noise canary", "synthetic", "synthetic", True, True, _CANARY),
    DemoCampaign("test.toml", "Test", "us", "demo", False, False, _TEST),
)
"""In the order in which a new workspace queues them."""
