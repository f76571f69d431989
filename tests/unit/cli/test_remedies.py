"""A remedy that names a command names one that exists."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.main import get_command

from omp.cli import data_commands, factory_commands
from omp.cli.omp import app

SOURCES = Path(__file__).parents[3] / "src" / "omp"
COMMANDS: dict[str, Mapping[str, object]] = {
    "omp": get_command(app).commands,  # type: ignore[attr-defined]
    "combiner": {
        "factory": get_command(factory_commands.app),
        "data": get_command(data_commands.app),
    },
}
NAMED = re.compile(r"\b(omp|combiner) ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")


def remedies(path: Path) -> list[str]:
    """Every text in a `remedy=` of a source file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    given = [one.value for one in ast.walk(tree) if isinstance(one, ast.keyword)
             and one.arg == "remedy"]  # fmt: skip
    given += [
        one.value
        for one in ast.walk(tree)
        if isinstance(one, ast.Assign) and "remedy" in ast.unparse(one.targets[0]).lower()
    ]
    return [
        leaf.value
        for one in given
        for leaf in ast.walk(one)
        if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
    ]


def missing(text: str) -> list[str]:
    """Commands in a text that do not exist."""
    wrong = []
    for program, first, second in NAMED.findall(text):
        command = COMMANDS[program].get(first)
        below = getattr(command, "commands", None)
        if command is None or (below and second and second not in below):
            wrong.append(f"{program} {first} {second}".strip())
    return wrong


def test_a_missing_command_is_found() -> None:
    assert missing("try omp resurrect") == ["omp resurrect"]
    assert missing("omp queue burn ID") == ["omp queue burn"]
    assert missing("omp queue list, then: combiner factory run") == []


@pytest.mark.parametrize("room", sorted(one.name for one in SOURCES.iterdir() if one.is_dir()))
def test_every_remedy_names_commands_that_exist(room: str) -> None:
    found = [
        (str(path.relative_to(SOURCES)), wrong)
        for path in sorted((SOURCES / room).rglob("*.py"))
        for text in remedies(path)
        for wrong in missing(text)
    ]
    assert found == []
