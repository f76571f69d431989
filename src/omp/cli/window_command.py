"""`omp data open-window`: later bars alone become the sealed window of a lineage."""

from typing import Annotated

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.miner_commands import Reason


def add_to(group: typer.Typer) -> None:
    """Put the command into the group `omp data`."""

    @verb(group, "open-window")
    def open_window(
        face: Face,
        lineage: Annotated[
            str, typer.Argument(metavar="NAME|LINEAGE", help="A data set, or its lineage.")
        ],
        reason: Reason = None,
    ) -> Answer:
        """Close a sealed window for ever, and open one of the bars that came after its looks."""
        data = face.call("ledger.window", lineage=lineage, reason=reason or "")
        said = [f"{data.get('lineage')} is sealed from {data.get('boundary')} on"]
        return Answer(data, [*said, *(f"cut: {one}" for one in data.get("cut", ()))])
