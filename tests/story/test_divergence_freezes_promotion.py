"""A fault planted in the real engine under the real daemon: promotions freeze until explained."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.finished import FakeChildren, finish_run
from tests.story.test_killed_while_mining import Story

from omp.domain.errors import Diverged, Frozen
from omp.domain.failpoints import VARIABLE
from omp.ops import hall, incidents, promotion
from omp.wire.lines import read_lines
from omp.wire.rundir import RunDirectory, read_json


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    found = Story(tmp_path / "workspace")
    yield found
    found.close()


def test_a_divergence_fails_the_run_and_freezes_promotions_until_it_is_explained(
    story: Story,
) -> None:
    daemon = story.daemon(**{VARIABLE: "sentinel.diverge"})
    story.until(lambda: story.run.state in ("failed", "completed"))
    daemon.terminate()
    daemon.wait(60)

    run, desk = story.run, story.shop.desk
    assert (run.state, run.attempt, run.exit_code) == ("failed", 1, Diverged.exit_code)
    assert "gave two results" in str(run.cause)
    directory = RunDirectory(desk.workspace.run(run.id))
    told = [one for one in read_lines(directory.events)[0] if one.event == "divergence"]
    record = read_json(directory.divergence, remedy="")
    assert told[0].fields["genome"] == record["genome"]
    assert (record["field"], record["workers_first"]) == ("sharpe_x", 1)
    (incident,) = incidents.listed(desk, open_only=True, severity="SEV-0")
    assert incident.fingerprint == f"determinism:{run.id}"
    assert incident.id in str(run.cause)

    children = FakeChildren(desk.workspace)
    other = finish_run(desk)
    while promotion.advance(desk, other, children).more:
        pass
    check = promotion.promote_check(desk, other)
    assert (check.outcome, check.sentence) == ("pending", check.frozen)
    assert incident.id in str(check.frozen)
    with pytest.raises(Frozen, match=f"promotions are frozen by {incident.id}"):
        promotion.promote(desk, other, str(check.subject_id), children=children)
    assert tuple(hall.listed(desk)) == ()

    assert resolve(story, incident.id, "--cause", "planted").returncode != 0
    done = resolve(
        story, incident.id, "--cause", "planted", "--prevention", "the plant is taken out",
        "--resolution", "nothing to mend",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    while promotion.advance(desk, other, children).more:
        pass
    assert promotion.promote_check(desk, other).outcome == "promoted"


def resolve(story: Story, incident_id: str, *written: str) -> subprocess.CompletedProcess[str]:
    """`omp incidents resolve`, without a daemon."""
    return subprocess.run(
        [sys.executable, "-m", "omp.cli.omp", "incidents", "resolve", incident_id, *written,
         "--workspace", str(story.shop.root)],
        capture_output=True, text=True, env=dict(os.environ),
    )  # fmt: skip
