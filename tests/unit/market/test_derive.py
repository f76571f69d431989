"""Longer bars, universes and yields of cash: worked by hand, and against real daily bars."""

import os
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from omp.domain.errors import DataNotReady, InvalidInput
from omp.domain.timeframes import timeframe_of
from omp.market.acquire import panel_from_table
from omp.market.bars import FIELDS, Bars, make_panel
from omp.market.cash import read_yields, with_yields
from omp.market.derive import Change, derive, prepare
from omp.market.examine import Request, read_request
from omp.market.importers import Options
from omp.market.resample import resample
from omp.market.universes import ibov, members, read_membership, sessions
from omp.market.venues import venue

DATA = os.environ.get("OMP_TEST_DATA", "")
real = pytest.mark.skipif(not DATA, reason="OMP_TEST_DATA does not name the shared real data")
MINUTE_NS = 60_000_000_000
FAR = 2**62


def instant(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def minutes(first: str, count: int, symbol: str = "AAA") -> Bars:
    stamps = instant(first) + MINUTE_NS * np.arange(count)
    close = np.arange(1.0, count + 1)
    return Bars(symbol, stamps, close, close + 0.5, close - 0.5, close, np.ones(count))


def test_steps_count_from_the_opening_and_the_last_may_be_shorter() -> None:
    us = venue("us")
    day = minutes("2013-10-07T13:30", 390)  # 09:30 to 16:00 in New York's summer
    (hour,) = resample([day], "1m", "1h", us, boundary_ns=FAR)
    assert [str(one.astype("datetime64[ns]"))[11:16] for one in hour.timestamp] == [
        *("13:30", "14:30", "15:30", "16:30", "17:30", "18:30", "19:30")
    ]
    assert hour.volume.tolist() == [60.0] * 6 + [30.0]
    assert (hour.open[0], hour.high[0], hour.low[0], hour.close[0]) == (1.0, 60.5, 0.5, 60.0)
    (daily,) = resample([hour], "1h", "1d", us, boundary_ns=FAR)
    assert daily.timestamp.tolist() == [instant("2013-10-07")]
    assert (daily.open[0], daily.high[0], daily.low[0], daily.close[0]) == (1.0, 390.5, 0.5, 390.0)
    assert daily.volume.tolist() == [390.0]


def test_summer_time_half_days_and_bars_outside_the_session() -> None:
    us = venue("us")
    friday = minutes("2013-11-01T13:30", 390)  # summer time's last session
    monday = minutes("2013-11-04T14:30", 390)  # winter time: one hour later in UTC
    (both,) = resample([friday.followed_by(monday)], "1m", "30m", us, boundary_ns=FAR)
    assert len(both) == 26
    assert str(both.timestamp[13:14].astype("datetime64[ns]")[0])[:16] == "2013-11-04T14:30"
    half = minutes("2013-11-29T14:00", 300)  # from half an hour before to 19:00; closed at 18:00
    (day,) = resample([half], "1m", "1d", us, boundary_ns=FAR)
    assert (day.open[0], day.close[0], day.volume[0]) == (31.0, 240.0, 210.0)


def test_a_session_that_is_cut_off_is_not_made() -> None:
    us = venue("us")
    whole, cut = minutes("2013-10-07T13:30", 390), minutes("2013-10-08T13:30", 380)
    (made,) = resample([whole.followed_by(cut)], "1m", "1d", us, boundary_ns=FAR)
    assert made.timestamp.tolist() == [instant("2013-10-07")]
    with pytest.raises(DataNotReady, match="no whole session"):
        resample([cut], "1m", "1d", us, boundary_ns=FAR)


def test_no_bar_holds_both_sides_of_the_boundary() -> None:
    us = venue("us")
    days = minutes("2013-10-07T13:30", 390).followed_by(minutes("2013-10-08T13:30", 390))
    days = days.followed_by(minutes("2013-10-09T13:30", 390))
    boundary_ns = instant("2013-10-08T15:00")
    (made,) = resample([days], "1m", "1d", us, boundary_ns=boundary_ns)
    assert made.timestamp.tolist() == [instant("2013-10-07"), instant("2013-10-09")]
    on_edge = instant("2013-10-08T13:30")
    (made,) = resample([days], "1m", "1h", us, boundary_ns=on_edge)
    assert len(made) == 21


def test_only_whole_multiples_are_made() -> None:
    bars = [minutes("2013-10-07T13:30", 390)]
    assert timeframe_of("5min") == "5m"
    with pytest.raises(InvalidInput, match="1d"):
        resample(bars, "10m", "15m", venue("us"), boundary_ns=FAR)
    with pytest.raises(InvalidInput):
        resample(bars, "1d", "1h", venue("us"), boundary_ns=FAR)
    with pytest.raises(InvalidInput):
        timeframe_of("2w")


@real
def test_hours_make_the_days_that_lean_has() -> None:
    """SPY, AAPL, AIG, BAC, IBM by hour give LEAN's own daily bars; see docs/how-to/adjust.md."""
    us, root = venue("us"), Path(DATA) / "us_lean"
    for symbol in ("spy", "aapl", "aig", "bac", "ibm"):
        found = []
        for folder, timeframe in (("hour", "1h"), ("daily", "1d")):
            options = Options(timeframe=timeframe, timezone="", adjust=False)
            raw, _ = read_request(Request(root / folder / f"{symbol}.zip", options=options))
            found.append(panel_from_table(raw.frame, us, timeframe).bars[0])
        (made,) = resample([found[0]], "1h", "1d", us, boundary_ns=FAR)
        days, mine, theirs = np.intersect1d(made.timestamp, found[1].timestamp, return_indices=True)
        assert days.size == len(made) == len(found[1]), symbol
        for name, least in (("open", 1.0), ("high", 0.999), ("low", 0.999), ("close", 0.996)):
            ratio = getattr(made, name)[mine] / getattr(found[1], name)[theirs]
            share = float(np.mean(np.abs(ratio - 1.0) < 5e-4))
            assert share >= least, (symbol, name, share)


def membership(folder: Path, *rows: str) -> Path:
    path = folder / "members.csv"
    path.write_text("\n".join(["ticker,start_date,end_date", *rows]), encoding="utf-8")
    return path


def test_each_spell_is_a_series_of_its_own(made, tmp_path: Path) -> None:
    (bars,) = made(("AAL",), n_bars=1000).bars
    path = membership(tmp_path, "AAL,2010-02-01,2010-03-01", "AAL,2012-01-02,", "ZZZ,2010-01-01,")
    found = members(read_membership(path, "sp500"), [bars], [sessions_of(bars)])
    assert [one.symbol for one in found] == ["AAL", "AAL_2"]
    assert found[0].timestamp[0] == instant("2010-02-01")
    assert found[0].timestamp[-1] == instant("2010-02-26")  # the end is the first day outside
    assert found[1].timestamp[0] == instant("2012-01-02")
    assert found[1].timestamp[-1] == bars.timestamp[-1]


def sessions_of(bars: Bars) -> np.ndarray:
    return sessions(bars.timestamp, "1d", venue("us"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("A,2010-01-01,2009-01-01",), "line 2"),
        (("A,gestern,",), "line 2"),
        (("A,2010-01-01,2011-01-01", "A,2010-06-01,"), "overlap"),
    ],
)
def test_a_faulty_membership_file_is_refused(tmp_path: Path, rows, said: str) -> None:
    with pytest.raises(DataNotReady, match=said):
        read_membership(membership(tmp_path, *rows), "sp500")


def test_the_ibovespa_is_a_list_of_one_day() -> None:
    assert len(ibov().spells) == 81
    assert not ibov().is_point_in_time


@real
def test_real_memberships_are_read() -> None:
    found = read_membership(Path(DATA) / "us_universe" / "sp500_ticker_start_end.csv", "sp500")
    on = date(2010, 1, 4)
    held = [t for t, own in found.spells.items() if any(a <= on < b for a, b in own)]
    assert 490 <= len(held) <= 510
    assert found.spells["AAL"][0] == (date(1996, 1, 2), date(1997, 1, 15))


def yields(folder: Path, *rows: str) -> Path:
    path = folder / "yields.csv"
    path.write_text("\n".join(["date,annual_yield_pct", *rows]), encoding="utf-8")
    return path


def test_cdi_compounds_business_days_and_is_earned_after_its_date(made, tmp_path: Path) -> None:
    panel = made(("AAA",), n_bars=4)  # 1, 4, 5, 6 January 2010
    path = yields(tmp_path, "2009-12-31,10", "2010-01-01,20", "2010-01-04,30", "2010-01-05,40")
    paid = with_yields(panel, read_yields(path, "cdi"), panel.timestamp // 86_400_000_000_000)
    by_hand = [1.1 ** (1 / 252) - 1, 1.2 ** (1 / 252) - 1, 1.3 ** (1 / 252) - 1]
    assert paid.cash[:3].tolist() == pytest.approx(by_hand, rel=1e-9)
    assert paid.cash[3] == pytest.approx(1.4 ** (1 / 252) - 1, rel=1e-9)


def test_a_bill_counts_calendar_days(made, tmp_path: Path) -> None:
    panel = made(("AAA",), n_bars=3)
    path = yields(tmp_path, "2009-12-30,3.65", "2010-01-20,3.65")
    paid = with_yields(panel, read_yields(path, "tbill"), panel.timestamp // 86_400_000_000_000)
    worth = [1 + 0.0365 * days / 365 for days in (1, 2, 5, 6)]  # 31 Dec, 1, 4, 5 January
    by_hand = [later / earlier - 1 for earlier, later in pairwise(worth)]
    assert paid.cash.tolist() == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("2010-01-02,10", "2010-01-01,10"), "line 3"),
        (("2010-01-01,ten",), "line 2"),
        (("2010-01-01,10", "2010-06-01,10"), "nothing between"),
    ],
)
def test_a_faulty_table_of_yields_is_refused(tmp_path: Path, rows, said: str) -> None:
    with pytest.raises(DataNotReady, match=said):
        read_yields(yields(tmp_path, *rows), "cdi")
    with pytest.raises(InvalidInput, match="day count"):
        read_yields(yields(tmp_path, "2010-01-01,10"), "mine")


def test_yields_must_cover_the_bars(made, tmp_path: Path) -> None:
    panel = made(("AAA",), n_bars=300)
    table = read_yields(yields(tmp_path, "2010-01-04,10", "2010-01-05,10"), "cdi")
    with pytest.raises(DataNotReady, match="reach from"):
        with_yields(panel, table, panel.timestamp // 86_400_000_000_000)


def test_a_derived_data_set_keeps_lineage_boundary_and_parent(
    made, published, tmp_path: Path
) -> None:
    panel = made(("AAA", "BBB"), n_bars=1200)
    catalog, parent = published(panel)
    days = np.arange("2009-12-31", "2015-12-31", dtype="datetime64[D]")
    path = yields(tmp_path, *(f"{day},5" for day in days[np.is_busday(days)]))
    change = Change(yields=path, cash="cdi", universe="mine", symbols=("AAA",))
    child = derive(catalog, "made", change, name="child")
    assert child.boundary == parent.boundary
    assert child.lineage == parent.lineage
    assert child.manifest["parents"] == [parent.digest]
    assert child.manifest["cash"]["name"] == "cdi"
    assert child.manifest["universe"]["point_in_time"] is False
    assert child.symbols == ("AAA",)
    opened = catalog.open_mining(child.digest)
    assert opened.cash[:200] == pytest.approx(np.full(200, 1.05 ** (1 / 252) - 1))
    with pytest.raises(InvalidInput, match="nothing"):
        derive(catalog, "made", Change(), name="child")


def repeating(panel, *rows: int):
    """The panel with lone bars that repeat the one before them, which is flagged and no fault."""
    first, *others = panel.bars
    fields = {name: getattr(first, name).copy() for name in FIELDS}
    for row in rows:
        for column in fields.values():
            column[row] = column[row - 1]
    bars = [replace(first, **fields), *others]
    return make_panel(bars, panel.timeframe, panel.venue, panel.periods_per_year)


def test_a_stored_snapshot_is_repaired_as_a_new_one_with_its_parent(
    made, published, tmp_path: Path
) -> None:
    panel = repeating(made(("AAA", "BBB"), n_bars=1200), 300, 1100)
    catalog, parent = published(panel)
    before = parent.manifest_path.read_bytes()
    change = Change(repair=("repeat",))
    tried = prepare(catalog, "made", change)
    assert tried.certificate.ready is False  # each symbol now lacks two sessions
    assert {one.rule for one in tried.certificate.faults} == {"gap"}
    assert catalog.sets.names() == ("made",)
    with pytest.raises(DataNotReady, match="gap: AAA"):
        derive(catalog, "made", change, name="mended")
    child = derive(catalog, "made", change, name="mended", accept=["gap"])
    assert child.manifest["parents"] == [parent.digest]
    assert child.boundary == parent.boundary
    (told,) = child.manifest["repairs"]
    assert (told["rule"], told["symbol"], told["bars"]) == ("repeat", "AAA", 2)
    assert child.manifest["source"]["provenance"]["parent"] == parent.digest
    lacking = np.setdiff1d(panel.bars[0].timestamp, catalog.whole("mended").bars[0].timestamp)
    assert lacking.tolist() == panel.timestamp[[300, 1100]].tolist()
    assert len(catalog.whole("mended").bars[1]) == 1200
    assert parent.manifest_path.read_bytes() == before
    assert catalog.resolve("made").digest == parent.digest
    with pytest.raises(InvalidInput, match="names no bar"):
        derive(catalog, "mended", change, name="again")


def test_what_is_known_of_the_parent_is_asked_of_the_child(made, published) -> None:
    panel = repeating(made(("AAA", "BBB", "CCC", "DDD", "EEE"), n_bars=1200), 300)
    catalog, _ = published(panel, remarks={"prices": {"adjusted": True}})
    child = prepare(catalog, "made", Change(repair=("repeat",)), accept=["gap"])
    assert {one.rule for one in child.certificate.flags} == {"survivorship"}
    plain = prepare(
        catalog, "made", Change(universe="few", symbols=("AAA", "BBB", "CCC", "DDD", "EEE"))
    )
    assert {one.rule for one in plain.certificate.flags} == {"survivorship", "repeat"}


def test_members_by_date_are_no_survivors(made, published, tmp_path: Path) -> None:
    names = ("AAA", "BBB", "CCC", "DDD", "EEE")
    catalog, _ = published(made(names, n_bars=1200))
    path = membership(tmp_path, *(f"{name},2009-01-01," for name in names), "ZZZ,2009-01-01,")
    change = Change(universe="few", membership=path)
    flags = {one.rule: one for one in prepare(catalog, "made", change).certificate.flags}
    assert "survivorship" not in flags
    assert "ZZZ" in flags["absent_members"].detail
    derive(catalog, "made", change, name="few")
    later = prepare(catalog, "few", Change(universe="two", symbols=("AAA", "BBB")))
    assert "survivorship" not in {one.rule for one in later.certificate.flags}


def test_a_universe_of_all_symbols_is_another_snapshot_than_its_parent(made, published) -> None:
    catalog, parent = published(made(("AAA", "BBB"), n_bars=1200))
    everyone = derive(
        catalog, "made", Change(universe="all", symbols=("AAA", "BBB")), name="everyone"
    )
    assert everyone.digest != parent.digest
    assert everyone.manifest["content"] == parent.manifest["content"]
    assert catalog.resolve("everyone").manifest["universe"]["name"] == "all"
    assert catalog.resolve("made").manifest.get("universe") is None
    catalog.verify(everyone.digest)


def test_yields_of_cash_go_on_into_what_is_made_later(made, published, tmp_path: Path) -> None:
    panel = repeating(made(("AAA",), n_bars=1200), 300)
    catalog, _ = published(panel)
    days = np.arange("2009-12-31", "2015-12-31", dtype="datetime64[D]")
    path = yields(tmp_path, *(f"{day},5" for day in days[np.is_busday(days)]))
    derive(catalog, "made", Change(yields=path, cash="cdi"), name="paid")
    child = derive(catalog, "paid", Change(repair=("repeat",)), name="mended", accept=["gap"])
    assert child.manifest["cash"]["name"] == "cdi"
    cash, before = catalog.open_mining("mended").cash, catalog.open_mining("paid").cash
    assert cash[:300].tolist() == before[:300].tolist()
    assert cash[300] == pytest.approx((1 + before[300]) * (1 + before[301]) - 1, rel=1e-12)
    assert cash[301:].tolist() == before[302:].tolist()
