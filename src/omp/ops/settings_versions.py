"""Versions of `omp_config.toml`: each distinct content is kept, each change is audited."""

import difflib
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from omp.config.settings import LoadedSettings, as_mapping, load_settings, shown
from omp.domain.errors import InvalidConfiguration
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.store import campaigns as rows
from omp.store import meta
from omp.store.campaigns import ConfigVersion

_KEY = "settings.digest"


def current(tx: Connection) -> str | None:
    """The digest of the settings that were last in force."""
    return meta.get(tx, _KEY)


def in_force(desk: Desk) -> bool:
    """Keep the desk's settings as the version in force; says whether they changed."""
    with desk.read() as tx:
        if current(tx) == desk.loaded.digest:
            return False
    with desk.write() as tx:
        previous = current(tx)
        if previous == desk.loaded.digest:
            return False
        rows.keep_config(
            tx,
            ConfigVersion(
                desk.loaded.digest,
                "settings",
                desk.workspace.config_file.name,
                desk.loaded.text,
                desk.clock.iso(),
            ),
        )
        meta.put(tx, _KEY, desk.loaded.digest)
        desk.note(
            tx,
            "config.changed",
            "omp_config.toml",
            {
                "what": "dashboard/omp_config.toml",
                "previous": previous,
                "new": desk.loaded.digest,
                "changes": _differences(tx, previous, desk.loaded),
            },
        )
    return True


def _differences(tx: Connection, previous: str | None, now: LoadedSettings) -> dict[str, Any]:
    from omp.config.settings import parse_settings

    if previous is None:
        return {}
    before = shown(as_mapping(parse_settings(rows.config(tx, previous).text).settings))
    after = shown(as_mapping(now.settings))
    return {
        key: {"previous": before.get(key), "new": after.get(key)}
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def reload(desk: Desk) -> Desk:
    """The desk with the settings of the file as it is now, audited when they changed.

    Raises:
        InvalidConfiguration: The file has faults: the settings in force stay in force, and an
            incident says so.
    """
    try:
        loaded = load_settings(desk.workspace.config_file)
    except InvalidConfiguration as error:
        open_incident(
            desk,
            "config.invalid",
            "SEV-2",
            f"{error.sentence} The settings in force stay in force, and no new run starts.",
        )
        raise
    if loaded.digest == desk.loaded.digest:
        return desk
    fresh = replace(desk, settings=loaded.settings, loaded=loaded)
    in_force(fresh)
    return fresh


def versions(desk: Desk, kind: str = "settings") -> tuple[ConfigVersion, ...]:
    """Every version of the settings (or of `campaign` configurations), the oldest first."""
    with desk.read() as tx:
        return rows.configs(tx, kind)


def diff(desk: Desk, first: str, second: str) -> str:
    """A unified diff of two versions, by their hashes."""
    with desk.read() as tx:
        old, new = rows.config(tx, first), rows.config(tx, second)
    return "".join(
        difflib.unified_diff(
            old.text.splitlines(keepends=True),
            new.text.splitlines(keepends=True),
            f"{old.name} {first[:12]}",
            f"{new.name} {second[:12]}",
        )
    )
