"""Market data as a charge: fit or not, how old, brought up to date, called into question."""

from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.lent import lent
from omp.cli.printing import instant, plain, record, table
from omp.cli.run_commands import Environment, check_environment
from omp.domain.errors import InvalidInput, NotFound

Name = Annotated[str, typer.Argument(metavar="NAME", help="A data set.")]
Incident = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, INC-….")]
Symbols = Annotated[str, typer.Option(help="Parted by commas.")]

SETS = (
    ("name", "DATA SET"),
    ("environment", "ENVIRONMENT"),
    ("status", "STATUS"),
    ("age_days", "AGE, DAYS", lambda days: f"{days:.0f}"),
    ("max_age_days", "LIMIT", lambda days: "none" if days is None else f"{days:g}"),
    ("last", "LAST BAR", instant),
    ("incidents", "IN QUESTION BY"),
    ("reasons", "WHY NOT READY"),
)
INCIDENTS = (
    ("id", "INCIDENT"),
    ("state", "STATE"),
    ("origin", "FOUND BY"),
    ("symbols", "SYMBOLS"),
    ("snapshots", "SNAPSHOTS"),
    ("runs", "RUNS"),
    ("entries", "ENTRIES"),
    ("summary", "SUMMARY"),
)
REVALIDATIONS = (
    ("candidate_id", "ENTRY"),
    ("trigger", "BECAUSE OF"),
    ("name", "DATA SET"),
    ("state", "STATE"),
    ("queued_at", "QUEUED", instant),
    ("outcome", "OUTCOME"),
)


def add_to(group: typer.Typer) -> None:
    """Put these commands into the group `omp data`."""
    for make in (_look, _question, _refresh):
        make(group)


def _facts(found: dict[str, Any]) -> dict[str, Any]:
    """A data incident as one row."""
    kinds = [one["kind"] for one in found.get("holds", ())]
    counts = {f"{one}s": kinds.count(one) for one in ("snapshot", "run")}
    question, incident = found.get("question", {}), found.get("incident", {})
    return {
        **counts,
        "entries": kinds.count("entry"),
        "symbols": question.get("symbols") or "all",
        "origin": question.get("origin"),
        **{key: incident.get(key) for key in ("id", "state", "summary")},
    }


def _look(group: typer.Typer) -> None:
    @verb(group, "sets")
    def list_sets(face: Face, environment: Environment = None) -> Answer:
        """Show the data sets: ready or not and why, how old, in question or not."""
        data = face.call("data.sets", environment=check_environment(environment))
        rows = data.get("items", ())
        return Answer(data, table(rows, SETS, empty="no data: omp data import FILE --name NAME"))

    @verb(group, "show")
    def show(face: Face, name: Name) -> Answer:
        """Show one data set: its state, where it came from, and who used it."""
        data = face.call("data.show", data_set=name)
        found = data.get("view", {})
        view = {key: value for key, value in found.items() if key != "symbols"}
        view |= {"symbols": len(found.get("symbols", ())), "runs": len(data.get("runs", ()))}
        view["entries"] = data.get("entries")
        view |= data.get("made", {})
        view["descent"] = [one["digest"] for one in data.get("descent", ())]
        return Answer(data, record(view))

    @verb(group, "age")
    def age(
        face: Face,
        name: Annotated[str, typer.Argument(metavar="[NAME]", help="A data set.")] = "",
        max_days: Annotated[
            float | None, typer.Option(help="Its limit: days without an update.")
        ] = None,
        frozen: Annotated[
            bool, typer.Option("--frozen", help="History to which no bars will come: no limit.")
        ] = False,
        default: Annotated[
            bool, typer.Option("--default", help="Back to the configured limit.")
        ] = False,
    ) -> Answer:
        """Show how old the data sets are, or set the limit of one."""
        if sum((max_days is not None, frozen, default)) > 1 or (
            not name and (max_days is not None or frozen or default)
        ):
            raise InvalidInput(
                "this limit",
                allowed="NAME with one of --max-days N, --frozen, --default",
                remedy="name the data set and one limit",
            )
        if max_days is None and not frozen and not default:
            data = face.call("data.sets")
            rows = [one for one in data.get("items", ()) if name in ("", one["name"])]
            if not rows and name:
                raise NotFound(f"there is no data set {name!r}", remedy="omp data sets names them")
            return Answer({**data, "items": rows}, table(rows, SETS[:6], empty="no data"))
        limit = 0.0 if frozen else max_days
        data = face.call("data.age", data_set=name, **({} if default else {"max_days": limit}))
        told = data.get("max_age_days")
        words = "the configured limit" if told is None else f"{told:g} days" if told else "none"
        return Answer(data, [f"{name}: limit of age {words}"])

    @verb(group, "revalidations")
    def revalidations(face: Face) -> Answer:
        """Show the Hall of Fame entries that new data have queued for validation."""
        data = face.call("data.revalidations")
        return Answer(data, table(data.get("items", ()), REVALIDATIONS, empty="none is queued"))


def _question(group: typer.Typer) -> None:
    @verb(group, "incident")
    def incident(
        face: Face,
        name: Annotated[str, typer.Argument(metavar="NAME", help="A data set or a digest.")],
        summary: Annotated[str, typer.Option(help="What is wrong with the data.")],
        symbols: Symbols = "",
        first: Annotated[str, typer.Option("--from", help="First date in question.")] = "",
        last: Annotated[str, typer.Option("--to", help="Last date in question.")] = "",
        severity: Annotated[str, typer.Option(help="SEV-0, SEV-1 or SEV-2.")] = "SEV-2",
    ) -> Answer:
        """Call data into question: freeze their queue, quarantine entries, mark runs."""
        data = face.call(
            "data.incident",
            data_set=name,
            summary=summary,
            symbols=_parted(symbols),
            first=first or None,
            last=last or None,
            severity=severity,
        )
        return Answer(data, [*record(_facts(data)), *_held(data)])

    @verb(group, "resolve")
    def resolve(
        face: Face,
        incident: Incident,
        cause: Annotated[str, typer.Option(help="What brought it about.")],
        prevention: Annotated[str, typer.Option(help="What keeps it from coming again.")],
        resolution: Annotated[str, typer.Option(help="What was done; by default the cause.")] = "",
    ) -> Answer:
        """Close a data incident with cause and prevention, and let go of what it held."""
        data = face.call(
            "incidents.resolve",
            incident=incident,
            cause=cause,
            prevention=prevention,
            resolution=resolution or cause,
        )
        told = f"{incident} is {plain(data.get('state'))}; what it alone held is released"
        return Answer(data, [told])

    @verb(group, "incidents")
    def incidents(
        face: Face,
        name: Annotated[str, typer.Argument(metavar="NAME", help="A data set or a digest.")],
    ) -> Answer:
        """Show the incidents that have called a data set into question."""
        data = face.call("data.incidents", data_set=name)
        rows = [_facts(one) for one in data.get("items", ())]
        return Answer(data, table(rows, INCIDENTS, empty="no incident"))


def _refresh(group: typer.Typer) -> None:
    @verb(group, "update")
    def update(
        face: Face,
        name: Name,
        path: Annotated[
            Path | None, typer.Argument(help="Where the newer data lie; by default as before.")
        ] = None,
    ) -> Answer:
        """Import a data set again from where it came, and let its name mean the new snapshot."""
        source = (face.call("data.show", data_set=name).get("view") or {}).get("source") or {}
        remembered = source.get("path") if source.get("kind") == "import" else None
        given = path or (Path(remembered) if remembered else None)
        if given is None:
            data = face.call("data.update", data_set=name)
            return Answer(data, _told(data))
        origin = given.expanduser().resolve()
        if not origin.exists():
            raise NotFound(
                f"there is no file or folder {origin}",
                remedy=f"omp data update {name} PATH names where the newer data lie",
            )
        face.note(f"importing {origin} …")
        with lent(face, origin) as inside:
            data = face.call("data.update", data_set=name, path=str(inside), origin=str(origin))
        return Answer(data, _told(data))

    @verb(group, "fetch")
    def fetch(
        face: Face,
        provider: Annotated[str, typer.Argument(help="b3, alpaca, massive, tiingo, …")],
        symbols: Symbols,
        first: Annotated[str, typer.Option("--from", help="First date.")],
        name: Annotated[str, typer.Option(help="Name of the data set; campaigns use it.")],
        last: Annotated[str, typer.Option("--to", help="Last date; by default today.")] = "",
        timeframe: Annotated[str, typer.Option(help="1d, 1h, 30m, …")] = "1d",
        venue: Annotated[str, typer.Option(help="us or br.")] = "us",
        accept: Annotated[
            list[str] | None, typer.Option(help="Rule of readiness whose faults are real.")
        ] = None,
        actions: Annotated[
            Path | None,
            typer.Option(help="Table of splits and dividends, kept below the workspace."),
        ] = None,
    ) -> Answer:
        """Fetch bars from a provider and import them; its key comes from the environment."""
        face.note(f"fetching {symbols} from {provider} …")
        data = face.call(
            "data.fetch",
            provider=provider,
            name=name,
            symbols=_parted(symbols),
            first=first,
            last=last or None,
            timeframe=timeframe,
            venue="br" if provider == "b3" else venue,
            accept=accept or [],
            actions=str(actions.expanduser().resolve()) if actions else None,
        )
        shown = {key: data.get(key) for key in ("name", "environment", "digest", "lineage")}
        return Answer(data, record(shown))


def _parted(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _held(found: dict[str, Any]) -> list[str]:
    held = [one for one in found.get("holds", ()) if one["kind"] == "entry" and one["holds"]]
    told = [f"quarantined: {one['subject']}" for one in held]
    name = found.get("incident", {}).get("id")
    return [*told, f"omp data resolve {name} --cause '…' --prevention '…' lets go of them"]


def _told(found: dict[str, Any]) -> list[str]:
    if not found.get("is_new"):
        return [f"{plain(found.get('name'))} has nothing new; it is up to date as of now"]
    lines = [f"{found['name']} is now {found['after'][:12]}, up to {found['last'][:10]}"]
    changes = found.get("changes") or {}
    if changes:
        lines.append(
            f"{changes.get('added_bars', 0)} bars added, {changes.get('changed_bars', 0)} changed, "
            f"{changes.get('removed_bars', 0)} gone"
        )
    lines += [f"in question: {one}" for one in found["incidents"]]
    for one in found.get("rebuilt", ()):
        digest = str(one["digest"])[:12]
        why = f"stays what it was: {one['problem']}" if one["problem"] else f"is now {digest} too"
        lines.append(f"{one['name']}, made from it, {why}")
    if found["revalidations"]:
        lines.append(f"{len(found['revalidations'])} entries are to be validated again")
    return lines
