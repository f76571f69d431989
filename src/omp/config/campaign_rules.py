"""Ranges and converters of a campaign's TOML: one row a key."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from omp.config.campaign_sections import SeedSequence
from omp.config.loader import Convert, Refusal, Rule, plain, texts
from omp.domain.campaign import MARKETS
from omp.domain.indicators import INDICATORS, WORDS, is_feature, select_indicators
from omp.domain.timeframes import ALIASES, TIMEFRAMES

STOPS: tuple[str, ...] = ("stop_loss", "take_profit", "trailing", "max_bars")
MOST_STARTS = 100

_SOURCE = re.compile(r"^(synthetic:[a-z][a-z0-9_-]*|[A-Za-z0-9][A-Za-z0-9_.-]{0,95})$")

RULES: Mapping[str, Rule] = {
    "campaign.name": Rule(1, 80, "characters", about="name of the campaign"),
    "campaign.owner": Rule(0, 80, "characters", about="who answers for it"),
    "campaign.market": Rule(about="market: " + ", ".join(MARKETS)),
    "campaign.universe": Rule(
        0, 80, "characters", about="universe; of sp500 or ibov the data must be"
    ),
    "campaign.timeframe": Rule(choices=TIMEFRAMES, about="length of a bar; 5min means 5m"),
    "campaign.objective": Rule(0, 500, "characters", about="what is looked for"),
    "data.source": Rule(
        about="a data set, a digest, or synthetic:<kind>: a fresh market a seed (noise, null, "
        "garch, regime, signs, planted, dying)"
    ),
    "data.start": Rule(about="first day of the in-sample part; narrows it, never widens"),
    "data.end": Rule(about="last day of the in-sample part; narrows it, never widens"),
    "data.universe": Rule(
        1, 200, "characters", about="membership file of the workspace, or name: members by date"
    ),
    "data.max_age_days": Rule(0, 36_500, "days", about="oldest last bar; default: no matter"),
    "search.population": Rule(10, 100_000, "strategies", about="strategies in each generation"),
    "search.generations": Rule(1, 10_000, "generations", about="generations of breeding"),
    "search.workers": Rule(1, 256, "processes", about="never changes a result"),
    "search.max_runtime_s": Rule(
        1, 864_000, "seconds", about="ends the run at the next generation's end"
    ),
    "search.start_from": Rule(about="strategies searched around first; files of the workspace"),
    "strategy.direction": Rule(about="which side a strategy may take"),
    "strategy.max_conditions": Rule(1, 8, "conditions", about="conditions of a rule at most"),
    "costs.commission_bps": Rule(0, 1000, "basis points a side", about="default: the venue's"),
    "costs.slippage_bps": Rule(0, 1000, "basis points a side", about="default: the venue's"),
    "costs.cash_yield_annual": Rule(
        -0.5, 1, "fraction a year", about="constant yield of cash; default: the data's, else 0"
    ),
    "costs.cash_yield": Rule(
        1, 96, "characters", about="name of the yields that the data carry, such as cdi"
    ),
    "costs.capital": Rule(
        1, 1e15, "units of the prices' currency", about="size of the account; default: no matter"
    ),
    "costs.participation_cap": Rule(
        1e-6, 1, "fraction of a bar's volume", about="most an entry may take; default 0.1"
    ),
    "costs.impact_bps": Rule(
        0, 1000, "basis points a side", about="slippage added at that share; default 10"
    ),
    "constraints.max_drawdown": Rule(0, 1, "fraction of the peak", about="in-sample limit"),
    "constraints.min_sharpe": Rule(
        -10, 10, "annual Sharpe ratio", about="in-sample limit, on excess returns"
    ),
    "expected.candidates": Rule(0, unit="candidates", about="estimate for the spec card"),
    "expected.promotions": Rule(0, unit="promotions", about="target for the spec card"),
    "queue.retries": Rule(0, 100, "runs", about="`queue.retries` of this campaign"),
    "queue.retry_delay_s": Rule(
        0, 86_400, "seconds", about="`queue.retry_delay_s` of this campaign"
    ),
}
"""Dotted path -> range, unit and meaning."""


def _seeds(raw: object) -> SeedSequence:
    allowed = "{first = 1, step = 1} or a list of whole numbers such as [1, 2, 3]"
    if isinstance(raw, list):
        if not raw or any(type(seed) is not int or not 0 <= seed < 2**63 for seed in raw):
            raise Refusal(f"{raw!r} is no list of seeds", f"{allowed}, each from 0 to 2**63-1")
        if len(set(raw)) != len(raw):
            raise Refusal("a seed is listed twice", "each seed once")
        return SeedSequence(first=raw[0], listed=tuple(raw))
    if not isinstance(raw, Mapping) or set(raw) - {"first", "step"}:
        raise Refusal(f"{raw!r} is no sequence of seeds", allowed)
    first, step = raw.get("first", 1), raw.get("step", 1)
    if type(first) is not int or type(step) is not int or first < 0 or not 1 <= step < 2**31:
        raise Refusal(f"{dict(raw)!r} is no sequence of seeds", "first 0 or more, step 1 or more")
    return SeedSequence(first=first, step=step)


def _listed(what: str, known: tuple[str, ...]) -> Convert:
    def convert(raw: object) -> tuple[str, ...]:
        read = texts(raw)
        rule = Rule(choices=known)
        for name in read:
            rule.check(name)
        if len(set(read)) != len(read):
            raise Refusal(f"{what} is listed twice", "each once")
        return tuple(name for name in known if name in read)

    return convert


def _indicators(raw: object) -> tuple[str, ...]:
    names = texts([raw] if isinstance(raw, str) else raw)
    if not names:
        raise Refusal("the list of indicators is empty", '"all", "everything", groups, or names')
    rule = Rule(choices=(*WORDS, *INDICATORS))
    for name in names:
        if not is_feature(name):
            rule.check(name)
    chosen = select_indicators(names)
    return () if chosen == select_indicators() else chosen


def _timeframe(raw: object) -> str:
    name = str(plain(str, raw))
    return ALIASES.get(name, name)


def _source(raw: object) -> str:
    text = str(plain(str, raw))
    if not _SOURCE.fullmatch(text) or ".." in text:
        raise Refusal(
            f"{text[:96]!r} names no data",
            "a data set's name, a snapshot's digest, or synthetic:<kind>; paths are imported "
            "first with: omp data import FILE",
        )
    return text


def _start_from(raw: object) -> tuple[str, ...]:
    names = texts(raw)
    allowed = f"at most {MOST_STARTS} paths inside the workspace such as strategies/dip.toml"
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name or not name.endswith(".toml"):
            raise Refusal(f"{name[:96]!r} names no strategy file", allowed)
    if len(set(names)) != len(names) or len(names) > MOST_STARTS:
        raise Refusal(f"{len(names)} files, {len(set(names))} of them different", allowed)
    return names


def _command(raw: object) -> tuple[str, ...]:
    words = texts(raw)
    if any(not word or "\x00" in word for word in words):
        raise Refusal(f"{raw!r} holds an empty argument", "a program and its arguments")
    return words


def _after(raw: object) -> tuple[str, ...]:
    names = texts(raw)
    if len(set(names)) != len(names) or any(not 0 < len(one.strip()) <= 200 for one in names):
        raise Refusal(f"{raw!r} names no campaigns, each once", 'a list such as ["Name"]')
    return names


CONVERTS: Mapping[str, Convert] = {
    "campaign.timeframe": _timeframe,
    "data.source": _source,
    "search.seeds": _seeds,
    "search.indicators": _indicators,
    "search.start_from": _start_from,
    "strategy.stops": _listed("a kind of stop", STOPS),
    "engine.command": _command,
    "queue.after": _after,
}
