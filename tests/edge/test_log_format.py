"""Request ids and the format of the log."""

import io
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from dashboard.edge.log_format import OneLineFormatter, RequestIdFilter, current_request_id
from dashboard.edge.middleware import request_id
from dashboard.edge.proxies import trusted_proxies

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


@pytest.fixture
def written():
    """Return a function that logs in the format of the settings and returns the text."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RequestIdFilter())
    line = settings.LOGGING["formatters"]["one_line"]
    handler.setFormatter(OneLineFormatter(line["format"], line["datefmt"]))
    logger = logging.getLogger("tests.lines")
    logger.addHandler(handler)
    logger.propagate = False

    def text(log):
        log(logger)
        return stream.getvalue()

    yield text
    logger.removeHandler(handler)
    logger.propagate = True


def test_line_has_time_level_logger_and_request_id(written):
    token = current_request_id.set(PROXY_ID)
    line = written(lambda logger: logger.warning("a word"))
    current_request_id.reset(token)
    moment, words = line.split(" ", 1)
    assert abs(datetime.fromisoformat(moment) - datetime.now(UTC)) < timedelta(minutes=1)
    assert words == f"WARNING tests.lines [{PROXY_ID}] a word\n"


def test_line_about_an_ended_request_has_its_id(written):
    request = RequestFactory().get("/")
    request.request_id = PROXY_ID
    line = written(lambda logger: logger.warning("a word", extra={"request": request}))
    assert f" [{PROXY_ID}] " in line


def test_line_breaks_are_escaped(written):
    text = written(lambda logger: logger.warning("path %s", "/a\r\n2026-01-01 INFO all is well"))
    assert text.count("\n") == 1
    assert text.endswith("path /a\\r\\n2026-01-01 INFO all is well\n")


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
