"""Rate headers, the seconds to wait, and the server's clock."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dashboard.calcom import CalcomError
from dashboard.calcom.rates import moment_of, rate_of, seconds_to_wait
from dashboard.calcom.types import Rate
from tests.calcom.calls import UID, read, response

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
DATE = {"Date": "Sun, 22 Nov 2026 07:15:30 GMT"}  # which is NOW
NULL = '{"status":"success","data":null}'


def rated(**windows: tuple[object, object, object]) -> dict[str, str]:
    """Headers of windows: limit, remaining, reset."""
    parts = ("Limit", "Remaining", "Reset")
    return {
        f"X-RateLimit-{part}-{name}": str(value)
        for name, window in windows.items()
        for part, value in zip(parts, window, strict=True)
    }


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        ({}, None),
        (rated(Default=(120, 119, 60)), Rate(120, 119, 60)),
        (rated(Minute=(120, 100, 60), Hour=(1000, 3, 3000)), Rate(120, 100, 60)),
        (rated(Minute=(120, 0, 60), Hour=(1000, 3, 3000)), Rate(1000, 3, 3000)),
        (rated(Minute=(120, 0, 60), Hour=(1000, 0, 3000)), Rate(120, 0, 60)),
        (rated(Default=(120, 119, int(NOW.timestamp()) + 42)), Rate(120, 119, 42)),
        (rated(Default=(120, 119, int(NOW.timestamp()) - 5)), Rate(120, 119, 0)),
        (rated(Default=(120, 119, int(NOW.timestamp() * 1000) + 42_000)), Rate(120, 119, 42)),
        (rated(Default=(120, 119, 9_999_999_999_999)), Rate(120, 119, 3600)),
        (rated(Default=(120, 119, 10**9)), Rate(120, 119, 3600)),
        (rated(Default=(9_999_999_999, 9_999_999_998, 60)), Rate(2**31 - 1, 2**31 - 1, 60)),
        (rated(Default=(0, 0, 60)), None),
        (rated(Default=(120, "many", 60)), None),
        (rated(Default=(120, "9" * 5000, 60)), None),
        (rated(Broken=("", "", ""), Default=(120, 7, 60)), Rate(120, 7, 60)),
        (
            {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "8", "x-ratelimit-reset": "7"},
            Rate(9, 8, 7),
        ),
        ({"X-RateLimit-Remaining-Default": "1"}, None),
    ],
)
def test_rate_is_the_window_with_the_most_room(headers: dict[str, str], rate: Rate | None) -> None:
    """cal.com refuses only while every window is used up."""
    assert rate_of(httpx.Headers(DATE | headers)) == rate


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        (rated(Default=(120, 0, 45)), 45),
        (rated(Default=(120, 0, 0)), 1),
        # cal.com refuses only while every window is used up: the first to open again is enough
        (rated(Minute=(120, 0, 45), Hour=(1000, 0, 3000)), 45),
        # a window with room does not tell when the used-up one opens
        (rated(Minute=(120, 5, 10), Hour=(1000, 0, 3000)), 3000),
        (rated(Default=(120, 0, int(NOW.timestamp()) + 42)), 42),
        ({"X-RateLimit-Reset-Default": "33"}, 33),
        ({"Retry-After": "7", **rated(Default=(120, 0, 45))}, 7),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "soon", **rated(Default=(120, 0, 45))}, 45),
        ({"Retry-After": "-3"}, 60),
        ({"Retry-After": "²"}, 60),
        ({"Retry-After": "Sun, 22 Nov 2026 07:16:00 GMT"}, 30),
        ({"Retry-After": "Sun, 22 Nov 2020 07:16:00 GMT"}, 1),
        ({"Retry-After": str(int(NOW.timestamp()) + 42)}, 42),
        ({"Retry-After": "999999999999"}, 3600),
        ({"Retry-After": "60000"}, 3600),
    ],
)
def test_seconds_to_wait(headers: dict[str, str], seconds: int) -> None:
    raw = [(name.encode(), value.encode()) for name, value in (DATE | headers).items()]
    assert seconds_to_wait(httpx.Headers(raw)) == seconds


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Sun, 22 Nov 2026 07:15:30 GMT", NOW),
        ("Sun, 22 Nov 2026 07:15:30 -0000", NOW),
        ("Sun, 22 Nov 2026 08:15:30 +0100", NOW),
        ("", None),
        ("yesterday", None),
        ("Sun, 99 Nov 2026 07:15:30 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Mon, 01 Jan 1500 00:00:00 GMT", None),
    ],
)
def test_date_of_the_server(date: str, moment: datetime | None) -> None:
    assert moment_of(date) == moment
    assert moment is None or moment_of(date).tzinfo is UTC  # type: ignore[union-attr]


def test_exchange_has_times_rate_and_date() -> None:
    headers = DATE | rated(Default=(120, 119, 60))
    before = datetime.now(UTC)
    exchange = read("get", response(200, NULL, headers)).exchange
    after = datetime.now(UTC)

    assert (exchange.method, exchange.path) == ("GET", "/v2/slots/reservations/{uid}")
    assert before <= exchange.sent_at <= exchange.received_at <= after
    assert exchange.sent_at.tzinfo is exchange.received_at.tzinfo is UTC
    assert timedelta(milliseconds=exchange.milliseconds) <= after - before + timedelta(
        milliseconds=1
    )
    assert exchange.server_date == NOW
    assert exchange.rate == Rate(120, 119, 60)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("dae29df8-23f8-4cd4-b844-bca1a166b2c9",) * 2, ("r" * 70, "r" * 63 + "…"), (UID, "[hidden]")],
)
def test_request_id_is_kept(sent: str, kept: str) -> None:
    with pytest.raises(CalcomError) as caught:
        read("get", response(400, "{}", {"X-Request-Id": sent}))

    assert caught.value.exchange.request_id == kept
