"""The figures of a calibration: how often noise was promoted, how often a true edge was."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

CONFIDENCE = 0.95
TRUE_SHARE = 0.5
"""A promotion is true when the strategy's true Sharpe ratio is at least this share of the dial."""

Record = Mapping[str, Any]


def clopper_pearson(hits: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact two-sided bounds of a rate: Clopper & Pearson (1934), by quantiles of the beta law.

    Args:
        hits: How often it happened.
        n: Out of how many.
        confidence: Of the interval.
    """
    from scipy.stats import beta

    tail = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, n - hits + 1))
    high = 1.0 if hits == n else float(beta.ppf(1.0 - tail, hits + 1, n - hits))
    return low, high


def rate(hits: int, n: int) -> dict[str, Any]:
    """A count out of n, its rate and the bounds of the rate."""
    if n == 0:
        return {"hits": hits, "n": n, "rate": None, "lower": None, "upper": None}
    low, high = clopper_pearson(hits, n)
    return {"hits": hits, "n": n, "rate": hits / n, "lower": low, "upper": high}


def totals(markets: Sequence[Record]) -> dict[str, Any]:
    """Everything that is counted over the markets of a calibration.

    Args:
        markets: Records of `omp.lab.calibrate`, one a market.

    Returns:
        `markets, campaigns, promotions`, the false promotions among nulls, power and precision by
        number of symbols, dial, drift and shape of the edges, promotions of dying edges, poisoned
        data and whether their fault was named, and where each group was stopped.
    """
    nulls = [one for one in markets if one["group"] == "null"]
    planted = [one for one in markets if one["group"] == "planted"]
    dying = [one for one in markets if one["group"] == "dying"]
    poisoned = [one for one in markets if one["group"] == "poisoned"]
    return {
        "markets": len(markets),
        "campaigns": sum(len(one["campaigns"]) for one in markets),
        "promotions": sum(one["promoted"] for one in markets),
        "confidence": CONFIDENCE,
        "null": {
            "contaminated": _promoted(nulls),
            "by_drift": _by(nulls, lambda one: one["truth"]["drift_sharpe"], _promoted),
            "by_kind": _by(nulls, lambda one: one["truth"]["kind"], _promoted),
            "form": form(nulls[0]["truth"]) if nulls else "",
            "due": due(nulls),
        },
        "power": [
            {
                "n_symbols": n_symbols,
                "dial": dial,
                "drift_sharpe": drift,
                "edges": edges,
                "form": shape,
                **power(group),
            }
            for (n_symbols, dial, drift, edges, shape), group in _grouped(
                planted, _planting
            ).items()
        ],
        "dying": [
            {
                "n_symbols": n_symbols,
                "dial": dial,
                "form": shape,
                "contaminated": _promoted(group),
            }
            for (n_symbols, dial, _, _, shape), group in _grouped(dying, _planting).items()
        ],
        "poisoned": {
            "contaminated": _promoted(poisoned),
            "named": rate(sum(map(_named, poisoned)), len(poisoned)),
            "unnamed": sorted(one["market"] for one in poisoned if not _named(one)),
        },
        "funnel": [
            {"group": name, "campaigns": sum(stops.values()), "stopped_at": dict(stops)}
            for name, stops in ((name, funnel(group)) for name, group in _groups(markets))
        ],
    }


def power(markets: Sequence[Record]) -> dict[str, Any]:
    """How many planted edges were found, whether truly, and where the others were lost.

    Returns:
        `found`, `found_by_first_campaign`, `true` (of the promotions), and of the campaigns:
        `pbo_passed` and `look_passed` (of those that were looked at), with the mean true and
        in-sample Sharpe ratio of the subjects that were looked at.
    """
    campaigns = [each for one in markets for each in one["campaigns"]]
    looked = [
        each["figures"]
        for each in campaigns
        if each["figures"] and each["figures"]["look_p_value"] is not None
    ]
    passed = [each for each in looked if each["look_p_value"] <= each["look_level"]]
    return {
        "found": _promoted(markets),
        "found_by_first_campaign": _promoted_first(markets),
        "true": _precise(markets),
        "held": _held(markets),
        "pbo_passed": rate(
            sum("pbo" not in one["failed_gates"] for one in campaigns), len(campaigns)
        ),
        "look_passed": rate(len(passed), len(looked)),
        "looked_true_sharpe": _mean([one["subject_true_sharpe_annual"] for one in looked]),
        "looked_sharpe_x_annual": _mean([one["subject_sharpe_x_annual"] for one in looked]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) / len(known) if known else None


def funnel(markets: Iterable[Record]) -> Counter[str]:
    """How many campaigns each gate was the first to stop; `promoted` for those none stopped."""
    stops = Counter(
        str(each["first_failed_gate"] or "promoted") for one in markets for each in one["campaigns"]
    )
    return Counter(dict(sorted(stops.items(), key=lambda item: (-item[1], item[0]))))


def form(truth: Mapping[str, Any]) -> str:
    """What sets a market apart from ten years of daily bars with a drift that stays, in words."""
    words = []
    if truth.get("timeframe", "1d") != "1d":
        words.append("hourly")
    if truth.get("shift_years"):
        words.append("shifting")
    return ", ".join(words)


def due(markets: Sequence[Record]) -> dict[str, Any]:
    """What nulls hold after all: the true annual Sharpe ratios of what was looked at on them.

    Returns:
        `looks`, the `mean` and the `most` of their subjects' true Sharpe ratios, and those of the
        `promoted`.
    """
    campaigns = [each for one in markets for each in one["campaigns"]]
    figures = [each["figures"] for each in campaigns if each["figures"]]
    found = [
        one["subject_true_sharpe_annual"]
        for one in figures
        if one["look_p_value"] is not None and one["subject_true_sharpe_annual"] is not None
    ]
    return {
        "looks": len(found),
        "mean": _mean(found),
        "most": max(found, default=None),
        "promoted": [one["true_sharpe"] for each in campaigns for one in each["promoted"]],
    }


def _planting(one: Record) -> tuple[int, float, float, str, str]:
    truth = one["truth"]
    drift, edges = float(truth["drift_sharpe"]), str(truth.get("edges", "equal"))
    return int(truth["n_symbols"]), float(truth["dial"]), drift, edges, form(truth)


def _named(one: Record) -> bool:
    """Whether the rule that a poison must trip is among the faults that were named."""
    wanted = one["truth"]["poisoned_rule"]
    return any(fault.split(":")[0].split(" ")[0] == wanted for fault in one["faults"])


def _groups(markets: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """The markets by what is true of them, under a name that says so."""

    def name(one: Record) -> str:
        if one["group"] in {"planted", "dying"}:
            n_symbols, dial, drift, edges, told = _planting(one)
            plural = "" if n_symbols == 1 else "s"
            shape = "" if edges == "equal" else f", {edges} edges"
            shape += f", {told}" if told else ""
            return (
                f"{one['group']}, dial {dial:g}, drift {drift:g}, {n_symbols} symbol{plural}{shape}"
            )
        told = form(one["truth"]) if one["truth"] else ""
        return f"{one['group']}, {told}" if told else str(one["group"])

    return list(_grouped(markets, name).items())


def _promoted(markets: Sequence[Record]) -> dict[str, Any]:
    return rate(sum(1 for one in markets if one["promoted"]), len(markets))


def _promoted_first(markets: Sequence[Record]) -> dict[str, Any]:
    first = [one["campaigns"][0] for one in markets if one["campaigns"]]
    return rate(sum(1 for one in first if one["promoted"]), len(first))


def _precise(markets: Sequence[Record]) -> dict[str, Any]:
    """Promotions whose true Sharpe ratio reaches its share of the dial, out of all promotions."""
    known = [
        each["true_sharpe"] >= TRUE_SHARE * one["truth"]["dial"]
        for one in markets
        for campaign in one["campaigns"]
        for each in campaign["promoted"]
        if each["true_sharpe"] is not None
    ]
    return rate(sum(known), len(known))


def _held(markets: Sequence[Record]) -> dict[str, Any] | None:
    """Of markets with several edges: promotions and different edges held by them, per market."""
    several = [one for one in markets if one["truth"].get("n_edges", 1) > 1]
    if not several:
        return None
    promoted = [
        [each for campaign in one["campaigns"] for each in campaign["promoted"]] for one in several
    ]
    return {
        "n_edges": several[0]["truth"]["n_edges"],
        "promotions": _mean([float(len(one)) for one in promoted]),
        "different": _mean(
            [float(len({k for each in one for k in each["edges"]})) for one in promoted]
        ),
    }


def _by(
    markets: Sequence[Record],
    key: Callable[[Record], Any],
    figure: Callable[[Sequence[Record]], dict[str, Any]],
) -> dict[str, Any]:
    return {str(name): figure(group) for name, group in _grouped(markets, key).items()}


def _grouped(markets: Sequence[Record], key: Callable[[Record], Any]) -> dict[Any, list[Record]]:
    found: dict[Any, list[Record]] = {}
    for one in markets:
        found.setdefault(key(one), []).append(one)
    return dict(sorted(found.items()))
