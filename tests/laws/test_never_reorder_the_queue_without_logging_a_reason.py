"""Never reorder queue without logging reason."""

import json
from collections.abc import Callable

import pytest
from tests.desks import write_campaign

from omp.domain.errors import InvalidInput
from omp.ops import queue
from omp.ops.desk import Desk
from omp.store import journal


@pytest.fixture
def two(desk: Desk) -> tuple[str, str]:
    ids = []
    for name, population in (("one", 100), ("two", 200)):
        path = write_campaign(desk.workspace.root, name, population=population)
        ids.append(queue.add(desk, name=name, config_path=path).id)
    return ids[0], ids[1]


Change = Callable[[Desk, tuple[str, str], str | None], object]

WAYS: dict[str, Change] = {
    "reorder": lambda desk, ids, reason: queue.reorder(desk, ids[1], before=ids[0], reason=reason),
    "reorder to the end": lambda desk, ids, reason: queue.reorder(
        desk, ids[0], before=None, reason=reason
    ),
    "priority": lambda desk, ids, reason: queue.change(desk, ids[1], priority=1, reason=reason),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reason", [None, "", "  \n"])
def test_without_a_reason_it_is_refused_and_nothing_moves(
    desk: Desk, two: tuple[str, str], way: str, reason: str | None
) -> None:
    with desk.read() as tx:
        before = journal.head(tx)
    with pytest.raises(InvalidInput, match="without a reason"):
        WAYS[way](desk, two, reason)
    assert [one.name for one in queue.list_queue(desk)] == ["one", "two"]
    with desk.read() as tx:
        assert journal.head(tx) == before


@pytest.mark.parametrize("way", WAYS)
def test_with_a_reason_it_stands_in_the_row_and_in_the_journal(
    desk: Desk, two: tuple[str, str], way: str
) -> None:
    WAYS[way](desk, two, "client waits")
    assert [one.name for one in queue.list_queue(desk)] == ["two", "one"]
    change = queue.changes(desk)[0]
    with desk.read() as tx:
        record = journal.records(tx, newest_first=True, limit=1)[0]
    assert change.reason == record.payload["reason"] == "client waits"
    assert change.operator == record.operator == "tester"
    assert record.kind == "queue.change"
    assert record.payload["change_id"] == change.id


def test_a_hand_edit_is_no_way_around_it(desk: Desk, two: tuple[str, str]) -> None:
    path = desk.workspace.queue_file
    document = json.loads(path.read_text())
    document["campaigns"].reverse()
    path.write_text(json.dumps(document))
    assert "without a reason" in str(queue.ingest_file(desk).refused)
    assert [one.name for one in queue.list_queue(desk)] == ["one", "two"]
