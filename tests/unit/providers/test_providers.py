"""Each provider against replies of its documented schema, served on loopback."""

import base64
import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.stand_in import Asked, Reply, StandIn, stand_in

from omp.domain.errors import DataNotReady, InvalidInput, ResourceShort
from omp.market.providers import Ask, provider, providers
from omp.market.providers.base import Terms

ASK = Ask(("AAPL", "IBM"), date(2022, 1, 3), date(2022, 1, 5))
KEYS = {
    "alpaca": ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),
    "massive": ("MASSIVE_API_KEY",),
    "databento": ("DATABENTO_API_KEY",),
    "tiingo": ("TIINGO_API_KEY",),
}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with stand_in() as shown:
        for name in providers():
            monkeypatch.setenv(f"OMP_{name.upper()}_URL", shown.address)
        for name in (one for keys in KEYS.values() for one in keys):
            monkeypatch.setenv(name, f"value-of-{name}")
        yield shown


def table(path: Path) -> list[tuple[str, ...]]:
    with path.open(newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


# Alpaca: https://docs.alpaca.markets/reference/stockbars
# an object: bars (symbol -> list of t, o, h, l, c, v, n, vw) and next_page_token (text or null)


def alpaca_bar(at: str, close: float) -> dict[str, Any]:
    return {
        "t": at,
        "o": 177.83,
        "h": 182.88,
        "l": 177.71,
        "c": close,
        "v": 104487900,
        "n": 782530,
        "vw": 181.2,
    }


def test_alpaca_is_read_page_by_page(there: StandIn, tmp_path: Path) -> None:
    first = alpaca_bar("2022-01-03T05:00:00Z", 182.01)
    second = alpaca_bar("2022-01-04T05:00:00Z", 179.7)
    there.replies += [
        Reply({"bars": {"AAPL": [first]}, "next_page_token": "QUFQTHxE"}),
        Reply({"bars": {"AAPL": [second], "IBM": [first]}, "next_page_token": None}),
    ]
    found = provider("alpaca").fetch(ASK, tmp_path)
    assert table(found.path) == [
        ("symbol", "timestamp", "open", "high", "low", "close", "volume"),
        ("AAPL", "2022-01-03", "177.83", "182.88", "177.71", "182.01", "104487900.0"),
        ("AAPL", "2022-01-04", "177.83", "182.88", "177.71", "179.7", "104487900.0"),
        ("IBM", "2022-01-03", "177.83", "182.88", "177.71", "182.01", "104487900.0"),
    ]
    one, two = there.asked
    assert one.path == "/v2/stocks/bars"
    assert one.query == {
        "symbols": "AAPL,IBM",
        "timeframe": "1Day",
        "start": "2022-01-03",
        "end": "2022-01-05T23:59:59-05:00",
        "limit": "10000",
        "adjustment": "all",
        "sort": "asc",
    }
    assert two.query["page_token"] == "QUFQTHxE"
    headers = {name.lower(): value for name, value in one.headers.items()}
    assert headers["apca-api-key-id"] == "value-of-APCA_API_KEY_ID"
    assert headers["apca-api-secret-key"] == "value-of-APCA_API_SECRET_KEY"


def test_alpaca_hours_keep_their_instant(there: StandIn, tmp_path: Path) -> None:
    bar = alpaca_bar("2022-01-03T14:00:00Z", 1.0)
    there.replies.append(Reply({"bars": {"AAPL": [bar]}, "next_page_token": None}))
    ask = Ask(("AAPL",), date(2022, 1, 3), date(2022, 1, 3), "1h")
    found = provider("alpaca").fetch(ask, tmp_path)
    assert table(found.path)[1][1] == "2022-01-03T14:00:00+00:00"
    assert there.asked[0].query["timeframe"] == "1Hour"


def test_a_symbol_without_bars_is_no_success(there: StandIn, tmp_path: Path) -> None:
    bar = alpaca_bar("2022-01-03T05:00:00Z", 1.0)
    there.replies.append(Reply({"bars": {"AAPL": [bar]}, "next_page_token": None}))
    with pytest.raises(DataNotReady, match="no bar of IBM"):
        provider("alpaca").fetch(ASK, tmp_path)
    assert list(tmp_path.iterdir()) == []


# Massive: https://massive.com/docs/rest/stocks/aggregates/custom-bars
# {"ticker", "queryCount", "resultsCount", "adjusted", "status", "request_id", "count", "next_url",
#  "results": [{"c", "h", "l", "n", "o", "t" (Unix ms of the window's start), "v", "vw"}]}


def massive_page(symbol: str, millis: list[int], following: str | None = None) -> dict[str, Any]:
    bars = [
        {"v": 70790813, "vw": 131.6, "o": 130.4, "c": 131.9, "h": 133.0, "l": 129.8, "t": t, "n": 9}
        for t in millis
    ]
    page: dict[str, Any] = {
        "ticker": symbol,
        "queryCount": len(bars),
        "resultsCount": len(bars),
        "adjusted": True,
        "results": bars,
        "status": "OK",
        "request_id": "6a7e466379af0a71039d60cc78e72282",
        "count": len(bars),
    }
    return page | ({"next_url": following} if following else {})


def test_massive_is_read_by_symbol_and_page(there: StandIn, tmp_path: Path) -> None:
    first, second = 1641186000000, 1641272400000  # 3 and 4 January 2022, midnight in New York

    def answer(asked: Asked) -> Reply:
        symbol = asked.path.split("/")[4]
        if "cursor" in asked.query:
            return Reply(massive_page(symbol, [second]))
        path = f"{there.address}/v2/aggs/ticker/{symbol}/range/1/day/{second}/1641513600000"
        following = f"{path}?cursor=bGltaXQ9Mg" if symbol == "AAPL" else None
        return Reply(massive_page(symbol, [first], following))

    there.answer = answer
    found = provider("massive").fetch(ASK, tmp_path)
    assert [row[:2] for row in table(found.path)[1:]] == [
        ("AAPL", "2022-01-03"),
        ("AAPL", "2022-01-04"),
        ("IBM", "2022-01-03"),
    ]
    assert there.asked[0].path == "/v2/aggs/ticker/AAPL/range/1/day/2022-01-03/2022-01-05"
    assert there.asked[0].query == {"adjusted": "true", "sort": "asc", "limit": "50000"}
    keys = {
        one.headers.get("Authorization", one.headers.get("authorization")) for one in there.asked
    }
    assert keys == {"Bearer value-of-MASSIVE_API_KEY"}


def test_massive_sends_its_key_to_nobody_else(there: StandIn, tmp_path: Path) -> None:
    with stand_in() as elsewhere:
        page = massive_page("AAPL", [1641186000000], f"{elsewhere.address}/v2/aggs?cursor=x")
        there.replies.append(Reply(page))
        with pytest.raises(DataNotReady, match="next page"):
            provider("massive").fetch(ASK, tmp_path)
        assert elsewhere.asked == []


def test_massive_error_bodies_are_told(there: StandIn, tmp_path: Path) -> None:
    body = {"status": "ERROR", "request_id": "x", "error": "Unknown API Key"}
    there.replies.append(Reply(body, 401))
    with pytest.raises(InvalidInput, match="Unknown API Key"):
        provider("massive").fetch(ASK, tmp_path)
    there.replies.append(Reply({"status": "NOT_AUTHORIZED", "message": "upgrade"}))
    with pytest.raises(DataNotReady, match="NOT_AUTHORIZED"):
        provider("massive").fetch(ASK, tmp_path)


# Tiingo: https://www.tiingo.com/documentation/end-of-day
# [{"date", "close", "high", "low", "open", "volume", "adjClose", "adjHigh", "adjLow", "adjOpen",
#   "adjVolume", "divCash", "splitFactor"}]


def tiingo_day(day: str) -> dict[str, Any]:
    return {
        "date": f"{day}T00:00:00.000Z",
        "close": 182.01,
        "high": 182.88,
        "low": 177.71,
        "open": 177.83,
        "volume": 104701220,
        "adjClose": 91.005,
        "adjHigh": 91.44,
        "adjLow": 88.855,
        "adjOpen": 88.915,
        "adjVolume": 209402440,
        "divCash": 0.0,
        "splitFactor": 1.0,
    }


def test_tiingo_gives_its_adjusted_prices(there: StandIn, tmp_path: Path) -> None:
    there.replies += [Reply([tiingo_day("2022-01-03")]), Reply([tiingo_day("2022-01-04")])]
    found = provider("tiingo").fetch(ASK, tmp_path)
    assert table(found.path)[1:] == [
        ("AAPL", "2022-01-03", "88.915", "91.44", "88.855", "91.005", "209402440.0"),
        ("IBM", "2022-01-04", "88.915", "91.44", "88.855", "91.005", "209402440.0"),
    ]
    assert [one.path for one in there.asked] == [
        "/tiingo/daily/AAPL/prices",
        "/tiingo/daily/IBM/prices",
    ]
    assert there.asked[0].query == {
        "startDate": "2022-01-03",
        "endDate": "2022-01-05",
        "format": "json",
    }
    sent = {name.lower(): value for name, value in there.asked[0].headers.items()}
    assert sent["authorization"] == "Token value-of-TIINGO_API_KEY"


def test_tiingo_tells_an_unknown_ticker_and_a_spent_plan(there: StandIn, tmp_path: Path) -> None:
    there.replies.append(Reply({"detail": "Not found."}, 404))
    with pytest.raises(InvalidInput, match="Not found"):
        provider("tiingo").fetch(ASK, tmp_path)
    there.replies.append(Reply({"detail": "You have run over your monthly bandwidth."}))
    with pytest.raises(DataNotReady, match="monthly bandwidth"):
        provider("tiingo").fetch(ASK, tmp_path)


# Databento: https://databento.com/docs/api-reference-historical/timeseries/timeseries-get-range
# POST form, basic authentication with the key as user; CSV of the ohlcv schemas with
# pretty_px, pretty_ts and map_symbols

DATABENTO = """\
ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol
2022-01-03T00:00:00.000000000Z,35,95,32,177.830000000,182.880000000,177.710000000,182.010000000,104487900,AAPL
2022-01-03T00:00:00.000000000Z,35,95,8201,134.070000000,136.290000000,133.630000000,136.040000000,4605900,IBM
"""


def test_databento_is_asked_once_for_all(there: StandIn, tmp_path: Path) -> None:
    there.replies.append(Reply(DATABENTO))
    found = provider("databento").fetch(ASK, tmp_path)
    assert table(found.path)[1:] == [
        ("AAPL", "2022-01-03", "177.83", "182.88", "177.71", "182.01", "104487900.0"),
        ("IBM", "2022-01-03", "134.07", "136.29", "133.63", "136.04", "4605900.0"),
    ]
    (asked,) = there.asked
    assert (asked.method, asked.path) == ("POST", "/v0/timeseries.get_range")
    assert asked.form == {
        "dataset": "EQUS.MINI",
        "symbols": "AAPL,IBM",
        "schema": "ohlcv-1d",
        "start": "2022-01-03",
        "end": "2022-01-06",
        "stype_in": "raw_symbol",
        "encoding": "csv",
        "pretty_px": "true",
        "pretty_ts": "true",
        "map_symbols": "true",
    }
    sent = {name.lower(): value for name, value in asked.headers.items()}["authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")) == b"value-of-DATABENTO_API_KEY:"


def test_databento_half_lines_and_errors_are_told(there: StandIn, tmp_path: Path) -> None:
    there.replies.append(Reply(DATABENTO[:-20]))
    with pytest.raises(DataNotReady, match="half a line"):
        provider("databento").fetch(ASK, tmp_path)
    there.replies.append(Reply("a,b\n1,2\n"))
    with pytest.raises(DataNotReady, match="without ts_event"):
        provider("databento").fetch(ASK, tmp_path)
    detail = {
        "case": "data_schema_not_supported",
        "message": "The schema is not supported.",
        "status_code": 422,
        "docs": "https://databento.com/docs",
        "payload": {},
    }
    there.replies.append(Reply({"detail": detail}, 422))
    with pytest.raises(InvalidInput, match="schema is not supported"):
        provider("databento").fetch(ASK, tmp_path)


# B3: https://www.b3.com.br/en_us/market-data-and-indices/data-services/market-data/
# historical-data/equities/historical-quote-data/ (yearly files COTAHIST_A<year>.ZIP)


def test_b3_gives_the_files_of_each_year(there: StandIn, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("COTAHIST_A2021.TXT", "00COTAHIST.2021BOVESPA")
    there.replies += [Reply(packed.getvalue()), Reply(packed.getvalue())]
    ask = Ask(("PETR4",), date(2021, 5, 3), date(2022, 1, 5))
    found = provider("b3").fetch(ask, tmp_path)
    assert (found.importer, found.venue) == ("cotahist", "br")
    assert sorted(one.name for one in found.path.iterdir()) == [
        "COTAHIST_A2021.ZIP",
        "COTAHIST_A2022.ZIP",
    ]
    assert [one.path for one in there.asked] == [
        "/InstDados/SerHist/COTAHIST_A2021.ZIP",
        "/InstDados/SerHist/COTAHIST_A2022.ZIP",
    ]


def test_b3_sends_a_page_instead_of_a_file(there: StandIn, tmp_path: Path) -> None:
    there.replies.append(Reply("<html>captcha</html>"))
    with pytest.raises(DataNotReady, match="no ZIP file"):
        provider("b3").fetch(Ask(("PETR4",), date(2021, 1, 4), date(2021, 2, 1)), tmp_path)


# --- what all of them share ---------------------------------------------------------------------


@pytest.mark.parametrize("name", KEYS)
def test_a_missing_key_is_one_sentence_and_nothing_is_asked(
    there: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(KEYS[name][0])
    with pytest.raises(InvalidInput, match=f"needs {KEYS[name][0]} in the environment"):
        provider(name).fetch(ASK, tmp_path)
    assert there.asked == []


@pytest.mark.parametrize("name", [*KEYS, "b3"])
def test_who_is_down_leaves_nothing_behind(
    there: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("omp.market.providers.door.FIRST_WAIT_S", 0.0)
    there.answer = lambda _: Reply({"message": "down"}, 503)
    with pytest.raises(ResourceShort, match="down"):
        provider(name).fetch(ASK, tmp_path)


def test_a_missing_extra_is_one_sentence(tmp_path: Path) -> None:
    if find_spec("yfinance") is not None:
        pytest.skip("the extra is installed here")
    with pytest.raises(InvalidInput, match=r"omp\[yahoo\]"):
        provider("yahoo").fetch(ASK, tmp_path)


@pytest.mark.parametrize("name", list(providers()))
def test_every_provider_says_what_it_gives(name: str, tmp_path: Path) -> None:
    one = provider(name)
    assert isinstance(one, Terms)
    assert one.name == name
    assert "1d" in one.timeframes
    with pytest.raises(InvalidInput, match="7d"):
        one.fetch(Ask(("A",), date(2022, 1, 3), date(2022, 1, 5), "7d"), tmp_path)
    with pytest.raises(InvalidInput, match="no symbol"):
        one.fetch(Ask((), date(2022, 1, 3), date(2022, 1, 5)), tmp_path)
    with pytest.raises(InvalidInput, match="first day"):
        one.fetch(Ask(("A",), date(2022, 1, 5), date(2022, 1, 3)), tmp_path)


def test_who_is_not_there_is_named_with_those_who_are() -> None:
    with pytest.raises(InvalidInput, match="alpaca, b3, databento, massive, tiingo, yahoo"):
        provider("bloomberg")
