"""What `omp up` tells while it mines."""

import io
import json
import sys
import threading

import pytest

from omp.cli import live
from omp.cli.live import Feed, run_line
from omp.cli.up import INTERRUPTED, Stopping
from omp.domain.errors import ResourceShort


def event(seq: int, kind: str = "run.queued") -> dict:
    return {
        "seq": seq,
        "kind": kind,
        "timestamp": "2026-01-02T03:04:05Z",
        "subject": "run_1",
        "message": f"event {seq}",
    }


def run(generation: int | None, stage: str = "mine") -> dict:
    return {
        "id": "run_1",
        "campaign": "Trend\x1b[2J",
        "stage": stage,
        "generation": generation,
        "generations": 10,
        "bestSharpe": 1.5,
        "trials": 2000,
        "evalsPerS": 1234.5,
        "etaS": 61,
    }


def test_nothing_is_told_twice_and_nothing_of_the_past() -> None:
    feed = Feed()
    assert feed.fresh({"activityLog": [event(3), event(2)]}) == []
    new = feed.fresh({"activityLog": [event(5), event(4), event(3)]})
    assert [one["seq"] for one in new] == [4, 5]
    assert feed.fresh({"activityLog": [event(5), event(4)]}) == []


def test_each_generation_is_no_event_of_its_own() -> None:
    feed = Feed()
    feed.fresh({"activityLog": []})
    assert feed.fresh({"activityLog": [event(1, "run.progress"), event(2, "ledger.charged")]}) == []


def test_progress_is_told_every_five_seconds_at_most() -> None:
    feed = Feed()
    assert len(feed.progress({"currentRuns": [run(1)]}, 100.0)) == 1
    assert feed.progress({"currentRuns": [run(2)]}, 101.0) == []
    assert feed.progress({"currentRuns": [run(2)]}, 105.0) != []
    assert feed.progress({"currentRuns": [run(2)]}, 200.0) == []


def test_a_run_is_one_line() -> None:
    line = run_line(run(3))
    assert "generation 3/10" in line
    assert "best Sharpe 1.50" in line
    assert "1 min 01 s left" in line
    assert "\x1b" not in line
    assert run_line(run(None, "prepare")).endswith("prepare")


def test_lines_go_on_when_the_record_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.01)
    stop, looks = threading.Event(), []

    def status() -> dict:
        looks.append(1)
        if len(looks) == 1:
            raise ResourceShort("busy")
        if len(looks) == 3:
            stop.set()
        return {"activityLog": [event(len(looks))], "currentRuns": []}

    live.follow(status, "", stop)
    out = capsys.readouterr().out
    assert "busy" in out
    assert "event 4" in out


def test_json_lines_are_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.01)
    stop, looks = threading.Event(), []

    def status() -> dict:
        looks.append(1)
        if len(looks) == 2:
            stop.set()
        return {"activityLog": [event(len(looks))], "currentRuns": [run(len(looks))]}

    live.follow(status, "", stop, is_json=True)
    assert all(json.loads(line) for line in capsys.readouterr().out.splitlines())


def test_the_live_view_shows_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(live, "LOOK_S", 0.02)
    stop, looks = threading.Event(), []

    def status() -> dict:
        looks.append(1)
        if len(looks) == 3:
            stop.set()
        return {
            "status": "running",
            "resources": {"cpuUtilPct": 1.0, "memAvailableMb": 2.0, "diskFreeGb": 3.0},
            "queueDepth": 2,
            "currentRuns": [run(3)],
            "activityLog": [event(1)],
            "blocked": ["memory is short"],
        }

    live.follow(status, "http://127.0.0.1:1", stop)
    shown = screen.getvalue()
    for word in ("http://127.0.0.1:1", "3/10", "event 1", "memory is short", "Trend?[2J"):
        assert word in shown


def test_the_first_signal_is_polite_the_second_hurries_the_third_leaves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[int] = []
    monkeypatch.setattr("os._exit", left.append)
    stopping = Stopping()
    stopping(2, None)
    assert (stopping.asked.is_set(), stopping.hurry.is_set()) == (True, False)
    stopping(15, None)
    assert stopping.hurry.is_set()
    assert left == []
    stopping(2, None)
    assert left == [INTERRUPTED]
    assert "checkpointing" in capsys.readouterr().err
