"""`combiner data fetch`: from a provider's replies to a snapshot, by the way of every import."""

import io
import json
import math
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.kits.importer_cases import cotahist_quote, cotahist_text
from tests.unit.providers.stand_in import Asked, Reply, StandIn, stand_in

from omp.cli import combiner
from omp.market.catalog import Catalog
from omp.market.venues import venue

FIRST, LAST = date(2017, 1, 3), date(2021, 6, 30)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with stand_in() as shown:
        monkeypatch.setenv("OMP_TIINGO_URL", shown.address)
        monkeypatch.setenv("TIINGO_API_KEY", "k3y-0f-t11ng0")
        shown.answer = prices
        yield shown


def prices(asked: Asked) -> Reply:
    """End-of-day prices of a symbol, in Tiingo's documented schema."""
    first, last = date.fromisoformat(asked.query["startDate"]), asked.query["endDate"]
    sessions = venue("us").sessions(first, min(LAST, date.fromisoformat(last)))
    assert sessions is not None
    found: list[dict[str, Any]] = []
    for number, day in enumerate(sessions):
        close = round(100.0 + 10.0 * math.sin(number / 20.0) + 0.3 * math.cos(number * 1.7), 4)
        low, high = close - 0.7, close + 0.9
        adjusted = {"adjOpen": close - 0.2, "adjHigh": high, "adjLow": low, "adjClose": close}
        raw = {"open": close - 0.2, "high": high, "low": low, "close": close}
        tail = {"volume": 1000 + number, "adjVolume": 1000 + number, "divCash": 0.0}
        date_of = {"date": f"{day}T00:00:00.000Z", "splitFactor": 1.0}
        found.append({**date_of, **raw, **adjusted, **tail})
    return Reply(found)


def fetch(workspace: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any, str]:
    words = ["data", "fetch", "tiingo", "--name", "caps", "--symbols", "AAA,BBB"]
    words += ["--from", FIRST.isoformat(), "--workspace", str(workspace), *more]
    code = combiner.run(words)
    out, err = capsys.readouterr()
    return code, json.loads(out.splitlines()[-1]), out + err


def test_what_is_fetched_is_a_snapshot_like_any_other(
    there: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, result, said = fetch(tmp_path, capsys, "--to", "2021-03-31")
    assert code == 0, said
    catalog = Catalog(tmp_path)
    panel = catalog.open_mining(result["digest"])
    assert panel.symbols == ("AAA", "BBB")
    assert panel.bars[0].close[0] == pytest.approx(100.3)
    assert (result["environment"], result["first"][:10]) == ("real", "2017-01-03")
    assert result["changes"] is None
    assert list(catalog.incoming.iterdir()) == []
    code, later, _ = fetch(tmp_path, capsys, "--to", "2021-06-30")
    assert code == 0
    assert later["changes"]["changed_bars"] == 0
    assert later["changes"]["added_bars"] == 2 * 63
    kept = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert b"k3y-0f-t11ng0" not in kept + said.encode()


def test_a_refused_fetch_leaves_the_old_snapshot(
    there: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, before, _ = fetch(tmp_path, capsys, "--to", "2021-03-31")
    there.answer = lambda asked: Reply(
        [{**one, "adjLow": one["adjHigh"] + 1} for one in prices(asked).body]
    )
    code, result, _ = fetch(tmp_path, capsys, "--to", "2021-06-30")
    assert (code, result["event"]) == (3, "error")
    assert "ohlc" in result["message"]
    assert Catalog(tmp_path).sets.current("caps") == before["digest"]
    assert list(Catalog(tmp_path).incoming.iterdir()) == []


def test_unknown_providers_and_dates_are_usage(
    there: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, result, _ = fetch(tmp_path, capsys, "--to", "in June")
    assert (code, result["code"]) == (2, "invalid_input")
    assert there.asked == []


def year_of_b3(asked: Asked) -> Reply:
    """B3's ZIP of a year with two shares, in the exact layout."""
    year = int(asked.path.removesuffix(".ZIP")[-4:])
    sessions = venue("br").sessions(date(year, 1, 1), date(year, 12, 31))
    assert sessions is not None
    quotes = []
    for number, day in enumerate(sessions):
        close = round(20.0 + 2.0 * math.sin(number / 15.0) + 0.1 * math.cos(number * 1.3), 2)
        ohlc = [close - 0.05, close + 0.11, close - 0.12, close]
        quotes += [cotahist_quote(one, str(day), ohlc, 1000 + number) for one in ("AAAA3", "BBBB4")]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"COTAHIST_A{year}.TXT", cotahist_text(quotes))
    return Reply(packed.getvalue())


def test_the_exchanges_own_years_become_one_snapshot(
    there: StandIn,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_B3_URL", there.address)
    there.answer = year_of_b3
    words = ["data", "fetch", "b3", "--name", "brazil", "--symbols", "AAAA3"]
    words += ["--from", "2018-01-02", "--to", "2021-12-30", "--workspace", str(tmp_path)]
    code = combiner.run(words)
    out, err = capsys.readouterr()
    assert code == 0, out + err
    result = json.loads(out.splitlines()[-1])
    assert (result["venue"], result["symbols"]) == ("br", ["AAAA3"])
    assert [one.path[-8:-4] for one in there.asked] == ["2018", "2019", "2020", "2021"]
    bars = Catalog(tmp_path).open_mining(result["digest"]).bars[0]
    assert bars.close[0] == pytest.approx(20.1)
    assert result["last"][:10] == "2021-12-30"
