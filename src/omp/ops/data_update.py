"""Bring a data set up to date with one verb: the same source read again, or a newer one.

The old snapshot stays; the data set's name means the new one once it was judged ready. What the
new snapshot changes, and who is to be validated again, is concluded when it is registered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omp.domain.errors import InvalidInput, NotFound
from omp.domain.ids import check_id
from omp.ops import data, data_derive
from omp.ops.children import Children
from omp.ops.data_lineage import instant
from omp.ops.desk import Desk
from omp.store import data_incidents as incident_rows
from omp.store import data_sets as rows
from omp.store import snapshots
from omp.store.data_sets import DataSet, Revalidation
from omp.store.incidents import OPEN
from omp.store.incidents import get as get_incident
from omp.store.snapshots import Snapshot


@dataclass(frozen=True)
class Fetch:
    """What to ask a provider for.

    Args:
        provider: Name on the shelf of `market/providers`.
        symbols: Instruments, as the provider names them.
        first: First date, ISO.
        last: Last date, ISO; None for today.
        timeframe: Length of a bar.
        venue: Where the instruments trade.
        options: Further arguments of `combiner data fetch`.
    """

    provider: str
    symbols: tuple[str, ...]
    first: str
    last: str | None = None
    timeframe: str = "1d"
    venue: str = "us"
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Updated:
    """What an update did.

    Args:
        before: Digest the name meant; None of a new data set.
        changes: What the import found different, where it compared.
        revalidations: Entries that are to be validated again because of it.
        incidents: Ids of the open incidents that hold the new snapshot.
        rebuilt: Data sets made from it and now made again: `name`, `digest`, or `problem`.
    """

    name: str
    before: str | None
    after: str
    is_new: bool
    first: str
    last: str
    changes: dict[str, Any] | None
    revalidations: tuple[Revalidation, ...]
    incidents: tuple[str, ...]
    rebuilt: tuple[dict[str, Any], ...] = ()


def source_of(desk: Desk, name: str) -> DataSet:
    """How a data set was last imported.

    Raises:
        NotFound: There is no such data set, or nothing is remembered about its source.
    """
    check_id(name, "data set")
    with desk.read() as tx:
        kept = rows.find(tx, name)
        if kept is None:  # known since before sources were remembered
            known = [one for one in snapshots.listed(tx) if one.name == name]
            kept = DataSet(name, known[0].imported_at) if known else None
    if kept is None:
        raise NotFound(f"there is no data set {name!r}", remedy="omp data sets names them")
    return kept


def update(
    desk: Desk,
    name: str,
    *,
    children: Children,
    path: Path | str | None = None,
    origin: str = "",
) -> Updated:
    """Import a data set again from where it came, or from another path with the same options.

    What was made from it (longer bars, universes, repairs, yields) is made again.

    Args:
        path: Where the newer data lie; None for where they lay before, or the same provider.
        origin: The path the person named, where `path` is a copy of it.

    Raises:
        NotFound: There is no such data set, or its file is gone.
        InvalidInput: Nothing is remembered about its source, and no path is given.
        DataNotReady: The newer data have faults; the old snapshot stands.
    """
    kept = source_of(desk, name)
    source = kept.source or {}
    before = _current(desk, name)
    if path is None and source.get("kind") == "fetch":
        _require_there(name, source.get("options") or ())
        found = fetch(desk, children, name, Fetch(**_fetch_of(source)))
    elif path is None and source.get("kind") == "derive":
        raise InvalidInput(
            f"{name!r} is made from {source.get('parent')!r}",
            allowed="data sets imported with omp data import or omp data fetch",
            remedy=f"omp data update {source.get('parent')} makes {name} again too",
        )
    else:
        options = tuple(source.get("options") or ()) if source.get("kind") == "import" else ()
        _require_there(name, options)
        given = Path(path) if path else _remembered(name, source)
        found = data.import_files(
            desk, children, given, name=name, options=options, origin=origin or str(given)
        )
    rebuilt = data_derive.again(desk, children, name) if found.digest != before else ()
    return replace(_told(desk, name, before, found), rebuilt=rebuilt)


def fetch(desk: Desk, children: Children, name: str, wanted: Fetch) -> Snapshot:
    """Have a child fetch bars from a provider and import them like a file.

    Raises:
        InvalidInput: There is no such provider, or what it needs (a key, an extra) is missing.
        DataNotReady: What it sent has faults.
        ResourceShort: It does not answer.
    """
    check_id(name, "data set")
    data.export_lineages(desk)
    args = ["data", "fetch", wanted.provider, "--name", name]
    args += ["--symbols", ",".join(wanted.symbols), "--from", wanted.first]
    args += ["--to", wanted.last] if wanted.last else []
    args += ["--timeframe", wanted.timeframe, "--venue", wanted.venue]
    args += [*wanted.options, *data.sealing(desk)]
    what = f"fetching {name} from {wanted.provider}"
    found = data.publish(desk, children, args, what)
    source = {**wanted.__dict__, "kind": "fetch"}
    # an update goes up to the day on which it is run
    source |= {"last": None, "symbols": list(wanted.symbols), "options": list(wanted.options)}
    data.remember(desk, name, source)
    return found


def fetch_as(
    desk: Desk,
    *,
    children: Children,
    provider: str,
    name: str,
    symbols: Sequence[str],
    first: str,
    last: str | None = None,
    timeframe: str = "1d",
    venue: str = "us",
    accept: Sequence[str] = (),
    actions: Path | str | None = None,
) -> Snapshot:
    """The same with every part named.

    Args:
        accept: Rules of readiness whose faults are real.
        actions: Table of splits and dividends, for prices as traded; it must stay where it is.
    """
    for text in (first, last):
        try:
            if text is not None:
                instant(text)
        except ValueError:
            raise InvalidInput(
                f"{text!r} is no date", allowed="ISO, such as 2024-05-31", remedy="name the day"
            ) from None
    options = tuple(word for rule in accept for word in ("--accept", rule))
    options += (f"--actions={actions}",) if actions else ()
    wanted = Fetch(provider, tuple(symbols), first, last, timeframe, venue, options)
    return fetch(desk, children, name, wanted)


def _fetch_of(source: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in source.items() if key != "kind"}
    return {**known, "symbols": tuple(known["symbols"]), "options": tuple(known["options"])}


def _remembered(name: str, source: Mapping[str, Any]) -> Path:
    if source.get("kind") != "import":
        raise InvalidInput(
            f"it is not known where {name!r} came from",
            allowed="data sets imported with omp data import or omp data fetch",
            remedy=f"omp data update {name} PATH names the file",
        )
    path = Path(str(source["path"]))
    if not path.exists():
        raise NotFound(
            f"{path}, from which {name!r} was imported, is gone",
            remedy=f"omp data update {name} PATH names where the newer data lie",
        )
    return path


def _require_there(name: str, options: Sequence[str]) -> None:
    """Refuse remembered options that name a table of splits and dividends which is gone."""
    for one in options:
        path = one.removeprefix("--actions=")
        if path != one and not Path(path).exists():
            raise NotFound(
                f"{path}, the table of splits and dividends of {name!r}, is gone",
                allowed="a table that stays where it is, such as one below the workspace",
                remedy=f"omp data import PATH --name {name} --actions TABLE",
            )


def _current(desk: Desk, name: str) -> str | None:
    with desk.read() as tx:
        try:
            return data.digest_of_source(desk, tx, name)
        except NotFound:
            return None


def _told(desk: Desk, name: str, before: str | None, found: Snapshot) -> Updated:
    is_new = found.digest != before
    changes = found.manifest.get("changes") if is_new else None
    payload = {"name": name, "before": before, "after": found.digest}
    with desk.write() as tx:
        if not is_new:
            rows.put(tx, name, desk.clock.iso(), refreshed_at=desk.clock.iso())
        desk.note(tx, "data.updated", name, {**payload, "is_new": is_new})
        held = incident_rows.holds_of(tx, "snapshot", found.digest)
        incidents = tuple(
            one.incident_id for one in held if get_incident(tx, one.incident_id).state in OPEN
        )
        queued = rows.revalidations_listed(tx, name=name, state="queued")
        current = snapshots.get(tx, found.digest)
    return Updated(
        name,
        before,
        found.digest,
        is_new,
        str(current.manifest["first"]),
        str(current.manifest["last"]),
        changes,
        tuple(one for one in queued if one.digest_after == found.digest),
        incidents,
    )
