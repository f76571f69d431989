"""What can pass is tried again, what cannot is one sentence, and no key is ever told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from tests.unit.providers.stand_in import Reply, StandIn, stand_in

from omp.domain.errors import DataNotReady, InvalidInput, ResourceShort
from omp.market.providers.door import ATTEMPTS, Door

SECRET = "s3cr3t-key"


@pytest.fixture
def there() -> Iterator[StandIn]:
    with stand_in() as shown:
        yield shown


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def door(there: StandIn, waits: list[float]) -> Door:
    return Door(
        "them",
        there.address,
        headers={"Authorization": f"Bearer {SECRET}"},
        keys=("THEIR_KEY",),
        secrets=(SECRET,),
        sleep=waits.append,
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_can_pass_is_tried_again_and_waits_longer_each_time(
    door: Door, there: StandIn, waits: list[float], status: int
) -> None:
    there.replies += [Reply({}, status), Reply({}, status), Reply({"a": 1})]
    assert door.json("GET", "/x") == {"a": 1}
    assert waits == [0.5, 1.0]


def test_a_limit_of_rate_is_waited_out_as_long_as_it_says(
    door: Door, there: StandIn, waits: list[float]
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    there.replies += [
        Reply({}, 429, {"retry-after": "7"}),
        Reply({}, 429, {"retry-after": later}),
        Reply({}, 429, {"retry-after": "9999"}),
        Reply([]),
    ]
    assert door.json("GET", "/x") == []
    assert waits[0] == 7.0
    assert 15.0 < waits[1] <= 20.0
    assert waits[2] == 60.0


def test_half_a_reply_is_no_reply(door: Door, there: StandIn, tmp_path: Path) -> None:
    there.replies += [Reply('{"bars": [1, 2', cut=50), Reply('{"bars": [1, 2'), Reply({"bars": []})]
    assert door.json("GET", "/x") == {"bars": []}
    there.replies += [Reply(b"half", cut=100), Reply(b"whole file")]
    assert door.file("/f", tmp_path / "f").read_bytes() == b"whole file"


def test_who_never_answers_is_short_and_not_asked_for_ever(
    door: Door, there: StandIn, waits: list[float]
) -> None:
    there.replies += [Reply({"message": f"down, {SECRET}"}, 503)] * ATTEMPTS
    with pytest.raises(ResourceShort, match="503: down") as refused:
        door.json("GET", "/x")
    assert SECRET not in str(refused.value)
    assert (len(there.asked), len(waits)) == (ATTEMPTS, ATTEMPTS - 1)
    unreachable = Door("them", "http://127.0.0.1:1", sleep=waits.append)
    with pytest.raises(ResourceShort, match="ConnectError"):
        unreachable.json("GET", "/x")


@pytest.mark.parametrize(
    "body",
    [
        {"message": "forbidden."},
        {"error": "forbidden."},
        {"detail": "forbidden."},
        {"detail": {"case": "auth", "message": "forbidden.", "status_code": 401}},
        "forbidden.",
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_variable_and_the_providers_words(
    door: Door, there: StandIn, status: int, body: object
) -> None:
    there.replies.append(Reply(body, status))
    with pytest.raises(InvalidInput, match="forbidden") as refused:
        door.json("GET", "/x")
    assert "THEIR_KEY" in refused.value.remedy
    assert SECRET not in refused.value.sentence
    assert len(there.asked) == 1


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_request_they_do_not_take_is_not_tried_again(
    door: Door, there: StandIn, status: int
) -> None:
    there.replies.append(Reply({"message": f"invalid symbol {SECRET}"}, status))
    with pytest.raises(InvalidInput, match=f"{status}: invalid symbol …"):
        door.json("GET", "/x")
    assert len(there.asked) == 1


def test_requests_keep_the_pace(there: StandIn, waits: list[float]) -> None:
    door = Door("them", there.address, pace_s=5.0, sleep=waits.append)
    there.replies += [Reply([]), Reply([])]
    door.json("GET", "/x")
    door.json("GET", "/x")
    assert len(waits) == 1
    assert 4.0 < waits[0] <= 5.0


def test_a_next_page_elsewhere_is_never_asked_for(door: Door, there: StandIn) -> None:
    assert door.own(f"{there.address}/next?cursor=a") == f"{there.address}/next?cursor=a"
    for url in ("http://127.0.0.2:80/next", "https://elsewhere.example/next"):
        with pytest.raises(DataNotReady, match="next page"):
            door.own(url)
