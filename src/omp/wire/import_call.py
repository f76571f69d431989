"""How an import is asked for: one table of fields, for the API's body and the child's arguments."""

from collections.abc import Mapping
from typing import Any

FLAGS: dict[str, str] = {
    "venue": "--venue",
    "timeframe": "--timeframe",
    "importer": "--importer",
    "columns": "--column",
    "features": "--feature",
    "symbol": "--symbol",
    "symbols": "--symbols",
    "separator": "--separator",
    "decimal": "--decimal",
    "encoding": "--encoding",
    "date_format": "--date-format",
    "timezone": "--timezone",
    "adjust": "--adjust",
    "actions": "--actions",
    "fractional": "--fractional",
    "accept": "--accept",
    "leave_out_faulty": "--leave-out-faulty",
    "repair": "--repair",
    "licence": "--licence",
}
"""Field → the option of `combiner data import`; a list repeats it, a truth value switches it."""

JOINED = frozenset({"symbols"})
"""Lists that are one option's value, parted by commas."""

NEGATABLE = frozenset({"adjust"})
"""Truth values whose no is an option too (`--no-adjust`)."""


def arguments(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The child's arguments for these fields; what is empty or None stays to be guessed.

    Raises:
        KeyError: When a field is not in the table.
    """
    words: list[str] = []
    for name, value in fields.items():
        flag = FLAGS[name]
        if isinstance(value, bool):
            if value:
                words.append(flag)
            elif name in NEGATABLE:
                words.append("--no-" + flag.removeprefix("--"))
        elif isinstance(value, list | tuple):
            listed = [",".join(value)] if name in JOINED and value else value
            words += [f"{flag}={one}" for one in listed]
        elif value not in (None, ""):
            words.append(f"{flag}={value}")
    return tuple(words)
