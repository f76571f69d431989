"""Some seconds of what `tests/long/postgres_chaos.py` does for minutes."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from tests.long import postgres_chaos
from tests.servers.postgres import programs

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(1200)]


@pytest.mark.parametrize(
    ("seconds", "every_s", "pause_s"),
    [(8.0, 0.5, 0.02), pytest.param(600.0, 1.0, 0.1, marks=pytest.mark.long)],
)
def test_a_suffering_mirror_loses_nothing_and_holds_nothing_twice(
    seconds: float, every_s: float, pause_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if programs() is None:
        pytest.skip("NO POSTGRESQL: neither PATH nor /usr/lib/postgresql holds initdb and postgres")
    monkeypatch.setenv(postgres_chaos.VARIABLE, "")
    folder = Path(tempfile.mkdtemp(prefix="omp-chaos-"))
    (folder / "pg").mkdir()
    folder.chmod(0o755)
    server = postgres_chaos.make_server(folder / "pg")
    try:
        postgres_chaos.make_workspace(folder / "ws")
        tally = postgres_chaos.run(seconds, server, folder / "ws", every_s=every_s, pause_s=pause_s)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop(postgres_chaos.VARIABLE, None)
    print(tally)
    assert (tally.lost, tally.duplicated, tally.different) == (0, 0, 0), tally
    assert tally.promoted > 10
    assert tally.killed + tally.stopped + tally.restarted + tally.cut_after_commit > 0, tally
