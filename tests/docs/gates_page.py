"""The tables of `docs/reference/gates.md`, written from the gates that are in force.

python -m tests.docs.gates_page        writes them into the page
"""

from pathlib import Path

from omp.config.gate_bars import GateBars, default_gates
from omp.domain.failpoints import FAILPOINTS, FAULTS
from omp.gates.panel import PANELS, gates

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "gates.md"


def cell(value: object) -> str:
    """A table cell."""
    if value is None:
        return "–"
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    return text.replace("|", "\\|")


def options(bars: GateBars) -> str:
    """A gate's further settings."""
    shown = [
        f"`{name} = {', '.join(value) if isinstance(value, list) else f'{value:g}'}`"
        for name, value in bars.options.items()
        if isinstance(value, list | int | float)
    ]
    return ", ".join(shown) or "–"


def gates_table() -> str:
    """Every gate in the order in which it is asked."""
    bars = default_gates()
    lines = [
        "| gate | panel | question | better | reject | promote | keep | unit | further settings |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for gate in gates(bars):
        one = bars[gate.name]
        better = f"{gate.better}, not the bar itself" if gate.strict else gate.better
        cells = (
            f"`{gate.name}`",
            f"{gate.panel}, {PANELS[gate.panel]}",
            gate.question,
            better,
            one.reject,
            one.promote,
            one.keep,
            gate.unit or "–",
            options(one),
        )
        lines.append("| " + " | ".join(cell(each) for each in cells) + " |")
    return "\n".join(lines)


def failpoints_table() -> str:
    """Every fail-point."""
    lines = ["| fail-point | when the process dies there |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in FAILPOINTS.items()]
    return "\n".join(lines)


def faults_table() -> str:
    """Every fault that can be planted."""
    lines = ["| planted fault | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in FAULTS.items()]
    return "\n".join(lines)


TABLES = {"gates": gates_table, "fail-points": failpoints_table, "faults": faults_table}


def filled(page: str) -> str:
    """The page with every table as it is now."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        head, rest = page.split(begin)
        _, tail = rest.split(end)
        page = f"{head}{begin}\n{table()}\n{end}{tail}"
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
