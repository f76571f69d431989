"""A gate's answer about one subject, with the value and the bar it was compared with."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a gate says. Only PASS lets a subject through."""

    PASS = "pass"  # noqa: S105 -- an outcome, not a secret
    RESEARCH = "research"
    REJECT = "reject"
    WAIT = "wait"
    """Waiting for a person's signature; everything else may have passed."""
    UNKNOWN = "unknown"
    """Evidence is missing or undefined; never promotes."""


@dataclass(frozen=True)
class Verdict:
    """One gate's answer.

    Args:
        gate: Name of the gate, a file on the shelf.
        panel: 1 before the look, 2 after it.
        outcome: What the gate says.
        value: The measured value, in `unit`; None where there is none.
        bar: The bar it was compared with, in the same unit.
        better: `higher` or `lower`; says which side of the bar is good.
        distance: How far on the good side of the bar (negative: on the bad side); None if unknown.
        unit: Unit of value and bar, for display.
        sentence: Why, in a sentence a researcher understands.
    """

    gate: str
    panel: int
    outcome: Outcome
    value: float | None
    bar: float | None
    better: str
    distance: float | None
    unit: str
    sentence: str


def worst(verdicts: tuple[Verdict, ...]) -> Outcome:
    """The panel's answer: the worst of its members'; an empty panel knows nothing."""
    order = (Outcome.REJECT, Outcome.UNKNOWN, Outcome.RESEARCH, Outcome.WAIT, Outcome.PASS)
    if not verdicts:
        return Outcome.UNKNOWN
    return min((v.outcome for v in verdicts), key=order.index)
