"""`campaign_queue.json`: exported after each change, edited by hand as one change or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.desks import write_campaign

from omp.ops import queue
from omp.ops.desk import Desk
from omp.ops.phrases import sentence
from omp.store import journal, runs


@pytest.fixture
def path(desk: Desk) -> Path:
    for name, population in (("one", 100), ("two", 200), ("three", 300)):
        config = write_campaign(desk.workspace.root, name, population=population)
        queue.add(desk, name=name, config_path=config)
    return desk.workspace.queue_file


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def edit(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2))


def shown(desk: Desk) -> list[tuple[str, int, bool]]:
    return [(one.name, one.priority, one.enabled) for one in queue.list_queue(desk)]


def test_the_file_has_the_seeds_shape(path: Path) -> None:
    document = read(path)
    assert list(document) == ["version", "updated_at", "campaigns"]
    assert list(document["campaigns"][0]) == [
        "id",
        "name",
        "config_path",
        "market",
        "priority",
        "enabled",
        "repeat",
        "tags",
        "created_at",
    ]
    assert [one["name"] for one in document["campaigns"]] == ["one", "two", "three"]


def test_our_own_export_is_no_edit(desk: Desk, path: Path) -> None:
    assert queue.ingest_file(desk) == queue.ingest_file(desk)
    assert queue.ingest_file(desk).applied == ()


def test_a_hand_edit_is_applied_as_one_change(desk: Desk, path: Path) -> None:
    new = write_campaign(desk.workspace.root, "four", population=400)
    document = read(path)
    document["campaigns"][0]["enabled"] = False
    document["campaigns"][1]["tags"] = ["mine"]
    del document["campaigns"][2]
    document["campaigns"].append({"name": "four", "config_path": new})
    edit(path, document)
    with desk.read() as tx:
        before = journal.head(tx).seq
    done = queue.ingest_file(desk)
    assert done.refused is None
    assert [one.split()[0] for one in done.applied] == ["remove", "disable", "tags", "add"]
    assert shown(desk) == [("two", 5, True), ("four", 5, True), ("one", 5, False)]
    with desk.read() as tx:
        records = [one for one in journal.records(tx, after=before) if one.kind == "queue.change"]
    assert records[-1].payload["action"] == "hand edit"
    assert records[-1].payload["role"] == "hand edit"
    assert [one["name"] for one in read(path)["campaigns"]] == ["one", "two", "four"]
    assert queue.ingest_file(desk).applied == ()


def test_a_priority_or_order_changed_by_hand_needs_a_reason_in_the_file(
    desk: Desk, path: Path
) -> None:
    document = read(path)
    document["campaigns"][2]["priority"] = 1
    edit(path, document)
    assert "without a reason" in str(queue.ingest_file(desk).refused)
    assert shown(desk)[0][0] == "one"
    edit(path, {**document, "reason": "three is urgent"})
    assert queue.ingest_file(desk).refused is None
    assert shown(desk)[0] == ("three", 1, True)
    assert "reason" not in read(path)
    document = read(path)
    campaigns = document["campaigns"]
    edit(path, {**document, "campaigns": [campaigns[0], campaigns[2], campaigns[1]]})
    assert "without a reason" in str(queue.ingest_file(desk).refused)
    edit(
        path,
        {
            **document,
            "campaigns": [campaigns[0], campaigns[2], campaigns[1]],
            "reason": "two first",
        },
    )
    assert queue.ingest_file(desk).applied[0].startswith("reorder")
    assert [one[0] for one in shown(desk)] == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("priority", 99, "line 23, priority"),
        ("priority", "1", "line 23, priority"),
        ("enabled", "yes", "line 24, enabled"),
        ("market", "mars", "line 22, market"),
        (
            "config_path",
            "configs/campaigns/one.toml",
            "refused: line 21, config_path: config_path cannot",
        ),
        ("created_at", "2020-01-01", "created_at cannot change"),
        ("colour", "red", "unknown key"),
        ("name", None, "name is missing"),
        ("id", "../x", "id '../x' is not a usable name"),
    ],
)
def test_a_faulty_edit_is_refused_whole_with_its_line(
    desk: Desk, path: Path, key: str, value: object, said: str
) -> None:
    before = shown(desk)
    document = read(path)
    document["campaigns"][0]["enabled"] = False
    document["campaigns"][1][key] = value
    edit(path, document)
    refused = queue.ingest_file(desk).refused
    assert refused is not None
    assert said in refused
    assert shown(desk) == before
    with desk.read() as tx:
        last = journal.records(tx, newest_first=True, limit=1)[0]
    assert last.kind == "queue.file_refused"
    assert sentence(last) == refused
    assert refused.count("What to do") == 1
    assert "already" in str(queue.ingest_file(desk).refused)
    with desk.read() as tx:
        assert journal.head(tx).seq == last.seq


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{\n\n  oops", "line 3"),
        ("[]", "list of campaigns"),
        ('{"version": "1.0",\n "campaigns": [\n 7]}', "line 3"),
        ('{"version": "2.0", "campaigns": []}', "version"),
        ('{"campaigns": [], "extra": 1}', "extra"),
        ("[" * 20_000, "nested"),
        ("\ud800", "UTF-8"),
    ],
)
def test_what_is_no_queue_is_refused(desk: Desk, path: Path, text: str, said: str) -> None:
    path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    assert said in str(queue.ingest_file(desk).refused)
    assert len(shown(desk)) == 3


def test_an_edit_undoes_nothing_it_has_not_seen(desk: Desk, path: Path) -> None:
    document = read(path)
    new = write_campaign(desk.workspace.root, "four", population=400)
    queue.add(desk, name="four", config_path=new)
    queue.change(desk, document["campaigns"][1]["id"], enabled=False)
    document["campaigns"][0]["repeat"] = True
    edit(path, document)
    done = queue.ingest_file(desk)
    assert [one.split()[0] for one in done.applied] == ["repeat"]
    assert shown(desk) == [
        ("one", 5, True),
        ("three", 5, True),
        ("four", 5, True),
        ("two", 5, False),
    ]


def test_what_was_changed_to_something_else_meanwhile_is_refused(desk: Desk, path: Path) -> None:
    document = read(path)
    queue.change(desk, document["campaigns"][0]["id"], tags=["theirs"])
    document["campaigns"][0]["tags"] = ["mine"]
    edit(path, document)
    assert "changed meanwhile, to ['theirs']" in str(queue.ingest_file(desk).refused)


def test_an_edit_of_a_queue_long_past_is_refused(desk: Desk, path: Path) -> None:
    document = read(path)
    for number in range(6):
        queue.change(desk, document["campaigns"][0]["id"], tags=[str(number)])
    document["campaigns"][1]["repeat"] = True
    edit(path, document)
    assert "began from the queue of" in str(queue.ingest_file(desk).refused)


def test_a_repeat_that_moves_a_campaign_back_is_no_edit(desk: Desk, path: Path) -> None:
    first = read(path)["campaigns"][0]["id"]
    queue.change(desk, first, repeat=True)
    with desk.write() as tx:
        runs.change(tx, runs.live(tx, first)[0].id, to_state="completed")
    queue.ensure_runs(desk)
    queue.export_file(desk)
    assert queue.ingest_file(desk).refused is None
    document = read(path)
    document["campaigns"][1]["repeat"] = True
    edit(path, document)
    assert [one.split()[0] for one in queue.ingest_file(desk).applied] == ["repeat"]


def test_a_removed_campaign_does_not_come_back_under_its_id(desk: Desk, path: Path) -> None:
    document = read(path)
    queue.remove(desk, document["campaigns"][0]["id"])
    document["updated_at"] = read(path)["updated_at"]
    edit(path, document)
    assert "was removed" in str(queue.ingest_file(desk).refused)


def test_a_refused_edit_is_kept_beside_the_file_when_it_is_exported_again(
    desk: Desk, path: Path
) -> None:
    path.write_text("{ my edit")
    queue.ingest_file(desk)
    queue.export_file(desk)
    assert path.read_text() == "{ my edit"
    queue.change(desk, queue.list_queue(desk)[0].id, repeat=True)
    assert read(path)["campaigns"][0]["repeat"]
    assert path.with_name("campaign_queue.refused.json").read_text() == "{ my edit"


def test_a_waiting_edit_goes_before_the_change_that_would_overwrite_it(
    desk: Desk, path: Path
) -> None:
    document = read(path)
    document["campaigns"][0]["enabled"] = False
    edit(path, document)
    queue.change(desk, document["campaigns"][1]["id"], repeat=True)
    assert ("one", 5, False) in shown(desk)
    assert [one["repeat"] for one in read(path)["campaigns"]] == [False, True, False]


def test_a_lost_export_is_healed_and_not_taken_for_an_edit(desk: Desk, path: Path) -> None:
    before = path.read_bytes()
    queue.change(desk, queue.list_queue(desk)[0].id, repeat=True)
    path.write_bytes(before)  # as a crash between commit and export leaves it
    assert queue.ingest_file(desk).applied == ()
    queue.export_file(desk)
    assert read(path)["campaigns"][0]["repeat"]
    path.unlink()
    queue.export_file(desk)
    assert read(path)["campaigns"][0]["repeat"]


def test_a_whole_new_order_is_taken_up(desk: Desk, path: Path) -> None:
    document = read(path)
    edit(path, {**document, "campaigns": document["campaigns"][::-1], "reason": "backwards"})
    assert queue.ingest_file(desk).refused is None
    assert [one[0] for one in shown(desk)] == ["three", "two", "one"]
    assert [one["name"] for one in read(path)["campaigns"]] == ["three", "two", "one"]
