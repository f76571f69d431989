"""A real PostgreSQL server for the tests: started once a session, a fresh database a test.

Its programs are taken from PATH or from Debian's folders. As root it runs under the account
`postgres` or `nobody`, since PostgreSQL refuses root. Without the programs the tests skip loudly.

    from tests.servers.postgres import postgres_server, postgres_url  # in a conftest.py
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "fsync": "off",  # the tests kill sessions, never the machine
    "log_min_messages": "warning",
}


def programs() -> Path | None:
    """The folder that holds `initdb` and `postgres`; None where there is none."""
    found = [Path(one).resolve().parent for name in ("postgres",) if (one := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _account() -> str | None:
    """The account to run under; None to stay who we are."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


@dataclass
class Server:
    """A PostgreSQL server in a folder of its own, reached by a socket in that folder."""

    folder: Path
    bin: Path
    account: str | None
    process: "subprocess.Popen[bytes] | None" = field(default=None)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """URL of the database `postgres`, with the password-less superuser."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """URL of a database, for psycopg and for SQLAlchemy."""
        port = self.settings.get("port", "5432")
        return f"postgresql://postgres@/{database}?host={self.folder}&port={port}"

    def _as_account(self) -> dict[str, object]:
        if self.account is None:
            return {}
        entry = pwd.getpwnam(self.account)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def make(self) -> None:
        """Lay out the cluster."""
        if self.account:
            entry = pwd.getpwnam(self.account)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        subprocess.run(
            [
                *(self.bin / "initdb", "-D", self.folder / "data", "-U", "postgres"),
                *("-A", "trust", "--no-sync", "--locale=C", "--encoding=UTF8"),
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            **self._as_account(),  # type: ignore[call-overload]
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [
            part
            for key, one in {**SETTINGS, **self.settings}.items()
            for part in ("-c", f"{key}={one}")
        ]
        self.process = subprocess.Popen(
            [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            **self._as_account(),  # type: ignore[call-overload]
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once, cutting every session."""
        if self.process is not None:
            self.process.send_signal(3)  # SIGQUIT: immediate shutdown
            self.process.wait(timeout=20)
            self.process = None

    def new_database(self) -> str:
        """URL of a fresh, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.url, autocommit=True) as session:
            session.execute(f"CREATE DATABASE {name}".encode())
        return self.url_of(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The session's server."""
    found = programs()
    if found is None:
        pytest.skip("NO POSTGRESQL: neither PATH nor /usr/lib/postgresql holds initdb and postgres")
    folder = Path(tempfile.mkdtemp(prefix="omp-pg-"))
    server = Server(folder, found, _account())
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """URL of a fresh database on the session's server."""
    return postgres_server.new_database()
