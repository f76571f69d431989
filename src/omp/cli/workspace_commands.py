"""The workspace itself: up, init."""

from typing import Annotated

import typer

from omp.cli.face import Answer, Face, note, verb

Demo = Annotated[
    bool, typer.Option("--demo/--no-demo", help="With the demo data and campaigns, if it is new.")
]


def add_to(app: typer.Typer) -> None:
    """Put these commands on `app`."""
    verb(app, "up")(up)
    verb(app, "init")(init)


def up(
    face: Face,
    host: Annotated[str | None, typer.Option(help="Listen here instead of [api] host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="And on this port; 0 takes a free one.")
    ] = None,
    demo: Demo = True,
    idle: Annotated[
        bool, typer.Option("--idle", help="Come up without mining if the workspace is new.")
    ] = False,
) -> Answer:
    """Mine: workspace, daemon, API and pages in the foreground; Ctrl-C checkpoints and stops."""
    from omp.cli.up import come_up

    code = come_up(face.workspace, host=host, port=port, demo=demo, idle=idle, is_json=face.is_json)
    return Answer({"stopped": True}, exit_code=code)


def init(face: Face, demo: Demo = True) -> Answer:
    """Create a workspace, or complete one that lacks files."""
    from omp.cli.up import create_workspace

    note(f"creating {face.workspace.root} …")
    created = create_workspace(face.workspace, demo=demo)
    lines = [f"made {one}" for one in created.made] or ["nothing was missing"]
    return Answer(created, [*lines, f"workspace {created.root}; next: omp up"])
