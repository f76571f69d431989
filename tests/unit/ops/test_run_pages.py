"""Runs as people look at them: bounded, paged, by id."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.domain.errors import InvalidInput, NotFound
from omp.ops import runs
from omp.wire.rundir import RunDirectory


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "workspace")
    yield shop
    shop.close()


@pytest.fixture
def folder(shop: Shop) -> RunDirectory:
    shop.add()
    folder = RunDirectory(shop.desk.workspace.run(shop.run().id))
    folder.root.mkdir()
    return folder


def test_pages_follow_one_another_without_gap_or_repetition(shop: Shop) -> None:
    for number in range(5):
        shop.add(f"campaign{number}", first=10 * (number + 1))
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = runs.list_runs(shop.desk, limit=2, after=cursor)
        seen += [one["id"] for one in page.items]
        cursor = page.next
    assert cursor is None
    assert seen == [run.id for run in reversed(shop.runs())]


def test_a_run_carries_its_campaign_directory_and_actions(shop: Shop) -> None:
    shop.add()
    record = runs.show(shop.desk, shop.run().id).as_record()
    assert record["campaign"] == "alpha"
    assert record["directory"] == f"output/scg/{record['id']}"
    assert record["actions"] == ["cancel"]
    assert json.dumps(record)


def test_filters_refuse_what_does_not_exist(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="queued, running"):
        runs.list_runs(shop.desk, state="sleeping")
    with pytest.raises(InvalidInput, match="real, demo"):
        runs.list_runs(shop.desk, environment="prod")
    with pytest.raises(InvalidInput, match="cursor"):
        runs.list_runs(shop.desk, after="../../etc/passwd")
    assert runs.list_runs(shop.desk, limit=-5).items == ()


def test_an_unknown_run_is_not_found(shop: Shop) -> None:
    for ask in (runs.show, runs.candidates, runs.events, runs.logs, runs.summary):
        with pytest.raises(NotFound):
            ask(shop.desk, "run_nobody")


def test_events_are_read_from_where_one_stopped(shop: Shop, folder: RunDirectory) -> None:
    run_id = shop.run().id
    lines = [json.dumps({"event": "progress", "ts": "t", "generation": n}) for n in range(5)]
    folder.events.write_text("stray\n" + "\n".join(lines) + "\n")
    first = runs.events(shop.desk, run_id, limit=2)
    assert [one["generation"] for one in first.items] == [0, 1]
    rest = runs.events(shop.desk, run_id, after=int(first.next or 0))
    assert [one["generation"] for one in rest.items] == [2, 3, 4]
    assert rest.next is None


def test_a_line_without_end_is_passed_over(shop: Shop, folder: RunDirectory) -> None:
    run_id = shop.run().id
    with folder.events.open("w") as file:
        file.write("x" * (3 << 20) + "\n" + json.dumps({"event": "start", "ts": "t"}) + "\n")
    cursor, seen = 0, []
    for _ in range(10):
        page = runs.events(shop.desk, run_id, after=cursor)
        seen += [one["event"] for one in page.items]
        if page.next is None:
            break
        cursor = int(page.next)
    assert seen == ["start"]


def test_the_log_is_its_last_lines_and_says_that_it_was_cut(
    shop: Shop, folder: RunDirectory
) -> None:
    folder.stderr.write_bytes(b"\xff\xfe\n" + b"".join(b"line %d\n" % n for n in range(50_000)))
    tail = runs.logs(shop.desk, shop.run().id, lines=3)
    assert tail.lines == ("line 49997", "line 49998", "line 49999")
    assert tail.cut
    folder.stderr.write_text("only\n")
    assert not runs.logs(shop.desk, shop.run().id).cut
