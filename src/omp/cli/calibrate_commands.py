"""`omp calibrate`: false promotions and power, on markets whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from omp.cli.face import say
from omp.domain.errors import InvalidInput


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`; it works beside any workspace and needs none."""
    app.command("calibrate")(calibrate)


def calibrate(
    out: Annotated[Path, typer.Option("--json", metavar="OUT", help="Where the result goes.")],
    markets: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Market files, CSV or Parquet.")
    ] = None,
    campaigns: Annotated[
        int, typer.Option(metavar="K", min=1, help="Campaigns on each market.")
    ] = 1,
    null: Annotated[int, typer.Option(metavar="N", min=0, help="Noise markets of its own.")] = 0,
    planted: Annotated[
        int, typer.Option(metavar="N", min=0, help="Markets with a planted edge, for each dial.")
    ] = 0,
    dial: Annotated[
        list[float] | None,
        typer.Option(help="Annual Sharpe ratio of that edge; may be given again.  [default: 1.5]"),
    ] = None,
    drift: Annotated[
        list[float] | None,
        typer.Option(help="Buy-and-hold Sharpe ratio of the nulls, in turn.  [default: 0, .4, .8]"),
    ] = None,
    edge_drift: Annotated[
        float, typer.Option(help="Buy-and-hold Sharpe ratio of the markets with an edge.")
    ] = 0.0,
    symbols: Annotated[int, typer.Option(min=1, help="Symbols of each of its own markets.")] = 1,
    edges: Annotated[
        str, typer.Option(help="equal or unequal dials of the symbols of a market with edges.")
    ] = "equal",
    dying: Annotated[
        int, typer.Option(metavar="N", min=0, help="Markets whose edge dies before it is sealed.")
    ] = 0,
    poisoned: Annotated[
        int, typer.Option(metavar="N", min=0, help="Markets with one fault in their data.")
    ] = 0,
    first_market: Annotated[int, typer.Option(min=0, help="Seed of its first market.")] = 0,
    campaign: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is searched; by default 30,000 rules a market."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Positions of what is promoted.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a documentation page of the result.")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="An earlier result that the page shows too."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    stop_after: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0, help="End then with what is done; the same call goes on."
        ),
    ] = None,
    signals: Annotated[
        int,
        typer.Option(metavar="K", min=0, max=20, help="Uncorrelated edges of each planted market."),
    ] = 0,
    shift_years: Annotated[
        float,
        typer.Option(
            metavar="YEARS",
            min=0,
            help="Mean time between changes of its markets' drift, at dates that prices do not "
            "know.  [default: it stays]",
            show_default=False,
        ),
    ] = 0.0,
    timeframe: Annotated[
        str, typer.Option(help="1d, or 1h: markets of hourly bars with gaps over night.")
    ] = "1d",
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An omp_config.toml: gates, bars, sealed window."),
    ] = None,
    stop_refused: Annotated[
        bool,
        typer.Option(
            "--stop-refused", help="Breed nothing where PBO refuses a run: the same promotions."
        ),
    ] = False,
) -> None:
    """Measure false promotions and power on markets whose truth is known."""
    if markets is None and null + planted + dying + poisoned == 0:
        raise InvalidInput(
            "there is no market to calibrate on",
            allowed="--markets FOLDER, or --null, --planted, --dying or --poisoned N",
            remedy="omp calibrate --null 20 --planted 20 --json result.json",
        )
    from omp.lab.calibrate import calibrate as run
    from omp.market.recipe import DRIFTS

    run(
        json_path=out,
        markets=markets,
        campaigns=campaigns,
        null=null,
        planted=planted,
        dial=dial or [1.5],
        drift=drift or DRIFTS,
        edge_drift=edge_drift,
        symbols=symbols,
        edges=edges,
        dying=dying,
        poisoned=poisoned,
        first_market=first_market,
        campaign=campaign,
        out_dir=folder,
        page=page,
        beside=beside or (),
        workers=workers,
        stop_after_s=stop_after,
        stop_refused=stop_refused,
        signals=signals,
        shift_years=shift_years,
        timeframe=timeframe,
        config=config,
    )
    say(str(out))
