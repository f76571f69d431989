"""`omp`: the orchestrator's command line. Each group of commands is a module of its own."""

import errno
import os
import sys
import traceback
from pathlib import Path

import typer

from omp.cli import (
    backup_commands,
    bench_commands,
    calibrate_commands,
    data_control_commands,
    data_derive_commands,
    dataset_commands,
    hall_commands,
    incident_commands,
    maintenance_commands,
    miner_commands,
    promotion_commands,
    queue_commands,
    run_commands,
    service_commands,
    upkeep_commands,
    window_command,
    workspace_commands,
)
from omp.cli.face import VARIABLE, Where, explain, note
from omp.domain.errors import DiskFull, OmpError, ResourceShort

INTERRUPTED = 130
LINUX_ONLY = "omp: this program runs on Linux only; use a Linux machine, a virtual one, or WSL 2"

app = typer.Typer(
    name="omp",
    help="Mine trading strategies day and night, and let nothing into the Hall of Fame that "
    "could be noise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

workspace_commands.add_to(app)
miner_commands.add_to(app)
maintenance_commands.add_to(app)
queue_commands.add_to(app)
run_commands.add_to(app)
promotion_commands.add_to(app)
hall_commands.add_to(app)
dataset_commands.add_to(app)
data_control_commands.add_to(dataset_commands.app)
window_command.add_to(dataset_commands.app)
data_derive_commands.add_to(dataset_commands.app)
incident_commands.add_to(app)
upkeep_commands.add_to(app)
backup_commands.add_to(app)
service_commands.add_to(app)
calibrate_commands.add_to(app)
bench_commands.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        from omp.config.fingerprint import engine_version, git_sha

        typer.echo(f"omp {engine_version()} ({git_sha()})")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    workspace: Where = None,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    del version
    if workspace is not None:
        _work_on(context, workspace)


def _work_on(context: typer.Context, workspace: Path) -> None:
    """Name the workspace to the command that follows, for this call alone."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(workspace)

    def put_back() -> None:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before

    context.call_on_close(put_back)


def run(arguments: list[str] | None = None) -> int:
    """Run one command; give its exit code."""
    try:
        code = app(arguments, prog_name="omp", standalone_mode=False)
    except OmpError as error:
        explain(error)
        return error.exit_code
    except typer.TyperException as error:
        return _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        note("omp: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has left, and wants to hear no more
        return 0
    except OSError as error:
        return _system(error)
    except Exception:  # noqa: BLE001 - the outer edge: traced on stderr, nothing is swallowed
        traceback.print_exc()
        note("omp: this is a fault of the program; please report it with the lines above")
        return 1
    if code == INTERRUPTED:  # Typer turns Ctrl-C into this exit code
        note("omp: interrupted")
    return code if isinstance(code, int) else 0


def _system(error: OSError) -> int:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        refused: OmpError = DiskFull(
            f"the disk is full: {error.filename or error.strerror}",
            remedy="free some space (omp cleanup --dry-run lists what may go), then try again",
        )
    else:
        refused = ResourceShort(
            f"the system refused: {error}", remedy="see whether this user may read and write there"
        )
    explain(refused)
    return refused.exit_code


def _usage(error: typer.TyperException) -> int:
    show = getattr(error, "show", None)
    if show is None:
        note(f"omp: {error}")
    else:
        show()
    return int(getattr(error, "exit_code", 2))


def main() -> None:
    """The console command."""
    if sys.platform != "linux":
        note(LINUX_ONLY)
        raise SystemExit(4)
    raise SystemExit(run())


if __name__ == "__main__":
    main()
