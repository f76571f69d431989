"""The document behind the link "what each gate says" answers for every gate there is."""

import re

import pytest

from omp.domain.errors import NotFound
from omp.shelf import shelf
from omp.web.explained import EXPLAINED, explained


def test_every_gate_is_explained_where_its_verdict_links_to() -> None:
    found = re.findall(r'<code id="([a-z_]+)"', explained("why-refused").body)
    assert len(found) == len(set(found))
    assert set(shelf("omp.gates", "GATE")) <= set(found)


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_document_has_a_title_of_its_own_and_links_to_nothing_that_is_not_served(
    name: str,
) -> None:
    found = explained(name)
    assert found.title
    assert found.title not in found.body
    assert "reference" in found.body  # the words of a link stay
    assert "<a " not in found.body


def test_a_document_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="why-refused"):
        explained("why-promoted")
