"""Prints docs/reference/watchdog.md from its table: python -m tests.docs.watchdog_page."""

from pathlib import Path

from omp.daemon.actions import SEVERITY
from omp.daemon.watchdog import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "watchdog.md"

HEAD = """\
# The watchdog

At every tick the daemon looks at the machine and at its runs, and goes through this table in its
order. It is a pure function of what was seen and what is remembered, so each row is tried alone
in the tests. What switches something off switches it on again only beyond a margin: a reading on
the edge does not flap. The names are those of `[limits]` in `omp_config.toml`. Every action is
journalled.

| when | what is done | how it ends |
|---|---|---|
"""


def page() -> str:
    """The page as it should stand."""
    rows = [" ".join(str(row.__doc__).split()) for row in ROWS]
    assert all(row.count(" | ") == 2 for row in rows)
    opened = ", ".join(f"{action} ({severity})" for action, severity in SEVERITY.items())
    end = f"\nThese actions open an incident, one for an episode: {opened}.\n"
    return HEAD + "".join(f"| {row} |\n" for row in rows) + end


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
