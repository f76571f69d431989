"""`docs/reference/watchdog.md` is the watchdog's own table."""

from tests.docs.watchdog_page import PAGE, page


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.docs.watchdog_page"
