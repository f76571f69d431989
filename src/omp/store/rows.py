"""Rows and frozen dataclasses: the same names on both sides."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from sqlalchemy import Row, Table

from omp.wire.canonical import canonical

T = TypeVar("T")


def from_row(kind: type[T], row: Row[Any], json_fields: Sequence[str] = ()) -> T:
    """A dataclass from a row that has a column for each of its fields."""
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to read a row by name
    for name in json_fields:
        if values.get(name) is not None:
            values[name] = json.loads(values[name])
    return kind(**{one.name: values[one.name] for one in fields(kind)})  # type: ignore[arg-type]


def to_values(record: Any, json_fields: Sequence[str] = ()) -> dict[str, Any]:
    """The column values of a dataclass."""
    return packed(asdict(record), json_fields)


def packed(values: dict[str, Any], json_fields: Sequence[str]) -> dict[str, Any]:
    """Column values with the JSON ones as canonical text."""
    return {
        key: canonical(value).decode() if key in json_fields and value is not None else value
        for key, value in values.items()
    }


def known(table: Table, names: Iterable[str]) -> None:
    """Refuse names that are no columns, so that a typing error is not lost in an UPDATE."""
    if unknown := set(names) - set(table.c.keys()):
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
