"""A sealed window that was looked at closes, and later bars open a new one, by real children."""

import math
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.desks import HandClock, write_campaign

from omp.app import open_desk
from omp.domain.errors import Conflict, DataNotReady, InvalidInput
from omp.domain.holdout import level
from omp.market.catalog import Catalog
from omp.ops import data, ledger, queue, runs, windows, workspace
from omp.ops.children import DirectChildren
from omp.ops.desk import Desk
from omp.store import journal, snapshots
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store.looks import Look, Subject
from omp.wire.same_bars import sentences

DAYS = 1900


def write_prices(path: Path, bars: int) -> Path:
    """So many weekdays of one made-up series, the same bars whatever their number."""
    rng, price, day = random.Random(7), 100.0, date(2015, 1, 1)
    lines = ["timestamp,symbol,open,high,low,close,volume"]
    for _ in range(bars):
        close = price * math.exp(rng.gauss(0.0, 0.01))
        high, low = max(price, close) * 1.002, min(price, close) * 0.998
        volume = rng.randint(10_000, 20_000)
        lines.append(f"{day},COIN,{price:.6f},{high:.6f},{low:.6f},{close:.6f},{volume}")
        price, day = close, day + timedelta(days=3 if day.weekday() == 4 else 1)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    root = tmp_path / "workspace"
    workspace.create(root, demo=False, idle=True, operator="tester")
    opened = open_desk(root, operator="tester", clock=HandClock())
    yield opened
    opened.db.close()


def take_in(desk: Desk, bars: int) -> snapshots.Snapshot:
    path = write_prices(desk.workspace.root / "coin.csv", bars)
    options = ("--venue", "synthetic", "--timeframe", "1d", "--accept", "off_calendar")
    return data.import_files(
        desk, DirectChildren(desk.workspace), path, name="coin", options=options
    )


def look_at(desk: Desk, *, done: bool = True) -> Look:
    """Grant and take one look, as its rows have it."""
    name = f"one-{desk.clock.monotonic():.0f}"
    path = write_campaign(desk.workspace.root, name, source="coin", market="synthetic")
    added = queue.add(desk, name=name, config_path=path)
    claimed = runs.claim(desk, str(added.run_id))
    lineage = str(claimed.run.lineage)
    with desk.write() as tx:
        budget = ledger.budget_of(tx, desk, lineage)
        look = Look(
            look_id=f"look_{budget.next_ordinal}_{name}",
            window=budget.window,
            lineage=lineage,
            ordinal=budget.next_ordinal,
            level=budget.next_level,
            run_id=claimed.run.id,
            candidate_id=f"ens_{name}",
            subject_digest="a" * 64,
            behaviour_hash=name,
            state="taken",
            grant="{}",
            granted_at=desk.clock.iso(),
        )
        subject = Subject(
            f"ens_{name}", claimed.run.id, lineage, "a" * 64, name, 1.0, "b" * 64, desk.clock.iso()
        )
        look_rows.grant(tx, look, subject)
        run_rows.change(tx, claimed.run.id, to_state="completed", stage="done" if done else "look")
    desk.clock.wait(3600.0)
    return look


def test_later_bars_open_a_new_window_and_the_old_one_joins_the_mining_part(desk: Desk) -> None:
    first = take_in(desk, 1300)
    lineage = first.lineage
    before = windows.window(desk, lineage)
    assert not before.may_open
    assert "no look has been taken" in before.why
    old = look_at(desk)
    assert old.level == pytest.approx(level(1, alpha=0.05))
    second = take_in(desk, DAYS)
    assert second.boundary == first.boundary
    standing = windows.window(desk, lineage)
    assert standing.may_open, standing.why
    assert standing.looked_to is not None
    assert standing.looked_to[:10] == first.manifest["last"][:10]

    with pytest.raises(InvalidInput, match="without a reason"):
        windows.open_window(desk, "coin", reason=" ", children=DirectChildren(desk.workspace))
    opened = windows.open_window(
        desk, "coin", reason="600 new days", children=DirectChildren(desk.workspace)
    )
    assert opened.boundary[:10] == str(
        date.fromisoformat(first.manifest["last"][:10]) + timedelta(days=1)
    )
    catalog = Catalog(desk.workspace.root)
    now = catalog.resolve("coin")
    assert now.boundary == opened.boundary
    mining, sealed = catalog.open_mining(now.digest), catalog.open_sealed(now.digest)
    assert (len(mining), len(sealed)) == (1300, DAYS - 1300)

    budget = ledger.budget(desk, lineage)
    assert (budget.looks, budget.spent, budget.next_ordinal) == (0, 0, 1)
    assert budget.window != old.window
    fresh = look_at(desk)
    assert (fresh.ordinal, fresh.level) == (1, pytest.approx(old.level))
    with desk.read() as tx:
        assert len(look_rows.subjects_of(tx, snapshots.members(tx, lineage))) == 2
        assert journal.verify(tx) is None
    with pytest.raises(Conflict, match="0 days with bars after"):
        windows.open_window(desk, lineage, reason="again", children=DirectChildren(desk.workspace))


def test_what_was_cut_before_the_opening_and_comes_in_late_moves_nothing_back(desk: Desk) -> None:
    lineage = take_in(desk, 1300).lineage
    old = look_at(desk)
    take_in(desk, DAYS)
    path = write_prices(desk.workspace.root / "late.csv", 1290)
    options = ["--venue", "synthetic", "--timeframe", "1d", "--accept", "off_calendar"]
    args = ["data", "import", str(path), "--name", "late", "--symbol", "COIN", *options]
    where = ["--workspace", str(desk.workspace.root)]
    log = desk.workspace.logs / "late.log"
    DirectChildren(desk.workspace).run([*args, *data.sealing(desk), *where], log=log)
    opened = windows.open_window(
        desk, lineage, reason="600 new days", children=DirectChildren(desk.workspace)
    )
    with desk.write() as tx:
        late = snapshots.get(tx, str(data.resolve(desk, tx, "late").digest))
        data.write_lineages(desk, tx)
    assert late.boundary < opened.boundary
    assert windows.window(desk, lineage).boundary == opened.boundary
    budget = ledger.budget(desk, lineage)
    assert (budget.looks, budget.next_ordinal) == (0, 1)
    assert budget.window != old.window
    with pytest.raises(DataNotReady, match="sealed"):
        take_in(desk, 1290)
    assert take_in(desk, DAYS + 1).boundary == opened.boundary


def test_the_same_bars_under_another_name_share_the_looks(desk: Desk) -> None:
    first = take_in(desk, 1300)
    look_at(desk)
    text = write_prices(desk.workspace.root / "coin.csv", 1250).read_text()
    path = desk.workspace.root / "coin_daily.csv"
    path.write_text(text.replace("COIN", "coin_daily"))
    options = ("--venue", "synthetic", "--timeframe", "1d", "--accept", "off_calendar")
    renamed = data.import_files(
        desk, DirectChildren(desk.workspace), path, name="renamed", options=options
    )
    assert renamed.instruments == ["coin_daily"]
    assert (renamed.lineage, renamed.boundary) == (first.lineage, first.boundary)
    assert ledger.budget(desk, renamed.lineage).next_ordinal == 2
    (sentence,) = sentences(renamed.manifest)
    assert f"lineage {first.lineage} under another name (coin_daily = COIN)" in sentence


def test_too_few_later_bars_or_a_run_at_the_gates_open_none(desk: Desk) -> None:
    lineage = take_in(desk, 1300).lineage
    look_at(desk, done=False)
    take_in(desk, 1400)
    children = DirectChildren(desk.workspace)
    with pytest.raises(Conflict, match="a new window needs 250"):
        windows.open_window(desk, lineage, reason="too early", children=children)
    take_in(desk, DAYS)
    with pytest.raises(Conflict, match="on its way through the gates"):
        windows.open_window(desk, lineage, reason="too early", children=children)


def test_interrupted_between_boundary_and_cut_it_goes_on_when_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lineage = take_in(desk, 1300).lineage
    look_at(desk)
    take_in(desk, DAYS)
    with monkeypatch.context() as patched:
        patched.setattr(data, "publish", lambda *_: (_ for _ in ()).throw(OSError("power")))
        with pytest.raises(OSError, match="power"):
            windows.open_window(
                desk, lineage, reason="new days", children=DirectChildren(desk.workspace)
            )
    assert ledger.budget(desk, lineage).looks == 0
    children = DirectChildren(desk.workspace)
    opened = windows.open_window(desk, lineage, reason="new days", children=children)
    assert len(opened.cut) == 1
    assert Catalog(desk.workspace.root).resolve("coin").boundary == opened.boundary
