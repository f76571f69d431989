"""`omp data import`: the guess is shown first, asked about on a terminal, and passed on as said."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.unit.cli.test_commands import FakeDoor, omp, workspace  # noqa: F401 - a fixture

from omp.cli import face as face_room
from omp.cli import import_command
from omp.domain.errors import Interrupted
from omp.wire.import_call import FLAGS, arguments

TABLE = (
    "Ativo;Data;Abertura;Maxima;Minima;Fechamento;Quantidade\n"
    "PETR4;30/12/2019;30,00;30,20;29,90;30,10;31.100\n"
    "PETR4;02/01/2020;30,10;30,50;30,00;30,45;41.100\n"
)
CHANGES = {
    "previous": "0" * 64,
    "common_bars": 2,
    "changed_bars": 1,
    "added_bars": 3,
    "removed_bars": 0,
    "cases": [
        {
            "symbol": "PETR4",
            "time": "2020-01-02T00:00:00Z",
            "field": "close",
            "before": 30.0,
            "after": 30.45,
        }
    ],
}

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> FakeDoor:
    made = FakeDoor()
    monkeypatch.setattr(face_room, "open_door", lambda _: made)
    return made


@pytest.fixture
def given(tmp_path: Path, daemon: FakeDoor) -> Path:
    path = tmp_path / "Preços 2020.csv"
    path.write_text(TABLE, encoding="utf-8")
    daemon.answers["data.import"] = {
        "name": "x",
        "digest": "d" * 64,
        "manifest": {"changes": CHANGES},
    }
    return path


def test_the_guess_is_shown_and_the_file_is_lent_to_the_daemon(
    given: Path,
    daemon: FakeDoor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: dict[str, str] = {}
    call = daemon.call

    def looks(verb: str, fields: dict[str, Any]) -> Any:
        seen["text"] = Path(fields["path"]).read_text(encoding="utf-8")
        return call(verb, fields)

    daemon.call = looks  # type: ignore[method-assign]
    assert omp("data", "import", str(given)) == 0
    out, err = capsys.readouterr()
    for part in ("table", "%d/%m/%Y", "open=Abertura", "PETR4", "30.45", "not known whether"):
        assert part in err
    assert "1 of 2 common bars changed, 3 added, 0 removed" in out
    assert "PETR4 2020-01-02T00:00 close 30 → 30.45" in out
    ((verb, fields),) = daemon.asked
    assert verb == "data.import"
    assert fields["name"] == "pre-os-2020"
    assert fields["origin"] == str(given)
    assert seen["text"] == TABLE
    assert not Path(fields["path"]).exists()  # the copy is gone again


def test_what_is_said_is_passed_on_and_json_holds_the_guess(
    given: Path,
    daemon: FakeDoor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--venue", "br", "--timeframe", "1d", "--decimal", ",", "--separator", ";"]
    words += ["--column", "close=Fechamento", "--feature", "quantity=Quantidade", "--no-adjust"]
    words += ["--symbols", "PETR4,", "--accept", "gap", "--leave-out-faulty", "--name", "mine"]
    assert omp("data", "import", str(given), *words, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["guess"]["guess"]["decimal"] == ","
    assert said["guess"]["n_symbols"] == 1
    fields = daemon.asked[0][1]
    expected = {
        "venue": "br",
        "timeframe": "1d",
        "decimal": ",",
        "separator": ";",
        "columns": ["close=Fechamento"],
        "features": ["quantity=Quantidade"],
        "symbols": ["PETR4"],
        "adjust": False,
        "accept": ["gap"],
        "leave_out_faulty": True,
        "name": "mine",
    }
    assert {key: fields[key] for key in expected} == expected


def test_a_dry_run_asks_no_daemon_and_names_the_faults(
    given: Path,
    daemon: FakeDoor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert omp("data", "import", str(given), "--dry-run", "--venue", "br") == 3
    out, _ = capsys.readouterr()
    assert out.startswith("NOT ready")
    assert "too_short" in out
    assert daemon.asked == []


@pytest.mark.parametrize(
    ("answer", "words", "asks"), [(True, [], 1), (False, [], 1), (True, ["--yes"], 0)]
)
def test_on_a_terminal_the_person_is_asked(
    given: Path,
    daemon: FakeDoor,
    monkeypatch: pytest.MonkeyPatch,
    answer: bool,
    words: list[str],
    asks: int,
) -> None:
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr(typer, "confirm", confirm)
    monkeypatch.setattr(import_command, "is_terminal", lambda: True)
    code = omp("data", "import", str(given), *words)
    assert len(asked) == asks
    assert code == (0 if answer else Interrupted.exit_code)
    assert len(daemon.asked) == (1 if answer else 0)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nowhere.csv"], "no file or folder"),
        (["FILE", "--decimal", "x"], "--decimal"),
        (["FILE", "--timezone", "Mars/Base"], "Mars/Base"),
        (["FILE", "--column", "close"], "--column"),
        (["FILE", "--separator", "::"], "--separator"),
        (["FILE", "--importer", "magic"], "magic"),
        (["FILE", "--venue", "mars"], "mars"),
        (["FILE", "--symbols", "ZZZ"], "ZZZ"),
    ],
)
def test_each_mistake_is_one_sentence_and_asks_for_nothing(
    given: Path,
    daemon: FakeDoor,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    named: str,
) -> None:
    told = [str(given) if word == "FILE" else word for word in words]
    assert omp("data", "import", *told) == 2
    _, err = capsys.readouterr()
    assert named in err.splitlines()[-1]
    assert "What to do:" in err
    assert daemon.asked == []


def test_every_field_has_its_option_in_the_child() -> None:
    from typer.main import get_command

    from omp.cli.data_commands import app

    child = get_command(app).commands["import"]  # type: ignore[attr-defined]
    known = {option for one in child.params for option in (*one.opts, *one.secondary_opts)}
    assert set(FLAGS.values()) <= known
    assert "--no-adjust" in known


def test_fields_become_the_childs_arguments() -> None:
    fields = {
        "venue": "br",
        "columns": ["open=A", "close=B C"],
        "symbols": ["X", "Y"],
        "adjust": False,
        "fractional": True,
        "leave_out_faulty": False,
        "licence": "",
        "encoding": None,
        "symbol": "--workspace",
    }
    assert arguments(fields) == (
        "--venue=br",
        "--column=open=A",
        "--column=close=B C",
        "--symbols=X,Y",
        "--no-adjust",
        "--fractional",
        "--symbol=--workspace",
    )
    with pytest.raises(KeyError):
        arguments({"workspace": "/elsewhere"})
