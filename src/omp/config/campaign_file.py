"""A campaign's TOML: what to mine, on which data, how long, at which costs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from omp.config.campaign_rules import CONVERTS, RULES
from omp.config.campaign_sections import (
    CampaignSection,
    ConstraintsSection,
    CostsSection,
    DataSection,
    EngineSection,
    ExpectedSection,
    QueueSection,
    SearchSection,
    SeedSequence,
    StrategySection,
)
from omp.config.fingerprint import config_hash
from omp.config.loader import Reader, line_numbers, parse_toml, read_text

__all__ = [
    "CampaignFile",
    "CampaignSection",
    "ConstraintsSection",
    "CostsSection",
    "DataSection",
    "EngineSection",
    "ExpectedSection",
    "QueueSection",
    "SearchSection",
    "SeedSequence",
    "StrategySection",
    "parse_campaign",
    "read_campaign",
]

_READ: dict[str, "CampaignFile"] = {}
"""What was read lately, by its text: a claim meets the same text three times."""

_READ_MOST = 256

REMEDY = "correct the listed keys, then: combiner factory validate-config FILE"


@dataclass(frozen=True)
class CampaignFile:
    """A campaign's configuration, complete with defaults."""

    campaign: CampaignSection
    data: DataSection
    search: SearchSection = field(default_factory=SearchSection)
    strategy: StrategySection = field(default_factory=StrategySection)
    costs: CostsSection = field(default_factory=CostsSection)
    constraints: ConstraintsSection = field(default_factory=ConstraintsSection)
    expected: ExpectedSection = field(default_factory=ExpectedSection)
    engine: EngineSection = field(default_factory=EngineSection)
    queue: QueueSection = field(default_factory=QueueSection)

    @property
    def content(self) -> dict[str, Any]:
        """The content as plain values for canonical JSON, defaults filled in."""
        content = asdict(self)
        for key in _LATER_COSTS:  # hashes of files older than the keys stay as they were
            if content["costs"][key] is None:
                del content["costs"][key]
        for key in ("universe", "max_age_days"):  # later keys, too
            if content["data"][key] is None:
                del content["data"][key]
        for key in ("start", "end"):
            day = content["data"][key]
            content["data"][key] = None if day is None else day.isoformat()
        if not content["search"]["start_from"]:
            del content["search"]["start_from"]  # a later key: files without it keep their hash
        if self.queue == QueueSection():
            del content["queue"]  # a later table, likewise
        return content

    @cached_property
    def config_hash(self) -> str:
        """blake3 of the canonical content."""
        return config_hash(self.content)

    @cached_property
    def search_hash(self) -> str:
        """The same for two names of one search.

        Left out are the texts of the spec card, the place in the queue, the seeds, the number of
        workers and the time limit, so that a renamed copy is recognised as the same configuration
        when seeds are registered.
        """
        content = self.content
        for section, keys in _BESIDE_THE_SEARCH.items():
            for key in keys:
                content[section].pop(key, None)
        del content["expected"]
        content.pop("queue", None)
        return config_hash(content)


_LATER_COSTS = ("cash_yield", "capital", "participation_cap", "impact_bps")
_BESIDE_THE_SEARCH: Mapping[str, tuple[str, ...]] = {
    "campaign": ("name", "owner", "universe", "objective", "tags"),
    "data": ("universe", "max_age_days"),
    "search": ("seeds", "workers", "max_runtime_s"),
}


def parse_campaign(text: str, *, name: str) -> CampaignFile:
    """Read the text of a campaign.

    Args:
        text: TOML.
        name: How messages call the file.

    Raises:
        InvalidConfiguration: With every fault, its dotted path and its line.
    """
    if (known := _READ.get(text)) is not None:
        return known
    raw = parse_toml(text, name)
    reader = Reader(rules=RULES, converts=CONVERTS, lines=line_numbers(text))
    built = reader.table(CampaignFile, raw)
    if built is not None:
        _check_together(reader, built)
    found = reader.finish(f"campaign {name}", built, REMEDY)
    while len(_READ) >= _READ_MOST:
        _READ.pop(next(iter(_READ)), None)
    _READ[text] = found
    return found


def read_campaign(path: Path) -> CampaignFile:
    """Read a campaign file.

    Raises:
        NotFound: If there is none.
        InvalidConfiguration: With every fault, its dotted path and its line.
    """
    text = read_text(path, "the campaign file", "put it under configs/campaigns/ and name it there")
    return parse_campaign(text, name=path.name)


def _check_together(reader: Reader, built: CampaignFile) -> None:
    data, is_synthetic = built.data, built.campaign.market == "synthetic"
    if data.start and data.end and data.end <= data.start:
        reader.fault("data.end", f"{data.end} is not after start = {data.start}", "a later day")
    costs = built.costs
    if costs.cash_yield is not None and costs.cash_yield_annual is not None:
        reader.fault(
            "costs.cash_yield",
            f"{costs.cash_yield!r} stands beside cash_yield_annual",
            "one of them: the data's named yields, or one constant",
        )
    for key in ("participation_cap", "impact_bps"):
        if getattr(costs, key) is not None and costs.capital is None:
            said = f"{getattr(costs, key)!r} stands without capital"
            reader.fault(f"costs.{key}", said, "capital beside it: the size of the account")
    if costs.cash_yield is not None and data.source.startswith("synthetic:"):
        reader.fault("costs.cash_yield", "made markets carry no yields", "cash_yield_annual")
    for key in ("universe", "max_age_days"):
        if getattr(data, key) is not None and data.source.startswith("synthetic:"):
            reader.fault(f"data.{key}", "made markets have neither age nor members", "leave it out")
    if data.source.startswith("synthetic:") and not is_synthetic:
        reader.fault(
            "campaign.market",
            f"{built.campaign.market!r} does not go with source = {data.source!r}",
            "'synthetic'",
        )
