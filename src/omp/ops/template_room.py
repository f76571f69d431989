"""Where the cards' templates are found and filled: Markdown, with the words of the trade."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from omp.domain.figures import probability

UNKNOWN = "unknown"


@cache
def open_room() -> Environment:
    """The templates, every one of them compiled.

    A program that lives long opens the room as it starts, so that its templates stay those of its
    code when the package is upgraded beneath it.
    """
    room = Environment(  # noqa: S701 - Markdown; markdown_page escapes every text
        loader=PackageLoader("omp.ops"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    room.filters.update({one.__name__: one for one in FILTERS})
    for name in room.list_templates():
        room.get_template(name)
    return room


def fill(template: str, **values: Any) -> str:
    """The Markdown of a card. A value that a template names must be given."""
    return open_room().get_template(template).render(**values)


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or that it is unknown."""
    if value is None:
        return UNKNOWN
    if isinstance(value, int) or digits == 0:
        return f"{value:,.0f}"
    return f"{value:,.{digits}f}"


def pct(value: float | None, digits: int = 1) -> str:
    """A share as per cent."""
    return UNKNOWN if value is None else f"{100 * value:.{digits}f} %"


def box(checked: bool | None) -> str:
    """A ticked or an empty box."""
    return "[x]" if checked else "[ ]"


def cell(text: object) -> str:
    """A text that stays inside its table cell."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def day(instant: str | None) -> str:
    """The date of an instant."""
    return (instant or UNKNOWN)[:10]


def fact(value: object) -> str:
    """A field of a record: a table of parameters as `name value, name value`."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {one:g}" for name, one in value.items())
    return UNKNOWN if value is None else str(value)


def minute(instant: str | None) -> str:
    """An instant to the minute."""
    return (instant or UNKNOWN)[:16].replace("T", " ")


FILTERS: tuple[Callable[..., str], ...] = (number, pct, probability, box, cell, day, fact, minute)
"""What a template may write a value with."""
