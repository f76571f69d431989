"""Each fault of a file, planted alone in a good one, is caught alone and by name."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.market.test_data_commands import csv_of, run, snapshot_of

Lines = list[str]
Plant = Callable[[Lines], Lines | bytes]
AT = 400


def _cells(lines: Lines, at: int, **changes: str) -> Lines:
    """The lines with some cells of one row changed."""
    names = lines[0].split(",")
    cells = lines[at].split(",")
    for name, value in changes.items():
        cells[names.index(name)] = value
    return [*lines[:at], ",".join(cells), *lines[at + 1 :]]


def _price(lines: Lines, at: int, name: str) -> float:
    return float(lines[at].split(",")[lines[0].split(",").index(name)])


def _null(lines: Lines) -> Lines:
    return _cells(lines, AT, close="")


def _impossible(lines: Lines) -> Lines:
    return _cells(lines, AT, high=str(_price(lines, AT, "low") * 0.99))


def _negative(lines: Lines) -> Lines:
    return _cells(lines, AT, volume="-5")


def _duplicate(lines: Lines) -> Lines:
    return [*lines[: AT + 1], lines[AT], *lines[AT + 1 :]]


def _shuffled(lines: Lines) -> Lines:
    return [*lines[:AT], lines[AT + 1], lines[AT], *lines[AT + 2 :]]


def _missing_week(lines: Lines) -> Lines:
    return [*lines[:AT], *lines[AT + 5 :]]


def _split(lines: Lines) -> Lines:
    for at in range(AT, len(lines)):
        halves = {
            name: repr(_price(lines, at, name) / 2) for name in ("open", "high", "low", "close")
        }
        lines = _cells(lines, at, **halves)
    return lines


def _future(lines: Lines) -> Lines:
    day = datetime.now(UTC).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return _cells(lines, len(lines) - 1, date=day.isoformat())


def _latin_1(lines: Lines) -> bytes:
    lines = _cells(lines, 3, symbol="AÇA")
    return "\n".join(lines).encode().replace(b"AAA", "AAÃ".encode(), 1) + b"\n\xc7\n"


def _stray_byte(lines: Lines) -> bytes:
    data = "\n".join(lines).encode() + b"\n"
    at = data.rindex(b"AAA")
    return data[:at] + b"A\xc7A" + data[at + 3 :]


def _decimal_comma(lines: Lines) -> Lines:
    return _cells(
        lines, AT, close='"' + f"{_price(lines, AT, 'close'):.2f}".replace(".", ",") + '"'
    )


def _ragged(lines: Lines) -> Lines:
    return [*lines[:AT], lines[AT] + ",7,8", *lines[AT + 1 :]]


def _empty(_: Lines) -> Lines:
    return []


def _header_alone(lines: Lines) -> Lines:
    return lines[:1]


def _no_column(lines: Lines) -> Lines:
    return [line.rpartition(",")[0] for line in lines]


def _ambiguous_days(lines: Lines) -> Lines:
    return [lines[0], *(_cells(lines, at, date=f"0{at}/0{at + 1}/2015")[at] for at in (1, 2, 3))]


def _no_symbol(lines: Lines) -> Lines:
    return _cells(lines, AT, symbol="")


PLANTED: list[tuple[Plant, str]] = [
    (_null, "missing_value"),
    (_impossible, "ohlc"),
    (_negative, "non_positive"),
    (_duplicate, "duplicate"),
    (_shuffled, "order"),
    (_missing_week, "gap"),
    (_split, "split_jump"),
    (_future, "future"),
    (_latin_1, "encoding"),
    (_stray_byte, "encoding"),
    (_decimal_comma, "decimal"),
    (_ragged, "schema"),
    (_empty, "empty"),
    (_header_alone, "empty"),
    (_no_column, "schema"),
    (_ambiguous_days, "date_format"),
    (_no_symbol, "schema"),
]


@pytest.fixture
def workspace(made, tmp_path) -> tuple[Path, Path]:
    """A workspace with a data set, and the file it came from."""
    good = csv_of(made(), tmp_path / "AAA.csv")
    assert imported(good, tmp_path)[0] == 0
    return tmp_path / "workspace", good


def imported(path: Path, root: Path, *words: str) -> tuple[int, dict[str, Any]]:
    base = ("import", str(path), "--name", "mine", "--venue", "synthetic")
    return run(*base, "--workspace", str(root / "workspace"), *words)


@pytest.mark.parametrize(("plant", "rule"), PLANTED, ids=lambda one: getattr(one, "__name__", one))
def test_a_fault_planted_alone_is_caught_alone_and_changes_nothing(
    workspace, tmp_path, plant: Plant, rule: str
) -> None:
    folder, good = workspace
    before = snapshot_of(folder)
    planted = plant(good.read_text().splitlines())
    data = planted if isinstance(planted, bytes) else "\n".join(planted).encode() + b"\n"
    path = tmp_path / "bad" / "AAA.csv"
    path.parent.mkdir()
    path.write_bytes(data)
    code, error = imported(path, tmp_path)
    assert code == 3
    assert error["code"] == "data_not_ready"
    caught = {fault.partition(":")[0] for fault in error["faults"]}
    extra = {"off_calendar", "gap"} if rule == "future" else set()  # a lone bar years later
    assert rule in caught
    assert caught <= {rule} | extra
    assert "othing was changed" in error["message"]
    assert snapshot_of(folder) == before
    assert run("check", "mine", "--workspace", str(folder))[0] == 0


def _zip(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (_zip("bars.csv", bytes(20 << 20)), "zip_bomb"),
        (_zip("../bars.csv", b"x"), "zip_path"),
        (_zip("bars.csv", b"x" * 99)[:60], "archive_damaged"),
        (b"", "empty"),
    ],
    ids=["bomb", "path out", "cut", "empty"],
)
def test_a_fault_of_an_archive_changes_nothing(workspace, tmp_path, data: bytes, rule: str) -> None:
    folder, _ = workspace
    before = snapshot_of(folder)
    path = tmp_path / ("bars.zip" if data else "bars.csv")
    path.write_bytes(data)
    code, error = imported(path, tmp_path)
    assert code == 3
    assert [fault.partition(":")[0] for fault in error["faults"]] == [rule]
    assert snapshot_of(folder) == before
    assert not (tmp_path / "bars.csv").is_file() or not data


def test_symbols_with_faults_can_be_left_out_and_are_named(made, tmp_path) -> None:
    path = csv_of(made(("AAA", "BBB", "CCC")), tmp_path / "bars.csv")
    lines = _null(path.read_text().splitlines())
    path.write_text("\n".join(lines) + "\n")
    assert imported(path, tmp_path)[0] == 3
    code, result = imported(path, tmp_path, "--leave-out-faulty")
    assert code == 0
    assert result["symbols"] == ["BBB", "CCC"]
    assert result["left_out"] == {"AAA": ["missing_value"]}
    manifest = json.loads(Path(result["manifest"]).read_bytes())
    assert manifest["left_out"] == {"AAA": ["missing_value"]}


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(made, tmp_path) -> None:
    path = csv_of(made(("AAA", "BBB")), tmp_path / "bars.csv")
    code, result = imported(path, tmp_path, "--dry-run")
    assert code == 0
    assert not (tmp_path / "workspace").exists()
    assert result["readiness"]["ready"] is True
    assert result["importer"] == "table"
    assert result["symbols"] == ["AAA", "BBB"]
    assert result["timeframe"] == "1d"
    guess = result["guess"]
    assert guess["encoding"] == "utf-8"
    assert (guess["separator"], guess["decimal"], guess["dates"]) == (",", ".", "%Y-%m-%d")
    assert "close=close" in guess["columns"]
    path.write_text("\n".join(_null(path.read_text().splitlines())) + "\n")
    code, result = imported(path, tmp_path, "--dry-run")
    assert code == 3
    assert [fault["rule"] for fault in result["readiness"]["faults"]] == ["missing_value"]
    assert not (tmp_path / "workspace").exists()


KILL = """
import os, signal, sys
from pathlib import Path
from omp.cli import combiner
step, left = sys.argv[1], [int(sys.argv[2])]
real = getattr(os, step)
def dies(*given, **more):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **more)
setattr(os, step, dies)
sys.exit(combiner.run(sys.argv[3:]))
"""


@pytest.mark.parametrize(
    ("step", "times"), [("fsync", n) for n in range(0, 9, 2)] + [("rename", 0), ("rename", 1)]
)
def test_a_killed_import_leaves_the_old_snapshot_in_place(
    made, workspace, tmp_path, step: str, times: int
) -> None:
    folder, _ = workspace
    old = run("list", "--workspace", str(folder))[1]["data_sets"][0]
    (tmp_path / "newer").mkdir()
    newer = csv_of(made(n_bars=1100), tmp_path / "newer" / "AAA.csv")
    words = ("data", "import", str(newer), "--name", "mine", "--venue", "synthetic")
    script = [sys.executable, "-c", KILL, step, str(times), *words, "--workspace", str(folder)]
    done = subprocess.run(script, capture_output=True, check=False, env=os.environ)
    assert done.returncode == -9, done.stderr.decode()[-500:]
    now = run("list", "--workspace", str(folder))[1]["data_sets"][0]
    assert now["digest"] == old["digest"]
    assert run("check", "mine", "--workspace", str(folder))[0] == 0
    code, result = imported(newer, tmp_path)
    assert code == 0
    assert result["digest"] != old["digest"]
    assert not [path for path in folder.rglob("*") if ".staging" in path.name]
