"""A strict reader of TOML into frozen dataclasses: every fault listed, nothing guessed.

Field names are keys and their annotations are the types; ranges and units stand in tables of
`Rule`, one row a key. Unknown keys are refused with the nearest known name suggested.
"""

import difflib
import math
import re
import tomllib
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from omp.domain.errors import Fault, InvalidConfiguration, NotFound

D = TypeVar("D")
Convert = Callable[[object], object]

MAX_BYTES = 1_000_000

_HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\-\" ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\-\" ]+?)\s*=")
_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    date: "a date such as 2010-12-31",
}


class Refusal(Exception):
    """What a converter says about a value it cannot take."""

    def __init__(self, problem: str, allowed: str = "") -> None:
        self.problem, self.allowed = problem, allowed
        super().__init__(problem)


@dataclass(frozen=True)
class Rule:
    """The range of one key.

    Args:
        low: Smallest value allowed, in `unit`; None for no bound. Of a text: its least length.
        high: Largest value allowed, in `unit`; None for no bound. Of a text: its greatest length.
        unit: Unit of the value, for messages and documentation.
        choices: The only values allowed, where they can be listed.
        above: A strict lower bound, in `unit`.
        about: One line for the documentation and the commented file.
    """

    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    above: float | None = None
    about: str = ""

    @property
    def allowed(self) -> str:
        """The range in words."""
        if self.choices:
            return ", ".join(repr(choice) for choice in self.choices)
        parts = [f"more than {self.above:g}"] if self.above is not None else []
        if self.low is not None and self.high is not None:
            parts.append(f"{self.low:g} to {self.high:g}")
        elif self.low is not None:
            parts.append(f"{self.low:g} or more")
        elif self.high is not None:
            parts.append(f"at most {self.high:g}")
        words = " and ".join(parts)
        return f"{words} {self.unit}".strip() if words else ""

    def check(self, value: object) -> None:
        """Refuse a value outside the range."""
        if self.choices and isinstance(value, str) and value not in self.choices:
            near = nearest(value, self.choices)
            hint = f", did you mean {near!r}?" if near else ""
            raise Refusal(f"{value!r} is not known{hint}", self.allowed)
        if isinstance(value, str):
            if not self.choices:
                self._check_size(len(value), f"a text of {len(value)} characters")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._check_size(value, f"{value!r}")

    def _check_size(self, size: float, shown: str) -> None:
        out = (
            (self.low is not None and size < self.low)
            or (self.high is not None and size > self.high)
            or (self.above is not None and size <= self.above)
        )
        if out:
            raise Refusal(f"{shown} is out of range", self.allowed)


@dataclass
class Reader:
    """One pass over one file, gathering faults.

    Args:
        rules: Dotted path -> range.
        converts: Dotted path -> converter, for keys whose value is no plain scalar.
        lines: Dotted path -> line number.
        faults: What was found so far.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    converts: Mapping[str, Convert] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place(self, path: str) -> str:
        """The path with its line, where it is known."""
        line = self.lines.get(path)
        return f"{path} (line {line})" if line else path

    def fault(self, path: str, problem: str, allowed: str = "") -> None:
        """Add one fault."""
        self.faults.append(Fault(self.place(path), problem, allowed))

    def unknown(self, path: str, known: Iterable[str]) -> None:
        """Add the fault of an unknown key, with the nearest known name."""
        names = tuple(known)
        name = path.rpartition(".")[2]
        near = nearest(name, names)
        hint = f", did you mean {near!r}?" if near else ""
        self.fault(path, f"unknown key{hint}", ", ".join(names) or "nothing here")

    def table(self, kind: type[D], raw: object, at: str = "") -> D | None:
        """A dataclass from a table; None when a fault kept it from being built."""
        if not isinstance(raw, Mapping):
            self.fault(at, f"{raw!r} is not a table", f"[{at}] followed by keys")
            return None
        before = len(self.faults)
        hints = get_type_hints(kind)
        members = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
        for key in raw:
            if key not in members:
                self.unknown(_join(at, key), members)
        values: dict[str, Any] = {}
        for name, member in members.items():
            path = _join(at, name)
            if name in raw:
                values[name] = self.value(hints[name], raw[name], path)
            elif member.default is MISSING and member.default_factory is MISSING:
                needed = hints[name]
                if is_dataclass(needed):
                    values[name] = self.table(needed, {}, path)  # type: ignore[arg-type]
                else:
                    self.fault(path, "is missing", self._allowed(needed, path))
        return kind(**values) if len(self.faults) == before else None

    def value(self, hint: Any, raw: object, path: str) -> object:
        """One value, converted and checked; None after a fault."""
        convert = self.converts.get(path)
        if convert is None and is_dataclass(hint):
            return self.table(hint, raw, path)  # type: ignore[arg-type]
        try:
            value = convert(raw) if convert else plain(hint, raw)
            if path in self.rules:
                self.rules[path].check(value)
        except Refusal as refusal:
            self.fault(path, refusal.problem, refusal.allowed or self._allowed(hint, path))
            return None
        return value

    def _allowed(self, hint: Any, path: str) -> str:
        ranged = self.rules[path].allowed if path in self.rules else ""
        return ranged or _words(hint)

    def finish(self, what: str, built: D | None, remedy: str) -> D:
        """The dataclass, or one error with every fault.

        Raises:
            InvalidConfiguration: If there is any fault.
        """
        if self.faults or built is None:
            raise InvalidConfiguration(
                f"{what} cannot be used", faults=tuple(self.faults), remedy=remedy
            )
        return built


def plain(hint: Any, raw: object) -> object:
    """A scalar or a list of texts, by its annotation.

    Raises:
        Refusal: If the value is of another type; says which.
    """
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return plain(next(arm for arm in get_args(hint) if arm is not type(None)), raw)
    if origin is Literal:
        Rule(choices=get_args(hint)).check(raw)
        return plain(str, raw)
    if origin is tuple:
        if not isinstance(raw, list):
            raise Refusal(f"{raw!r} is not a list", _words(hint))
        return tuple(plain(get_args(hint)[0], item) for item in raw)
    if hint is float and type(raw) in (int, float):
        number = float(raw)  # type: ignore[arg-type]
        if math.isfinite(number):
            return number
    elif hint is date and isinstance(raw, str):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            raise Refusal(f"{raw!r} is not a date", _WORDS[date]) from None
    elif type(raw) is hint and not isinstance(raw, datetime):
        return raw
    raise Refusal(f"{raw!r} is not {_words(hint)}")


def texts(raw: object) -> tuple[str, ...]:
    """A list of texts.

    Raises:
        Refusal: If it is none.
    """
    if not isinstance(raw, list) or not all(isinstance(one, str) for one in raw):
        raise Refusal(f"{raw!r} is not a list of texts", _words(tuple[str, ...]))
    return tuple(raw)


def _words(hint: Any) -> str:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _words(next(arm for arm in get_args(hint) if arm is not type(None)))
    if origin is tuple:
        return 'a list such as ["a", "b"]' if get_args(hint)[0] is str else "a list of numbers"
    if origin is Literal:
        return ", ".join(repr(choice) for choice in get_args(hint))
    return _WORDS.get(hint, "a table")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when none is like it."""
    found = difflib.get_close_matches(name, tuple(known), n=1, cutoff=0.6)
    return found[0] if found else None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """TOML as a mapping.

    Raises:
        InvalidConfiguration: If it is not TOML; names the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        raise InvalidConfiguration(
            f"{name} is not valid TOML",
            faults=(Fault(f"line {place[1]}" if place else "end of file", str(error)),),
            remedy="mend that line; texts need quotes, a key stands once in its table",
        ) from None


def read_text(path: Path, what: str, remedy: str) -> str:
    """The text of a configuration file.

    Raises:
        NotFound: If there is none.
        InvalidConfiguration: If it is no UTF-8 text, or longer than 1 MB.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{what} is not there: {path}", remedy=remedy) from None
    except OSError as error:
        raise InvalidConfiguration(f"{what} cannot be read: {error}", remedy=remedy) from None
    if len(data) > MAX_BYTES:
        raise InvalidConfiguration(
            f"{path} is larger than {MAX_BYTES} bytes", remedy="name a TOML file, not its data"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(
            f"{path} is not UTF-8 text (byte {error.start})", remedy="save it as UTF-8"
        ) from None


def line_numbers(text: str) -> dict[str, int]:
    """Dotted path of every table and key -> the line it stands on, counted from 1."""
    found: dict[str, int] = {}
    at = ""
    quoted = ""
    for number, line in enumerate(text.splitlines(), start=1):
        for mark in ('"""', "'''"):
            if line.count(mark) % 2 and quoted in ("", mark):
                quoted = "" if quoted else mark
        if quoted and quoted not in line:
            continue
        if header := _HEADER.match(line):
            at = _dotted(header[1])
            found.setdefault(at, number)
        elif key := _KEY.match(line):
            found.setdefault(_join(at, _dotted(key[1])), number)
    return found


def _dotted(name: str) -> str:
    return ".".join(part.strip().strip('"') for part in name.split("."))


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
