"""A table of the bench: rows of figures, each beside its bar, as text and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from omp.lab.bench.clock import Times


@dataclass(frozen=True)
class Row:
    """One line.

    Args:
        name: what was measured.
        value: in `unit` of its table. best: the fastest round, None where there is one alone.
        ratio: times the reference: median and minimum over the rounds; None for the reference.
        bar: what the ratio (or, in a table of figures, the value) is held against.
        met: whether it holds; None where nothing is asked.
        note: what the reader must know.
    """

    name: str
    value: float
    best: float | None = None
    ratio: tuple[float, float] | None = None
    bar: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of one unit.

    Args:
        key: the section it belongs to. title: its heading. unit: of the values.
        rows: the lines. facts: sentences that go with them.
    """

    key: str
    title: str
    unit: str
    rows: tuple[Row, ...]
    facts: tuple[str, ...] = field(default=())

    def text(self) -> str:
        """As it is printed: aligned columns."""
        cells = self._cells()
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        lines = [self.title]
        for row in cells:
            parts = [
                one.ljust(width) if i in (0, 5, 6) else one.rjust(width)
                for i, (one, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  " + "  ".join(parts).rstrip())
        lines += [f"  {one}" for one in self.facts]
        return "\n".join(lines)

    def markdown(self) -> str:
        """As `docs/benchmarks.md` shows it."""
        head, *rows = self._cells()
        lines = [f"## {self.title}", "", *(f"{one}\n" for one in self.facts)]
        lines.append("| " + " | ".join(head) + " |")
        lines.append("|---|" + "---:|" * 4 + "---|---|")
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join(lines) + "\n"

    def _cells(self) -> list[list[str]]:
        rows = [["", self.unit, "fastest round", "times ours", "least", "bar", "note"]]
        for one in self.rows:
            met = {None: "", True: "met", False: "not met"}[one.met]
            rows.append(
                [
                    one.name,
                    figure(one.value),
                    "" if one.best is None else figure(one.best),
                    "" if one.ratio is None else figure(one.ratio[0]),
                    "" if one.ratio is None else figure(one.ratio[1]),
                    ": ".join(part for part in (one.bar, met) if part),
                    one.note,
                ]
            )
        return rows


def raced(times: Sequence[Times], bars: dict[str, float], scale: float) -> tuple[Row, ...]:
    """Rows of a race: the first is ours, the others say how many times as long they take.

    Args:
        times: in the order of the race.
        bars: name to the ratio that is asked for.
        scale: from seconds to the table's unit.
    """
    ours = times[0]
    rows = []
    for one in times:
        ratio = None if one is ours else one.against(ours)
        bar = bars.get(one.name)
        rows.append(
            Row(
                one.name,
                one.median_s * scale,
                one.best_s * scale,
                ratio,
                "" if bar is None else f"≥ {bar:,.0f}×",
                None if bar is None or ratio is None else ratio[0] >= bar,
                one.note,
            )
        )
    return tuple(rows)


def figure(value: float) -> str:
    """Three digits that matter, thousands set apart."""
    if value != value:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
