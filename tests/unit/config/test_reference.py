"""The reference page shows the tables that are in force."""

from pathlib import Path

import pytest

from omp.config.reference import campaign_table, gates_table, settings_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "configuration.md"


@pytest.mark.parametrize("table", [settings_table, gates_table, campaign_table])
def test_the_page_has_every_row(table) -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [row for row in table().splitlines() if row not in page]
    assert missing == []
