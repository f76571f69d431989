"""Old runs with PostgreSQL as the store of record; and what a backup says of it."""

import shutil
from pathlib import Path

import pytest
from tests.desks import HandClock, template
from tests.unit.ops.old_runs import content, row, short_of_room, small_files, wait, with_rules
from tests.unit.ops.test_retention import refused_runs

from omp.app import open_desk
from omp.domain.errors import Refused
from omp.ops import archive, backup, care, retention, tiers, trash, upkeep
from omp.store import journal

__all__ = ["small_files", "template"]


@pytest.mark.postgres
def test_every_tier_and_the_refusal_of_a_backup(
    template: Path,
    tmp_path: Path,
    postgres_url: str,
    small_files: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(template, root, ignore=shutil.ignore_patterns("reserve", "omp.db*", "anchor"))
    config = root / "dashboard" / "omp_config.toml"
    config.write_text(f'[store]\nurl = "{postgres_url}"\n')
    desk = open_desk(root, operator="tester", clock=HandClock())
    old, _ = refused_runs(desk, 2)
    before = content(desk.workspace.run(old))
    wait(desk, 40)
    rules = with_rules(desk, compress_after_days=7.0, archive_dir=str(tmp_path / "cold"))
    assert tiers.turn(rules) is True
    assert row(desk, old).place == "archived"
    archive.restore(rules, old)
    wait(desk, 2)
    short_of_room(monkeypatch, -1.0)
    limits = with_rules(desk, trash_hours=1.0)
    done = retention.relieve(limits, min_free_gb=1.0)
    assert (done.deleted, done.emptied) == (1, 1), "below every limit the trash goes at once"
    assert row(desk, old).place == "deleted"
    assert before
    assert trash.due(desk, now=True) == ()

    with pytest.raises(Refused, match="pg_dump"):
        backup.make(desk)
    assert upkeep.back_up(desk) is False, "the daemon does not try"
    told = care.state(desk)["backup"]
    assert (told["supported"], told["late"], told["everyH"]) == (False, False, 0.0)
    with desk.read() as tx:
        assert journal.verify(tx) is None
    desk.db.close()
