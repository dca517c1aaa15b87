"""Neither uid nor key leaves the room: not in an error, a repr, a log line or a traceback."""

from __future__ import annotations

import copy
import logging
import pickle
import socket
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import dashboard.calcom
from dashboard.calcom import AsyncClient, CalcomError, Client, Unknown, endpoints, quiet
from tests.calcom.both_clients import VERBS, Ask, answering
from tests.calcom.recorded import lines
from tests.calcom.scripted import Play, Scripted, receive, reply, scripted, sending

ROOM = str(Path(dashboard.calcom.__file__).parent)
KEY = "cal_live_k3yk3y/k3yk3y"
UID = "uid with/5ecret"
ALL: dict[str, dict[str, Any]] = {
    name: keywords | ({"uid": UID} if "uid" in keywords else {}) for name, keywords in VERBS.items()
}
# What gives a call away: pieces of the key and, where it has one, of its uid.
SECRETS = {
    verb: ("k3yk3y", *(("5ecret",) if "uid" in keywords else ())) for verb, keywords in ALL.items()
}
DATA = (
    b'{"eventTypeId":1,"slotStart":"2027-01-11T09:00:00.000Z","slotEnd":"2027-01-11T10:00:00.000Z",'
    b'"slotDuration":60,"reservationUid":"5ecret-uid","reservationUntil":"2026-11-22T07:25:30.419Z"}'
)
ECHO = f'{{"uid":"{UID}","key":"{KEY}","path":"/v2/slots/reservations/{quote(UID, safe="")}"}}'


def hang_up(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)


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
    levels = {name: logging.getLogger(name).level for name in quiet.LOGGERS}
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


@pytest.mark.parametrize("verb", ALL)
@pytest.mark.parametrize("play", PLAYS)
def test_nothing_that_leaves_the_room_tells_a_secret(
    verb: str, play: str, asked: Ask, everything_logged: list[str]
) -> None:
    with scripted(PLAYS[play]) as server:
        seen = what_leaves(verb, server.url, asked)

    assert [secret for secret in SECRETS[verb] if secret in seen] == []
    assert [line for line in everything_logged if "k3yk3y" in line or "5ecret" in line] == []
    (request,) = server.requests
    assert [secret for secret in SECRETS[verb] if secret.encode() not in request] == []


def test_nor_does_a_call_that_was_never_sent(
    asked: Ask, everything_logged: list[str], silent_port: int
) -> None:
    seen = [
        what_leaves(verb, base, asked)
        for verb in ALL
        for base in (f"http://127.0.0.1:{silent_port}", "http://[", "ftp://cal.test", "x")
    ]

    assert [one for one in seen if "k3yk3y" in one or "5ecret" in one] == []
    assert [line for line in everything_logged if "k3yk3y" in line or "5ecret" in line] == []


@pytest.mark.parametrize(
    "line", [pytest.param(one, id=one.name) for one in lines() if one.status > 399]
)
def test_no_recorded_refusal_tells_its_uid_or_key(line: Any, asked: Ask) -> None:
    verb, keywords = line.call()
    with pytest.raises(CalcomError) as caught:
        asked(verb, transport=line.transport(), api_key=line.key, **keywords)

    said = " ".join((caught.value.message, caught.value.code, str(caught.value.fields)))
    for secret in (line.key, keywords.get("uid", line.key)):
        assert len(secret) < 5 or secret not in said


def test_the_libraries_stay_quiet_whatever_level_they_are_given(
    everything_logged: list[str],
) -> None:
    with scripted(sending(reply())) as server, httpx.Client() as bare:
        bare.get(server.url)

    assert [line for line in everything_logged if line.startswith("httpcore")] == []
    assert [line for line in everything_logged if line.startswith("httpx")] == []


def test_warnings_of_the_libraries_are_still_heard(everything_logged: list[str]) -> None:
    logging.getLogger("httpx").warning("something is wrong")

    assert [line.split(" {")[0] for line in everything_logged] == ["httpx something is wrong"]


def test_no_repr_shows_a_secret() -> None:
    client = Client(base_url="http://cal.test", api_key=KEY)
    shown = [repr(client), repr(AsyncClient(base_url="http://cal.test", api_key=KEY)), str(client)]
    shown += [repr(client._access), *(repr(one) for one in vars(client).values())]
    shown += [repr(getattr(endpoints, verb)(**keywords)) for verb, keywords in ALL.items()]
    client.close()

    assert [one for one in shown if "k3yk3y" in one or "5ecret" in one] == []


def test_an_error_survives_the_way_between_processes(asked: Ask) -> None:
    with pytest.raises(Unknown) as caught:
        asked("delete", uid=UID, transport=answering(502, "<html>"))

    for same in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(same) is Unknown
        assert str(same) == str(caught.value)
        assert vars(same) == vars(caught.value)


def test_an_error_chains_nothing(asked: Ask, silent_port: int) -> None:
    with pytest.raises(CalcomError) as caught:
        asked("get", uid=UID, base_url=f"http://127.0.0.1:{silent_port}")

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def what_leaves(verb: str, base: str, asked: Ask) -> str:
    """All that can be seen of a call from outside: the answer, or the error with its traceback and
    the variables of every frame in this room and in the libraries."""
    try:
        answer = asked(verb, base_url=base, api_key=KEY, **ALL[verb])
    except CalcomError as error:
        stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        inside = [one for one in stack if ROOM in one.filename or "site-packages" in one.filename]
        assert inside, "the error passed through no frame of the room"
        shown = [str(error), repr(error), vars(error), *(one.locals for one in inside)]
        return " ".join(map(str, shown))
    return repr(answer)
