"""The reference of the command line, written from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer.main


def command_reference(app: typer.Typer) -> str:
    """Every command with its arguments and options, as Markdown."""
    return "\n".join(_lines(typer.main.get_command(app), "omp")).rstrip() + "\n"


def _lines(command: Any, path: str) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is None:
        yield from _one(command, path)
        return
    for name, child in children.items():
        yield from _lines(child, f"{path} {name}")


def _one(command: Any, path: str) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    words = " ".join(_named(one) for one in arguments)
    yield f"### `{path} {words}".rstrip() + "`"
    yield ""
    yield " ".join((command.help or "").split())
    yield ""
    rows = [(f"`{_named(one)}`", one.help) for one in arguments]
    rows += [(f"`{_option(one)}`", one.help) for one in options if "--workspace" not in one.opts]
    for name, text in rows:
        if name not in ("`--json`", "`-h, --help`"):
            yield f"- {name}: {text or ''}".rstrip()
    yield ""


def _named(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper()


def _option(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag or option.secondary_opts:
        return names
    return f"{names} {(option.metavar or option.name).upper()}"
