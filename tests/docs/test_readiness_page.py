"""The reference of readiness holds the rules as they are."""

from pathlib import Path

from tests.docs.readiness_page import table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "readiness.md"


def test_the_table_of_rules_is_that_of_the_program() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), (
        "write it anew: python -m tests.docs.readiness_page"
    )
