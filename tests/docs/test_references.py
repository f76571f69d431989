"""The table of references names every statistic, and only libraries that its tests ask."""

import re
from pathlib import Path

from omp import stats

ROOT = Path(__file__).parents[2]
LIBRARIES = {"scikit-learn": "sklearn"}
NOT_STATISTICS = {"MIN_OBSERVATIONS", "AlphaTest", "Clusters", "Moments", "Overfitting"}
KNOWN = ("scipy", "pandas", "vectorbt", "phacker", "purgedcv", "statsmodels", "arch", *LIBRARIES)


def table() -> list[list[str]]:
    text = (ROOT / "docs" / "reference" / "statistics.md").read_text()
    found = re.search(r"<!-- references -->\n(.*)<!-- end of references -->", text, re.DOTALL)
    assert found is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()[2:]]


def test_every_statistic_has_its_references() -> None:
    named = [name for row in table() for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(set(stats.__all__) - NOT_STATISTICS)


def test_every_library_named_is_asked_by_a_test() -> None:
    tests = "\n".join(one.read_text() for one in (ROOT / "tests/unit/stats").glob("test_*.py"))
    named = {one for row in table() for one in KNOWN for cell in row[2:] if one in cell}
    assert named == set(KNOWN)
    for one in named:
        assert re.search(rf"^(from|import) {LIBRARIES.get(one, one)}\b", tests, re.MULTILINE), one


def test_a_row_without_a_library_says_what_stands_in() -> None:
    for row in table():
        assert all(row), row
        assert "none found" not in row[3] or ";" in row[3] or "(" in row[3], row
