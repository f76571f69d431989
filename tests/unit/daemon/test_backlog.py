"""Runs that finish faster than they are judged hold new ones back, and people hold back none."""

from collections.abc import Callable

from tests.unit.daemon.shop import Shop

from omp.domain.errors import Damaged
from omp.ops import backlog, miner, queue
from omp.ops import promotion_record as record
from omp.store import runs as rows
from omp.web import miner_page

Open = Callable[..., Shop]
SETTINGS = "[limits]\nmax_cpu_util_pct = 100\nmax_unjudged_runs = 2\n"


def completed(shop: Shop) -> list[rows.Run]:
    return [one for one in shop.runs() if one.state == "completed"]


def judge_one(shop: Shop) -> None:
    run_id = shop.pending(shop.desk)[-1]
    shop.advance(shop.desk, run_id, shop.loop._children)


def turns(shop: Shop, number: int = 5) -> None:
    for _ in range(number):
        shop.desk.wake.set()
        shop.loop.turn()


def test_mining_waits_for_the_judging_and_says_so(open_shop: Open) -> None:
    shop = open_shop("generations=1", settings=SETTINGS)
    campaign = shop.add(repeat=True)
    shop.mine()
    shop.turn_until(lambda: len(completed(shop)) == 3)
    turns(shop)
    assert [one.state for one in shop.runs()] == ["completed"] * 3 + ["queued"]
    said = "3 finished runs wait to be judged"
    status = miner.status(shop.desk)
    assert said in status["blocked"][0]
    assert any(said in one for one in queue.why(shop.desk, campaign).reasons)
    assert said in miner_page.current(shop.desk, status, None)["idle"]
    assert shop.kinds().count("watchdog.action") == 1
    judge_one(shop)
    turns(shop)
    assert len(shop.runs()) == 4, "at the limit it still waits: it begins again at half of it"
    assert shop.runs()[-1].state == "queued"
    judge_one(shop)
    shop.turn_until(lambda: len(completed(shop)) == 4)


def test_the_loop_goes_on_as_soon_as_the_judging_has_caught_up(open_shop: Open) -> None:
    shop = open_shop("generations=1", settings=SETTINGS + "[loop]\ninterval_s = 600\n")
    shop.add(repeat=True)
    shop.mine()
    shop.turn_until(lambda: len(completed(shop)) == 3)
    turns(shop)
    shop.loop._promoter.work()
    shop.turn_until(lambda: len(completed(shop)) == 4)


def test_what_waits_for_a_person_holds_nothing_back(open_shop: Open) -> None:
    shop = open_shop("generations=1", settings=SETTINGS)
    shop.add(repeat=True)
    shop.mine()
    shop.turn_until(lambda: len(completed(shop)) == 3)
    assert backlog.unjudged(shop.desk, 2) == 3
    signed, failed, _ = completed(shop)
    with shop.desk.write() as tx:
        rows.change(tx, signed.id, outcome="waiting")
    for _ in range(record.MAX_FAILURES):
        record.count_failure(shop.desk, failed, Damaged("a file", remedy="look at it"))
    assert backlog.at_most(shop.desk) == 2
    assert backlog.unjudged(shop.desk, 1) == 1
    shop.desk.wake.set()
    shop.turn_until(lambda: len(completed(shop)) == 4)
