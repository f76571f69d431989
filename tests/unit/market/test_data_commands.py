"""`combiner data`: every command ends in one result or one named error, with its exit code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from omp.cli import data_commands, derive_command
from omp.market.bars import FIELDS, Panel
from omp.market.readiness import table_of

app = data_commands.app
derive_command.add_to(app)


def run(*words: str) -> tuple[int, dict[str, Any]]:
    answer = CliRunner().invoke(app, list(words))
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer.exit_code, json.loads(answer.stdout.splitlines()[-1])


def csv_of(panel: Panel, path: Path) -> Path:
    table = table_of(panel).with_columns(date=pl.col("timestamp").cast(pl.Datetime("ns")).dt.date())
    table.select("symbol", "date", *FIELDS).write_csv(path)
    return path


def snapshot_of(folder: Path) -> dict[str, int]:
    """Every file of a folder with its size."""
    return {str(path): path.stat().st_size for path in sorted(folder.rglob("*"))}


@pytest.fixture
def where(tmp_path: Path) -> tuple[str, str]:
    return ("--workspace", str(tmp_path / "workspace"))


def test_a_csv_goes_in_and_the_same_file_comes_to_the_same_digest(made, tmp_path, where) -> None:
    path = csv_of(made(("AAA", "BBB")), tmp_path / "bars.csv")
    words = ("import", str(path), "--name", "mine", "--venue", "synthetic", *where)
    code, result = run(*words)
    assert code == 0
    assert result["event"] == "result"
    assert result["symbols"] == ["AAA", "BBB"]
    assert result["environment"] == "real"
    manifest = json.loads(Path(result["manifest"]).read_bytes())
    assert manifest["digest"] == result["digest"]
    assert manifest["source"]["path_name"] == "bars.csv"
    assert run(*words)[1]["digest"] == result["digest"]
    assert run("check", "mine", *where)[0] == 0
    listed = run("list", *where)[1]["data_sets"]
    assert [one["name"] for one in listed] == ["mine"]


def test_bad_data_end_in_one_named_error_and_nothing_is_changed(made, tmp_path, where) -> None:
    good = csv_of(made(), tmp_path / "good.csv")
    assert run("import", str(good), "--name", "mine", "--venue", "synthetic", *where)[0] == 0
    before = snapshot_of(tmp_path / "workspace")
    lines = good.read_text().splitlines()
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join([*lines[:500], *lines[510:]]) + "\n")
    code, error = run("import", str(bad), "--name", "mine", "--venue", "synthetic", *where)
    assert code == 3
    assert error["event"] == "error"
    assert error["code"] == "data_not_ready"
    assert "gap: AAA" in error["message"]
    assert "10 of 1000 sessions" in error["message"]
    assert snapshot_of(tmp_path / "workspace") == before


def test_a_snapshot_is_judged_again_with_what_is_known_beside_it(made, tmp_path, where) -> None:
    good = csv_of(made(("AAA", "BBB")), tmp_path / "good.csv")
    assert run("import", str(good), "--name", "mine", "--venue", "synthetic", *where)[0] == 0
    code, result = run("check", "mine", "--judge", *where)
    assert (code, result["ready"]) == (0, True)
    assert result["readiness"]["digest"] == result["digest"]
    code, result = run("check", "mine", "--max-age-days", "30", *where)
    assert (code, result["event"], result["ready"]) == (3, "result", False)
    assert [one["rule"] for one in result["readiness"]["faults"]] == ["age"]
    listed = tmp_path / "few.csv"
    listed.write_text("ticker,start_date,end_date\nAAA,2000-01-01,\nBBB,2000-01-01,2011-01-01\n")
    words = ("check", "mine", "--universe", "few", "--membership", str(listed), *where)
    code, result = run(*words)
    assert code == 3
    (fault,) = result["readiness"]["faults"]
    assert (fault["rule"], fault["symbol"], fault["time"]) == (
        "outside_universe",
        "BBB",
        "2011-01-03",
    )
    assert run("check", "mine", "--universe", "few", *where)[0] == 2


def test_a_stored_set_is_repaired_by_a_child(made, tmp_path, where) -> None:
    table = table_of(made())
    lone = table[[*range(500), 499, *range(501, table.height)]].with_columns(table["timestamp"])
    path = tmp_path / "bars.csv"
    lone.with_columns(date=pl.col("timestamp").cast(pl.Datetime("ns")).dt.date()).select(
        "symbol", "date", *FIELDS
    ).write_csv(path)
    assert run("import", str(path), "--name", "mine", "--venue", "synthetic", *where)[0] == 0
    before = snapshot_of(tmp_path / "workspace")
    words = ("derive", "mine", "--name", "mended", "--repair", "repeat", *where)
    code, tried = run(*words, "--dry-run")
    assert (code, tried["readiness"]["ready"]) == (0, False)
    assert [one["bars"] for one in tried["repairs"]] == [1]
    assert run(*words)[0] == 3
    assert snapshot_of(tmp_path / "workspace") == before
    code, made_of_it = run(*words, "--accept", "gap")
    assert (code, made_of_it["rows"] + made_of_it["rows_sealed"]) == (0, 999)
    assert [one["rule"] for one in made_of_it["repairs"]] == ["repeat"]


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["nowhere.csv", "--name", "x"], 2, "nowhere.csv"),
        (["GOOD", "--name", "../x"], 2, "../x"),
        (["GOOD", "--name", "x", "--venue", "mars"], 2, "mars"),
        (["GOOD", "--name", "x", "--timeframe", "2w"], 2, "2w"),
        (["GOOD", "--name", "x", "--environment", "demo"], 2, "demo"),
        (["GOOD", "--name", "x", "--accept", "ohlc"], 2, "ohlc"),
        (["GOOD", "--name", "x", "--column", "open"], 2, "--column"),
        (["GOOD", "--name", "x", "--column", "open=first"], 3, "first"),
        (["GOOD", "--name", "x", "--symbols", "ZZZ"], 2, "ZZZ"),
    ],
)
def test_each_mistake_has_its_sentence_and_its_code(
    made, tmp_path, where, words: list[str], code: int, named: str
) -> None:
    good = str(csv_of(made(), tmp_path / "good.csv"))
    given = [good if word == "GOOD" else word for word in words]
    venue = () if "--venue" in given else ("--venue", "synthetic")
    found, error = run("import", *given, *venue, *where)
    assert found == code
    assert named in error["message"]
    assert "What to do:" in error["message"]
    assert not (tmp_path / "workspace").exists()


def test_some_symbols_of_a_file_can_be_taken_and_real_faults_accepted(
    made, tmp_path, where
) -> None:
    path = csv_of(made(("AAA", "BBB")), tmp_path / "bars.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:500], *lines[501:]]) + "\n")
    base = ("import", str(path), "--venue", "synthetic", *where)
    assert run(*base, "--name", "both")[0] == 3
    assert run(*base, "--name", "b", "--symbols", "BBB")[1]["symbols"] == ["BBB"]
    code, result = run(*base, "--name", "both", "--accept", "gap")
    assert code == 0
    readiness = json.loads((Path(result["manifest"]).parent / "readiness.json").read_bytes())
    assert readiness["accepted"][0]["symbol"] == "AAA"


def test_a_synthetic_market_is_published_with_its_truth(where) -> None:
    code, result = run("synthetic", "--kind", "planted", "--seed", "7", "--dial", "2.0", *where)
    assert code == 0
    assert result["environment"] == "synthetic"
    assert result["rows"] == 1764
    assert result["rows_sealed"] == 756
    truth = json.loads(Path(result["manifest"]).read_bytes())["source"]["provenance"]
    assert truth["dial"] == 2.0
    assert truth["strategy"]["direction"] == "long"
    assert abs(truth["true_sharpe"] - 2.0) < 0.2
    assert (
        run("synthetic", "--kind", "planted", "--seed", "7", "--dial", "2.0", *where)[1]["digest"]
        == result["digest"]
    )
    plain = run("synthetic", "--kind", "null", "--seed", "7", *where)[1]
    assert plain["symbols"] == ["NULL-000007"]
    assert plain["name"] == "null-000007"
    assert plain["lineage"] != result["lineage"]
    code, error = run("synthetic", "--kind", "magic", "--seed", "7", *where)
    assert (code, error["code"]) == (2, "invalid_input")
    assert run("synthetic", "--kind", "null", "--seed", "7", "--bars", "500", *where)[0] == 3


def test_the_demo_is_published_once(where) -> None:
    code, result = run("demo", *where)
    assert code == 0
    assert result["name"] == "us-large-caps"
    assert result["environment"] == "demo"
    assert result["symbols"] == ["AAPL", "GOOG", "IBM", "MSFT"]
    assert result["boundary"].startswith("2009-0")
    manifest = json.loads(Path(result["manifest"]).read_bytes())
    assert "public domain" in manifest["source"]["licence"]
    assert run("demo", *where)[1]["digest"] == result["digest"]


def test_a_damaged_snapshot_is_named_by_check(where) -> None:
    result = run("synthetic", "--kind", "null", "--seed", "1", *where)[1]
    bars = Path(result["manifest"]).parent / "bars.parquet"
    bars.write_bytes(bars.read_bytes() + b"x")
    code, error = run("check", "null-000001", *where)
    assert (code, error["code"]) == (7, "damaged")
    assert result["digest"][:12] in error["message"]


def test_adjusted_closes_of_a_csv_reach_the_snapshot(made, tmp_path, where) -> None:
    panel = made()
    path = csv_of(panel, tmp_path / "x.csv")
    frame = pl.read_csv(path).with_columns(adj_close=pl.col("close") * 0.5)
    frame.write_csv(path)
    result = run("import", str(path), "--name", "x", "--venue", "synthetic", *where)[1]
    bars = pl.read_parquet(Path(result["manifest"]).parent / "bars.parquet")
    assert np.allclose(bars["open"], panel.bars[0].open[: bars.height] * 0.5)
