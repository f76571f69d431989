"""The Hall of Fame: list, show, check, replay, and the moves of an entry."""

from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.printing import instant, number, plain, record, table
from omp.cli.run_commands import Environment, check_environment
from omp.domain.figures import probability

Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="Its candidate id.")]
Why = Annotated[str, typer.Option("--reason", "-r", help="Why; required.")]

COLUMNS = (
    ("candidate_id", "ENTRY"),
    ("state", "STATE"),
    ("environment", "ENVIRONMENT"),
    ("oos_sharpe", "SEALED SHARPE", number(2)),
    ("p_value", "P", probability),
    ("run_id", "RUN"),
    ("promoted_at", "PROMOTED", instant),
)

app = typer.Typer(help="The strategies that passed every gate.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="hall")


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    metrics = entry.get("metrics") or {}
    return {
        "oos_sharpe": metrics.get("oos_sharpe", metrics.get("sharpe_annual")),
        "p_value": metrics.get("p_value"),
        **entry,
    }


@verb(app, "list")
def list_entries(face: Face, environment: Environment = "real") -> Answer:
    """Show the entries; those mined from real data, unless another environment is named."""
    data = face.call("hall.list", environment=check_environment(environment))
    rows = [_row(one) for one in data.get("items", ())]
    empty = f"no entry from {environment} data (others: --environment demo, synthetic, test)"
    return Answer(data, table(rows, COLUMNS, empty=empty))


@verb(app, "show")
def show(face: Face, entry: Entry) -> Answer:
    """Show one entry with its provenance."""
    data = face.call("hall.show", entry=entry)
    lines = record({k: v for k, v in data.items() if not isinstance(v, dict | list)})
    for part in ("provenance", "metrics"):
        if isinstance(data.get(part), dict):
            lines += ["", f"{part}:", *record(data[part], indent="  ")]
    return Answer(data, lines)


@verb(app, "check")
def check(face: Face) -> Answer:
    """Check every entry: row, files, hashes, provenance, duplicates, sync."""
    data = face.call("hall.check")
    issues = data.get("issues") or []
    lines = record({k: v for k, v in data.items() if not isinstance(v, dict | list)})
    if samples := data.get("samples"):
        lines += ["", *table(samples, [(key, key.upper().replace("_", " ")) for key in samples[0]])]
    lines += ["", *(f"- {plain(one)}" for one in issues)] if issues else ["", "no issue found"]
    return Answer(data, lines, exit_code=7 if issues else 0)


@verb(app, "replay")
def replay(face: Face, entry: Entry) -> Answer:
    """Rebuild an entry's metrics and trades from the entry alone, and compare."""
    data = face.call("hall.replay", entry=entry)
    is_equal = bool(data.get("equal", data.get("ok")))
    return Answer(data, record(data), exit_code=0 if is_equal else 7)


_MOVES = {
    "flag": "Flag an entry for review.",
    "clear": "Take the flag off an entry.",
    "demote": "Demote an entry to research.",
    "quarantine": "Quarantine an entry.",
    "release": "Let an entry out of quarantine.",
    "remove": "Remove an entry; its record stays for ever.",
}


def _make_move(action: str, text: str) -> None:
    def move(face: Face, entry: Entry, reason: Why) -> Answer:
        data = face.call("hall.act", entry=entry, action=action, reason=reason)
        return Answer(data, [f"{entry} is {plain(data.get('state'))}"])

    move.__doc__ = text
    verb(app, action)(move)


for _action, _text in _MOVES.items():
    _make_move(_action, _text)
