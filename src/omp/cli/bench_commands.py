"""`omp bench` and `combiner bench`: the speed of the engine beside others, on this machine."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`; it needs no workspace."""
    app.command("bench")(bench)


def bench(
    only: Annotated[
        str,
        typer.Option(metavar="A,B,…", help="Sections: kernel, search, pbo, preparation, startup."),
    ] = "",
    quick: Annotated[
        bool, typer.Option("--quick", help="Three rounds and the short sizes alone.")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the page too, such as docs/benchmarks.md."),
    ] = None,
) -> None:
    """Measure the engine beside other engines, after asserting equal results."""
    from omp.lab.bench.program import bench as run

    run(only=[one.strip() for one in only.split(",") if one.strip()], quick=quick, write=write)
