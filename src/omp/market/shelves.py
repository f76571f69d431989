"""The shelves of this room: every module of a folder that declares a member is found there.

A new importer or venue is one new file; a name declared twice is an error. The order is that of
the names, never that of the scan.
"""

import importlib
import pkgutil
from functools import cache
from typing import Any

from omp.domain.errors import InvalidInput


@cache
def members(package: str, attribute: str) -> dict[str, Any]:
    """The members of a shelf by name.

    Args:
        package: dotted name of the folder, such as `omp.market.venues`.
        attribute: what each module calls its member; modules without it are no members.

    Raises:
        ValueError: when two modules declare the same name.
    """
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        member = getattr(importlib.import_module(f"{package}.{info.name}"), attribute, None)
        if member is None:
            continue
        if member.name in found:
            raise ValueError(f"{package} has two members named {member.name!r}")
        found[member.name] = member
    return dict(sorted(found.items()))


def member(package: str, attribute: str, name: str, what: str) -> Any:
    """The member of a shelf with this name.

    Raises:
        InvalidInput: when there is none, with the names there are.
    """
    found = members(package, attribute)
    if name not in found:
        raise InvalidInput(
            f"there is no {what} {name!r}", allowed=", ".join(found), remedy=f"name one {what}"
        )
    return found[name]
