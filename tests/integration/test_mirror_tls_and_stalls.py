"""The mirror over TLS, and servers that say nothing any more."""

import os
import pwd
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.desks import desk, template
from tests.finished import FakeChildren, finish_run
from tests.servers import certificates
from tests.servers.postgres import Server, _account, programs

from omp.domain.errors import InvalidInput, ResourceShort
from omp.ops import drift, hall, incidents, promotion, sync
from omp.ops.desk import Desk
from omp.store import mirror as mirrors
from omp.store.mirror import Mirror, parameters_of

__all__ = ["desk", "template"]

pytestmark = pytest.mark.postgres


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def tls() -> Iterator[Server]:
    """A server that takes encrypted connections alone."""
    found = programs()
    if found is None:
        pytest.skip("NO POSTGRESQL: neither PATH nor /usr/lib/postgresql holds initdb and postgres")
    folder = Path(tempfile.mkdtemp(prefix="omp-pg-tls-"))
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(free_port()),
        "ssl": "on",
        "ssl_cert_file": str(folder / "server.pem"),
        "ssl_key_file": str(folder / "server.key"),
    }
    server = Server(folder, found, _account(), settings=settings)
    try:
        server.make()
        certificates.make(folder)
        if server.account:
            entry = pwd.getpwnam(server.account)
            for name in ("server.pem", "server.key"):
                os.chown(folder / name, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o755)
        (folder / "data" / "pg_hba.conf").write_text(
            "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"
        )
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def url_of(tls: Server, **options: str) -> str:
    rest = "&".join(f"{name}={value}" for name, value in options.items())
    return f"postgresql://postgres@127.0.0.1:{tls.settings['port']}/postgres?{rest}"


def is_encrypted(url: str) -> bool:
    with Mirror(url, "ws").session() as session:
        row = session.execute(
            b"SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    return bool(row and row[0])


def test_the_url_says_how_the_connection_is_encrypted(tls: Server) -> None:
    assert is_encrypted(url_of(tls, sslmode="require"))
    ca = str(tls.folder / "ca.pem")
    assert is_encrypted(url_of(tls, sslmode="verify-full", sslrootcert=ca))
    with pytest.raises(ResourceShort, match=r"no encryption|pg_hba"):
        is_encrypted(url_of(tls, sslmode="disable"))


def test_a_server_that_cannot_prove_who_it_is_is_refused(tls: Server, tmp_path: Path) -> None:
    certificates.make(tmp_path)
    with pytest.raises(ResourceShort, match=r"SSL|certificate"):
        is_encrypted(url_of(tls, sslmode="verify-full", sslrootcert=str(tmp_path / "ca.pem")))
    ca = str(tls.folder / "ca.pem")
    elsewhere = url_of(tls, sslmode="verify-full", sslrootcert=ca).replace("127.0.0.1", "localhost")
    with pytest.raises(ResourceShort, match=r"SSL|certificate|localhost"):
        is_encrypted(elsewhere)


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgresql://u:p@db.example.com/x", "require"),
        ("postgresql+psycopg://u:p@db.example.com/x", "require"),
        ("postgresql://u:p@db.example.com/x?sslmode=disable", "disable"),
        ("postgresql://u:p@db.example.com/x?sslmode=verify-full", "verify-full"),
        ("postgresql://u:p@127.0.0.1/x", None),
        ("postgresql://u@/x?host=/tmp", None),
    ],
)
def test_beyond_this_machine_it_is_encrypted_unless_the_url_says_no(
    url: str, mode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert parameters_of(url).get("sslmode") == mode


def test_a_faulty_url_is_refused_without_repeating_its_password() -> None:
    with pytest.raises(InvalidInput) as caught:
        parameters_of("postgresql://u:hunter2@[broken/x")
    assert "hunter2" not in caught.value.sentence


def test_a_server_that_accepts_and_says_nothing_costs_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mirrors, "CONNECT_TIMEOUT_S", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(ResourceShort):
            Mirror(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/x", "ws").prepare()
        assert time.monotonic() - began < 20


def test_a_server_that_stops_in_the_middle_is_left(postgres_url: str) -> None:
    stopped: list[int] = []

    def ask() -> None:
        with Mirror(postgres_url, "ws", limit_s=1.0).session() as session:
            row = session.execute(b"SELECT pg_backend_pid()").fetchone()
            assert row is not None
            stopped.append(int(row[0]))
            os.kill(stopped[0], signal.SIGSTOP)
            session.execute(b"SELECT 1")
            pytest.fail("a stopped server answered")

    try:
        with pytest.raises(ResourceShort):
            ask()
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def mirrored(desk: Desk, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, str]:
    """A desk with one entry, delivered."""
    monkeypatch.setenv("NEON_DATABASE_URL", postgres_url)
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    assert sync.hof_sync(desk).delivered == 1
    return desk, postgres_url


def test_a_mirror_that_holds_all_has_no_drift(mirrored: tuple[Desk, str]) -> None:
    at, _ = mirrored
    found = drift.compare(at)
    assert (found["found"], found["compared"], found["head"]) == (0, 1, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("UPDATE hall_of_fame SET state = 'demoted'", "differing"),
        ("UPDATE hall_of_fame SET metrics = jsonb_set(metrics, '{sharpe}', '9')", "differing"),
        ("UPDATE hall_of_fame SET promoted_at = now()", "differing"),
        ("UPDATE hall_of_fame SET row_hash = repeat('0', 64)", "differing"),
        ("DELETE FROM hall_of_fame", "missing"),
    ],
)
def test_what_was_changed_in_the_mirror_is_found_and_put_back(
    mirrored: tuple[Desk, str], change: str, field: str
) -> None:
    at, url = mirrored
    (entry,) = hall.listed(at)
    with Mirror(url, "any").session() as session:
        session.execute(change.encode())
    found = drift.compare(at, repair=True)
    assert found[field] == (entry.candidate_id,)
    (incident,) = incidents.listed(at, open_only=True)
    assert (incident.fingerprint, incident.severity) == ("sync.drift", "SEV-2")
    assert sync.hof_sync(at).delivered == 1
    assert drift.compare(at)["found"] == 0


def test_a_row_nobody_here_knows_and_a_head_of_another_journal_are_found(
    mirrored: tuple[Desk, str],
) -> None:
    at, url = mirrored
    copy = (
        "INSERT INTO hall_of_fame SELECT (jsonb_populate_record(h, "
        '\'{"candidate_id": "cand_strange", "genome_hash": "strange"}\')).* '
        "FROM hall_of_fame h"
    )
    with Mirror(url, "any").session() as session:
        session.execute(copy.encode())
        session.execute(b"UPDATE omp_journal_head SET journal_hash = repeat('0', 64)")
    found = drift.compare(at)
    assert found["strange"] == ("cand_strange",)
    assert "another one in the mirror" in str(found["head"])


def test_the_journals_head_is_delivered_though_no_entry_changes(
    mirrored: tuple[Desk, str],
) -> None:
    at, url = mirrored
    before = Mirror(url, sync.workspace_name(at)).head()
    with at.write() as tx:
        at.note(tx, "daemon.started", "daemon", {})
    at.clock.wait(61.0)  # type: ignore[attr-defined]
    assert sync.head_is_due(at)
    sync.hof_sync(at)
    after = Mirror(url, sync.workspace_name(at)).head()
    assert before is not None
    assert after is not None
    assert after[0] > before[0]
    assert not sync.head_is_due(at)
