"""Poisoned data: refused by name with exit code 3, nothing is changed, and nothing is mined."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omp.cli.combiner import run
from omp.lab.poisons import POISONS, Poison
from omp.market.bars import FIELDS
from omp.market.readiness import table_of
from omp.market.synthetic import generate, parse_recipe

CAMPAIGN = """\
[campaign]
name = "Poisoned"
market = "synthetic"
[data]
source = "poisoned"
"""


def written(table: pl.DataFrame, path: Path) -> Path:
    day = pl.col("timestamp").cast(pl.Datetime("ns")).dt.date().alias("date")
    table.select("symbol", day, *FIELDS).write_csv(path)
    return path


def files_of(root: Path) -> dict[Path, int]:
    return {one: one.stat().st_mtime_ns for one in sorted(root.rglob("*")) if one.is_file()}


def combiner(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(list(words))
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def importing(root: Path, name: str, path: Path) -> tuple[str, ...]:
    how = ("--venue", "synthetic", "--timeframe", "1d", "--workspace", str(root))
    return ("data", "import", str(path), "--name", name, *how)


@pytest.fixture(scope="module")
def healthy() -> pl.DataFrame:
    return table_of(generate(parse_recipe("planted", 7)).panel)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, healthy: pl.DataFrame) -> Path:
    """A workspace that holds the healthy market."""
    folder = tmp_path_factory.mktemp("poison")
    path = written(healthy, folder / "healthy.csv")
    assert run(list(importing(folder / "ws", "market", path))) == 0
    return folder / "ws"


@pytest.mark.parametrize("poison", POISONS, ids=lambda one: one.name)
def test_a_poison_is_named_and_changes_nothing(
    poison: Poison,
    healthy: pl.DataFrame,
    root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = files_of(root)
    path = written(poison.plant(healthy), tmp_path / "bars.csv")
    code, error = combiner(capsys, *importing(root, "market", path))
    assert code == 3
    assert error["code"] == "data_not_ready"
    assert poison.rule in {one.split(":")[0] for one in error["faults"]}
    assert "What to do" in error["message"]
    assert files_of(root) == before  # the old snapshot stands


def test_no_campaign_is_mined_on_data_that_were_refused(
    healthy: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "ws", tmp_path / "ws" / "output" / "scg" / "run_p"
    path = written(POISONS[0].plant(healthy), tmp_path / "bars.csv")
    assert combiner(capsys, *importing(root, "poisoned", path))[0] == 3
    campaign = tmp_path / "poisoned.toml"
    campaign.write_text(CAMPAIGN)
    mine = ("factory", "run", "--campaign", str(campaign), "--run-id", "run_p", "--out", str(out))
    code, error = combiner(capsys, *mine, "--workspace", str(root))
    assert (code, error["code"]) == (2, "not_found")
    assert not out.exists()
