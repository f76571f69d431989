"""`omp data import`: what was guessed is shown before it is used."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli import import_options as options
from omp.cli.face import Answer, Face
from omp.cli.lent import lent
from omp.cli.printing import plain, record
from omp.domain.errors import Interrupted, NotFound
from omp.wire.import_call import arguments
from omp.wire.same_bars import sentences

SHOWN = ("importer", "files", "venue", "timeframe", "rows", "n_symbols", "first", "last")
RESULT = (
    *("name", "digest", "environment", "lineage", "boundary"),
    *("symbols", "rows", "rows_sealed", "left_out", "changes"),
)


def import_data(
    face: Face,
    path: options.Source,
    name: Annotated[
        str, typer.Option(help="Name of the data set, which campaigns use; by default the file's.")
    ] = "",
    venue: options.Venue = "",
    timeframe: options.Timeframe = "",
    importer: options.Importer = "",
    columns: options.Columns = None,
    features: options.Features = None,
    symbol: options.Symbol = "",
    symbols: options.Symbols = "",
    separator: options.Separator = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    date_format: options.DateFormat = "",
    timezone: options.Timezone = "",
    adjust: options.Adjust = True,
    actions: options.Actions = None,
    fractional: options.Fractional = False,
    accept: options.Accept = None,
    leave_out_faulty: options.LeaveOut = False,
    repair: options.Repair = None,
    licence: options.Licence = "not stated",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be read, and its faults; no more.")
    ] = False,
) -> Answer:
    """Import a file, a ZIP or a folder: read, checked, sealed off from its boundary on."""
    source = path.expanduser().resolve()
    if not source.exists():
        raise NotFound(f"there is no file or folder {source}", remedy="name an existing one")
    table = actions.expanduser().resolve() if actions else None
    fields: dict[str, Any] = {
        "venue": venue,
        "timeframe": timeframe,
        "importer": importer,
        "columns": columns or [],
        "features": features or [],
        "symbol": symbol,
        "symbols": options.listed(symbols),
        "separator": separator,
        "decimal": decimal,
        "encoding": encoding,
        "date_format": date_format,
        "timezone": timezone,
        "adjust": adjust,
        "fractional": fractional,
        "accept": accept or [],
        "leave_out_faulty": leave_out_faulty,
        "repair": repair or [],
        "licence": licence,
    }
    given = {key: value for key, value in fields.items() if value not in ("", [], None)}
    face.note(f"reading {source} …")
    found = _preview(source, given | ({"actions": table} if table else {}), is_judged=dry_run)
    for line in _guess_lines(found):
        face.note(line)
    if dry_run:
        ready = found["readiness"]["ready"] is True
        return Answer(found, _faults(found), exit_code=0 if ready else 3)
    may_ask = is_terminal() and not (yes or face.is_json)
    if may_ask and not typer.confirm("Is this right?", default=True, err=True):
        raise Interrupted(
            "the import was not wanted; nothing was changed",
            remedy="say what is otherwise: omp data import --help lists the options",
        )
    known_as = name or options.name_of(source)
    with lent(face, source) as inside, lent(face, table) as actions_inside:
        data = face.call(
            "data.import",
            path=str(inside),
            name=known_as,
            origin=str(source),
            actions=str(actions_inside) if actions_inside else None,
            **given,
        )
    manifest = data.get("manifest") or {}
    shown = {key: {**manifest, **data}.get(key) for key in RESULT}
    shown["changes"] = _change(manifest.get("changes"))
    return Answer({**data, "guess": found}, [*record(shown), *sentences(manifest)])


def is_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _preview(source: Path, fields: Mapping[str, Any], *, is_judged: bool) -> dict[str, Any]:
    """What the importer reads and how; with its faults where they are wanted too."""
    from omp.market.examine import examine, facts, read_request

    arguments({key: value for key, value in fields.items() if key != "actions"})
    request = options.request_of(source, fields)
    if not is_judged:
        raw, place = read_request(request)
        return facts(raw, place, source)
    found = examine(request)
    left_out = {symbol: list(rules) for symbol, rules in found.left_out.items()}
    shown = facts(found.raw, found.place, source)
    return shown | {"readiness": found.certificate.record(), "left_out": left_out}


def _guess_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The guess for a person, before it is used."""
    adjusted = {True: "adjusted", False: "as traded", None: "not known whether adjusted"}
    symbols = ", ".join(found["symbols"])
    more = found["n_symbols"] - len(found["symbols"])
    rows = {key: found[key] for key in SHOWN} | dict(found["guess"])
    rows["symbols"] = symbols + (f" and {more} more" if more > 0 else "")
    rows["prices"] = adjusted[found["adjusted"]]
    if found["features"]:
        rows["features"] = ", ".join(found["features"])
    yield from record(rows)
    for row in found["sample"]:
        yield "  " + "  ".join(plain(value) for value in row.values())


def _faults(found: Mapping[str, Any]) -> Iterator[str]:
    certificate = found["readiness"]
    is_ready = certificate["ready"] is True
    yield "ready: it would be imported" if is_ready else "NOT ready: it would be refused"
    for fault in certificate["faults"]:
        yield f"- {fault['rule']}: {fault['symbol']} {fault['time']}: {fault['detail']}"
    for rule, why in certificate["unknown"].items():
        yield f"- {rule}: unknown: {why}"
    for symbol, rules in found["left_out"].items():
        yield f"- {symbol} is left out: {', '.join(rules)}"


def _change(changes: Mapping[str, Any] | None) -> str:
    """What the import changed, in a line."""
    if changes is None:
        return "none: the first import of this name"
    if "not_comparable" in changes:
        return f"not comparable: {changes['not_comparable']}"
    text = (
        f"{changes['changed_bars']} of {changes['common_bars']} common bars changed, "
        f"{changes['added_bars']} added, {changes['removed_bars']} removed"
    )
    cases = [
        f"{one['symbol']} {one['time'][:16]} {one['field']} {one['before']:g} → {one['after']:g}"
        for one in changes["cases"][:3]
    ]
    return "; ".join([text, *cases])
