"""The commented `omp_config.toml` that a new workspace gets, written from the tables."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from omp.config.gate_bars import GATES, gate_keys
from omp.config.setting_sections import RULES, Settings

_HEAD = """\
# Configuration of this workspace. Every value below is the default; change what you need.
# Unknown keys and values out of range are refused:  omp config check
# What is in force, and where each value comes from: omp config show
"""

_ABOUT = {
    "loop": "the daemon's loop",
    "limits": "what mining may use of this machine",
    "gates": "bars of the gates: reject, promote, keep (re-validation); between lies research",
    "holdout": "the sealed window and the budget of looks at it",
    "data": "age and changes of the user's data; demo and synthetic data never age",
    "canary": "noise markets that must promote nothing",
    "luck": "what a search finds where there is nothing to find, measured once for each lineage",
    "review": "sign-off before promotion; execution reviews are always by hand",
    "retention": "what becomes of old runs; promoted ones are never touched",
    "store": "the database of record, and how often it is proven",
    "backup": "copies of the whole record, by omp backup and of itself",
    "sync": "mirror of the Hall of Fame",
    "alerts": "who is told of incidents, and how often",
    "executor": "who executes runs",
    "api": "the HTTP interface and the pages",
    "approval": "sign-off before a campaign runs",
    "queue": "when queued runs start, and how often a failed one is tried again",
}


def toml_value(value: Any) -> str:
    """A scalar or a list of texts as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and 0 < abs(value) < 1e-4:
        return f"{value:.10g}" if "e" in f"{value:.10g}" else repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(one) for one in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml_value(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def default_config_text() -> str:
    """The configuration with every default written out and explained."""
    lines = [_HEAD]
    settings = Settings()
    for table in fields(settings):
        lines.append(f"# {_ABOUT[table.name]}")
        if table.name == "gates":
            lines += _gates()
        else:
            lines += _table(table.name, getattr(settings, table.name))
        lines.append("")
    return "\n".join(lines)


def _table(name: str, table: Any) -> list[str]:
    lines = [f"[{name}]"]
    hints = get_type_hints(type(table))
    for key in fields(table):
        rule = RULES[f"{name}.{key.name}"]
        literal = get_args(hints[key.name]) if get_origin(hints[key.name]) is not None else ()
        allowed = ", ".join(map(repr, literal)) or rule.allowed
        note = rule.about + (f" ({allowed})" if allowed else "")
        stated = f"{key.name} = {toml_value(getattr(table, key.name))}"
        lines.append(f"{stated:<34}# {note}")
    return lines


def _gates() -> list[str]:
    lines: list[str] = []
    for name, table in GATES.items():
        lines.append(f"[gates.{name}]".ljust(34) + f"# {table.about}")
        keys = gate_keys(table.bars)
        for key, value in keys.items():
            unit = table.ranges[key].unit or table.unit
            stated = f"{key} = {toml_value(value)}"
            lines.append(f"{stated:<34}# {unit}" if unit else stated)
    return lines
