"""Whether data are fit for mining: every rule must say yes, and a rule without an answer says no.

A table has one row per bar and symbol with the columns of `COLUMNS`, in the order of its file.
Each rule looks at that table alone and names what it finds by symbol and first time.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from omp.domain.errors import InvalidInput
from omp.market.bars import FIELDS, Panel
from omp.market.certificate import FLAG, Certificate, Fault
from omp.market.readiness_rule import Context, Finding, Known, Unknown
from omp.market.readiness_rules import rules
from omp.market.venues import Venue

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "ACCEPTABLE",
    "CALENDAR_RULES",
    "RULES",
    "Certificate",
    "Fault",
    "Known",
    "judge",
    "judge_panel",
    "table_of",
]

COLUMNS = ("symbol", "timestamp", *FIELDS)
RULES = rules()
"""Every rule by name, in the order in which they are judged."""

ACCEPTABLE = tuple(sorted(name for name, one in RULES.items() if one.acceptable))
"""Rules whose faults can be real features of a market; the others are always wrong."""

CALENDAR_RULES = tuple(name for name, one in RULES.items() if one.needs_calendar)
"""Rules that ask the venue's calendar."""


def judge(
    table: "pl.DataFrame",
    venue: Venue,
    timeframe: str,
    *,
    accept: Sequence[str] = (),
    exempt: Sequence[str] = (),
    sealed_fraction: float = 0.3,
    min_sealed_bars: int = 250,
    now_ns: int | None = None,
    known: Known | None = None,
) -> Certificate:
    """Judge a table of bars by every rule.

    Args:
        table: one row per bar and symbol, in the order of the file.
        venue: where the instruments trade.
        timeframe: such as "1d".
        accept: names of rules whose faults the user takes upon himself (see `ACCEPTABLE`).
        exempt: rules that are not asked, as there is nothing they could ask.
        sealed_fraction: share of the calendar that will be sealed.
        min_sealed_bars: fewest bars on each side of the boundary; of shorter bars, days.
        now_ns: the present, UTC nanoseconds; by default the clock's.
        known: what is known beside the rows.

    Raises:
        InvalidInput: when a rule that cannot be accepted is named in `accept`.
    """
    wrong = sorted(set(accept) - set(ACCEPTABLE))
    if wrong:
        raise InvalidInput(
            f"the rules {', '.join(wrong)} cannot be accepted",
            allowed=", ".join(ACCEPTABLE),
            remedy="mend the data instead",
        )
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing or table.height == 0:
        detail = f"column {', '.join(missing)} is missing" if missing else "there is no bar in it"
        remedy = f"give a table with {', '.join(COLUMNS)}, or map its columns"
        fault = Fault("schema", "*", "", detail, remedy)
        return Certificate(False, (fault,), counts={"schema": 1, "bars": table.height})
    now = time.time_ns() if now_ns is None else now_ns
    context = Context.of(table, venue, timeframe, sealed_fraction, min_sealed_bars, now, known)
    told: dict[str, list[Fault]] = {"faults": [], "accepted": [], "flags": []}
    unknown: dict[str, str] = {}
    counts: dict[str, int] = {}
    months: dict[str, dict[str, dict[str, int]]] = {}
    asked = {name: rule for name, rule in RULES.items() if name not in exempt}
    for name, rule in asked.items():
        kind = "flags" if rule.severity == FLAG else "accepted" if name in accept else "faults"
        try:
            for finding in rule.judge(context):
                if finding.bars:
                    counts[name] = counts.get(name, 0) + finding.bars
                told[kind].append(finding.fault(name))
                _note_months(months, name, finding)
        except Unknown as reason:
            if rule.severity != FLAG:
                unknown[name] = str(reason)
    counts["bars"] = table.height
    counts["symbols"] = table["symbol"].n_unique()
    return Certificate(
        ready=False if told["faults"] else None if unknown else True,
        faults=tuple(told["faults"]),
        unknown=unknown,
        accepted=tuple(told["accepted"]),
        counts=counts,
        flags=tuple(told["flags"]),
        severity={name: rule.severity for name, rule in asked.items()},
        months=months,
    )


def judge_panel(panel: Panel, venue: Venue, **options: object) -> Certificate:
    """Judge a panel that did not come through an importer (see `judge` for the options)."""
    return judge(table_of(panel), venue, panel.timeframe, **options)  # type: ignore[arg-type]


def table_of(panel: Panel) -> "pl.DataFrame":
    """A panel as a table of readiness."""
    import polars as pl

    parts = [
        pl.DataFrame(
            {"timestamp": one.timestamp, **{name: getattr(one, name) for name in FIELDS}}
        ).select(pl.lit(one.symbol).alias("symbol"), pl.all())
        for one in panel.bars
    ]
    return pl.concat(parts) if parts else pl.DataFrame({name: [] for name in COLUMNS})


def _note_months(months: dict[str, dict[str, dict[str, int]]], rule: str, finding: Finding) -> None:
    if not finding.times.size:
        return
    found = finding.times.astype("datetime64[ns]").astype("datetime64[M]")
    for month, n_bars in zip(*np.unique(found, return_counts=True), strict=True):
        months.setdefault(finding.symbol, {}).setdefault(str(month), {})[rule] = int(n_bars)
