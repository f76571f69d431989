"""PostgreSQL is killed, stopped, restarted and cut after COMMIT while entries are promoted.

    python -m tests.long.postgres_chaos 600

prints one line of JSON; the exit code is 1 if an entry was lost, is there twice, or is another one.
"""

import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import psycopg
from tests.servers.postgres import Server, _account, programs

from omp.app import open_desk
from omp.daemon import outbox as outboxes
from omp.daemon.channels import postgres
from omp.daemon.outbox import Outbox
from omp.ops import drift, hall_moves, queue, sync, workspace
from omp.ops.desk import Desk
from omp.ops.parcels import post_entry
from omp.store import hall
from omp.store import mirror as mirrors
from omp.store.hall import Entry, Episode
from omp.wire.canonical import digest_of

VARIABLE = "NEON_DATABASE_URL"


@dataclass
class Tally:
    """What was done to the server, and what came of it."""

    seconds: float = 0.0
    promoted: int = 0
    moved: int = 0
    killed: int = 0
    stopped: int = 0
    restarted: int = 0
    cut_after_commit: int = 0
    failed_rounds: int = 0
    lost: int = -1
    duplicated: int = -1
    different: int = -1
    slowest_promotion_s: float = 0.0


class Proxy:
    """Stands between client and server; armed, it lets a COMMIT through and cuts the answer off."""

    def __init__(self, port: int, tally: Tally) -> None:
        self.port, self.tally, self.armed = port, tally, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        cut = threading.Event()
        threading.Thread(target=self._answers, args=(server, client, cut), daemon=True).start()
        with suppress(OSError):
            while data := client.recv(65536):
                if self.armed and b"COMMIT" in data:
                    self.armed = False
                    cut.set()
                    server.sendall(data)
                    time.sleep(0.2)  # the server commits; nobody hears of it
                    self.tally.cut_after_commit += 1
                    break
                server.sendall(data)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @staticmethod
    def _answers(server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if cut.is_set():
                    return
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


class Chaos:
    """Does harm to a server."""

    def __init__(self, server: Server, proxy: Proxy, tally: Tally, seed: int) -> None:
        self.server, self.proxy, self.tally = server, proxy, tally
        self.dice = random.Random(seed)

    def once(self) -> None:
        """One misfortune."""
        deed = self.dice.choice((self._kill, self._stop, self._cut, self._cut, self._restart))
        deed()

    def _family(self) -> list[psutil.Process]:
        assert self.server.process is not None
        head = psutil.Process(self.server.process.pid)
        return [head, *head.children(recursive=True)]

    def _kill(self) -> None:
        for one in self._family():
            with suppress(psutil.Error):
                one.send_signal(signal.SIGKILL)
        self._again()
        self.tally.killed += 1

    def _restart(self) -> None:
        self.server.stop()
        time.sleep(self.dice.uniform(0.0, 0.5))
        self._again()
        self.tally.restarted += 1

    def _stop(self) -> None:
        family = self._family()
        for one in family:
            with suppress(psutil.Error):
                one.suspend()
        time.sleep(self.dice.uniform(0.2, 2.5))
        for one in family:
            with suppress(psutil.Error):
                one.resume()
        self.tally.stopped += 1

    def _cut(self) -> None:
        self.proxy.armed = True
        time.sleep(0.3)

    def _again(self) -> None:
        """Start it once more; shared memory of the killed one may take a moment to go."""
        for attempt in range(40):
            if self.server.process is not None:
                self.server.process.wait(timeout=20)
            with suppress(psycopg.OperationalError):
                self.server.start()
                return
            time.sleep(0.05 * (attempt + 1))
        raise RuntimeError("the server does not come up again")


def make_entry(desk: Desk, run_id: str, number: int) -> Entry:
    """A made-up entry; the mirror knows nothing of how it was found."""
    genome = digest_of({"chaos": number})
    now = desk.clock.iso()
    provenance = {"config_hash": "c" * 64, "git_sha": "g" * 40, "run_id": run_id, "number": number}
    return Entry(
        candidate_id=f"cand_{genome[:20]}",
        environment="test",
        genome_hash=genome,
        behaviour_hash=genome[:32],
        state="active",
        state_reason=None,
        episode=1,
        run_id=run_id,
        campaign_id="camp_chaos",
        promoted_at=now,
        updated_at=now,
        provenance=provenance,
        metrics={"sharpe": 0.1 + number / 3.0, "nothing": None, "tiny": 1e-12 * number},
        artifacts={"strategy.toml": genome},
    )


def promote(desk: Desk, run_id: str, number: int) -> str:
    """Row, outbox and journal in one transaction, as a promotion ends."""
    entry = make_entry(desk, run_id, number)
    episode = Episode(entry.candidate_id, 1, run_id, f"look_{number}", entry.promoted_at)
    with desk.write() as tx:
        sealed = hall.add(tx, entry, episode)
        desk.note(tx, "hall.promoted", entry.candidate_id, {"run_id": run_id})
        post_entry(desk, tx, sealed)
    return entry.candidate_id


def run(
    seconds: float,
    server: Server,
    root: Path,
    *,
    seed: int = 1,
    every_s: float = 1.0,
    pause_s: float = 0.1,
) -> Tally:
    """Promote while the server suffers; count what is lost in the end."""
    tally = Tally()
    proxy = Proxy(int(server.settings["port"]), tally)
    chaos = Chaos(server, proxy, tally, seed)
    os.environ[VARIABLE] = f"postgresql://postgres@127.0.0.1:{proxy.own_port}/postgres"
    desk = open_desk(root, operator="chaos")
    added = queue.add(desk, name="chaos", config_path="configs/campaigns/chaos.toml")
    run_id = str(added.run_id)
    kept = (outboxes.EVERY_S, outboxes.FIRST_DELAY_S, outboxes.LONGEST_DELAY_S)
    limits = (mirrors.CONNECT_TIMEOUT_S, mirrors.LIMIT_S)
    outboxes.EVERY_S, outboxes.FIRST_DELAY_S, outboxes.LONGEST_DELAY_S = 0.05, 0.1, 0.5
    mirrors.CONNECT_TIMEOUT_S, mirrors.LIMIT_S = 2, 1.5
    outbox = Outbox(desk, {"postgres": postgres.CHANNEL})
    began = time.monotonic()
    leave = threading.Event()

    def suffer() -> None:
        while not leave.wait(chaos.dice.uniform(0.2, 1.0) * every_s):
            chaos.once()

    misfortune = threading.Thread(target=suffer)
    outbox.start()
    misfortune.start()
    dice = random.Random(seed + 1)
    names: list[str] = []
    try:
        while time.monotonic() - began < seconds:
            at = time.monotonic()
            names.append(promote(desk, run_id, len(names)))
            tally.slowest_promotion_s = max(tally.slowest_promotion_s, time.monotonic() - at)
            if dice.random() < 0.3:
                _move(desk, dice.choice(names))
                tally.moved += 1
            time.sleep(pause_s)
    finally:
        leave.set()
        misfortune.join()
        outbox.stop(limit_s=10.0)
        outboxes.EVERY_S, outboxes.FIRST_DELAY_S, outboxes.LONGEST_DELAY_S = kept
        mirrors.CONNECT_TIMEOUT_S, mirrors.LIMIT_S = limits
    proxy.armed = False
    tally.promoted = len(names)
    _settle(desk)
    _count(desk, server, names, tally)
    tally.seconds = round(time.monotonic() - began, 1)
    proxy.listener.close()
    desk.db.close()
    return tally


def _move(desk: Desk, name: str) -> None:
    with desk.write() as tx:
        action = "flag" if hall.get(tx, name).state == "active" else "clear"
        hall_moves.move(desk, tx, name, action, "chaos")


def _settle(desk: Desk) -> None:
    for _ in range(50):
        if sync.hof_sync(desk).pending == 0:
            return
        time.sleep(0.1)


def _count(desk: Desk, server: Server, names: list[str], tally: Tally) -> None:
    with psycopg.connect(server.url) as session:
        there = [row[0] for row in session.execute("SELECT candidate_id FROM hall_of_fame")]
        genomes = session.execute(
            "SELECT count(*) - count(DISTINCT genome_hash) FROM hall_of_fame"
        ).fetchone()
        failed = session.execute(
            "SELECT count(*) FROM hall_of_fame WHERE outbox_seq < 1"
        ).fetchone()
    assert genomes is not None
    assert failed is not None
    tally.lost = len(set(names) - set(there))
    tally.duplicated = int(genomes[0]) + len(there) - len(set(there))
    tally.different = int(drift.compare(desk)["found"])
    with desk.read() as tx:
        from omp.store import journal

        tally.failed_rounds = len(journal.records(tx, kinds=("sync.failed",), limit=100_000))


def make_server(folder: Path) -> Server:
    """A server on a free port of loopback, that survives kills (fsync on)."""
    found = programs()
    if found is None:
        raise SystemExit("NO POSTGRESQL: neither PATH nor /usr/lib/postgresql holds it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    settings = {"listen_addresses": "127.0.0.1", "port": port, "fsync": "on"}
    server = Server(folder, found, _account(), settings=settings)
    server.make()
    server.start()
    return server


def make_workspace(root: Path) -> None:
    """A workspace with one campaign that never runs."""
    from tests.desks import write_campaign, write_data

    workspace.create(root, demo=False, idle=True, operator="chaos")
    write_data(root, "prices")
    write_campaign(root, "chaos")


def main() -> int:
    """The command."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    folder = Path(tempfile.mkdtemp(prefix="omp-chaos-"))
    (folder / "pg").mkdir()
    folder.chmod(0o755)
    server = make_server(folder / "pg")
    try:
        make_workspace(folder / "ws")
        tally = run(seconds, server, folder / "ws")
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(asdict(tally)))
    return 1 if tally.lost or tally.duplicated or tally.different else 0


if __name__ == "__main__":
    sys.exit(main())
