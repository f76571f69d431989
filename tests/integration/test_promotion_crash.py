"""kill -9 at every fail-point of the promotion: no entry is lost, none is doubled, here or there.

Each point must be reached, die by SIGKILL, and after the next start the Hall, its folders, the
looks and the mirror hold exactly one of everything.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from tests.desks import template
from tests.finished import finish_run

from omp.app import open_desk
from omp.domain.failpoints import FAILPOINTS, FAULTS, VARIABLE
from omp.ops import hall
from omp.store import hall as rows
from omp.store import journal, ledger, outbox_rows, vault
from omp.store import looks as look_rows
from omp.store import runs as run_rows

__all__ = ["template"]

ROOT = Path(__file__).parents[2]
POINTS = [name for name in FAILPOINTS if name.startswith(("promotion.", "outbox."))]
URL_ENV = "NEON_DATABASE_URL"


@pytest.fixture(scope="session")
def finished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace with one finished run that nobody has judged yet, made once."""
    root = tmp_path_factory.mktemp("finished") / "workspace"
    shutil.copytree(template, root, ignore=shutil.ignore_patterns("reserve"))
    desk = open_desk(root, operator="tester")
    run_id = finish_run(desk)
    desk.db.close()
    return root, run_id


def go(root: Path, run_id: str, url: str, point: str = "") -> int:
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    environment = {**os.environ, URL_ENV: url, VARIABLE: point, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.promotion_program", str(root), run_id],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.returncode


@pytest.mark.postgres
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_neither_loses_nor_doubles_an_entry(
    point: str, finished: tuple[Path, str], tmp_path: Path, postgres_url: str
) -> None:
    source, run_id = finished
    root = tmp_path / "workspace"
    shutil.copytree(source, root)
    assert go(root, run_id, postgres_url, point) == -signal.SIGKILL, "the point was never reached"
    assert go(root, run_id, postgres_url) == 0
    if point == "promotion.after_row":
        assert go(root, run_id, postgres_url) == 0  # once more changes nothing
    desk = open_desk(root, operator="tester")
    with desk.read() as tx:
        (entry,) = rows.listed(tx)
        run = run_rows.get(tx, run_id)
        (look,) = look_rows.of_lineages(tx, [str(run.lineage)])
        subjects = look_rows.subjects_of(tx, [str(run.lineage)])
        records = [
            one.kind
            for one in journal.records(tx, limit=1000)
            if one.kind in ("look.granted", "look.taken", "hall.promoted")
        ]
        assert journal.verify(tx) is None
        assert journal.behind(tx, desk.workspace) is None
        assert ledger.of_run(tx, run_id).open_generations == 0
        assert outbox_rows.lag(tx).pending == 0
    assert (run.outcome, run.stage, run.subject_id) == ("promoted", "done", entry.candidate_id)
    assert (look.state, look.promoted, look.ordinal) == ("taken", True, 1)
    assert len(subjects) == 1
    assert records == ["look.granted", "look.taken", "hall.promoted"]
    assert vault.folders(desk.workspace.hall) == (entry.candidate_id,)
    assert hall.check(desk).issues == ()
    assert not (desk.workspace.hall.parent / "quarantine").exists()
    assert list((desk.workspace.hall / vault.STAGING).glob("run_*")) == []
    with psycopg.connect(postgres_url) as session:
        mirrored = session.execute(
            "SELECT candidate_id, genome_hash, row_hash, state FROM hall_of_fame"
        ).fetchall()
        (head,) = session.execute("SELECT journal_seq FROM omp_journal_head").fetchall()
    assert mirrored == [(entry.candidate_id, entry.genome_hash, entry.row_hash, "active")]
    assert head[0] > 0
    desk.db.close()


def test_every_point_is_listed_and_passed() -> None:
    passed, planted = set(), set()
    for path in (ROOT / "src" / "omp").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        passed |= set(re.findall(r'\bhit\("([^"]+)"\)', text))
        planted |= set(re.findall(r'\nFAULT = "([^"]+)"', text))
    assert passed == set(FAILPOINTS)
    assert planted == set(FAULTS)
