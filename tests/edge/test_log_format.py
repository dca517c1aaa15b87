"""Request ids and the format of the log."""

import io
import json
import logging
import socket
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import RequestFactory

from dashboard.edge.log_format import (
    JsonFormatter,
    OneLineFormatter,
    current_request_id,
)
from dashboard.edge.middleware import request_id
from dashboard.edge.proxies import trusted_proxies
from tests.serving import WAIT_SECONDS

PROXY_ID = "7f3a9c0de1b24f5687a9b0c1d2e3f405"


@pytest.fixture
def ask():
    def send(given, *, trusted):
        inside = {}

        def view(request):
            inside.update(request=request.request_id, log=current_request_id.get())
            return HttpResponse()

        request = RequestFactory().get("/", headers={"x_request_id": given})
        request.from_trusted_proxy = trusted
        answer = request_id(view)(request)
        assert inside["request"] == inside["log"] == answer["X-Request-Id"]
        assert current_request_id.get() == "-"
        return answer["X-Request-Id"]

    return send


def test_id_of_a_trusted_proxy_is_kept(ask):
    assert ask(PROXY_ID, trusted=True) == PROXY_ID


def test_id_of_an_untrusted_peer_is_replaced(ask):
    made = ask(PROXY_ID, trusted=False)
    assert made != PROXY_ID
    assert len(made) == 32


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "7f3a9c0d e1b24f", "<script>alert</script>"]
)
def test_malformed_id_is_replaced(ask, given):
    made = ask(given, trusted=True)
    assert made != given
    assert len(made) == 32


def test_trust_is_decided_before_the_request_id(settings, client):
    settings.TRUSTED_PROXIES = trusted_proxies("10.0.0.1")
    sent = {"headers": {"x_request_id": PROXY_ID}}
    # Unlike a probe, a redirect to sign-in passes the whole chain.
    ids = [
        client.get("/nowhere", REMOTE_ADDR=peer, **sent)["X-Request-Id"]
        for peer in ("10.0.0.1", "10.0.0.2")
    ]
    assert ids[0] == PROXY_ID != ids[1]


@contextmanager
def writing(formatter, name="tests.lines"):
    """Yield a function that logs in this format and returns the text."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    for each in settings.LOGGING["handlers"]["stderr"]["filters"]:
        handler.addFilter(each)
    handler.setFormatter(formatter)
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    logger.propagate = False

    def text(log):
        log(logger)
        return stream.getvalue()

    yield text
    logger.removeHandler(handler)
    logger.propagate = True


@pytest.fixture
def written():
    """Return a function that logs in the format of the settings and returns the text."""
    line = settings.LOGGING["formatters"]["plain"]
    with writing(OneLineFormatter(line["format"], line["datefmt"])) as text:
        yield text


@pytest.fixture
def written_as_json():
    with writing(JsonFormatter()) as text:
        yield text


def test_line_has_time_level_logger_and_request_id(written):
    token = current_request_id.set(PROXY_ID)
    line = written(lambda logger: logger.warning("a word"))
    current_request_id.reset(token)
    moment, words = line.split(" ", 1)
    assert abs(datetime.fromisoformat(moment) - datetime.now(UTC)) < timedelta(minutes=1)
    assert words == f"WARNING tests.lines [{PROXY_ID}] a word\n"


def test_request_that_django_refuses_is_a_warning_without_a_traceback(client, monkeypatch):
    """Any client could fill the log with errors."""
    monkeypatch.setattr(settings, "DATA_UPLOAD_MAX_NUMBER_FIELDS", 1)
    line = settings.LOGGING["formatters"]["plain"]
    formatter = OneLineFormatter(line["format"], line["datefmt"])
    name = "django.security.TooManyFieldsSent"
    with writing(formatter, name) as text:
        said = text(lambda _logger: client.post("/accounts/login/", {"one": "1", "two": "2"}))
    assert said.count("\n") == 1
    assert f" WARNING {name} [" in said
    assert "Traceback" not in said


def test_refusal_of_a_view_has_no_traceback(written):
    refusal = {"exc_info": BadRequest("no day"), "extra": {"status_code": 400}}
    line = written(lambda logger: logger.warning("/audit/news", **refusal))
    assert line.endswith(" WARNING tests.lines [-] /audit/news\n")


def test_line_of_runserver_about_a_page_is_no_warning(written):
    line = written(lambda logger: logger.info("GET /", extra={"status_code": 200}))
    assert line.endswith(" INFO tests.lines [-] GET /\n")


def test_line_about_an_ended_request_has_its_id(written):
    request = RequestFactory().get("/")
    request.request_id = PROXY_ID
    line = written(lambda logger: logger.warning("a word", extra={"request": request}))
    assert f" [{PROXY_ID}] " in line


def test_line_breaks_are_escaped(written):
    text = written(lambda logger: logger.warning("path %s", "/a\r\n2026-01-01 INFO all is well"))
    assert text.count("\n") == 1
    assert text.endswith("path /a\\r\\n2026-01-01 INFO all is well\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("nul \x00 del \x7f", r"nul \x00 del \x7f"),
        ("8-bit \x9b and \x85", r"8-bit \x9b and \x85"),
        ("\u202etxt.exe\u2066", r"\u202etxt.exe\u2066"),
        ("\u2028line\u200b", r"\u2028line\u200b"),
        ("half a pair \ud800", r"half a pair \ud800"),
        (r"a back\slash \x1b", r"a back\\slash \\x1b"),
        ("Łukasz 日本 😀", "Łukasz 日本 😀"),
    ],
)
def test_characters_that_do_not_show_are_escaped(text, shown):
    assert OneLineFormatter().format(logging.makeLogRecord({"msg": text})) == shown


def test_traceback_is_escaped(written):
    def fail(logger):
        try:
            {}["\x1b\u202e"]
        except KeyError:
            logger.exception("it failed")

    assert written(fail).endswith(r"KeyError: '\\x1b\\u202e'" + "\n")


@pytest.mark.parametrize("formatter", [OneLineFormatter("%(message)s"), JsonFormatter()])
def test_values_that_postgresql_quotes_are_left_out(formatter):
    said = "duplicate key\nDETAIL:  Key (reservation_uid)=(a-uid) exists.\n\nGrace"

    error = IntegrityError(said)
    error.__cause__ = ValueError(said)

    def fail(logger):
        logger.error("it failed", exc_info=error)
        logger.warning("not stored: %s", " ".join(said.split()))

    with writing(formatter) as text:
        found = text(fail)
    assert [word in found for word in ("a-uid", "Grace", "DETAIL")] == [False] * 3
    assert (found.count("duplicate key"), found.count("Error: dup")) == (3, 2)


def test_runserver_logs_in_the_same_format():
    assert settings.LOGGING["loggers"]["django.server"]["handlers"] == []


def test_json_line_has_the_same_members(written_as_json):
    def fail(logger):
        try:
            {}["\u202e"]
        except KeyError:
            logger.exception("path %s", "/a\r\nb")

    line = written_as_json(fail)
    assert line.count("\n") == 1
    assert line.isascii()
    found = json.loads(line)
    assert found.pop("traceback").endswith("KeyError: '\\u202e'")
    assert abs(datetime.fromisoformat(found.pop("time")) - datetime.now(UTC)) < timedelta(minutes=1)
    assert found == {
        "level": "ERROR",
        "logger": "tests.lines",
        "request_id": "-",
        "message": "path /a\r\nb",
    }


@pytest.mark.slow
def test_server_logs_json_throughout(serve):
    site = serve("http://localhost", LOG_FORMAT="json", GUNICORN_CMD_ARGS="--access-logfile -")
    answer = httpx.get(f"{site.url}/nowhere", headers={"Host": "elsewhere.example"})
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert {line["logger"] for line in lines} >= {"gunicorn.error", "gunicorn.access"}
    ids = {line["request_id"] for line in lines if line.get("request_id", "-") != "-"}
    assert ids == {answer.headers["X-Request-Id"]}


@pytest.mark.slow
def test_server_logs_are_escaped(serve):
    # With an access log, which an operator may add.
    site = serve("http://localhost", GUNICORN_CMD_ARGS="--access-logfile -")
    agent = "\x9b31m é".encode() + "\u202e".encode()
    raw = b"GET /%e2%80%ae%1b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + agent
    address = httpx.URL(site.url)
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(raw + b"\r\nConnection: close\r\n\r\n")
        while connection.recv(65536):
            pass
    site.process.terminate()
    site.process.wait(WAIT_SECONDS)
    text = site.log.read_text()
    lines = [line for line in text.split("\n") if "31m" in line or "Not Found" in line]
    assert [line.isprintable() for line in text.split("\n")] == [True] * len(text.split("\n"))
    assert len(lines) == 2


def test_traceback_stays_on_one_line(written):
    def fail(logger):
        try:
            int("broken")
        except ValueError:
            logger.exception("it failed")

    text = written(fail)
    assert text.count("\n") == 1
    assert text.endswith("ValueError: invalid literal for int() with base 10: 'broken'\n")


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpcore.http11", "django.db.backends"])
def test_loggers_that_would_print_secrets_stay_quiet(name, caplog):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(name).info("GET https://api.cal.com/v2/slots/reservations/secret")
    assert caplog.messages == []
