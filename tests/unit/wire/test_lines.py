"""The line protocol, both ends."""

import io
import json
from pathlib import Path

import pytest

from omp.domain.errors import DataNotReady, Interrupted
from omp.wire.lines import Lines, last_event, parse_line, read_lines


def test_what_is_written_is_read(tmp_path: Path) -> None:
    out = io.StringIO()
    Lines(out).emit("progress", generation=3, best_sharpe=float("nan"), candidates=7)
    path = tmp_path / "events.ndjson"
    path.write_text(out.getvalue())
    (event,), offset = read_lines(path)
    assert event.event == "progress"
    assert event.number("generation") == 3
    assert event.number("best_sharpe") is None
    assert offset == path.stat().st_size


def test_a_line_still_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"event":"start","ts":"a"}\n{"event":"prog')
    events, offset = read_lines(path)
    assert [e.event for e in events] == ["start"]
    with path.open("ab") as file:
        file.write(b'ress","ts":"b"}\n')
    events, _ = read_lines(path, offset)
    assert [e.event for e in events] == ["progress"]


def test_a_line_longer_than_the_reader_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"x" * 100 + b'\n{"event":"start","ts":"a"}\n')
    offset, seen = 0, []
    for _ in range(10):
        events, offset = read_lines(path, offset, max_bytes=40)
        seen += [e.event for e in events]
    assert seen == ["start"]


@pytest.mark.parametrize("line", [b"hello", b"[1]", b'{"a":1}', b'{"event":3}', b"\xff", b""])
def test_a_stray_print_is_no_event(line: bytes) -> None:
    assert parse_line(line) is None


def test_an_unknown_event_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not an event"):
        Lines(io.StringIO()).emit("nonsense")  # type: ignore[arg-type]


def test_an_error_carries_code_sentence_and_exit_code() -> None:
    out = io.StringIO()
    code = Lines(out).error(DataNotReady("3 gaps", remedy="import again", faults=("gap AAA",)))
    line = json.loads(out.getvalue())
    assert code == line["exit_code"] == 3
    assert line["code"] == "data_not_ready"
    assert line["faults"] == ["gap AAA"]
    assert Lines(io.StringIO()).error(Interrupted("stopped")) == 130
    assert Lines(io.StringIO()).error(KeyError("x")) == 1


def test_the_last_event(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    assert last_event(path) is None
    path.write_bytes(b'{"event":"start","ts":"a"}\n{"event":"result","ts":"b"}\nhalf')
    found = last_event(path)
    assert found is not None
    assert found.event == "result"
