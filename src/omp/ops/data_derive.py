"""Make a data set from another one in a child: repaired, longer bars, a universe, cash yields.

How it was made is remembered, with the tables it was made by, so that it is made again when its
parent is brought up to date.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import blake3

from omp.domain.durable import write_durable
from omp.domain.errors import InvalidInput, NotFound, OmpError
from omp.domain.ids import check_id
from omp.ops import data
from omp.ops.children import Children, required
from omp.ops.desk import Desk
from omp.store import data_sets as rows
from omp.store.data_sets import DataSet
from omp.store.snapshots import Snapshot

TABLES = ("membership", "yields")
FLAGS: Mapping[str, str] = {
    "to": "--to",
    "universe": "--universe",
    "membership": "--membership",
    "symbols": "--symbols",
    "yields": "--yields",
    "cash": "--cash",
    "convention": "--convention",
    "repair": "--repair",
    "accept": "--accept",
}
"""Part of a change → the option of `combiner data derive`."""


def derive(
    desk: Desk,
    parent: str,
    *,
    children: Children,
    name: str,
    to: str = "",
    universe: str = "",
    membership: str | None = None,
    symbols: Sequence[str] = (),
    yields: str | None = None,
    cash: str = "",
    convention: str = "",
    repair: Sequence[str] = (),
    accept: Sequence[str] = (),
) -> Snapshot:
    """Have a child make it and register the snapshot, whose parent the manifest names.

    Args:
        parent: A data set's name, or a digest.
        name: Name of the new data set.
        to: Longer timeframe.
        universe: Name of a universe; `membership` is its file, or `symbols` its members.
        yields: File of annual yields, called `cash` and quoted by `convention`.
        repair: Rules of readiness whose bars are taken away first.
        accept: Rules of readiness whose faults are real.

    Raises:
        NotFound: There is no such parent.
        InvalidInput: The change does not fit the data.
        DataNotReady: A table, or what comes out, has faults.
    """
    change = {
        "to": to,
        "universe": universe,
        "membership": _kept(desk, membership),
        "symbols": list(symbols),
        "yields": _kept(desk, yields),
        "cash": cash,
        "convention": convention,
        "repair": list(repair),
        "accept": list(accept),
    }
    return _made(desk, children, name, parent, {key: one for key, one in change.items() if one})


def repair(
    desk: Desk,
    parent: str,
    *,
    children: Children,
    rules: Sequence[str] | str,
    name: str = "",
    accept: Sequence[str] = (),
    dry_run: bool = False,
) -> dict[str, Any]:
    """Take away the bars of a data set that rules of readiness have named, as a set of its own.

    Args:
        parent: A data set's name, or a digest.
        rules: The rules; one alone may be a plain text.
        name: Name of the new data set; by default the parent's with `-repaired`.
        accept: Rules of readiness whose faults are real.
        dry_run: Say what would be done and what readiness would answer; change nothing.

    Returns:
        `repairs`, `readiness`, and the new `snapshot`, which a dry run does not have.

    Raises:
        NotFound: There is no such parent.
        InvalidInput: A rule is unknown, has no repair, or names no bar.
        DataNotReady: What is left has faults; nothing was changed.
    """
    named = [rules] if isinstance(rules, str) else list(rules)
    if not named:
        raise InvalidInput(
            f"a repair of {parent} without a rule",
            allowed="names of rules of readiness",
            remedy=f"omp data check {parent} lists what they found",
        )
    known_as = name or f"{parent}-repaired"
    change = {"repair": named, "accept": list(accept)}
    if not dry_run:
        found = _made(desk, children, known_as, parent, change)
        told = {"name": known_as, "repairs": found.manifest.get("repairs") or []}
        return {**told, "dry_run": False, "snapshot": found}
    args = _words(desk, known_as, parent, change)
    log = desk.workspace.logs / "data.log"
    where = ["--dry-run", "--workspace", str(desk.workspace.root)]
    what = f"trying a repair of {parent}"
    result = required(children.run([*args, *where], log=log), what, log=log)
    told = {"name": known_as, "repairs": result.get("repairs") or []}
    return {**told, "dry_run": True, "readiness": result.get("readiness"), "snapshot": None}


def again(desk: Desk, children: Children, parent: str) -> tuple[dict[str, Any], ...]:
    """Make anew what was made from a data set, and what was made from that.

    Returns:
        For each set: its `name`, its new `digest`, or `problem`: why it stays what it was.
    """
    told: list[dict[str, Any]] = []
    done, waiting = {parent}, [parent]
    while waiting:
        source = waiting.pop(0)
        for kept in _made_from(desk, source):
            if kept.name in done:
                continue
            done.add(kept.name)
            change = (kept.source or {}).get("change")
            try:
                if not change:
                    raise InvalidInput(
                        f"it is not known how {kept.name} was made from {source}",
                        remedy=f"make it once more with --name {kept.name}",
                    )
                found = _made(desk, children, kept.name, source, dict(change))
            except OmpError as error:
                told.append({"name": kept.name, "digest": None, "problem": error.sentence})
                continue
            told.append({"name": kept.name, "digest": found.digest, "problem": None})
            waiting.append(kept.name)
    return tuple(told)


def _made_from(desk: Desk, parent: str) -> tuple[DataSet, ...]:
    with desk.read() as tx:
        kept = rows.listed(tx).values()
    made = [one for one in kept if (one.source or {}).get("kind") == "derive"]
    return tuple(one for one in made if (one.source or {}).get("parent") == parent)


def _made(
    desk: Desk, children: Children, name: str, parent: str, change: dict[str, Any]
) -> Snapshot:
    args = _words(desk, name, parent, change)
    found = data.publish(desk, children, args, f"making {name} from {parent}")
    data.remember(desk, name, {"kind": "derive", "parent": parent, "change": change})
    return found


def _words(desk: Desk, name: str, parent: str, change: Mapping[str, Any]) -> list[str]:
    check_id(name, "data set")
    check_id(parent, "data source")
    data.export_lineages(desk)
    args = ["data", "derive", parent, f"--name={name}", *data.sealing(desk)]
    for key, flag in FLAGS.items():
        value = change.get(key) or []
        if key in TABLES and value:
            value = [str(desk.workspace.root / str(value))]
        elif key == "symbols" and value:
            value = [",".join(value)]
        args += [f"{flag}={one}" for one in ([value] if isinstance(value, str) else value)]
    return args


def _kept(desk: Desk, table: str | None) -> str:
    """Where in the workspace a copy of a table is kept under the name of its content."""
    if not table:
        return ""
    try:
        content = Path(table).read_bytes()
    except OSError as error:
        raise NotFound(
            f"the table {table} cannot be read: {error.strerror}", remedy="name an existing one"
        ) from error
    named = f"{blake3.blake3(content).hexdigest()}{Path(table).suffix}"
    path = desk.workspace.data_sets.parent / "tables" / named
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durable(path, content)
    return str(path.relative_to(desk.workspace.root))
