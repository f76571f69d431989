"""Data sets made from others: repaired, longer bars, universes, yields of cash."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.lent import existing, lent
from omp.cli.printing import instant, record, table
from omp.cli.readiness_picture import certificate_lines

Parent = Annotated[str, typer.Argument(metavar="NAME", help="The data set it is made from.")]
New = Annotated[str, typer.Option("--name", help="Name of the data set that is made.")]
Accept = Annotated[list[str] | None, typer.Option(help="Rule of readiness whose faults are real.")]
REPAIRS = (
    ("rule", "RULE"),
    ("symbol", "SYMBOL"),
    ("bars", "BARS"),
    ("first", "FIRST", instant),
    ("last", "LAST", instant),
)
UNIVERSES = (
    ("name", "UNIVERSE"),
    ("venue", "MARKET"),
    ("is_point_in_time", "MEMBERS BY DATE"),
    ("needs_file", "NEEDS A FILE"),
    ("meaning", "WHAT IT IS"),
)


def add_to(group: typer.Typer) -> None:
    """Put these commands into the group `omp data`."""
    for make in (_repair, _resample, _universe, _cash, _universes):
        make(group)


def _repair(group: typer.Typer) -> None:
    @verb(group, "repair")
    def repair(
        face: Face,
        parent: Parent,
        rule: Annotated[
            list[str] | None,
            typer.Option(help="Rule of readiness whose bars are taken away; repeatable."),
        ] = None,
        name: New = "",
        accept: Accept = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Show what would go, and what would be said.")
        ] = False,
    ) -> Answer:
        """Take away the bars that rules have named, as a data set of its own with this parent."""
        asked = {"rules": rule or [], "name": name, "accept": accept or [], "dry_run": dry_run}
        data = face.call("data.repair", parent=parent, **asked)
        lines = table(data.get("repairs", ()), REPAIRS, empty="nothing was taken away")
        if not dry_run:
            digest = str((data.get("snapshot") or {}).get("digest"))[:12]
            return Answer(data, [*lines, f"{data.get('name')} is {digest}, made from {parent}"])
        certificate = data.get("readiness") or {}
        is_ready = certificate.get("ready") is True
        word = "ready" if is_ready else "NOT ready: it would be refused"
        lines = [*lines, f"what is left would be {word}", *certificate_lines(certificate)]
        return Answer(data, lines, exit_code=0 if is_ready else 3)


def _resample(group: typer.Typer) -> None:
    @verb(group, "resample")
    def resample(
        face: Face,
        parent: Parent,
        to: Annotated[str, typer.Option(help="5m, 15m, 30m, 1h or 1d.")],
        name: New = "",
        accept: Accept = None,
    ) -> Answer:
        """Make longer bars, session by session, as a data set of their own."""
        return _derive(face, parent, name or f"{parent}-{to}", to=to, accept=accept or [])


def _universe(group: typer.Typer) -> None:
    @verb(group, "universe")
    def universe(
        face: Face,
        parent: Parent,
        universe: Annotated[str, typer.Option(help="sp500, ibov, or a name of your own.")],
        membership: Annotated[
            Path | None, typer.Option(help="CSV: ticker,start_date,end_date.")
        ] = None,
        symbols: Annotated[str, typer.Option(help="Or symbols, parted by commas.")] = "",
        name: New = "",
        accept: Accept = None,
    ) -> Answer:
        """Keep the bars of a universe's members, each only while it was one."""
        listed = [one.strip() for one in symbols.split(",") if one.strip()]
        with lent(face, existing(membership)) as inside:
            return _derive(
                face,
                parent,
                name or f"{parent}-{universe}",
                universe=universe,
                membership=str(inside) if inside else None,
                symbols=listed,
                accept=accept or [],
            )


def _cash(group: typer.Typer) -> None:
    @verb(group, "cash")
    def cash(
        face: Face,
        parent: Parent,
        yields: Annotated[Path, typer.Option(help="CSV: date,annual_yield_pct.")],
        cash: Annotated[str, typer.Option(help="Name of the yields: cdi, tbill, …")],
        convention: Annotated[str, typer.Option(help="cdi, act360 or act365.")] = "",
        name: New = "",
        accept: Accept = None,
    ) -> Answer:
        """Give every bar the yield of cash; campaigns name it as [costs] cash_yield."""
        with lent(face, existing(yields)) as inside:
            return _derive(
                face,
                parent,
                name or f"{parent}-{cash}",
                yields=str(inside),
                cash=cash,
                convention=convention,
                accept=accept or [],
            )


def _universes(group: typer.Typer) -> None:
    @verb(group, "universes")
    def universes(face: Face) -> Answer:
        """Show the universes that can be named, and whether they are by date."""
        from omp.market.universes import UNIVERSES as LISTED

        face.note("omp data universe NAME --universe … makes a data set of one")
        rows = [asdict(one) for one in LISTED]
        return Answer({"items": rows}, table(rows, UNIVERSES, empty="none"))


def _derive(face: Face, parent: str, name: str, **change: Any) -> Answer:
    face.note(f"making {name} from {parent} …")
    data = face.call("data.derive", parent=parent, name=name, **change)
    keys = ("name", "environment", "digest", "lineage", "boundary")
    manifest = data.get("manifest") or {}
    shown = {key: {**manifest, **data}.get(key) for key in keys}
    shown |= {key: manifest[key] for key in ("timeframe", "universe", "cash") if key in manifest}
    return Answer(data, record(shown))
