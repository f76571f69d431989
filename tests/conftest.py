"""What every test may ask for, and the printed time budget of each room."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import omp  # noqa: F401 - before numpy, whose arithmetic it settles

BUDGETS_S: dict[str, float] = {
    "unit/stats": 40,
    "unit/engine": 130,
    "unit/market": 90,
    "unit/mining": 270,
    "unit": 420,
    "laws": 60,
    "kits": 20,
    "mutants": 220,
    "integration": 440,
    "golden": 30,
    "story": 330,
    "browser": 240,
    "docs": 10,
    "long": 180,
}
"""Seconds each room may take on two cores, worst case; printed next to what it took."""

_TESTS = Path(__file__).parent
_spent_s: dict[str, float] = defaultdict(float)


def room_of(path: Path) -> str:
    """The budgeted room a test file belongs to."""
    relative = path.relative_to(_TESTS).parts
    two = "/".join(relative[:2])
    return two if two in BUDGETS_S else relative[0]


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Folder of the shared real market data.

    Skips loudly where OMP_TEST_DATA does not name one.
    """
    folder = os.environ.get("OMP_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("OMP_TEST_DATA does not name the folder of shared market data")
    return Path(folder)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> Iterator[None]:
    yield
    _spent_s[room_of(_TESTS.parent / report.nodeid.split("::")[0])] += report.duration


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_BEGAN] = time.monotonic()


_BEGAN = pytest.StashKey[float]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not _spent_s or hasattr(config, "workerinput"):
        return
    terminalreporter.section("time by room, seconds of test time against its budget")
    for room, spent in sorted(_spent_s.items()):
        budget = BUDGETS_S.get(room)
        over = "  over its budget" if budget is not None and spent > budget else ""
        terminalreporter.write_line(f"{room:20} {spent:7.1f} / {budget or 0:5.0f}{over}")
    wall = time.monotonic() - config.stash[_BEGAN]
    terminalreporter.write_line(f"{'wall clock':20} {wall:7.1f} /  1200")
