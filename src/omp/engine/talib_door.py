"""The one place where TA-Lib comes in, without the data frames it would bring along.

TA-Lib's wrapper imports pandas and polars when they are installed (70 MB a process) only to
accept their series. While it is imported here both are hidden; what was already imported stays.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_HIDDEN = ("pandas", "polars")


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _load() -> ModuleType:
    with _hidden(_HIDDEN):
        return importlib.import_module("talib")


talib = _load()
