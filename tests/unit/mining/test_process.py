"""The child as a process: kill -9, TERM, exit codes, one clear sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from omp.domain.failpoints import VARIABLE
from omp.wire.charges import read_charges
from omp.wire.rundir import read_manifest

from .conftest import World
from .test_mine import same_content

COMBINER = (sys.executable, "-m", "omp.cli.combiner", "factory")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    cache = os.environ.get("NUMBA_CACHE_DIR") or str(tmp_path_factory.mktemp("numba"))
    return {**os.environ, "NUMBA_CACHE_DIR": cache}


def command(world: World, campaign: Path, *more: str) -> list[str]:
    return [
        *COMBINER, "run", "--campaign", str(campaign), "--run-id", "run_a", "--workspace",
        str(world.workspace.root), *more,
    ]  # fmt: skip


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def wait_for_charge(world: World, generation: int, process: subprocess.Popen[str]) -> None:
    """Return as soon as a generation is charged and not yet settled."""
    path = world.workspace.run("run_a") / "charges.ndjson"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        owed = read_charges(path).owed
        if owed and owed[-1].generation >= generation and owed[-1].behaviours is None:
            return
        time.sleep(0.001)
    raise AssertionError(f"generation {generation} was never seen in the middle")


def test_killed_at_every_generation_and_resumed_it_is_the_same_run(
    world: World, environment: dict[str, str]
) -> None:
    """Each attempt ends by kill -9 one generation later, at another step, with other workers."""
    campaign = world.campaign()
    undisturbed = world.mine("run_a", campaign=campaign, out=world.workspace.run("run_whole"))
    steps = ("charged", "evaluated", "checkpointed", "settled")
    out = world.workspace.run("run_a")
    for attempt, (step, workers) in enumerate(zip(steps, "1241", strict=True), start=1):
        killed = subprocess.run(
            command(world, campaign, "--resume", "--workers", workers),
            capture_output=True, text=True, env={**environment, VARIABLE: f"mine.{step}"},
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert events(killed.stdout)[0]["attempt"] == attempt
    owed = read_charges(out / "charges.ndjson").owed
    assert [one.generation for one in owed] == [0, 1]
    for step in ("checkpointed", "charged", "written"):
        killed = subprocess.run(
            command(world, campaign, "--resume"),
            capture_output=True, text=True, env={**environment, VARIABLE: f"mine.{step}"},
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (out / "manifest.json").exists()
    done = subprocess.run(
        command(world, campaign, "--resume"), capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    same_content(out, undisturbed)
    manifest = read_manifest(out / "manifest.json")
    assert read_charges(out / "charges.ndjson").trials == manifest.counts["distinct"]


def test_term_checkpoints_and_leaves_with_130(world: World, environment: dict[str, str]) -> None:
    campaign = world.campaign(population=1500, generations=2000)
    child = subprocess.Popen(
        command(world, campaign),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    wait_for_charge(world, 2, child)
    asked = time.monotonic()
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=20)
    assert time.monotonic() - asked < 10
    assert child.returncode == 130
    last = events(out)[-1]
    assert (last["event"], last["code"], last["exit_code"]) == ("error", "interrupted", 130)
    assert err.count("\n") == 1
    assert "resume" in err
    owed = read_charges(world.workspace.run("run_a") / "charges.ndjson")
    assert owed.open_generations == 0
    assert (world.workspace.run("run_a") / "checkpoint" / "checkpoint.json").is_file()


BROKEN = {
    "no file": (("run", "--campaign", "absent.toml"), 2, "not_found"),
    "an unknown option": (("run", "--nonsense"), 2, "invalid_input"),
    "an unknown run": (("audit", "--run", "run_none"), 2, "not_found"),
    "a name that is a path": (("audit", "--run", "../x"), 2, "invalid_input"),
    "no grant": (
        ("look", "--run", "run_a", "--candidate", "cand_x", "--grant", "none.json"),
        6,
        "look_refused",
    ),
    "no entry": (("replay", "--entry", "cand_none"), 2, "not_found"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_what_is_wrong_is_said_once_with_its_exit_code(
    tmp_path: Path, environment: dict[str, str], name: str
) -> None:
    arguments, code, word = BROKEN[name]
    done = subprocess.run(
        [*COMBINER, *arguments],
        capture_output=True, text=True, cwd=tmp_path,
        env={**environment, "OMP_WORKSPACE": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    (line,) = events(done.stdout)
    assert (line["event"], line["code"], line["exit_code"]) == ("error", word, code)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("combiner: ")


def test_validate_config_lists_every_fault(
    world: World, environment: dict[str, str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('[campaign]\nname = ""\nowner = 3\n[data]\nsource = "small"\n[serch]\n')
    done = subprocess.run(
        [*COMBINER, "validate-config", str(bad)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 2
    assert len(events(done.stdout)[-1]["faults"]) == 3
    good = subprocess.run(
        [*COMBINER, "validate-config", str(world.campaign()), "--data", "--workspace",
         str(world.workspace.root)],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert good.returncode == 0, good.stderr
    assert events(good.stdout)[-1]["data"]["n_bars"] > 250
