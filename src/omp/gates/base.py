"""What a gate is: a question with a side that is better, and an answer that says why."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome, Verdict
from omp.gates.case import Case

MIN_OBSERVATIONS = 30
"""Fewer bars than this leave every statistic undefined (evidence procedure, conventions)."""


@dataclass(frozen=True)
class Answer:
    """What a gate's question gives before it is put beside the bars.

    Args:
        sentence: Why, in a sentence a researcher understands.
        value: The measure; None where there is none.
        outcome: The answer where bars alone do not give it; None leaves it to the bars.
        bar: The bar of the comparison, where it is not the configured promote bar.
        unit: Unit of value and bar, where they are not the gate's own measure.

    Of several conditions the one that decided gives value, bar and unit.
    """

    sentence: str
    value: float | None = None
    outcome: Outcome | None = None
    bar: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Gate:
    """One gate.

    Args:
        name: As in `[gates.<name>]`.
        panel: 1 before the look, 2 after it.
        better: `higher` or `lower` values are the good ones.
        strict: A value on the bar itself does not pass.
        unit: Unit of value and bar, for display.
        question: What it asks, in one line.
        ask: The question itself; pure, reads nothing but the case and its bars.
    """

    name: str
    panel: int
    better: str
    unit: str
    question: str
    ask: Callable[[Case, GateBars], Answer]
    strict: bool = False

    def judge(self, case: Case) -> Verdict:
        """The verdict on a case; UNKNOWN where bars or evidence are missing."""
        bars = case.gates.get(self.name)
        if bars is None:
            answer = unknown(f"the configuration has no bars for the gate {self.name}")
            bars = GateBars()
        else:
            answer = self.ask(case, bars)
        bar = bars.promote if answer.bar is None else answer.bar
        value = finite(answer.value)
        outcome = answer.outcome or self.outcome(value, bars, bar)
        return Verdict(
            gate=self.name,
            panel=self.panel,
            outcome=outcome,
            value=value,
            bar=bar,
            better=self.better,
            distance=self.distance(value, bar),
            unit=answer.unit or self.unit,
            sentence=answer.sentence,
        )

    def outcome(self, value: float | None, bars: GateBars, bar: float | None) -> Outcome:
        """Which of the three ranges a value lies in: pass, research, reject."""
        if value is None or bar is None:
            return Outcome.UNKNOWN
        if self.meets(value, bar):
            return Outcome.PASS
        if bars.reject is not None and self._sign * value < self._sign * bars.reject:
            return Outcome.REJECT
        return Outcome.RESEARCH

    def meets(self, value: float, bar: float) -> bool:
        """Whether a value is on the good side of a bar."""
        gap = self._sign * (value - bar)
        return gap > 0 if self.strict else gap >= 0

    def distance(self, value: float | None, bar: float | None) -> float | None:
        """How far on the good side of the bar; negative on the bad side."""
        if value is None or bar is None:
            return None
        return self._sign * (value - bar)

    @property
    def _sign(self) -> int:
        return 1 if self.better == "higher" else -1


def unknown(sentence: str) -> Answer:
    """The answer where evidence is missing or undefined."""
    return Answer(sentence, outcome=Outcome.UNKNOWN)


def finite(value: float | None) -> float | None:
    """The value, or None where it is missing, NaN or infinite."""
    if value is None or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def keeps(gate: Gate, value: float | None, bars: GateBars) -> bool | None:
    """Whether an entry's measure still meets the keep bar; None where that cannot be said."""
    if bars.keep is None or finite(value) is None or value is None:
        return None
    return gate.meets(value, bars.keep)


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 trade`, `21,443 trials`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
