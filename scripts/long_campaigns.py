"""The long campaigns, one after another; each prints one JSON line of figures.

`./test --long` runs them after the tests; `./test --long --write` puts the figures into
`docs/reliability.md` too. `./test --long crash soak` runs those two alone.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PAGE = HERE / "docs" / "reliability.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"

CAMPAIGNS: dict[str, list[str]] = {
    "crash": ["--kills", "1000"],
    "old_runs": ["--each", "20", "--timed", "100"],
    "power_cuts": ["--cuts", "50"],
    "io_faults": [],
    "clock_jumps": [],
    "state_machines": ["--examples", "150"],
    "watchdog_times": [],
    "soak": ["--campaigns", "3000"],
    "claim_speed": [],
    "ledger_size": [],
    "idle_daemon": [],
    "recovery_time": [],
    "postgres_chaos": [],
}
"""Program below tests/long -> its arguments for the full campaign."""


def present() -> tuple[str, ...]:
    """The campaigns this checkout has."""
    folder = HERE / "tests" / "long"
    return tuple(name for name in CAMPAIGNS if (folder / f"{name}.py").is_file())


def run_one(name: str) -> dict[str, object]:
    """Run a campaign; gives its figures, or why there are none."""
    path = os.pathsep.join((str(HERE), str(HERE / "src")))
    command = [sys.executable, "-m", f"tests.long.{name}", *CAMPAIGNS[name]]
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=HERE,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    figures: dict[str, object] = json.loads(lines[-1]) if lines else {"error": done.returncode}
    figures["ok"] = done.returncode == 0 and bool(figures.get("ok", True))
    figures.setdefault("seconds", round(time.monotonic() - began))
    return figures


def row(name: str, figures: dict[str, object]) -> str:
    """The figures of a campaign as the page shows them."""
    shown = ", ".join(
        f"{key} {_short(value)}"
        for key, value in figures.items()
        if key not in ("campaign", "ok", "hits", "vain")
    )
    held = "yes" if figures["ok"] else "**no**"
    return f"| `{name}`, `./test --long {name}` | bars held: {held} | {shown} |"


def hits_table(figures: dict[str, object]) -> list[str]:
    """How often a kill fell on each fail-point."""
    hits = figures.get("hits")
    if not isinstance(hits, dict):
        return []
    return ["| killed at | hits |", "|---|---|", *(f"| `{at}` | {n} |" for at, n in hits.items())]


def merged(body: str, found: dict[str, dict[str, object]]) -> str:
    """The part of the page between its marks, with the rows of these campaigns put in anew."""
    first, _, last = body.partition("| killed at | hits |")
    lines = [
        one
        for one in first.strip().splitlines()
        if not any(re.match(rf"\| `{name}\b", one) for name in found)
    ]
    lines += [row(name, figures) for name, figures in found.items()]
    hits = [one for figures in found.values() for one in hits_table(figures)]
    kept = ["| killed at | hits |" + last.rstrip()] if last else []
    return "\n".join([*lines, "", *(hits or kept)]).rstrip()


def _short(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def machine() -> str:
    """What it was measured on."""
    name = platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        name = next(
            line.partition(":")[2].strip()
            for line in text.splitlines()
            if line.startswith("model name")
        )
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores, {name}, Python {platform.python_version()}"


def write(found: dict[str, dict[str, object]]) -> None:
    """Put the rows into the page, in place of the former ones of the same campaigns."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    body, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{merged(body, found)}\n\n{END}{tail}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run those that are named, or all; 0 when every bar is held."""
    named = [name for name in arguments if name in CAMPAIGNS] or list(present())
    found: dict[str, dict[str, object]] = {}
    print(f"on {machine()}", flush=True)
    for name in named:
        print(f"campaign {name} …", flush=True)
        found[name] = run_one(name)
        print(json.dumps(found[name]), flush=True)
    if "--write" in arguments:
        write(found)
    return 0 if all(one["ok"] for one in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
