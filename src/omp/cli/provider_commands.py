"""`combiner data fetch`: the child that fetches bars from a provider and imports them."""

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omp import __version__
from omp.cli import data_commands as data
from omp.cli import import_options as options
from omp.domain.errors import InvalidInput
from omp.domain.timeframes import timeframe_of
from omp.wire.lines import Lines

if TYPE_CHECKING:
    from omp.market.providers import Ask


def add_to(group: typer.Typer) -> None:
    """Put the command into `combiner data`."""
    group.command("fetch")(fetch)


def fetch(
    provider: Annotated[str, typer.Argument(help="b3, alpaca, massive, databento, tiingo, yahoo.")],
    name: data.Name,
    symbols: options.Symbols,
    first: Annotated[str, typer.Option("--from", help="First date.")],
    workspace: data.Workspace = data.DEFAULT_WORKSPACE,
    last: Annotated[str, typer.Option("--to", help="Last date; by default yesterday.")] = "",
    timeframe: Annotated[str, typer.Option(help="Length of a bar.")] = "1d",
    venue: Annotated[str, typer.Option(help="Where the instruments trade.")] = "us",
    accept: options.Accept = None,
    actions: options.Actions = None,
    environment: Annotated[str, typer.Option(help="real or test.")] = "real",
    sealed_fraction: data.SealedFraction = 0.3,
    min_bars: data.MinBars = 250,
) -> None:
    """Fetch bars from a provider and import them, if every rule of readiness says yes."""
    lines = Lines()

    def work() -> dict[str, Any]:
        from omp.domain.ids import check_id
        from omp.market.acquire import Sealing, publish_examined
        from omp.market.catalog import Catalog
        from omp.market.examine import examine
        from omp.market.providers import provider as find

        check_id(name, "data set")
        source, catalog = find(provider), Catalog(workspace)
        ask = _ask(options.listed(symbols), first, last, timeframe)
        catalog.incoming.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=catalog.incoming) as folder:
            fetched = source.fetch(ask, Path(folder))
            fields = {
                "venue": fetched.venue or venue,
                "timeframe": timeframe,
                "importer": fetched.importer,
                "symbols": list(ask.symbols),
                "accept": accept,
                "actions": actions,
            }
            request = options.request_of(
                fetched.path,
                fields,
                sealed_fraction=sealed_fraction,
                min_bars=min_bars,
                staging=catalog.incoming,
            )
            snapshot = publish_examined(
                catalog,
                examine(request),
                path_name=provider,
                name=name,
                environment=environment,
                licence=fetched.licence,
                sealing=Sealing(sealed_fraction, min_bars),
                engine_version=__version__,
            )
        found = data.facts_of(snapshot)
        return found | {key: snapshot.manifest.get(key) for key in ("changes", "left_out")}

    data.answer(f"fetching {name} from {provider}", work, lines)


def _ask(symbols: list[str], first: str, last: str, timeframe: str) -> "Ask":
    from omp.market.providers import Ask

    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    try:
        return Ask(
            tuple(dict.fromkeys(symbols)),
            date.fromisoformat(first[:10]),
            date.fromisoformat(last[:10]) if last else yesterday,
            timeframe_of(timeframe),
        )
    except ValueError as error:
        raise InvalidInput(
            f"a date that cannot be read: {error}", allowed="ISO, such as 2024-05-31"
        ) from error
