"""The page of the gates shows the gates and bars that are in force."""

from tests.docs.gates_page import PAGE, filled

from omp.config.gate_bars import default_gates
from omp.ops.cards import CARDS


def test_the_page_is_as_the_code_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page, "run: python -m tests.docs.gates_page"


def test_every_gate_is_explained() -> None:
    explained = (PAGE.parents[1] / "explanation" / "why-refused.md").read_text(encoding="utf-8")
    for name in default_gates():
        assert f"`{name}`" in explained, name


def test_every_card_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for kind in CARDS:
        assert f"`{kind}`" in page, kind
