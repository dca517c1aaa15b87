"""Request ids and the lines of the log."""

import io
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from dashboard.edge.proxies import trusted_proxies
from dashboard.edge.request_ids import OneLine, RequestIdFilter, current, middleware

PROXYS_OWN = "7f3a9c0de1b24f5687a9b0c1d2e3f405"


@pytest.fixture
def ask():
    def send(given, *, trusted):
        inside = {}

        def view(request):
            inside.update(request=request.request_id, log=current.get())
            return HttpResponse()

        request = RequestFactory().get("/", headers={"x_request_id": given})
        request.from_trusted_proxy = trusted
        answer = middleware(view)(request)
        assert inside["request"] == inside["log"] == answer["X-Request-Id"]
        assert current.get() == "-"
        return answer["X-Request-Id"]

    return send


def test_a_trusted_proxys_id_goes_through(ask):
    assert ask(PROXYS_OWN, trusted=True) == PROXYS_OWN


def test_a_strangers_id_is_replaced(ask):
    made = ask(PROXYS_OWN, trusted=False)
    assert made != PROXYS_OWN
    assert len(made) == 32


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "7f3a9c0d e1b24f", "<script>alert</script>"]
)
def test_an_id_that_is_not_well_formed_is_replaced(ask, given):
    made = ask(given, trusted=True)
    assert made != given
    assert len(made) == 32


def test_the_middleware_tells_both_apart(settings, client):
    settings.TRUSTED_PROXIES = trusted_proxies("10.0.0.1")
    sent = {"headers": {"x_request_id": PROXYS_OWN}}
    # The probes come before; a redirect by the gate goes through the whole chain.
    ids = [
        client.get("/nowhere", REMOTE_ADDR=peer, **sent)["X-Request-Id"]
        for peer in ("10.0.0.1", "10.0.0.2")
    ]
    assert ids[0] == PROXYS_OWN != ids[1]


@pytest.fixture
def written():
    """Log something the way the settings say, and give back the text."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RequestIdFilter())
    line = settings.LOGGING["formatters"]["one_line"]
    handler.setFormatter(OneLine(line["format"], line["datefmt"]))
    logger = logging.getLogger("tests.lines")
    logger.addHandler(handler)
    logger.propagate = False

    def text(log):
        log(logger)
        return stream.getvalue()

    yield text
    logger.removeHandler(handler)
    logger.propagate = True


def test_a_line_says_when_how_grave_who_and_in_which_request(written):
    token = current.set(PROXYS_OWN)
    line = written(lambda logger: logger.warning("a word"))
    current.reset(token)
    moment, words = line.split(" ", 1)
    assert abs(datetime.fromisoformat(moment) - datetime.now(UTC)) < timedelta(minutes=1)
    assert words == f"WARNING tests.lines [{PROXYS_OWN}] a word\n"


def test_a_line_about_a_request_that_is_over_names_it(written):
    request = RequestFactory().get("/")
    request.request_id = PROXYS_OWN
    line = written(lambda logger: logger.warning("a word", extra={"request": request}))
    assert f" [{PROXYS_OWN}] " in line


def test_nobody_forges_a_line(written):
    text = written(lambda logger: logger.warning("path %s", "/a\r\n2026-01-01 INFO all is well"))
    assert text.count("\n") == 1
    assert text.endswith("path /a\\r\\n2026-01-01 INFO all is well\n")


def test_a_traceback_stays_in_its_line(written):
    def fail(logger):
        try:
            int("broken")
        except ValueError:
            logger.exception("it failed")

    text = written(fail)
    assert text.count("\n") == 1
    assert text.endswith("ValueError: invalid literal for int() with base 10: 'broken'\n")


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpcore.http11", "django.db.backends"])
def test_loggers_that_print_secrets_stay_quiet_even_when_everything_is_logged(name, caplog):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(name).info("GET https://api.cal.com/v2/slots/reservations/secret")
    assert caplog.messages == []
