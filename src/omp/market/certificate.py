"""The certificate of readiness: a plain yes, a no with every fault, or unknown, which is a no."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from omp.domain.errors import DataNotReady

SCHEMA_VERSION = 1
SHOWN_FAULTS = 12


@dataclass(frozen=True)
class Fault:
    """One fault of one symbol: the rule it breaks, since when, how, and what to do.

    Args:
        rule: name of the rule.
        symbol: the instrument, or `*` for the table as a whole.
        time: ISO time of the first bar at fault, or empty.
        detail: what is wrong, with the offending values and the number of bars.
        remedy: the next step for the person who owns the data.
    """

    rule: str
    symbol: str
    time: str
    detail: str
    remedy: str

    def __str__(self) -> str:
        place = " ".join(part for part in (self.symbol, self.time) if part)
        return f"{self.rule}: {place}: {self.detail} ({self.remedy})"


@dataclass(frozen=True)
class Certificate:
    """What `readiness.judge` says about a table of bars.

    Args:
        ready: True, False, or None when a rule could not be judged; only True is mined.
        faults: every fault that was not accepted.
        unknown: rules that could not be judged, each with its reason.
        accepted: faults the user has accepted by the name of their rule; kept for the record.
        counts: bars at fault by rule, and `bars`, `symbols` of the whole.
    """

    ready: bool | None
    faults: tuple[Fault, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    accepted: tuple[Fault, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

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
            remedy="mend the data at the places named; nothing was changed",
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
        )
