"""Upkeep: report, cleanup, hof-sync, health, doctor, verify, config."""

from typing import Annotated, Any

import typer

from omp.cli.doors import live_daemon
from omp.cli.face import Answer, Face, verb
from omp.cli.printing import clean, plain, record, table

CHECK_COLUMNS = (("name", "CHECK"), ("ok", "OK"), ("detail", "DETAIL"), ("remedy", "WHAT TO DO"))

KINDS = (
    "campaign",
    "queue-change",
    "daily",
    "incident",
    "packet",
    "hall-check",
    "handoff-devops-infra",
    "handoff-risk-analyst",
    "handoff-trader-expert",
    "handoff-data-engineer",
    "request",
    "execution-assumptions",
)

config_app = typer.Typer(help="The workspace's configuration.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Put these commands on `app`."""
    verb(app, "report")(report)
    verb(app, "cleanup")(cleanup)
    verb(app, "hof-sync")(hof_sync)
    verb(app, "health")(health)
    verb(app, "doctor")(doctor)
    verb(app, "verify")(verify)
    app.add_typer(config_app, name="config")


def report(
    face: Face,
    kind: Annotated[str, typer.Argument(help=", ".join(KINDS) + ".")],
    subject: Annotated[
        str | None, typer.Option("--subject", "-s", help="A day, a run, an entry, …")
    ] = None,
) -> Answer:
    """Print a card or a report as Markdown."""
    data = face.call("reports.show", kind=kind, subject=subject)
    text = data.get("markdown") or data.get("text")
    return Answer(data, [text] if text else record(data))


def cleanup(
    face: Face,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")
    ] = False,
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, help="Whole runs to keep; by default as set.")
    ] = None,
    min_free_gb: Annotated[
        float | None, typer.Option("--min-free-gb", min=0, help="Delete only below this.")
    ] = None,
    empty_trash: Annotated[
        bool, typer.Option("--empty-trash", help="Delete what lies in the trash for good, now.")
    ] = False,
) -> Answer:
    """Compress, archive and delete old runs as the retention policy allows; lists what goes."""
    given = {"empty_trash": True} if empty_trash else {}
    data = face.call(
        "retention.clean", dry_run=dry_run, keep=keep, min_free_gb=min_free_gb, **given
    )
    word = "would go into the trash" if data.get("dry_run") else "in the trash"
    lines = [
        f"{word}: {one.get('path')} ({one.get('files')} files, {one.get('bytes', 0) / 1e6:.1f} MB)"
        for one in data.get("items") or ()
    ]
    lines += [f"stays: {one.get('run_id')}, {one.get('reason')}" for one in data.get("kept") or ()]
    lines += [f"refused: {plain(one)}" for one in data.get("refused") or ()]
    lines += [_tier(one, bool(data.get("dry_run"))) for one in data.get("tiers") or ()]
    lines += [
        f"{name}: {one.get('runs')} runs, {one.get('bytes', 0) / 1e6:.1f} MB"
        for name, one in (data.get("places") or {}).items()
    ]
    return Answer(data, [*map(clean, lines), plain(data.get("note"))])


def _tier(tier: dict[str, Any], is_dry: bool) -> str:
    """One tier in a line: how many runs, and what that frees."""
    steps = tier.get("steps") or ()
    freed = sum(one.get("frees_bytes", 0) for one in steps) / 1e6
    about = "about " if tier.get("estimated") else ""
    word = "would free" if is_dry else "freed"
    told = f"{len(steps)} runs, {word} {about}{freed:.1f} MB"
    return f"tier {tier.get('name')} ({tier.get('when')}): {told}"


def hof_sync(
    face: Face,
    check: Annotated[
        bool, typer.Option("--check", help="Compare the Hall with the mirror by hash.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Compare, and deliver anew what differs.")
    ] = False,
) -> Answer:
    """Deliver to PostgreSQL what is pending of the Hall of Fame; exit code 1 for drift."""
    if not check and not repair:
        data = face.call("hall.sync")
        return Answer(data, [plain(data.get("note"))])
    data = face.call("hall.drift", repair=repair)
    lines = [plain(data.get("note"))]
    if repair:
        lines.append(f"{data.get('reposted')} to be delivered anew: omp hof-sync")
    return Answer(data, lines, exit_code=1 if data.get("found") else 0)


def _checked(checks: list[Any], good: str) -> Answer:
    rows = [
        {
            "name": one.name,
            "ok": "ok" if one.ok else "failing",
            "detail": one.detail,
            "remedy": "" if one.ok else one.remedy,
        }
        for one in checks
    ]
    failing = [one for one in checks if not one.ok]
    data = {"ok": not failing, "checks": [vars(one) for one in checks]}
    lines = table(rows, CHECK_COLUMNS)
    lines += ["", good if not failing else f"{len(failing)} of {len(checks)} checks fail"]
    return Answer(data, lines, exit_code=1 if failing else 0)


def health(face: Face) -> Answer:
    """Say whether the daemon lives and mining is well; exit code 1 if not."""
    from omp.cli.checks import health_checks

    return _checked(health_checks(face), "healthy")


def doctor(
    face: Face,
    failpoints: Annotated[
        bool,
        typer.Option("--failpoints", help="List the places where a test may end the program."),
    ] = False,
) -> Answer:
    """Examine machine, installation and workspace, and say what to do."""
    from omp.cli.checks import doctor_checks

    if failpoints:
        return _failpoints()
    return _checked(doctor_checks(face.workspace), "nothing to complain of")


def _failpoints() -> Answer:
    from omp.domain.failpoints import FAILPOINTS, FAULTS, VARIABLE

    rows = [
        {"name": name, "kind": kind, "about": about}
        for kind, found in (("dies", FAILPOINTS), ("fault", FAULTS))
        for name, about in found.items()
    ]
    columns = (("name", "FAIL-POINT"), ("kind", "KIND"), ("about", "WHAT IS DURABLE THERE"))
    told = f"switched on by {VARIABLE}=NAME, or NAME:N for the N-th time it is passed; tests only"
    return Answer({"variable": VARIABLE, "items": rows}, [*table(rows, columns), "", told])


def verify(face: Face) -> Answer:
    """Prove that the record is whole: journal chain, anchor, database, Hall of Fame."""
    from omp.cli.checks import verify_checks

    answer = _checked(verify_checks(face), "the record is whole")
    return Answer(answer.data, answer.lines, exit_code=7 if answer.exit_code else 0)


@verb(config_app, "check")
def config_check(face: Face) -> Answer:
    """Check the configuration and every campaign file."""
    from omp.cli.checks import check_files

    answer = _checked(check_files(face.workspace), "every file can be used")
    return Answer(answer.data, answer.lines, exit_code=2 if answer.exit_code else 0)


@verb(config_app, "show")
def config_show(face: Face) -> Answer:
    """Show every value in force, and where it comes from."""
    if live_daemon(face.workspace) is not None:
        data = face.call("config.show")
    else:
        from omp.config.settings import as_mapping, load_settings, shown

        loaded = load_settings(face.workspace.config_file)
        values = shown(as_mapping(loaded.settings))
        data = {
            "digest": loaded.digest,
            "values": {
                key: {"value": value, "origin": loaded.origins[key]}
                for key, value in values.items()
            },
        }
    return Answer(data, _values(data))


def _values(data: dict[str, Any]) -> list[str]:
    values = data.get("values")
    if isinstance(values, dict):
        rows = [{"key": key, **one} for key, one in values.items()]
    else:
        rows = list(data.get("items") or values or ())
    return table(rows, (("key", "KEY"), ("value", "VALUE"), ("origin", "FROM")))
