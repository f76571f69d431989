"""`combiner data`: the child that imports, makes and checks market data.

JSON lines on stdout, of which the last is a `result` or an `error`; words for people on stderr.
The market room is loaded only inside a command, so that `--help` stays quick.
"""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omp import __version__
from omp.cli import import_options as options
from omp.domain.errors import DataNotReady, InvalidInput
from omp.wire.lines import Lines
from omp.wire.same_bars import sentences

if TYPE_CHECKING:
    from omp.market.snapshot import Snapshot

app = typer.Typer(
    name="data",
    help="Import market data, make truth-known markets, check snapshots.",
    no_args_is_help=True,
)

Workspace = Annotated[
    Path, typer.Option("--workspace", envvar="OMP_WORKSPACE", help="The workspace's folder.")
]
Name = Annotated[str, typer.Option("--name", help="Name of the data set.")]
SealedFraction = Annotated[
    float, typer.Option("--sealed-fraction", help="Share of the calendar a new lineage seals.")
]
MinBars = Annotated[
    int, typer.Option("--min-bars", help="Fewest bars on each side of the boundary.")
]
DEFAULT_WORKSPACE = Path("workspace")


@app.command("import")
def import_(
    path: options.Source,
    workspace: Workspace = DEFAULT_WORKSPACE,
    name: Name = "",
    venue: options.Venue = "",
    timeframe: options.Timeframe = "",
    importer: options.Importer = "",
    columns: options.Columns = None,
    features: options.Features = None,
    symbol: options.Symbol = "",
    symbols: options.Symbols = "",
    separator: options.Separator = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    date_format: options.DateFormat = "",
    timezone: options.Timezone = "",
    adjust: options.Adjust = True,
    actions: options.Actions = None,
    fractional: options.Fractional = False,
    accept: options.Accept = None,
    leave_out_faulty: options.LeaveOut = False,
    repair: options.Repair = None,
    licence: options.Licence = "not stated",
    environment: Annotated[str, typer.Option(help="real or test.")] = "real",
    sealed_fraction: SealedFraction = 0.3,
    min_bars: MinBars = 250,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and judge; change nothing.")
    ] = False,
) -> None:
    """Import a file, a ZIP or a folder as a data set, if every rule of readiness says yes."""
    fields = {
        "venue": venue,
        "timeframe": timeframe,
        "importer": importer,
        "columns": columns,
        "features": features,
        "symbol": symbol,
        "symbols": options.listed(symbols),
        "separator": separator,
        "decimal": decimal,
        "encoding": encoding,
        "date_format": date_format,
        "timezone": timezone,
        "adjust": adjust,
        "actions": actions,
        "fractional": fractional,
        "accept": accept,
        "leave_out_faulty": leave_out_faulty,
        "repair": repair,
    }
    known_as = name or options.name_of(path)
    lines = Lines()
    is_refused = False

    def work() -> dict[str, Any]:
        from omp.domain.ids import check_id
        from omp.market.acquire import Sealing, publish_examined
        from omp.market.catalog import Catalog
        from omp.market.examine import examine, facts

        if environment not in ("real", "test"):
            raise InvalidInput(
                f"environment {environment!r} of an import",
                allowed="real, test",
                remedy="demo and synthetic data are made by `data demo` and `data synthetic`",
            )
        check_id(known_as, "data set")
        catalog = Catalog(workspace)
        request = options.request_of(
            path,
            fields,
            sealed_fraction=sealed_fraction,
            min_bars=min_bars,
            staging=catalog.incoming,
        )
        found = examine(request)
        shown = facts(found.raw, found.place, path)
        lines.emit("stage", stage="guess", **shown)
        if dry_run:
            nonlocal is_refused
            is_refused = found.certificate.ready is not True
            left = {symbol: list(rules) for symbol, rules in found.left_out.items()}
            return shown | {
                "readiness": found.certificate.record(),
                "left_out": left,
                "repairs": [asdict(one) for one in found.repairs],
            }
        snapshot = publish_examined(
            catalog,
            found,
            path_name=path.name,
            name=known_as,
            environment=environment,
            licence=licence,
            sealing=Sealing(sealed_fraction, min_bars),
            engine_version=__version__,
        )
        keys = ("changes", "left_out", "repairs", "features")
        return facts_of(snapshot) | {key: snapshot.manifest.get(key) for key in keys}

    answer(f"importing {path} as {known_as}", work, lines)
    if is_refused:
        raise typer.Exit(DataNotReady.exit_code)


@app.command()
def synthetic(
    kind: Annotated[str, typer.Option(help="Kind, or KIND,NAME=VALUE… for its parameters.")],
    seed: Annotated[int, typer.Option(help="Which market of its kind.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    name: Name = "",
    dial: Annotated[float | None, typer.Option(help="True annual excess Sharpe.")] = None,
    drift: Annotated[float | None, typer.Option(help="Annual buy-and-hold Sharpe.")] = None,
    symbols: Annotated[int | None, typer.Option(help="Symbols of the universe.")] = None,
    bars: Annotated[int | None, typer.Option(help="Daily bars, 252 a year.")] = None,
    edges: Annotated[str | None, typer.Option(help="equal or unequal.")] = None,
    edge: Annotated[str | None, typer.Option(help="Name of the planted condition.")] = None,
    sealed_fraction: Annotated[
        float | None, typer.Option(help="Share that is sealed; a dying edge dies there.")
    ] = None,
    min_bars: MinBars = 250,
) -> None:
    """Make a market whose truth is known, and publish it."""

    def work() -> "Snapshot":
        from dataclasses import replace

        from omp.market.acquire import publish_synthetic
        from omp.market.catalog import Catalog
        from omp.market.synthetic import parse_recipe

        given = {
            "dial": dial,
            "drift_sharpe": drift,
            "n_symbols": symbols,
            "n_bars": bars,
            "edges": edges,
            "edge": edge,
            "sealed_fraction": sealed_fraction,
        }
        changed: dict[str, Any] = {key: one for key, one in given.items() if one is not None}
        recipe = replace(parse_recipe(kind, seed), **changed)
        return publish_synthetic(
            Catalog(workspace), recipe, name=name, min_bars=min_bars, engine_version=__version__
        )

    _answer(f"making the market {kind} of seed {seed}", work)


@app.command()
def demo(
    workspace: Workspace = DEFAULT_WORKSPACE,
    sealed_fraction: SealedFraction = 0.3,
    min_bars: MinBars = 250,
) -> None:
    """Publish the demo data: real daily bars of four large US companies, survivors only."""

    def work() -> "Snapshot":
        from omp.market.acquire import Sealing, publish_demo
        from omp.market.catalog import Catalog

        cut = Sealing(sealed_fraction, min_bars)
        return publish_demo(Catalog(workspace), sealing=cut, engine_version=__version__)

    _answer("publishing the demo data", work)


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="NAME", help="A data set's name or a digest.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    judge: Annotated[
        bool, typer.Option("--judge", help="Ask every rule of readiness again.")
    ] = False,
    universe: Annotated[str, typer.Option(help="Judge: ibov, or a name for the list.")] = "",
    membership: Annotated[Path | None, typer.Option(help="ticker,start_date,end_date")] = None,
    symbols: options.Symbols = "",
    max_age_days: Annotated[
        float | None, typer.Option(help="Judge: most days since the last bar.")
    ] = None,
) -> None:
    """Prove every byte of a snapshot and say whether it may be mined."""
    is_refused = False

    def work() -> dict[str, Any]:
        from omp.market.catalog import Catalog
        from omp.market.derive import judge_again

        catalog = Catalog(workspace)
        found = catalog.resolve(source)
        if not (judge or universe or max_age_days is not None):
            catalog.verify(found.digest)
            return facts_of(found)
        listed = options.listed(symbols)
        certificate = judge_again(
            catalog, found, universe, membership, listed, max_age_days=max_age_days
        )
        nonlocal is_refused
        is_refused = certificate.ready is not True
        return facts_of(found) | {"ready": certificate.ready, "readiness": certificate.record()}

    answer(f"checking {source}", work, Lines())
    if is_refused:
        raise typer.Exit(DataNotReady.exit_code)


@app.command("list")
def list_(workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """List the data sets of a workspace."""
    from omp.domain.errors import OmpError
    from omp.market.catalog import Catalog

    lines = Lines()
    try:
        catalog = Catalog(workspace)
        found = [facts_of(catalog.resolve(name)) | {"name": name} for name in catalog.sets.names()]
    except OmpError as error:
        raise typer.Exit(lines.error(error)) from error
    lines.emit("result", data_sets=found)


def _answer(doing: str, work: Callable[[], "Snapshot"]) -> None:
    """Do the work and end in one line: the snapshot, or the named error with its exit code."""
    answer(doing, lambda: facts_of(work()), Lines())


def answer(doing: str, work: Callable[[], dict[str, Any]], lines: Lines) -> None:
    """The same for work that gives the fields of its result."""
    from omp.domain.errors import OmpError

    print(doing, file=sys.stderr, flush=True)
    try:
        found = work()
    except OmpError as error:
        print(error.sentence, file=sys.stderr, flush=True)
        raise typer.Exit(lines.error(error)) from error
    for sentence in sentences(found):
        print(sentence, file=sys.stderr, flush=True)
    lines.emit("result", **found)


def facts_of(found: "Snapshot") -> dict[str, Any]:
    manifest = found.manifest
    copied = ("environment", "venue", "timeframe", "symbols", "first", "last", "boundary")
    counted, told = ("lineage", "rows", "rows_sealed"), ("same_bars",)
    return {
        "manifest": str(found.manifest_path.resolve()),
        "digest": found.digest,
        "name": found.name,
    } | {key: manifest[key] for key in (*copied, *counted, *told) if key in manifest}
