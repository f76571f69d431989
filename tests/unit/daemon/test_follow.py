"""What counts as progress in a child's lines."""

import json
from pathlib import Path

import pytest

from omp.daemon.follow import MAX_STAGES, Follower


def write(path: Path, *events: dict[str, object]) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps({"ts": "now", **event}) + "\n" for event in events)


def progress(generation: object) -> dict[str, object]:
    return {"event": "progress", "generation": generation, "generations": 9, "trials": 5}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.ndjson"


def test_a_new_generation_counts_once(path: Path) -> None:
    follower = Follower(path)
    write(path, progress(0), progress(1))
    news = follower.read()
    assert (news.advanced, news.new_generation) == (True, True)
    assert news.progress is not None
    assert (news.progress.generation, news.progress.generations) == (1, 9)
    write(path, progress(1), progress(0))
    news = follower.read()
    assert (news.advanced, news.new_generation) == (False, False)
    assert news.progress is not None
    assert news.progress.generation == 1, "it never goes back"


def test_a_generation_an_earlier_attempt_finished_does_not_count(path: Path) -> None:
    write(path, progress(3))
    assert not Follower(path, generation=3).read().advanced


@pytest.mark.parametrize("generation", ["3", None, True, float("inf"), [], {}])
def test_nonsense_is_no_generation(path: Path, generation: object) -> None:
    write(path, progress(generation))
    news = Follower(path).read()
    assert not news.advanced
    assert news.progress is not None
    assert news.progress.generation is None


def test_a_stage_counts_when_it_is_new_or_more_is_done(path: Path) -> None:
    follower = Follower(path)
    write(path, {"event": "stage", "name": "evidence"})
    assert follower.read().advanced
    write(path, {"event": "stage", "name": "evidence"})
    assert not follower.read().advanced
    write(path, {"event": "stage", "name": "evidence", "done": 10})
    assert follower.read().advanced
    write(path, {"event": "stage", "name": "evidence", "done": 10})
    assert not follower.read().advanced


def test_names_without_end_do_not_count_without_end(path: Path) -> None:
    follower = Follower(path)
    write(path, *({"event": "stage", "name": f"stage {n}"} for n in range(MAX_STAGES)))
    assert follower.read().advanced
    write(path, {"event": "stage", "name": "one more"})
    assert not follower.read().advanced


def test_output_without_events_is_no_progress(path: Path) -> None:
    path.write_text("thinking…\n" * 1000)
    follower = Follower(path)
    assert not follower.read().advanced
    assert follower.offset == path.stat().st_size


def test_the_last_complaint_and_the_result_are_kept(path: Path) -> None:
    write(path, {"event": "error", "message": "first"}, {"event": "error", "message": "last"})
    write(path, {"event": "result"})
    news = Follower(path).read()
    assert news.result
    assert news.error is not None
    assert news.error.fields["message"] == "last"


def test_everything_is_read_at_the_end(path: Path) -> None:
    with path.open("w") as file:
        for _ in range(20):
            file.write("x" * (1 << 20) + "\n")
    write(path, progress(7))
    assert Follower(path).read().progress is None, "one turn reads so much and no more"
    last = Follower(path).read_all().progress
    assert last is not None
    assert last.generation == 7
