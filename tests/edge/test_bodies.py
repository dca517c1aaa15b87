"""Bodies of forms at the real server: chunked, too long, broken off, empty."""

import http.client
import io
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from gunicorn import util

from dashboard.edge import gunicorn
from dashboard.edge.public_address import public_address
from dashboard.edge.wsgi_middleware import read_body
from dashboard.settings import DATA_UPLOAD_MAX_MEMORY_SIZE as LIMIT
from tests.edge.conftest import starter
from tests.migrated import PASSWORD
from tests.script_visitor import TOKEN
from tests.serving import WAIT_SECONDS

pytestmark = pytest.mark.slow

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with starter(tmp_path_factory.mktemp("bodies")) as start:
        yield start("http://localhost/holds")


@pytest.fixture
def send(site):
    """Return a function that sends a form by its chunks; it returns status and text."""
    link = http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=WAIT_SECONDS)
    link.request("GET", "/holds/accounts/login/", headers={"Host": "localhost"})
    page = link.getresponse()
    text, cookie = page.read().decode(), page.getheader("Set-Cookie").partition(";")[0]
    assert cookie.startswith(f"{public_address('http://localhost/holds').cookie_name('csrf')}=")
    token = TOKEN.search(text)[1]

    def post(chunks, **more):
        headers = {"Host": "localhost", "Cookie": cookie, "Content-Type": FORM} | more
        link.request("POST", "/holds/accounts/login/", chunks(token), headers)
        answer = link.getresponse()
        return answer.status, answer.read().decode()

    yield post
    link.close()


def fields(token, **more):
    given = {"csrfmiddlewaretoken": token, "username": "ada", "password": PASSWORD}
    return urlencode(given | more).encode()


def chunked(body):
    """Return an iterator, which ``http.client`` sends chunk by chunk and without a length."""
    return (body[start : start + 50] for start in range(0, len(body), 50))


def test_chunked_form_is_read(send):
    assert send(lambda token: chunked(fields(token)))[0] == 302
    assert send(lambda token: chunked(fields(token, password="wrong")))[0] == 422


def test_chunked_multipart_form_is_read(send):
    def parts(token):
        part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        given = {"csrfmiddlewaretoken": token, "username": "ada", "password": PASSWORD}
        return "".join(part.format(*one) for one in given.items()).encode() + b"--x--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert send(lambda token: chunked(parts(token)), **kind)[0] == 302


@pytest.mark.parametrize("way", [chunked, bytes], ids=["chunked", "with its length"])
def test_form_over_the_limit_is_refused(send, way):
    status, text = send(lambda token: way(fields(token, note="a" * 300_000)))
    assert (status, "was not understood" in text) == (400, True)


@pytest.mark.parametrize("way", [chunked, bytes], ids=["chunked", "with its length"])
def test_empty_form_has_its_own_words(send, way):
    status, text = send(lambda token: way(b""))
    assert (status, "It arrived empty or cut off" in text) == (403, True)


def test_invalid_chunk_changes_nothing(send, site):
    """Refuse what cannot be read, without a traceback."""
    link = http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=WAIT_SECONDS)
    link.putrequest("POST", "/holds/accounts/login/", skip_host=True)
    for name, value in {"Host": "localhost", "Transfer-Encoding": "chunked"}.items():
        link.putheader(name, value)
    link.endheaders(b"no number\r\nusername=ada\r\n0\r\n\r\n")
    assert link.getresponse().status == 400
    link.close()
    lines = site.log.read_text().splitlines()
    assert [line.count("Traceback") for line in lines if "Invalid chunk" in line] == [0]


def test_body_is_read_before_any_answer():
    """Leave nothing within the limit to the view, of which the refusals read nothing."""
    answers = {}
    for sent, length in [(b"abc", 3), (b"x" * LIMIT, LIMIT), (b"x", LIMIT + 1), (b"abc", 4)]:
        environ = {"wsgi.input": io.BytesIO(sent), "CONTENT_LENGTH": str(length)}
        unread = environ["wsgi.input"]
        read_body(environ)
        answers[length] = len(unread.read()), int(environ["CONTENT_LENGTH"])
    assert answers == {3: (0, 3), LIMIT: (0, LIMIT), LIMIT + 1: (1, LIMIT + 1), 4: (0, 0)}


def test_body_of_what_the_server_itself_refuses_is_read_too():
    here, there = socket.socketpair()
    with here, there, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(there.sendall, b"x" * gunicorn.LONG_BODY)
        pool.submit(there.shutdown, socket.SHUT_WR)
        gunicorn.close_slowly(here, timeout=WAIT_SECONDS)
        assert (sent.result(), gunicorn.LONG_BODY) == (None, LIMIT)


def test_peer_that_does_not_close_keeps_no_others_waiting(monkeypatch):
    """Wait for it in another thread than that which hands out requests."""
    waiting, waited = threading.Event(), threading.Event()

    def wait(sock):
        waiting.wait(WAIT_SECONDS)
        sock.close()
        waited.set()

    monkeypatch.setattr(gunicorn, "close_slowly", wait)
    here, there = socket.socketpair()
    with there:
        util.close_graceful(here)
        assert here.fileno() != -1
        waiting.set()
        assert waited.wait(WAIT_SECONDS)
    here, there = socket.socketpair()
    there.close()
    util.close_graceful(here)
    assert here.fileno() == -1


@pytest.mark.parametrize(
    ("body", "connection"),
    [(b"x" * (LIMIT + 1), "close"), (chunked(b"x" * 100), "close"), (b"x" * LIMIT, "keep-alive")],
    ids=["too long", "chunked", "long"],
)
def test_end_of_a_connection_is_announced(site, body, connection):
    # The server closes it where much of a body is left unread, as that of any other type may be.
    link = http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=WAIT_SECONDS)
    headers = {"Host": "localhost", "Content-Type": "application/json"}
    link.request("POST", "/holds/accounts/login/", body, headers)
    answer = link.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (403, connection)
    link.close()
