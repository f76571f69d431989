"""The certificate of readiness: a plain yes, a no with every fault, or unknown, which is a no."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from omp.domain.errors import DataNotReady

SCHEMA_VERSION = 2
SHOWN_FAULTS = 12
FAULT, FLAG = "fault", "flag"
"""How grave a rule is: a fault makes data not ready, a flag is written down and nothing more."""


@dataclass(frozen=True)
class Fault:
    """One fault of one symbol: the rule it breaks, since when, how, and what to do.

    Args:
        rule: name of the rule.
        symbol: the instrument, or `*` for the table as a whole.
        time: ISO time of the first bar at fault, or empty.
        detail: what is wrong and over how many bars, without any price.
        remedy: the next step for the person who owns the data.
        values: the offending values of the first bar; never written of a sealed bar.
    """

    rule: str
    symbol: str
    time: str
    detail: str
    remedy: str
    values: str = ""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.symbol, self.time) if part)
        quoted = f" ({self.values})" if self.values else ""
        return f"{self.rule}: {place}: {self.detail}{quoted} ({self.remedy})"


@dataclass(frozen=True)
class Certificate:
    """What `readiness.judge` says about a table of bars.

    Args:
        ready: True, False, or None when a rule could not be judged; only True is mined.
        faults: every fault that was not accepted.
        unknown: rules that could not be judged, each with its reason.
        accepted: faults the user has accepted by the name of their rule; kept for the record.
        counts: bars at fault by rule, and `bars`, `symbols` of the whole.
        flags: what is written down and does not stop anything.
        severity: `fault` or `flag` of every rule that was asked.
        months: symbol → month ("2015-07") → rule → bars at fault, for the calendar picture.
        digest: the snapshot it belongs to; empty before there is one.
    """

    ready: bool | None
    faults: tuple[Fault, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    accepted: tuple[Fault, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    flags: tuple[Fault, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    months: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    digest: str = ""

    def bound(self, digest: str, boundary: str) -> "Certificate":
        """This certificate as that of a snapshot: no value of a bar from the boundary on is in it.

        Args:
            digest: the snapshot's.
            boundary: first sealed instant, ISO.
        """

        def quiet(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
            return tuple(
                replace(one, values="") if not one.time or one.time >= boundary[:10] else one
                for one in faults
            )

        return replace(
            self,
            digest=digest,
            faults=quiet(self.faults),
            accepted=quiet(self.accepted),
            flags=quiet(self.flags),
        )

    def require(self, name: str) -> None:
        """Pass only a plain yes.

        Raises:
            DataNotReady: with every fault by rule, symbol and time.
        """
        if self.ready is True:
            return
        listed = [str(fault) for fault in self.faults]
        listed += [f"{rule}: unknown: {why}" for rule, why in self.unknown.items()]
        shown = "; ".join(listed[:SHOWN_FAULTS])
        more = len(listed) - SHOWN_FAULTS
        raise DataNotReady(
            f"{name} is not ready for mining: {shown}" + (f"; and {more} more" if more > 0 else ""),
            allowed="data on which every rule of readiness says yes; unknown counts as no",
            remedy="mend the data at the places named, or leave the symbols out with "
            "--leave-out-faulty; nothing was changed",
            faults=tuple(listed),
        )

    def record(self) -> dict[str, Any]:
        """The certificate as JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "ready": self.ready,
            "faults": [asdict(fault) for fault in self.faults],
            "unknown": dict(self.unknown),
            "accepted": [asdict(fault) for fault in self.accepted],
            "counts": dict(self.counts),
            "flags": [asdict(fault) for fault in self.flags],
            "severity": dict(self.severity),
            "flagged_months": {
                symbol: {month: dict(rules) for month, rules in months.items()}
                for symbol, months in self.months.items()
            },
            "digest": self.digest,
        }

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> "Certificate":
        """The certificate that `record` wrote; anything missing makes it unknown."""
        return Certificate(
            ready=record.get("ready"),
            faults=tuple(Fault(**fault) for fault in record.get("faults", ())),
            unknown=dict(record.get("unknown", {})),
            accepted=tuple(Fault(**fault) for fault in record.get("accepted", ())),
            counts=dict(record.get("counts", {})),
            flags=tuple(Fault(**fault) for fault in record.get("flags", ())),
            severity=dict(record.get("severity", {})),
            months=dict(record.get("flagged_months", {})),
            digest=str(record.get("digest", "")),
        )
