"""A shelf: a package of plugins, one file each, found by looking and never by being listed.

A plugin is a module that carries one named constant with a `name`. What stands on the shelf is
what lies in the package, and what other distributions declare as entry points; in which order it is
used is the configuration's business, never the scan's.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any


class ShelfFault(Exception):
    """A plugin that cannot stand on its shelf; the message says which, and why."""


@cache
def shelf(package: str, constant: str, group: str = "") -> Mapping[str, Any]:
    """Every plugin of a shelf by its name, names ascending.

    Args:
        package: Import name of the package, such as `omp.gates`.
        constant: Name of the constant that makes a module a plugin, such as `GATE`.
        group: Entry-point group for other distributions' plugins; by default the package's name.

    Raises:
        ShelfFault: If two plugins share a name, one has none, or a stranger's cannot be loaded.
    """
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for where, plugin in _plugins(package, constant, group or package):
        name = getattr(plugin, "name", None)
        if not isinstance(name, str) or not name:
            raise ShelfFault(f"the plugin of {where} has no name; give its {constant} one")
        if name in found:
            raise ShelfFault(
                f"two plugins of {package} are called {name!r}: {origin[name]} and {where}; "
                f"rename one of them"
            )
        found[name], origin[name] = plugin, where
    return MappingProxyType(dict(sorted(found.items())))


def _plugins(package: str, constant: str, group: str) -> Iterator[tuple[str, Any]]:
    home = importlib.import_module(package)
    for module in pkgutil.iter_modules(home.__path__):
        name = f"{package}.{module.name}"
        loaded = importlib.import_module(name)
        if constant in vars(loaded):
            yield name, vars(loaded)[constant]
    for point in entry_points(group=group):
        where = f"{point.value} (entry point of {point.dist.name if point.dist else 'unknown'})"
        try:
            yield where, point.load()
        except (ImportError, AttributeError) as error:
            raise ShelfFault(f"{where} cannot be loaded: {error}; mend or uninstall it") from error
