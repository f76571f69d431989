"""`combiner`: the engine's command line; every command is a child the daemon may start.

Standard output carries JSON lines for the daemon (`--text` prints for a person where a table is
the answer); standard error carries one clear sentence when something is wrong.
"""

import sys
import traceback

import typer

from omp.domain.errors import InvalidInput, OmpError
from omp.wire.lines import Lines

app = typer.Typer(
    name="combiner",
    help="Mine one campaign, recompute its evidence, look once at sealed data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _mount() -> None:
    from omp.cli import (
        bench_commands,
        data_commands,
        derive_command,
        factory_commands,
        provider_commands,
        recut_command,
    )

    app.add_typer(factory_commands.app, name="factory")
    provider_commands.add_to(data_commands.app)
    derive_command.add_to(data_commands.app)
    recut_command.add_to(data_commands.app)
    app.add_typer(data_commands.app, name="data")
    bench_commands.add_to(app)


def run(arguments: list[str] | None = None) -> int:
    """Run one command; give its exit code."""
    _mount()
    try:
        code = app(arguments, prog_name="combiner", standalone_mode=False)
    except OmpError as error:
        print(f"combiner: {error.sentence}", file=sys.stderr)
        return Lines().error(error)
    except typer.TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        print(f"combiner: {message}. Try: combiner --help", file=sys.stderr)
        return Lines().error(InvalidInput(message, remedy="combiner --help"))
    except BrokenPipeError:
        sys.stderr.close()  # the reader has left, and wants to hear no more
        return 1
    except Exception as error:  # noqa: BLE001 - the outer edge: told on stdout, traced on stderr
        traceback.print_exc()
        print("combiner: this is a fault of the program; please report it", file=sys.stderr)
        return Lines().error(error)
    return code if isinstance(code, int) else 0


def main() -> None:
    """Entry point of the console command."""
    from omp.cli.shut_in import own_process
    from omp.cli.stacks import answer_with_stacks

    own_process()
    answer_with_stacks()
    sys.exit(run())


if __name__ == "__main__":
    main()
