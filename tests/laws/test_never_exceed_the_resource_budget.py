"""Never exceed the resource budget: limits are checked before a start, and one run is one slot."""

from pathlib import Path

from tests.unit.daemon.shop import Shop


def test_two_campaigns_never_share_the_only_slot(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "workspace", "generations=6,pause=0.05")
    shop.add("alpha")
    shop.add("beta", first=7)
    most = 0

    def both_done() -> bool:
        nonlocal most
        states = [run.state for run in shop.runs()]
        most = max(most, states.count("running"))
        return states == ["completed", "completed"]

    shop.turn_until(both_done, limit_s=30)
    assert most == 1
    shop.close()


def test_a_full_machine_waits_between_two_runs(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "workspace", "generations=1")
    shop.add("alpha")
    shop.add("beta", first=7)
    shop.turn_until(lambda: any(run.state == "running" for run in shop.runs()))
    shop.reader.set(mem_available_mb=10.0)
    shop.desk.wake.set()
    shop.turn_until(lambda: any(run.state == "completed" for run in shop.runs()))
    for _ in range(5):
        shop.loop.turn()
    assert sorted(run.state for run in shop.runs()) == ["completed", "queued"]
    shop.close()
