"""The reference page shows the commands that there are, and every exit code."""

from pathlib import Path

from omp.cli.omp import app
from omp.cli.reference import command_reference
from omp.domain.errors import OmpError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"


def test_the_page_has_every_command_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert command_reference(app) in page


def _codes(kind: type[OmpError]) -> set[int]:
    return {kind.exit_code}.union(*(_codes(child) for child in kind.__subclasses__()))


def test_every_exit_code_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [code for code in sorted(_codes(OmpError)) if f"| {code} |" not in page] == []
