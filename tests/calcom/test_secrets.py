"""Neither uid nor key is visible outside: not in an error, a repr, a log line or a traceback."""

import copy
import logging
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import dashboard.calcom
from dashboard.calcom import AsyncClient, CalcomError, Client, Unknown, cleansing
from dashboard.calcom.endpoints import Access
from dashboard.calcom.pending_call import PendingCall
from tests.calcom.calls import VERBS, Ask, call_of, read, response
from tests.calcom.scripted import Play, hang_up, reply, scripted, sending

PACKAGE = str(Path(dashboard.calcom.__file__).parent)
KEY = "cal_live_k3yk3y/k3yk3y"
UID = "uid with/5ecret"
ALL: dict[str, dict[str, Any]] = {
    name: keywords | ({"uid": UID} if "uid" in keywords else {}) for name, keywords in VERBS.items()
}
# Pieces of the key and, where a call has one, of its uid.
SECRETS = {
    verb: ("k3yk3y", *(("5ecret",) if "uid" in keywords else ())) for verb, keywords in ALL.items()
}
DATA = (
    b'{"eventTypeId":1,"slotStart":"2027-01-11T09:00:00.000Z","slotEnd":"2027-01-11T10:00:00.000Z",'
    b'"slotDuration":60,"reservationUid":"5ecret-uid","reservationUntil":"2026-11-22T07:25:30.419Z"}'
)
ECHO = f'{{"uid":"{UID}","key":"{KEY}","path":"/v2/slots/reservations/{quote(UID, safe="")}"}}'


PLAYS: dict[str, Play] = {
    "a good answer": sending(reply(b'{"status":"success","data":%s}' % DATA)),
    "an answer about another": sending(reply(b'{"status":"success","data":%s}' % DATA)),
    "an echo that is no envelope": sending(reply(ECHO.encode(), status=b"400 Bad")),
    "an echo in the envelope": sending(
        reply(
            f'{{"status":"error","error":{{"code":"{KEY}","message":"uid={UID} {KEY}","details":'
            f'{{"errors":[{{"property":"{KEY}","value":"{UID}","target":{ECHO},'
            f'"constraints":{{"a":"{UID} is wrong"}}}}]}}}}}}'.encode(),
            status=b"400 Bad",
            headers=b"X-Request-Id: %s\r\n" % UID.encode(),
        )
    ),
    "an echo that is no JSON": sending(reply(ECHO.encode()[:-1])),
    "an echo cut short": sending(reply(ECHO.encode())[:-1]),
    "an echo that is no HTTP": sending(f"{UID} {KEY}\r\n\r\n".encode()),
    "nothing": hang_up,
}


@pytest.fixture
def everything_logged() -> Iterator[list[str]]:
    """Every line that any logger writes, with all levels at DEBUG, those of the libraries too."""
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(f"{record.name} {record.getMessage()} {vars(record)}")

    handler, root = Keep(), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in cleansing.LOGGERS}
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_outside_shows_a_secret(
    play: str, asked: Ask, everything_logged: list[str]
) -> None:
    with scripted(PLAYS[play]) as server:
        seen = {verb: everything_visible(verb, server.url, asked) for verb in ALL}

    shown = [(verb, one) for verb, text in seen.items() for one in SECRETS[verb] if one in text]
    assert shown == []
    assert [line for line in everything_logged if secrets_in(line)] == []
    for verb, request in zip(ALL, server.requests, strict=True):
        assert [one for one in SECRETS[verb] if one.encode() not in request] == []


def test_call_that_was_not_sent_shows_no_secret(
    asked: Ask, everything_logged: list[str], closed_port: int
) -> None:
    seen = [
        everything_visible(verb, base, asked)
        for verb in ALL
        for base in (f"http://127.0.0.1:{closed_port}", "http://[", "ftp://cal.test", "x")
    ]

    assert [one for one in seen if secrets_in(one)] == []
    assert [line for line in everything_logged if secrets_in(line)] == []


def test_libraries_log_no_calls_at_any_level(
    everything_logged: list[str],
) -> None:
    with scripted(sending(reply())) as server, httpx.Client() as bare:
        bare.get(server.url)

    assert [line for line in everything_logged if line.startswith("httpcore")] == []
    assert [line for line in everything_logged if line.startswith("httpx")] == []


def test_libraries_still_log_warnings(everything_logged: list[str]) -> None:
    logging.getLogger("httpx").warning("something is wrong")

    assert [line.split(" {")[0] for line in everything_logged] == ["httpx something is wrong"]


def test_no_repr_shows_a_secret() -> None:
    client = Client(base_url="http://cal.test", api_key=KEY)
    shown = [repr(client), repr(AsyncClient(base_url="http://cal.test", api_key=KEY)), str(client)]
    shown += [repr(one) for one in vars(client).values()]
    calls = [call_of(verb, **keywords) for verb, keywords in ALL.items()]
    shown += [repr(one) for call in calls for one in (call, PendingCall(call, Access("", KEY)))]
    client.close()

    assert [one for one in shown if secrets_in(one)] == []


def test_error_can_be_pickled_and_copied() -> None:
    with pytest.raises(Unknown) as caught:
        read("delete", response(502, "<html>"))

    for same in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(same) is Unknown
        assert str(same) == str(caught.value)
        assert vars(same) == vars(caught.value)


def test_error_chains_no_exception_of_the_library(asked: Ask, closed_port: int) -> None:
    with pytest.raises(CalcomError) as caught:
        asked("get", base_url=f"http://127.0.0.1:{closed_port}")

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def secrets_in(text: str) -> list[str]:
    return [secret for secret in ("k3yk3y", "5ecret") if secret in text]


def everything_visible(verb: str, base: str, asked: Ask) -> str:
    """All that a caller sees of a call: the answer, or the error. No frame that has the request is
    in the traceback of that."""
    try:
        answer = asked(verb, base_url=base, api_key=KEY, **ALL[verb])
    except CalcomError as error:
        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        assert not [file for file in files if PACKAGE in file or "site-packages" in file]
        return " ".join(map(str, (str(error), repr(error), vars(error))))
    return repr(answer)
