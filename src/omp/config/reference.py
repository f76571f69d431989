"""The reference tables of the documentation, written from the same tables that check a file."""

from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from omp.config import campaign_rules, setting_sections
from omp.config.campaign_file import CampaignFile
from omp.config.default_text import toml_value
from omp.config.gate_bars import GATES, gate_keys
from omp.config.loader import Rule
from omp.config.setting_sections import Settings

_SPECIAL = {
    "search.seeds": ("{first = 1, step = 1}", "`{first, step}` or a list", "seeds of the runs"),
    "search.indicators": ('"all"', "groups and names", "indicators a rule may use"),
    "strategy.stops": ("[]", ", ".join(campaign_rules.STOPS), "kinds of stops a rule may use"),
    "strategy.flat_at_session_end": ("false", "true, false", "no position overnight"),
    "campaign.tags": ("[]", "a list of texts", "labels"),
    "queue.after": ("[]", "names of campaigns", "it starts once their latest run completed"),
    "engine.command": ("the built-in engine", "a list of texts", "another engine's program"),
}


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


def _choices(hint: Any, rule: Rule) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(f'"{one}"' for one in get_args(hint))
    if hint is bool:
        return "true, false"
    return rule.allowed.replace("'", '"')


def settings_table() -> str:
    """Every key of `omp_config.toml` outside the gates, as a Markdown table."""
    lines = [_row(("key", "default", "allowed", "meaning")), _row(("---",) * 4)]
    defaults = Settings()
    for table in fields(defaults):
        section = getattr(defaults, table.name)
        if not is_dataclass(section):
            continue
        hints = get_type_hints(type(section))
        for key in fields(section):
            rule = setting_sections.RULES[f"{table.name}.{key.name}"]
            value = toml_value(getattr(section, key.name))
            allowed = _choices(hints[key.name], rule)
            lines.append(_row((f"`{table.name}.{key.name}`", f"`{value}`", allowed, rule.about)))
    return "\n".join(lines)


def gates_table() -> str:
    """Every gate with its bars, as a Markdown table."""
    heads = ("gate", "reject", "promote", "keep", "options", "better", "what it measures")
    lines = [_row(heads), _row(("---",) * len(heads))]
    for name, table in GATES.items():
        keys = gate_keys(table.bars)
        bars = [f"`{keys[bar]:g}`" if bar in keys else "-" for bar in ("reject", "promote", "keep")]
        options = ", ".join(f"`{key} = {toml_value(v)}`" for key, v in table.bars.options.items())
        better = table.better if table.unit else "-"
        unit = f" ({table.unit})" if table.unit else ""
        lines.append(_row((f"`{name}`", *bars, options or "-", better, table.about + unit)))
    return "\n".join(lines)


def campaign_table() -> str:
    """Every key of a campaign's TOML, as a Markdown table."""
    lines = [_row(("key", "default", "allowed", "meaning")), _row(("---",) * 4)]
    for table in fields(CampaignFile):
        kind = get_type_hints(CampaignFile)[table.name]
        hints = get_type_hints(kind)
        for key in fields(kind):
            path = f"{table.name}.{key.name}"
            if path in _SPECIAL:
                lines.append(_row((f"`{path}`", *_SPECIAL[path])))
                continue
            rule = campaign_rules.RULES[path]
            lines.append(
                _row((f"`{path}`", _default(key), _choices(hints[key.name], rule), rule.about))
            )
    return "\n".join(lines)


def _default(key: Any) -> str:
    if key.default is MISSING:
        return "required"
    return "-" if key.default is None else f"`{toml_value(key.default)}`"
