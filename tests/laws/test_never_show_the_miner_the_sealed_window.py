"""Never show the miner the sealed window: the kernel refuses it, to our engine and to others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from omp.daemon.orders import Orders
from omp.domain import confinement
from omp.domain.confinement import landlock_version, permitted
from omp.domain.durable import write_durable
from omp.market.acquire import publish_synthetic
from omp.market.catalog import Catalog
from omp.market.recipe import Recipe
from omp.wire.workspace import Workspace

kernel = pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")

SPY = """
import sys
from pathlib import Path
for name in sys.argv[1:]:
    for path in [Path(name), *Path(name).rglob("*")]:
        if path.is_file():
            try:
                print("read", len(path.read_bytes()), path)
            except PermissionError:
                print("refused", path)
"""


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    root = tmp_path / "workspace"
    found = publish_synthetic(Catalog(root), Recipe("null", 1))
    place = Workspace(root)
    for folder in place.folders:
        folder.mkdir(parents=True, exist_ok=True)
    place.database.write_bytes(b"record")
    (place.state / "token").write_text("token")
    (place.keys / "grants.key").write_text("key")
    (place.backups / "copy").mkdir()
    (place.backups / "copy" / "bars.parquet").write_bytes(b"sealed")
    for folder in (place.hall / "ens_a" / "data" / "sealed", place.run("run_a") / "looks" / "one"):
        folder.mkdir(parents=True)
        (folder / "bars.parquet").write_bytes(b"sealed")
    for name in ("strategy.toml", "entry.json", "packet.json", "packet.md", "packet.html"):
        (place.hall / "ens_a" / name).write_text("sealed")
    assert (place.sealed / found.digest / "bars.parquet").is_file()
    return place


def spied(command: list[str]) -> tuple[list[str], list[str]]:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return [one for one in lines if one.startswith("read")], [
        one for one in lines if one.startswith("refused")
    ]


@kernel
def test_a_process_behind_the_wall_reads_everything_but_what_is_withheld(place) -> None:
    spy = [sys.executable, "-c", SPY, str(place.root)]
    everything, none = spied(spy)
    assert not none
    wall = [sys.executable, "-I", "-S", confinement.__file__, *map(str, place.withheld), "--"]
    seen, refused = spied([*wall, *spy])
    assert len(seen) + len(refused) == len(everything)
    told = "\n".join(refused)
    # sealed bars, their note, three copies, four tellings of a look, key, token, record
    assert len(refused) == 12, told
    assert "state/sealed" in told
    assert not any("sealed/" in one or "backups" in one for one in seen)
    assert any("ens_a/strategy.toml" in one for one in seen)
    assert any("data/snapshots" in one for one in seen)


@kernel
def test_what_looks_have_found_stays_withheld_where_retention_puts_it(place, tmp_path) -> None:
    cold = tmp_path / "cold"
    for folder in (place.archive / "run_b", place.trash / "run_c", place.incoming / "run_d", cold):
        (folder / "looks" / "one").mkdir(parents=True)
        (folder / "looks" / "one" / "look.json").write_text("{}")
    place.archives_file.write_text(json.dumps({"schema_version": 1, "archives": [str(cold)]}))
    spy = [sys.executable, "-c", SPY, str(place.root), str(cold)]
    wall = [sys.executable, "-I", "-S", confinement.__file__, *map(str, place.withheld), "--"]
    seen, refused = spied([*wall, *spy])
    assert sum("look.json" in one for one in refused) == 4
    assert not any("look.json" in one for one in seen)


@kernel
def test_what_it_starts_or_moves_is_behind_the_wall_too(place) -> None:
    script = (
        f"mv {place.sealed} {place.state}/elsewhere; cat {place.state}/elsewhere/*/bars.parquet;"
        f" cd {place.root}; mv state/elsewhere state/sealed;"
        f" ln state/sealed/*/bars.parquet data/mine; cat data/mine"
    )
    wall = [sys.executable, "-I", "-S", confinement.__file__, *map(str, place.withheld), "--"]
    done = subprocess.run([*wall, "setsid", "sh", "-c", script], capture_output=True)
    assert done.stdout == b""
    assert b"Permission denied" in done.stderr


@kernel
def test_our_own_engine_confines_itself_before_it_opens_any_data(place) -> None:
    program = (
        "import sys; from pathlib import Path; from omp.cli import shut_in; "
        "from omp.cli.combiner import run; shut_in.own_process(); "
        "code = run(['factory', 'run', '--campaign', 'none.toml', '--workspace', sys.argv[1]]); "
        "assert code == 2, code; "
        "[path.read_bytes() for path in Path(sys.argv[2]).rglob('*.parquet')]"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(place.root), str(place.sealed)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "PermissionError" in done.stderr, done.stderr


@kernel
def test_a_strange_engine_is_started_behind_the_wall(place) -> None:
    command = Orders(place)._strange((sys.executable, "-c", SPY, str(place.sealed)))
    seen, refused = spied(list(command))
    assert not seen
    assert len(refused) == 2


@kernel
def test_what_the_daemon_writes_anew_meanwhile_can_still_be_read(place) -> None:
    program = (
        "import sys, time; from pathlib import Path; from omp.cli import shut_in; "
        "from omp.wire.workspace import Workspace; from omp.market.lineage import read_lineages; "
        "place = Workspace(Path(sys.argv[1])); shut_in.own_process(); shut_in.shut_in(place); "
        "print('shut in', flush=True); sys.stdin.readline(); "
        "print(len(read_lineages(place.lineages_file)), flush=True)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(place.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "shut in\n"
    write_durable(place.lineages_file, b'{"schema_version": 1, "lineages": []}')
    child.stdin.write("go on\n")
    child.stdin.close()
    assert child.stdout.readline() == "0\n"
    assert child.wait() == 0


def test_links_and_the_way_itself_are_not_permitted(place) -> None:
    (place.root / "door").symlink_to(place.state)
    found = permitted({place.sealed})
    assert place.root / "door" not in found
    assert place.sealed not in found
    assert place.state not in found
    assert place.keys in found
    assert place.root / "data" in found
