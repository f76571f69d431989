"""Market data: import, list, check."""

from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.import_command import import_data
from omp.cli.lent import existing, lent
from omp.cli.printing import instant, table
from omp.cli.readiness_picture import calendar_lines, certificate_lines
from omp.cli.run_commands import Environment, check_environment

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


verb(app, "import")(import_data)


@verb(app, "check")
def check(
    face: Face,
    data_set: Annotated[str, typer.Argument(metavar="NAME", help="A data set or a digest.")],
    universe: Annotated[
        str, typer.Option(help="Judge anew: are all symbols members? ibov, or a name.")
    ] = "",
    membership: Annotated[
        Path | None, typer.Option(help="Its members by date: ticker,start_date,end_date.")
    ] = None,
    symbols: Annotated[str, typer.Option(help="Or its symbols, parted by commas.")] = "",
    max_age_days: Annotated[
        float | None, typer.Option(help="Judge anew: most days since the last bar.")
    ] = None,
) -> Answer:
    """Show whether data are fit for mining, each fault where they are not, and their months."""
    data = face.call("data.check", data_set=data_set)
    if universe or membership or max_age_days is not None:
        listed = [one.strip() for one in symbols.split(",") if one.strip()]
        with lent(face, existing(membership)) as inside:
            judged = face.call(
                "data.judge",
                data_set=data_set,
                universe=universe or (membership.stem if membership else ""),
                membership=str(inside) if inside else None,
                symbols=listed,
                max_age_days=max_age_days,
            )
        data = {**data, **judged}
    certificate = data.get("readiness") or data
    is_ready = certificate.get("ready") is True
    lines = [f"{data_set}: {'ready' if is_ready else 'NOT ready: it is not mined'}"]
    lines += certificate_lines(certificate)
    lines += calendar_lines(data.get("calendar"), certificate)
    return Answer(data, lines, exit_code=0 if is_ready else 3)
