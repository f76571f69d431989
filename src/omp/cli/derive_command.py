"""`combiner data derive`: the child that makes a data set from another one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from omp import __version__
from omp.cli import data_commands as data
from omp.cli import import_options as options
from omp.wire.lines import Lines


def add_to(group: typer.Typer) -> None:
    """Put the command into `combiner data`."""
    group.command("derive")(derive)


def derive(
    source: Annotated[str, typer.Argument(metavar="NAME", help="A data set's name or a digest.")],
    name: data.Name,
    workspace: data.Workspace = data.DEFAULT_WORKSPACE,
    to: Annotated[str, typer.Option(help="A longer timeframe, by session.")] = "",
    universe: Annotated[str, typer.Option(help="ibov, or a name for the list given.")] = "",
    membership: Annotated[Path | None, typer.Option(help="ticker,start_date,end_date")] = None,
    symbols: options.Symbols = "",
    yields: Annotated[Path | None, typer.Option(help="date,annual_yield_pct")] = None,
    cash: Annotated[str, typer.Option(help="Name of the yields, such as cdi or tbill.")] = "",
    convention: Annotated[str, typer.Option(help="cdi, act360 or act365.")] = "",
    repair: options.Repair = None,
    accept: options.Accept = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Make and judge it; change nothing.")
    ] = False,
    sealed_fraction: data.SealedFraction = 0.3,
    min_bars: data.MinBars = 250,
) -> None:
    """Make a data set from another one: repaired, longer bars, a universe, a yield of cash."""
    lines = Lines()

    def work() -> dict[str, Any]:
        from omp.domain.ids import check_id
        from omp.market.acquire import Sealing
        from omp.market.catalog import Catalog
        from omp.market.derive import Change, prepare, publish_derived

        check_id(name, "data set")
        listed = tuple(options.listed(symbols))
        rules = tuple(repair or ())
        change = Change(to, universe, membership, listed, yields, cash, convention, rules)
        catalog, cut = Catalog(workspace), Sealing(sealed_fraction, min_bars)
        made = prepare(catalog, source, change, accept=accept or (), sealing=cut)
        if dry_run:
            told = {"name": name, "parent": made.parent.digest, "rows": made.panel.n_bars}
            return {**told, **made.done, "readiness": made.certificate.record()}
        found = publish_derived(catalog, made, name=name, sealing=cut, engine_version=__version__)
        keys = ("changes", "universe", "cash", "repairs")
        return data.facts_of(found) | {key: found.manifest.get(key) for key in keys}

    data.answer(f"making {name} from {source}", work, lines)
