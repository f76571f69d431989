"""Each way of losing, doubling or hiding something that is known to us, planted in the code.

As in `test_gate_mutants`: one line of the product is changed in a copy, and the named tests, which
pass on the product, must fail on the copy. Those of `LONG` take a campaign each: `./test --long`.
"""

import shutil
from pathlib import Path

import pytest
from tests.mutants.test_gate_mutants import Mutant, overlay, run_tests

SYNCS = "tests/integration/test_order_of_syncs.py"
CHECKER = "tests/long/test_checker.py::test_a_whole_workspace_passes"
CONTRACT = (
    "tests/integration/test_store_contract.py"
    "::TestStore::test_a_run_changes_only_from_the_state_and_attempt_expected"
)
TRASH = "tests/laws/test_never_delete_artifacts_without_retention_policy.py"
EXECUTOR = "tests/unit/daemon/test_local_executor.py"
OWNER = "tests/unit/daemon/test_ownership.py"
CLOCKS = "tests/unit/daemon/test_clocks.py"
DATABASE = "tests/unit/store/test_database.py"
PACKING = "tests/unit/store/test_packing.py"
ARCHIVE = "tests/unit/ops/test_archive.py"
BIN = "tests/unit/ops/test_trash.py::test_the_trash_holds_a_run_for_a_day"

MUTANTS = (
    Mutant(
        "the folder of an entry's new place is not synced",
        "store/vault.py",
        "        sync_folder(target.parent)\n",
        "        pass\n",
        (SYNCS,),
    ),
    Mutant(
        "an entry is put in its place before its files are synced",
        "store/vault.py",
        "        file.flush()\n        os.fsync(file.fileno())\n",
        "        file.flush()\n",
        (SYNCS,),
    ),
    Mutant(
        "a file is renamed before it is synced",
        "domain/durable.py",
        "                os.fsync(file.fileno())\n            temporary.replace(path)",
        "            temporary.replace(path)",
        (SYNCS,),
    ),
    Mutant(
        "a charge is not synced",
        "domain/durable.py",
        "                if durable:\n                    os.fsync(file.fileno())",
        "                if durable:\n                    file.flush()",
        (SYNCS,),
    ),
    Mutant(
        "a line whose sync failed counts as written",
        "domain/durable.py",
        "                os.ftruncate(file.fileno(), before)\n",
        "",
        (SYNCS,),
    ),
    Mutant(
        "a commit is told as failed because its anchor was refused",
        "ops/desk.py",
        "            fault = error\n",
        "            raise error\n",
        ("tests/unit/ops/test_refused.py",),
    ),
    Mutant(
        "a back-off does not follow the date",
        "ops/queue_dates.py",
        "            moved += rows.change(tx, run.id, state=run.state, not_before=later)\n",
        "            moved += 1\n",
        (f"{CLOCKS}::test_a_back_off_keeps_its_length_and_a_run_its_progress_when_the_date_is_set",),
    ),
    Mutant(
        "a record that a disk once refused is never taken up again",
        "store/database.py",
        "            self._failed = None\n        return True\n",
        "        return True\n",
        (DATABASE,),
    ),
    Mutant(
        "a commit may be lost in a power cut",
        "store/database.py",
        '        "synchronous=FULL",\n',
        '        "synchronous=NORMAL",\n',
        (DATABASE,),
    ),
    Mutant(
        "the head of the journal is not anchored",
        "ops/desk.py",
        "            yield tx\n        self.anchor()\n",
        "            yield tx\n",
        (CHECKER, SYNCS),
    ),
    Mutant(
        "a spent fencing token still counts",
        "store/runs.py",
        "        query = query.where(runs.c.attempt == attempt)\n",
        "        pass\n",
        (f"{CONTRACT}[sqlite]",),
    ),
    Mutant(
        "an entry's row is not sealed",
        "store/hall.py",
        "        return replace(self, row_hash=self.expected_hash)",
        '        return replace(self, row_hash="0" * 64)',
        (CHECKER,),
    ),
    Mutant(
        "an entry is not posted to the mirror",
        "ops/entries.py",
        "        post_entry(desk, tx, entry)\n",
        "",
        (CHECKER,),
    ),
    Mutant(
        "what is deleted does not go by way of the trash",
        "store/shredder.py",
        "        os.rename(name, name, src_dir_fd=handle, dst_dir_fd=bin_handle)\n",
        "        _take_apart(handle, name)\n",
        (TRASH,),
    ),
    Mutant(
        "a link below what is deleted is followed",
        "store/shredder.py",
        "            if stat.S_ISLNK(mode):\n",
        "            if False:\n",
        (TRASH,),
    ),
    Mutant(
        "two daemons may own one workspace",
        "daemon/ownership.py",
        "        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "        pass\n",
        (OWNER,),
    ),
    Mutant(
        "a slot holds two children",
        "daemon/executors/local.py",
        "            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
        (EXECUTOR,),
    ),
    Mutant(
        "a plain file goes before the name of its compressed form is durable",
        "store/packing.py",
        '    os.fsync(folder)\n    hit("retention.pack_placed")\n',
        '    hit("retention.pack_placed")\n',
        (PACKING,),
    ),
    Mutant(
        "a compressed form is not compared with what it was made of",
        "store/packing.py",
        "            is_same = unpacked_digest(name, there) == digest\n",
        "            is_same = True\n",
        (PACKING,),
    ),
    Mutant(
        "an archived copy is not read again",
        "store/shelving.py",
        "        fault = _differ(take_down(root), files)\n",
        "        fault = None\n",
        (f"{ARCHIVE}::test_a_copy_that_is_not_the_same_is_never_trusted",),
    ),
    Mutant(
        "a directory goes though its archived copy is not whole",
        "ops/run_moves.py",
        "    if fault is not None:\n",
        "    if False:\n",
        (f"{ARCHIVE}::test_the_directory_stays_while_the_archived_copy_is_not_whole",),
    ),
    Mutant(
        "the trash holds nothing",
        "ops/trash.py",
        "    before = None if now else ",
        "    before = None if True else ",
        (BIN,),
    ),
)  # fmt: skip

CRASH = "tests/integration/test_promotion_crash.py::test_a_kill_neither_loses_nor_doubles_an_entry"
DAEMON = (
    "tests/integration/test_daemon_crash.py"
    "::test_a_kill_between_two_steps_neither_loses_nor_doubles"
)

LONG = (
    Mutant(
        "a delivery is a plain insert",
        "store/mirror.py",
        '    "ON CONFLICT (candidate_id) DO UPDATE SET "\n',
        '    "ON CONFLICT (workspace) DO UPDATE SET "\n',
        (f"{CRASH}[outbox.after_commit]",),
    ),
    Mutant(
        "a look that was granted is forgotten and granted again",
        "ops/promotion_late.py",
        "        look = look_rows.of_run(tx, run.id)\n        why = None",
        "        look = None\n        why = None",
        (f"{CRASH}[promotion.after_grant]",),
    ),
    Mutant(
        "a run whose child cannot be known stays running",
        "daemon/supervisor.py",
        "            if run.id not in mine:\n                self._take_over(run)",
        "            if run.id not in mine:\n                pass",
        (f"{DAEMON}[run.claimed]",),
    ),
    Mutant(
        "a commit may be lost in a power cut, and one is",
        "store/database.py",
        '        "synchronous=FULL",\n',
        '        "synchronous=OFF",\n',
        ("tests/long/test_quick_campaigns.py::test_a_power_cut_loses_nothing_that_was_acknowledged",),
    ),
)  # fmt: skip


def test_the_named_tests_pass_on_the_product() -> None:
    names = tuple(sorted({name for one in MUTANTS for name in one.tests}))
    done = run_tests(names, None)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    notice(mutant, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("mutant", LONG, ids=lambda one: one.name)
def test_is_noticed_by_a_campaign(mutant: Mutant, tmp_path: Path) -> None:
    notice(mutant, tmp_path)


def notice(mutant: Mutant, folder: Path) -> None:
    """The tests that are named must fail on the mutant."""
    done = run_tests(mutant.tests, overlay(mutant, folder))
    shutil.rmtree(folder / "omp")
    assert done.returncode == 1, f"{mutant.name}: nobody noticed\n{done.stdout[-2000:]}"
    assert " failed" in done.stdout
