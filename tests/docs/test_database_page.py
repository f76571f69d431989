"""`docs/reference/database.md` names every view, column and table there is."""

import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from omp.store.tables import metadata
from omp.store.views import VIEWS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "database.md").read_text()


def test_every_table_is_named() -> None:
    tables = PAGE.split("## Tables")[1]
    assert [one for one in metadata.tables if f"`{one}`" not in tables] == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_columns_of_a_view_are_those_on_the_page(view: str) -> None:
    with create_engine("sqlite://").connect() as tx:
        metadata.create_all(tx)
        tx.execute(text(f"CREATE VIEW {view} AS {VIEWS[view]}"))
        columns = [row[1] for row in tx.execute(text(f"PRAGMA table_info({view})"))]
    found = re.search(rf"^\| `{view}` \| (.*) \|$", PAGE, re.MULTILINE)
    assert found is not None
    assert re.findall(r"`(\w+)`", found[1]) == columns
