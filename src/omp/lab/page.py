"""`docs/calibration.md`: the figures of one or more calibrations as a page for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omp.domain.durable import write_durable
from omp.lab import held
from omp.lab.bars import DYING_RATE, NOISE
from omp.lab.page_words import FORMS, INTRODUCTION, MEANING, REASONS, SEVERAL, STOPPED


def write_page(path: Path, documents: Sequence[dict[str, Any]]) -> None:
    """Write the page of some results, in their order."""
    write_durable(path, page(documents).encode())


def page(documents: Sequence[dict[str, Any]]) -> str:
    """The page as Markdown."""
    truths = [one["truth"] for doc in documents for one in doc["markets"] if one["truth"]]
    daily = [one["n_bars"] for one in truths if one.get("timeframe", "1d") == "1d"]
    years = max(daily, default=2520) / 252.0
    parts = [
        INTRODUCTION,
        _runs(documents),
        _nulls(documents),
        _due(documents),
        _dying(documents),
        _poisoned(documents),
        _power(documents),
        _several(documents),
        _anatomy(documents),
        _funnel(documents),
        MEANING.format(years=years),
        _held(documents),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _runs(documents: Sequence[dict[str, Any]]) -> str:
    lines = ["## How it was measured", ""]
    for doc in documents:
        machine, counted = doc["machine"], doc["totals"]
        search = doc["campaign"]["search"]
        trials = sorted(c["trials"] for one in doc["markets"] for c in one["campaigns"])
        middle = trials[len(trials) // 2] if trials else 0
        lines += [
            f"    {machine['command']}",
            "",
            (
                f"{_of_asked(doc)} markets, {counted['campaigns']:,} campaigns "
                f"(2,000 random rules, then {search['generations']} generations of "
                f"{search['population']}; {middle:,} distinct trials in the middle campaign); "
                f"{machine['cpu_s']:.0f} s of CPU, {_sittings(machine, counted['markets'])} "
                f"{machine['workers']} processes of a machine with {machine['cores']} cores "
                f"({machine['processor']}), "
                f"Python {machine['python']}. Configuration `{doc['config_hash'][:16]}`, "
                f"version {doc['engine_version']}, commit `{doc['git_sha'][:12]}`."
            ),
            "",
            *([STOPPED, ""] if doc.get("stop_refused") else []),
        ]
    return "\n".join(lines)


def _of_asked(doc: dict[str, Any]) -> str:
    """How many markets were done, and of how many, where the time ran out."""
    done = doc["totals"]["markets"]
    asked = doc.get("markets_asked", done)
    return f"{done:,}" if done == asked else f"{done:,} of {asked:,}"


def _nulls(documents: Sequence[dict[str, Any]]) -> str:
    lines = ["## Noise", ""]
    lines += ["| campaigns each | markets without an edge | promoted | rate | bounds |"]
    lines += ["|---|---|---|---|---|"]
    told = set()
    for doc in documents:
        null, each = doc["totals"]["null"], _campaigns(doc)
        if not null["contaminated"]["n"]:
            continue
        form = null.get("form", "")
        told |= set() if form else {each}
        around = "drift around" if "shifting" in form else "drift"
        rows = {"all": null["contaminated"]}
        rows |= {f"{around} {key}": one for key, one in null["by_drift"].items()}
        rows |= {f"kind `{key}`": one for key, one in null["by_kind"].items()}
        rows = {f"{form}: {name}" if form else name: one for name, one in rows.items()}
        lines += [_rate_row(f"{each} | {name}", one) for name, one in rows.items()]
    lines.append("")
    for each in sorted(told & set(NOISE)):
        bar, plural = NOISE[each], "" if each == 1 else "s"
        lines += [
            (
                f"The bar of {each} campaign{plural} each: at most {bar.most} of {bar.of:,}, "
                f"a rate of {bar.rate:.4f}."
            ),
            "",
        ]
    return "\n".join(lines)


def _due(documents: Sequence[dict[str, Any]]) -> str:
    rows = []
    for doc in documents:
        null = doc["totals"]["null"]
        at = null.get("due")
        if not at or not null["form"]:
            continue
        promoted = ", ".join(_number(one) for one in at["promoted"]) or "none"
        rows.append(
            f"| {null['form']} | {_campaigns(doc)} | {null['contaminated']['n']} | {at['looks']} | "
            f"{_number(at['mean'])} | {_number(at['most'])} | {promoted} |"
        )
    if not rows:
        return ""
    head = ["### What such a market holds after all", ""]
    head += ["| bars and drift | runs | markets | looks | true, mean | most | promoted, true |"]
    head += ["|---|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows, "", FORMS, ""])


def _campaigns(doc: dict[str, Any]) -> int:
    """Campaigns on each market of a calibration."""
    return max((len(one["campaigns"]) for one in doc["markets"]), default=0)


def _rate_row(name: str, one: dict[str, Any]) -> str:
    return f"| {name} | {one['hits']} of {one['n']} | {_share(one['rate'])} | {_bounds(one)} |"


def _dying(documents: Sequence[dict[str, Any]]) -> str:
    rows = [
        _rate_row(f"{_symbols(one)} | {one['dial']:g} | {_offered(doc)}", one["contaminated"])
        for doc in documents
        for one in doc["totals"].get("dying", [])
    ]
    if not rows:
        return ""
    head = ["## Edges that die where the sealed window begins", ""]
    head += ["| symbols | dial | offered | promoted | rate | bounds |", "|---|---|---|---|---|---|"]
    bars = ", ".join(f"{one} at most {rate:.0%}" for one, rate in DYING_RATE.items())
    return "\n".join([*head, *rows, "", f"The bars: {bars}.", ""])


def _offered(doc: dict[str, Any]) -> str:
    """What a run offers to the look: the ensemble, or the champion alone."""
    return str(doc.get("subject", "ensemble"))


def _poisoned(documents: Sequence[dict[str, Any]]) -> str:
    found = [doc["totals"]["poisoned"] for doc in documents if "poisoned" in doc["totals"]]
    found = [one for one in found if one["named"]["n"]]
    if not found:
        return ""
    lines = ["## Poisoned data", ""]
    for one in found:
        named, promoted = one["named"], one["contaminated"]
        missed = f"; not named: {', '.join(one['unnamed'])}" if one["unnamed"] else ""
        lines.append(
            f"{named['hits']} of {named['n']} planted faults were named before anything was mined; "
            f"{promoted['hits']} of {promoted['n']} markets promoted something{missed}."
        )
    return "\n".join([*lines, ""])


def _power(documents: Sequence[dict[str, Any]]) -> str:
    lines = [
        "## Power and precision",
        "",
        "| symbols | dial | drift | edges | runs | found | rate | bounds | bar | aim | true |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for at in _powers(documents):
        bar, found, true = held.power_bar(at), at["found"], at["true"]
        lines.append(
            f"| {_which(at)} | {at['campaigns']} | {_hits(found)} | "
            f"{_share(found['rate'])} | {_bounds(found)} | "
            f"{f'{bar.least:.2f} | {bar.simulated:.2f}' if bar else '– | –'} | "
            f"{_hits(true) if true else '–'} |"
        )
    return "\n".join([*lines, ""])


def _several(documents: Sequence[dict[str, Any]]) -> str:
    rows = [
        f"| {at['n_edges']} | {one['dial']:g} | {_campaigns(doc)} | "
        f"{doc.get('spending', 'fixed')} | {one['found']['n']} | "
        f"{_number(at['promotions'])} | {_number(at['different'])} | {_hits(one['true'])} |"
        for doc in documents
        for one in doc["totals"]["power"]
        if (at := one.get("held"))
    ]
    if not rows:
        return ""
    head = ["## Several edges in one market", ""]
    head += ["| edges | dial | runs | spending | markets | promoted | different | true |"]
    head += ["|---|---|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows, "", SEVERAL, ""])


def _anatomy(documents: Sequence[dict[str, Any]]) -> str:
    lines = [
        "## Where power is lost",
        "",
        "| symbols | dial | drift | edges | PBO passed | in-sample | true | look passed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for at in _powers(documents, first=False):
        pbo, look = at["pbo_passed"], at["look_passed"]
        lines.append(
            f"| {_which(at)} | {pbo['hits']} of {pbo['n']} | "
            f"{_number(at['looked_sharpe_x_annual'])} | {_number(at['looked_true_sharpe'])} | "
            f"{look['hits']} of {look['n']} |"
        )
    return "\n".join([*lines, ""])


def _powers(documents: Sequence[dict[str, Any]], *, first: bool = True) -> list[dict[str, Any]]:
    """Power of each kind of planted market; `first`: after the first of its campaigns as well."""
    found = []
    for doc in documents:
        each = _campaigns(doc)
        for one in doc["totals"]["power"]:
            found.append({**one, "campaigns": each})
            if first and each > 1:
                early = {"campaigns": 1, "found": one["found_by_first_campaign"], "true": None}
                found.append({**one, **early})
    keys = ("n_symbols", "dial", "drift_sharpe", "edges", "campaigns")
    return sorted(
        found,
        key=lambda one: (one.get("form", ""), *(one.get(key, "equal") for key in keys)),
    )


def _which(at: dict[str, Any]) -> str:
    edges = at.get("edges", "equal")
    edges = "–" if edges == "equal" and at["n_symbols"] == 1 else edges
    return f"{_symbols(at)} | {at['dial']:g} | {at['drift_sharpe']:g} | {edges}"


def _symbols(at: dict[str, Any]) -> str:
    """How many symbols, and what sets the bars or the drift apart."""
    form = at.get("form", "")
    return f"{at['n_symbols']}, {form}" if form else str(at["n_symbols"])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _funnel(documents: Sequence[dict[str, Any]]) -> str:
    lines = ["## Where campaigns were stopped", "", "| markets | campaigns | stopped at |"]
    lines += ["|---|---|---|"]
    for doc in documents:
        for one in doc["totals"]["funnel"]:
            stops = sorted(one["stopped_at"].items(), key=lambda item: (-item[1], item[0]))
            told = ", ".join(f"{gate} {number}" for gate, number in stops)
            group = one["group"] + ("" if _offered(doc) == "ensemble" else ", champion offered")
            lines.append(f"| {group} | {one['campaigns']} | {told} |")
    return "\n".join([*lines, ""])


def _held(documents: Sequence[dict[str, Any]]) -> str:
    """Every rate that has a bar beside it."""
    found: list[held.Held] = []
    for doc in documents:
        null = doc["totals"]["null"]
        if not null.get("form"):
            found += held.noise(null["contaminated"], _campaigns(doc))
        for at in doc["totals"].get("dying", []):
            which = f"symbols {_symbols(at)}, dial {at['dial']:g}"
            found += held.dying(at["contaminated"], which, _offered(doc))
    for at in _powers(documents):
        which = f"symbols {_symbols(at)}, dial {at['dial']:g}, drift {at['drift_sharpe']:g}"
        which += "" if at.get("edges", "equal") == "equal" else f", edges {at['edges']}"
        found += held.power(at, f"{which}, campaigns {at['campaigns']}")
    lines = ["## Held against the bars", "", *held.table(found)]
    if not all(one.met for one in found):
        lines += [REASONS, ""]
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _hits(one: dict[str, Any]) -> str:
    return f"{one['hits']} of {one['n']}"


def _bounds(one: dict[str, Any]) -> str:
    return "–" if one["lower"] is None else f"{one['lower']:.3f} – {one['upper']:.3f}"


def _sittings(machine: dict[str, Any], markets: int) -> str:
    """How long it took by the clock; of what was interrupted only the last sitting is known."""
    before = machine.get("markets_before", 0)
    which = f"the last {markets - before} of them " if before else ""
    return f"{which}{machine['wall_s']:.0f} s on"
