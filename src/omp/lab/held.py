"""What a calibration counted, held against its bars: as counted, and beyond chance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omp.lab.bars import DYING_RATE, NOISE, POWER, PRECISION, Bar
from omp.lab.figures import TRUE_SHARE


@dataclass(frozen=True)
class Held:
    """One rate beside its bar.

    Args:
        what: What was counted.
        found: The rate: `hits`, `n`, `rate` and its bounds `lower` and `upper`.
        bar: The rate that must be reached, or must not be exceeded.
        at_most: Whether the bar is a most.
        written: The bar as it is written.
    """

    what: str
    found: Mapping[str, Any]
    bar: float
    at_most: bool
    written: str

    @property
    def met(self) -> bool:
        """Whether the rate as it was counted keeps the bar."""
        rate = float(self.found["rate"])
        return rate <= self.bar if self.at_most else rate >= self.bar

    @property
    def decided(self) -> bool:
        """Whether the bar lies outside the bounds: chance alone does not explain the answer."""
        return not float(self.found["lower"]) <= self.bar <= float(self.found["upper"])

    @property
    def answer(self) -> str:
        """Met or missed, and whether that is beyond chance."""
        told = "met" if self.met else "missed"
        return f"{told}, beyond chance" if self.decided else told


def noise(found: Mapping[str, Any], campaigns: int) -> Iterator[Held]:
    """Nulls of some campaigns each against their bar, where there is one."""
    bar = NOISE.get(campaigns)
    if bar is None or not found["n"]:
        return
    each = "1 campaign" if campaigns == 1 else f"{campaigns} campaigns"
    yield Held(f"noise, {each} each", found, bar.rate, True, f"at most {bar.most} of {bar.of:,}")


def dying(found: Mapping[str, Any], which: str, offered: str = "ensemble") -> Iterator[Held]:
    """Edges that die against the bar of what was offered."""
    if found["n"]:
        bar = DYING_RATE[offered]
        what = f"dying edges, {which}" + ("" if offered == "ensemble" else f", {offered}")
        yield Held(what, found, bar, True, f"at most {bar:.2f}")


def power(at: Mapping[str, Any], which: str) -> Iterator[Held]:
    """Power, and precision from dial 1.5 on, against their bars, where there are any."""
    bar, true = power_bar(at), at["true"]
    if bar is not None and at["found"]["n"]:
        yield Held(f"power, {which}", at["found"], bar.least, False, f"at least {bar.least:.2f}")
    if true and true["n"] and at["dial"] >= 1.5:
        yield Held(f"precision, {which}", true, PRECISION, False, f"at least {PRECISION:.2f}")


def power_bar(at: Mapping[str, Any]) -> Bar | None:
    """The bar of a power: markets with equal edges and bars of a day alone have one."""
    if at.get("edges", "equal") != "equal" or at.get("form"):
        return None
    return POWER.get(at["campaigns"], {}).get((at["n_symbols"], at["dial"]))


def table(held: list[Held]) -> list[str]:
    """Every bar with what was counted, those missed first, and their sum in a sentence."""
    missed = [one for one in held if not one.met]
    beyond = [one for one in missed if one.decided]
    lines = [
        (
            f"Of {len(held)} rates with a bar, {len(held) - len(missed)} met it as counted and "
            f"{len(missed)} missed it; {len(beyond)} of those missed it beyond chance: the bar "
            "lies outside the bounds."
        ),
        "",
        "| rate | counted | bounds | bar | as counted |",
        "|---|---|---|---|---|",
    ]
    order = sorted(held, key=lambda one: (one.met, not one.decided))
    for one in order:
        found = one.found
        lines.append(
            f"| {one.what} | {found['hits']} of {found['n']:,}, {found['rate']:.3f} | "
            f"{found['lower']:.3f} – {found['upper']:.3f} | {one.written} | {one.answer} |"
        )
    return [*lines, "", f"A promotion counts as true from {TRUE_SHARE:.0%} of the dial on.", ""]
