"""Market data: import, list, check."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.printing import instant, plain, record, table
from omp.cli.run_commands import Environment, check_environment
from omp.domain.errors import NotFound

COLUMNS = (
    ("name", "DATA SET"),
    ("environment", "ENVIRONMENT"),
    ("symbols", "SYMBOLS"),
    ("first", "FIRST", instant),
    ("last", "LAST", instant),
    ("boundary", "SEALED FROM", instant),
    ("lineage", "LINEAGE"),
    ("digest", "DIGEST"),
)

app = typer.Typer(help="Market data, imported once and known by its digest.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="data")


def _row(snapshot: dict[str, Any]) -> dict[str, Any]:
    row = {**(snapshot.get("manifest") or {}), **snapshot}
    symbols = row.get("symbols") or row.get("instruments") or []
    shown = ", ".join(symbols[:4]) + (f" and {len(symbols) - 4} more" if len(symbols) > 4 else "")
    return {**row, "symbols": shown, "digest": str(row.get("digest", ""))[:12]}


@verb(app, "list")
def list_data(face: Face, environment: Environment = None) -> Answer:
    """Show the snapshots there are."""
    data = face.call("data.list", environment=check_environment(environment))
    rows = [_row(one) for one in data.get("items", ())]
    return Answer(data, table(rows, COLUMNS, empty="no data: omp data import FILE --name NAME"))


@verb(app, "import")
def import_data(
    face: Face,
    path: Annotated[Path, typer.Argument(help="A CSV or Parquet file, or a folder of them.")],
    name: Annotated[str, typer.Option(help="Name of the data set; campaigns use it.")],
    venue: Annotated[str, typer.Option(help="us or br.")] = "us",
    timeframe: Annotated[str, typer.Option(help="1d, 1h, 30min, …")] = "1d",
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="FIELD=COLUMN, such as close=adj_close.")
    ] = None,
) -> Answer:
    """Import market data: checked, sealed off from its boundary on, published by its digest."""
    source = path.expanduser().resolve()
    if not source.exists():
        raise NotFound(f"there is no file or folder {source}", remedy="name an existing one")
    face.note(f"importing {source} …")
    with _within(face, source) as inside:
        data = face.call(
            "data.import",
            path=str(inside),
            name=name,
            venue=venue,
            timeframe=timeframe,
            columns=columns,
        )
    shown = {key: value for key, value in _row(data).items() if key != "manifest"}
    return Answer(data, record(shown))


@contextmanager
def _within(face: Face, source: Path) -> Iterator[Path]:
    """The source, or a copy of it in the workspace for a daemon, which reads nothing outside."""
    root = face.workspace.root
    if not face.door.is_live or source.is_relative_to(root):
        yield source
        return
    root.joinpath("data").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=root / "data") as folder:
        copy = Path(folder) / source.name
        if source.is_dir():
            shutil.copytree(source, copy)
        else:
            shutil.copy2(source, copy)
        yield copy


@verb(app, "check")
def check(
    face: Face,
    data_set: Annotated[str, typer.Argument(metavar="NAME", help="A data set or a digest.")],
) -> Answer:
    """Show whether data are fit for mining, and each fault where they are not."""
    data = face.call("data.check", data_set=data_set)
    certificate = data.get("readiness") or data
    faults = certificate.get("faults") or []
    is_ready = certificate.get("ready") is True
    lines = [f"{data_set}: {'ready' if is_ready else 'NOT ready: it is not mined'}"]
    lines += [f"- {plain(one)}" for one in faults]
    return Answer(data, lines, exit_code=0 if is_ready else 3)
