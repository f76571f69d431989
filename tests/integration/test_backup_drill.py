"""The drill: backed up while a daemon mines, restored elsewhere, started; mining goes on there."""

import threading
from pathlib import Path

from tests.unit.daemon.shop import Shop

from omp.ops import backup, incidents
from omp.ops.backup import Backup
from omp.ops.backup_restore import restore
from omp.ops.eligibility import frozen_because
from omp.store import journal, looks, seals


def test_a_backup_of_a_mining_workspace_mines_elsewhere(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "here", "generations=8,gate")
    made: list[Backup] = []
    try:
        shop.add()
        shop.turn_until(lambda: (shop.run().generation or 0) >= 3)
        copying = threading.Thread(target=lambda: made.append(backup.make(shop.desk)))
        copying.start()
        shop.turn_until(lambda: not copying.is_alive())
        assert shop.run().state == "running", "mining went on"
        (shop.root / "go").touch()
        before = shop.turn_until_state("completed")
    finally:
        shop.close()

    done = restore(Path(made[0].file), tmp_path / "there")
    assert done.frozen, "the old workspace went on after the backup"
    other = Shop(tmp_path / "there", "generations=8")
    try:
        assert other.run().pid is None, "no process of the old place is taken for its own"
        after = other.turn_until_state("completed")
        assert (after.id, after.seed) == (before.id, before.seed)
        with other.desk.read() as tx, shop.desk.read() as there:
            assert journal.verify(tx) is None
            assert list(seals.broken(tx)) == []
            assert looks.counts(tx) == looks.counts(there)
            assert frozen_because(other.desk, tx)
        (told,) = incidents.frozen(other.desk)
        words = {"cause": "a drill", "resolution": "restored", "prevention": "drills"}
        incidents.resolve(other.desk, told.id, **words)
        with other.desk.read() as tx:
            assert frozen_because(other.desk, tx) is None
    finally:
        other.close()
