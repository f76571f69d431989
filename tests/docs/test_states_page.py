"""`docs/reference/states.md` is what the machines are."""

from tests.docs.states_page import PAGE, page


def test_the_page_is_printed_from_the_machines() -> None:
    assert PAGE.read_text() == page(), "print it again: python -m tests.docs.states_page"
