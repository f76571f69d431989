"""`combiner data recut`: the child that cuts a data set at its lineage's new boundary."""

from typing import Annotated, Any

import typer

from omp import __version__
from omp.cli import data_commands as data
from omp.wire.lines import Lines


def add_to(group: typer.Typer) -> None:
    """Put the command into `combiner data`."""
    group.command("recut")(recut)


def recut(
    source: Annotated[str, typer.Argument(metavar="NAME", help="The data set.")],
    workspace: data.Workspace = data.DEFAULT_WORKSPACE,
    sealed_fraction: data.SealedFraction = 0.3,
    min_bars: data.MinBars = 250,
) -> None:
    """Cut a data set's bars anew at the boundary that its lineage has by now."""
    lines = Lines()

    def work() -> dict[str, Any]:
        from omp.market.acquire import Sealing
        from omp.market.catalog import Catalog
        from omp.market.recut import recut as again

        cut = Sealing(sealed_fraction, min_bars)
        found = again(Catalog(workspace), source, sealing=cut, engine_version=__version__)
        return data.facts_of(found)

    data.answer(f"cutting {source}", work, lines)
