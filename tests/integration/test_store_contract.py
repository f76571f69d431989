"""What the store promises, asked of SQLite and of a real PostgreSQL by one class."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from omp.domain.errors import Conflict, Damaged, NewerFormat, NotFound
from omp.store import campaigns, data_sets, incidents, journal, meta, runs, snapshots
from omp.store.campaigns import Campaign, ConfigVersion, QueueChange, Seed
from omp.store.data_sets import DataSet
from omp.store.database import Database
from omp.store.incidents import Incident
from omp.store.migrate import REVISIONS, SCRIPTS, migrate
from omp.store.rows import to_values
from omp.store.runs import Run
from omp.store.snapshots import Lineage
from omp.store.tables import metadata
from omp.store.views import VIEWS

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
TS = "2026-01-02T03:04:05.000006Z"


def a_campaign(name: str = "camp_1", **values: object) -> Campaign:
    fields: dict[str, object] = {
        "id": name,
        "name": "Test",
        "config_path": "configs/campaigns/test.toml",
        "config_hash": "c" * 64,
        "market": "us",
        "environment": "demo",
        "priority": 5,
        "position": 1,
        "state": "enabled",
        "quarantine_reason": None,
        "repeat": False,
        "tags": ["a", "ü"],
        "owner": "me",
        "approvals": {},
        "consecutive_failures": 0,
        "version": 1,
        "created_at": TS,
        "updated_at": TS,
    }
    return Campaign(**{**fields, **values})  # type: ignore[arg-type]


def a_run(name: str = "run_1", **values: object) -> Run:
    fields: dict[str, object] = {
        "id": name,
        "campaign_id": "camp_1",
        "state": "queued",
        "stage": "queued",
        "attempt": 0,
        "attempts_without_progress": 0,
        "seed": 2**40,
        "config_hash": "c" * 64,
        "data_digest": None,
        "lineage": None,
        "environment": "demo",
        "queued_at": TS,
    }
    return Run(**{**fields, **values})  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    if request.param == "sqlite":
        return tmp_path / "omp.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def db(where: str | Path) -> Iterator[Database]:
    opened = Database.open(where)
    migrate(opened)
    yield opened
    opened.close()


class TestStore:
    def test_the_schema_after_all_migrations_is_the_one_in_tables(self, db: Database) -> None:
        with db.write() as tx:
            context = MigrationContext.configure(tx, opts={"compare_type": True})
            ours = [one for one in compare_metadata(context, metadata) if "alembic" not in str(one)]
        assert ours == []

    def test_migrating_again_changes_nothing(self, db: Database) -> None:
        with db.write() as tx:
            campaigns.add(tx, a_campaign())
        migrate(db)
        with db.read() as tx:
            assert len(campaigns.listed(tx)) == 1

    def test_a_newer_database_is_refused_and_left_alone(self, db: Database) -> None:
        with db.write() as tx:
            tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(NewerFormat, match="9999"):
            migrate(db)
        with db.read() as tx:
            assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"

    def test_a_strangers_database_is_refused_and_left_alone(self, where: str | Path) -> None:
        stranger = Database.open(where)
        with stranger.write() as tx:
            tx.execute(text("CREATE TABLE theirs (a INTEGER)"))
        with pytest.raises(Damaged, match="no revision"):
            migrate(stranger)
        with stranger.read() as tx:
            assert tx.execute(text("SELECT count(*) FROM theirs")).scalar() == 0
        stranger.close()

    def test_changed_views_are_made_anew(
        self, db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(VIEWS, "v_journal", "SELECT seq, 1 AS extra FROM journal")
        migrate(db)
        with db.read() as tx:
            columns = list(tx.execute(text("SELECT * FROM v_journal")).keys())
        assert columns == ["seq", "extra"]

    @pytest.mark.parametrize("view", sorted(VIEWS))
    def test_every_published_view_can_be_read(self, db: Database, view: str) -> None:
        with db.read() as tx:
            found = tx.execute(text(f"SELECT * FROM {view}"))  # noqa: S608 - our own names
            assert found.all() == []

    def test_the_view_of_campaigns_shows_the_status_of_the_latest_run(self, db: Database) -> None:
        with db.write() as tx:
            campaigns.add(tx, a_campaign())
            runs.add(tx, a_run("run_1", state="failed"))
            runs.add(tx, a_run("run_2", queued_at="2026-01-03T00:00:00.000000Z"))
        with db.read() as tx:
            assert tx.execute(text("SELECT status FROM v_campaigns")).scalar() == "queued"

    def test_a_block_that_raises_leaves_nothing(self, db: Database) -> None:
        with pytest.raises(ZeroDivisionError), db.write() as tx:  # noqa: PT012 - both are meant
            campaigns.add(tx, a_campaign())
            raise ZeroDivisionError
        with db.read() as tx:
            assert campaigns.listed(tx) == ()

    def test_a_reader_cannot_write(self, db: Database) -> None:
        with pytest.raises(Exception, match=r"(?i)read.?only"), db.read() as tx:  # noqa: PT012
            meta.put(tx, "a", "b")
            tx.commit()
        with db.read() as tx:
            assert meta.get(tx, "a") is None

    def test_a_reader_sees_one_moment(self, db: Database) -> None:
        with db.write() as tx:
            meta.put(tx, "a", "1")
        with db.read() as reader:
            assert meta.get(reader, "a") == "1"
            with db.write() as tx:
                meta.put(tx, "a", "2")
            assert meta.get(reader, "a") == "1"
        with db.read() as reader:
            assert meta.get(reader, "a") == "2"

    def test_writers_queue_and_lose_nothing(self, db: Database, where: str | Path) -> None:
        other = Database.open(where)

        def count(door: Database) -> None:
            for _ in range(25):
                with door.write() as tx:
                    meta.put(tx, "n", str(int(meta.get(tx, "n") or 0) + 1))

        threads = [threading.Thread(target=count, args=(door,)) for door in (db, db, other, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.close()
        with db.read() as tx:
            assert meta.get(tx, "n") == "100"

    def test_a_write_inside_a_write_is_a_mistake_that_is_told(self, db: Database) -> None:
        with db.write(), pytest.raises(RuntimeError, match="pass `tx` on"), db.write():
            pass

    def test_the_journal_is_a_chain(self, db: Database) -> None:
        with db.write() as tx:
            for number in range(4):
                payload = {"n": number, "x": 0.1, "é": None, "nan": float("nan")}
                journal.append(
                    tx, "queue.change", operator="me", subject="s", payload=payload, now=NOW
                )
        with db.read() as tx:
            found = journal.records(tx)
            assert [one.seq for one in found] == [1, 2, 3, 4]
            assert found[0].previous_hash == journal.GENESIS
            assert found[3].previous_hash == found[2].hash
            assert found[1].payload == {"n": 1, "x": 0.1, "é": None, "nan": None}
            assert found[0].ts == TS
            assert journal.verify(tx) is None
            assert journal.records(tx, after=2, limit=1)[0].seq == 3
            assert journal.records(tx, newest_first=True, limit=1)[0].seq == 4

    @pytest.mark.parametrize(
        "statement", ["UPDATE journal SET operator = 'x'", "DELETE FROM journal"]
    )
    def test_the_journal_is_append_only(self, db: Database, statement: str) -> None:
        with db.write() as tx:
            journal.append(tx, "queue.change", operator="me", subject="s", payload={}, now=NOW)
        with pytest.raises(DBAPIError, match="append-only"), db.write() as tx:
            tx.execute(text(statement))

    def test_campaigns_keep_what_they_were_given(self, db: Database) -> None:
        with db.write() as tx:
            campaigns.add(tx, a_campaign())
            assert campaigns.change(tx, "camp_1", version=1, priority=2, tags=["z"])
            assert not campaigns.change(tx, "camp_1", version=1, priority=9)
        with db.read() as tx:
            found = campaigns.get(tx, "camp_1")
        assert (found.priority, found.tags, found.version) == (2, ["z"], 2)

    def test_a_removed_campaign_stays_in_the_record(self, db: Database) -> None:
        with db.write() as tx:
            campaigns.add(tx, a_campaign(removed_at=TS))
        with db.read() as tx:
            assert campaigns.listed(tx) == ()
            assert campaigns.get(tx, "camp_1", removed=True).removed_at == TS
            with pytest.raises(NotFound):
                campaigns.get(tx, "camp_1")

    def test_a_run_changes_only_from_the_state_and_attempt_expected(self, db: Database) -> None:
        with db.write() as tx:
            campaigns.add(tx, a_campaign())
            runs.add(tx, a_run())
            assert runs.change(tx, "run_1", state="queued", to_state="running", to_attempt=1)
            assert not runs.change(tx, "run_1", state="queued", to_state="cancelled")
            assert not runs.change(tx, "run_1", attempt=7, generation=3)
            assert runs.change(tx, "run_1", attempt=1, generation=3)
        with db.read() as tx:
            found = runs.get(tx, "run_1")
        assert (found.state, found.attempt, found.generation, found.seed) == (
            "running",
            1,
            3,
            2**40,
        )

    def test_an_unknown_column_is_a_mistake_that_is_told(self, db: Database) -> None:
        with db.write() as tx, pytest.raises(ValueError, match="genration"):
            runs.change(tx, "run_1", genration=3)

    def test_runs_are_found_page_by_page(self, db: Database) -> None:
        with db.write() as tx:
            campaigns.add(tx, a_campaign())
            for number in range(5):
                runs.add(tx, a_run(f"run_{number}", state="failed" if number % 2 else "queued"))
        with db.read() as tx:
            first = runs.find(tx, limit=2)
            last = first[-1]
            second = runs.find(tx, limit=2, before=(last.queued_at, last.id))
            assert [one.id for one in (*first, *second)] == ["run_4", "run_3", "run_2", "run_1"]
            assert [one.id for one in runs.live(tx)] == ["run_0", "run_2", "run_4"]
            assert runs.count_by_state(tx) == {"queued": 3, "failed": 2}

    def test_a_run_needs_its_campaign(self, db: Database) -> None:
        with pytest.raises(IntegrityError), db.write() as tx:
            runs.add(tx, a_run())

    def test_a_seed_is_registered_once(self, db: Database) -> None:
        seed = Seed("c" * 64, "lin_1", 2**53, 0, "run_1", TS)
        with db.write() as tx:
            campaigns.register_seed(tx, seed)
            with pytest.raises(Conflict, match="registered already"):
                campaigns.register_seed(tx, seed)
            assert campaigns.registered_seeds(tx, "c" * 64, "lin_1") == (seed,)
            assert campaigns.registered_seeds(tx, "c" * 64, "lin_2") == ()

    def test_a_configuration_is_kept_once_under_its_hash(self, db: Database) -> None:
        version = ConfigVersion("c" * 64, "campaign", "Test", "text", TS)
        with db.write() as tx:
            assert campaigns.keep_config(tx, version)
            assert not campaigns.keep_config(tx, version)
            assert campaigns.config(tx, "c" * 64) == version
            with pytest.raises(NotFound):
                campaigns.config(tx, "d" * 64)

    def test_queue_changes_come_newest_first(self, db: Database) -> None:
        with db.write() as tx:
            for number in range(3):
                campaigns.record_change(
                    tx,
                    QueueChange(
                        f"qc_{number}", TS, "me", "add", "camp_1", {}, {"n": number}, "r", "i"
                    ),
                )
            found = campaigns.changes(tx, campaign_id="camp_1")
        assert [one.new["n"] for one in found] == [2, 1, 0]

    def test_incidents_by_state_severity_and_fingerprint(self, db: Database) -> None:
        with db.write() as tx:
            for number, severity in enumerate(("SEV-0", "SEV-2")):
                incidents.add(
                    tx,
                    Incident(
                        f"INC-{number}", f"f{number}", severity, "open", "s", {"a": [1]}, 1, TS, TS
                    ),
                )
            assert incidents.change(tx, "INC-0", state="open", to_state="resolved", cause="c")
            assert not incidents.change(tx, "INC-0", state="open", cause="other")
            assert [one.id for one in incidents.find(tx, states=incidents.OPEN)] == ["INC-1"]
            assert incidents.get(tx, "INC-0").details == {"a": [1]}

    def test_joined_lineages_are_one(self, db: Database) -> None:
        def lineage(name: str, into: str | None) -> Lineage:
            return Lineage(
                name, "real", "us", ["A"], "2000-01-01", "2001-01-01", "2000-06-01", into, TS
            )

        with db.write() as tx:
            for name, into in (
                ("lin_a", None),
                ("lin_b", "lin_a"),
                ("lin_c", "lin_b"),
                ("lin_d", None),
            ):
                snapshots.add_lineage(tx, lineage(name, into))
            assert snapshots.root(tx, "lin_c").id == "lin_a"
            assert snapshots.members(tx, "lin_b") == ("lin_a", "lin_b", "lin_c")
            assert snapshots.members(tx, "synthetic:null") == ("synthetic:null",)

    def test_the_head_is_the_last_revision_on_disk(self, db: Database) -> None:
        with db.read() as tx:
            found = tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
            assert found == [REVISIONS[-1]]
            counts = [
                tx.execute(select(func.count()).select_from(one)).scalar()
                for one in metadata.sorted_tables
            ]
        assert sum(int(one or 0) for one in counts) == 1  # the digest of the views

    def test_a_database_of_an_older_revision_keeps_its_rows(self, where: str | Path) -> None:
        older = Database.open(where)
        with older.write() as tx:
            config = Config()
            config.set_main_option("script_location", str(SCRIPTS))
            config.attributes["connection"] = tx
            command.upgrade(config, "0001")
        with older.write() as tx:
            table = Table("campaigns", MetaData(), autoload_with=tx)
            values = to_values(a_campaign(), campaigns._JSON)
            tx.execute(insert(table).values({key: values[key] for key in table.c.keys()}))  # noqa: SIM118 - of columns
        migrate(older)
        with older.write() as tx:
            assert [one.id for one in campaigns.listed(tx)] == ["camp_1"]
            data_sets.put(tx, "prices", TS, max_age_days=7.0, source={"kind": "import"})
            data_sets.put(tx, "prices", TS, max_age_days=None)
            assert data_sets.find(tx, "prices") == DataSet("prices", TS, {"kind": "import"}, None)
            context = MigrationContext.configure(tx, opts={"compare_type": True})
            ours = [one for one in compare_metadata(context, metadata) if "alembic" not in str(one)]
        assert ours == []
        older.close()
