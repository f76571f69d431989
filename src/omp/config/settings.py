"""`omp_config.toml`: what the operator may set, read strictly, each value with its origin."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from omp.config.default_text import default_config_text
from omp.config.fingerprint import config_hash
from omp.config.gate_bars import GateBars, GateTable, gate_keys, read_gates
from omp.config.loader import Reader, line_numbers, parse_toml, read_text
from omp.config.setting_sections import (
    CONVERTS,
    RULES,
    Alerts,
    Api,
    Approval,
    Canary,
    Data,
    Executor,
    Holdout,
    Limits,
    Loop,
    Luck,
    Queue,
    Retention,
    Review,
    Settings,
    Store,
    Sync,
)

__all__ = [
    "Alerts",
    "Api",
    "Approval",
    "Canary",
    "Data",
    "Executor",
    "GateBars",
    "Holdout",
    "Limits",
    "LoadedSettings",
    "Loop",
    "Luck",
    "Queue",
    "Retention",
    "Review",
    "Settings",
    "Store",
    "Sync",
    "as_mapping",
    "default_config_text",
    "flat",
    "load_settings",
    "parse_settings",
    "shown",
]

REMEDY = "correct the listed keys, then: omp config check"


@dataclass(frozen=True)
class LoadedSettings:
    """The settings of a file, and where each value comes from.

    Args:
        settings: The values in force.
        origins: Dotted path -> `default` or `file:LINE`.
        digest: blake3 of the canonical content (defaults filled in); a version of the settings.
        text: The file as read.
    """

    settings: Settings
    origins: Mapping[str, str]
    digest: str
    text: str


def as_mapping(settings: Settings) -> dict[str, Any]:
    """The settings as plain tables; gates' options stand beside their bars."""
    content = asdict(settings)
    content["gates"] = {name: gate_keys(bars) for name, bars in settings.gates.items()}
    return content


def flat(content: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Dotted path -> value of every key."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, Mapping):
            found.update(flat(value, path))
        else:
            found[path] = value
    return found


SECRET: frozenset[str] = frozenset({"alerts.urls"})
"""Keys whose values may hold a password; only their kind is ever shown."""


def shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted path -> value as people and the journal see it: addresses without what is secret."""
    return {
        key: [f"{one.partition('://')[0]}://…" for one in value] if key in SECRET else value
        for key, value in flat(content).items()
    }


def parse_settings(
    text: str, *, name: str = "omp_config.toml", extra_gates: Mapping[str, GateTable] | None = None
) -> LoadedSettings:
    """Read the text of a configuration.

    Args:
        text: TOML.
        name: How messages call the file.
        extra_gates: Tables of plugin gates, by name.

    Raises:
        InvalidConfiguration: With every fault, its dotted path and its line.
    """
    raw = parse_toml(text, name)
    reader = Reader(rules=RULES, converts=CONVERTS, lines=line_numbers(text))
    gates = read_gates(reader, raw.get("gates", {}), extra_gates or {})
    rest = {key: value for key, value in raw.items() if key != "gates"}
    for key in [key for key in rest if key not in {one.name for one in fields(Settings)}]:
        reader.unknown(key, [one.name for one in fields(Settings)])
        del rest[key]
    built = reader.table(Settings, rest)
    if built is not None:
        _check_together(reader, built)
    settings = reader.finish(name, built, REMEDY)
    settings = Settings(**{**_members(settings), "gates": gates})
    content = as_mapping(settings)
    given = set(flat(raw))
    origins = {
        path: f"file:{_line(reader, path)}" if path in given else "default"
        for path in flat(content)
    }
    return LoadedSettings(settings, origins, config_hash(content), text)


def load_settings(
    path: Path, *, extra_gates: Mapping[str, GateTable] | None = None
) -> LoadedSettings:
    """Read `omp_config.toml`.

    Raises:
        NotFound: If there is no such file.
        InvalidConfiguration: With every fault, its dotted path and its line.
    """
    text = read_text(path, "the configuration", "omp init writes a new one with the defaults")
    return parse_settings(text, name=str(path), extra_gates=extra_gates)


def _line(reader: Reader, path: str) -> int:
    """The line of a key, or of the table in braces that holds it."""
    return reader.lines.get(path) or reader.lines.get(path.rpartition(".")[0], 0)


def _members(settings: Settings) -> dict[str, Any]:
    return {one.name: getattr(settings, one.name) for one in fields(settings)}


def _check_together(reader: Reader, settings: Settings) -> None:
    limits = settings.limits
    if limits.warn_disk_free_gb < limits.min_disk_free_gb:
        reader.fault(
            "limits.warn_disk_free_gb",
            f"{limits.warn_disk_free_gb:g} is below min_disk_free_gb = "
            f"{limits.min_disk_free_gb:g}: it would warn after the stop",
            "min_disk_free_gb or more",
        )
