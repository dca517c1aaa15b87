"""``X-Forwarded-*`` and ``Forwarded``, from trusted proxies, from others, and in pieces."""

import pytest

from dashboard.edge import diagnosis
from dashboard.edge.diagnosis import NetworkFault
from dashboard.edge.forwarded import Forwarding, parse_forwarded, read_forwarding
from dashboard.edge.proxies import trusted_proxies
from dashboard.edge.public_address import public_address

CLIENT, OTHER = "203.0.113.9", "198.51.100.7"


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", [("192.0.2.60", "http")]),
        ("For=192.0.2.43 , FOR=198.51.100.17", [("192.0.2.43", ""), ("198.51.100.17", "")]),
        ('for="[2001:db8:cafe::17]:4711"', [("[2001:db8:cafe::17]:4711", "")]),
        ('for="_gazonk";proto=https', [("_gazonk", "https")]),
        ("for=unknown,for=_hidden", [("unknown", ""), ("_hidden", "")]),
        # A comma, a semicolon and a quote within quotes end nothing.
        (r'for="a, for=1.2.3.4; \"x\"";proto=http', [('a, for=1.2.3.4; "x"', "http")]),
        # Without the quotes that a colon needs.
        ("for=[2001:db8::1]:80;proto=https", [("[2001:db8::1]:80", "https")]),
        ("for=192.0.2.1:61234", [("192.0.2.1:61234", "")]),
        # Empty pairs and entries.
        (";;for=192.0.2.1;;", [("192.0.2.1", "")]),
        ("for=192.0.2.1,", [("192.0.2.1", ""), ("", "")]),
        ('for=""', [("", "")]),
        ("", []),
        (" \t ", []),
    ],
)
def test_entries_are_read(text, entries):
    found = [(entry.get("for", ""), entry.get("proto", "")) for entry in parse_forwarded(text)]
    assert found == entries


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "for",
        "=a",
        'for="192.0.2.1',
        'for=192.0.2.1"',
        "for=a b",
        "for=a;for=b",
        'for="a"b',
        "for=a=b",
        "for=a;proto=http;Proto=https",
        "\x00",
        "fôr=a",
        "for=\\",
    ],
)
def test_garbage_is_refused(text):
    with pytest.raises(ValueError, match="no Forwarded header"):
        parse_forwarded(text)
    assert read_forwarding({"HTTP_FORWARDED": text}) == Forwarding()


@pytest.mark.parametrize("text", [" " * 8000 + "x", 'for="' + "\\" * 8000, ";" * 8000 + '"'])
def test_long_garbage_is_refused_at_once(text):
    """Fail, by the limit of the test run, for a pattern that tries every split."""
    with pytest.raises(ValueError, match="no Forwarded header"):
        parse_forwarded(text)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X_FORWARDED_PROTO": "https"}, Forwarding(scheme="https")),
        ({"X_FORWARDED_PROTO": "HTTP"}, Forwarding(scheme="http")),
        ({"X_FORWARDED_PROTO": "http, https"}, Forwarding(scheme="https")),
        ({"X_FORWARDED_PROTO": "https,http"}, Forwarding(scheme="http")),
        ({"X_FORWARDED_PROTO": "ws"}, Forwarding()),
        ({"X_FORWARDED_PROTO": "https,"}, Forwarding()),
        ({"X_FORWARDED_FOR": ""}, Forwarding()),
        ({"X_FORWARDED_FOR": f"{OTHER}, {CLIENT}"}, Forwarding((OTHER, CLIENT))),
        ({"X_FORWARDED_HOST": "a, desk"}, Forwarding(host="desk")),
        (
            {"FORWARDED": f"for={OTHER};proto=http, for={CLIENT};proto=https;host=desk"},
            Forwarding((OTHER, CLIENT), "https", "desk"),
        ),
        ({"FORWARDED": "proto=https;by=10.0.0.1"}, Forwarding(("unknown",), "https")),
        # Both kinds: X-Forwarded-* count, because a client's Forwarded may have passed.
        ({"FORWARDED": f"for={OTHER}", "X_FORWARDED_FOR": CLIENT}, Forwarding((CLIENT,))),
        (
            {"FORWARDED": f"for={OTHER};proto=https", "X_FORWARDED_PROTO": "http"},
            Forwarding(scheme="http"),
        ),
        # X-Forwarded-Host alone, as from Apache, does not hide Forwarded.
        (
            {"FORWARDED": f"for={CLIENT};proto=https", "X_FORWARDED_HOST": "desk"},
            Forwarding((CLIENT,), "https", "desk"),
        ),
    ],
)
def test_nearest_proxy_counts(headers, said):
    assert read_forwarding({f"HTTP_{name}": value for name, value in headers.items()}) == said


@pytest.mark.parametrize(
    ("one", "other", "contradict"),
    [
        (Forwarding(("a",), "https"), Forwarding(("a",), "https"), False),
        (Forwarding(("a",)), Forwarding(scheme="http"), False),
        (Forwarding(("b", "a")), Forwarding(("a",)), False),
        (Forwarding(("a",)), Forwarding(("b",)), True),
        (Forwarding(scheme="https"), Forwarding(scheme="http"), True),
        (Forwarding(), Forwarding(("b",), "http"), False),
    ],
)
def test_contradiction(one, other, contradict):
    assert one.contradicts(other) is contradict


@pytest.fixture
def ask(settings, monkeypatch, client):
    """Return a function that opens the sign-in page through a peer; it returns the request."""
    monkeypatch.setattr(diagnosis, "logged_at", {})
    settings.TRUSTED_PROXIES = trusted_proxies("10.0.0.1 unix")
    settings.PUBLIC_ADDRESS = public_address("https://desk.example.org")
    settings.ALLOWED_HOSTS = ["desk.example.org"]

    def send(peer, path="/accounts/login/", **headers):
        given = {"host": "desk.example.org"} | headers
        return client.get(path, REMOTE_ADDR=peer, headers=given)

    return send


ALL = {
    "x_forwarded_for": CLIENT,
    "x_forwarded_proto": "https",
    "x_forwarded_host": "desk.example.org",
    "x_forwarded_prefix": "",
    "x_forwarded_port": "443",
    "forwarded": f"for={CLIENT};proto=https",
}


@pytest.mark.django_db
@pytest.mark.parametrize("peer", ["10.0.0.1", ""])
@pytest.mark.parametrize("kind", ["forwarded", "x_forwarded"])
def test_headers_of_a_trusted_proxy_count(ask, peer, kind):
    request = ask(peer, **{name: ALL[name] for name in ALL if name.startswith(kind)}).wsgi_request
    assert (request.client_address, request.is_secure()) == (CLIENT, True)


@pytest.mark.django_db
def test_headers_of_an_untrusted_peer_are_dropped(ask):
    answer = ask(OTHER, **ALL)
    request = answer.wsgi_request
    assert (request.client_address, request.is_secure()) == (OTHER, False)
    assert [name for name in request.META if "FORWARDED" in name] == []
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.django_db
def test_host_of_a_trusted_proxy_counts_where_its_own_is_foreign(ask):
    """Apache without ProxyPreserveHost sends the browser's host as X-Forwarded-Host."""
    named = {"host": "127.0.0.1:8000", "x_forwarded_host": "desk.example.org"}
    answer = ask("10.0.0.1", **named, x_forwarded_proto="https")
    assert (answer.status_code, answer.wsgi_request.get_host()) == (200, "desk.example.org")
    assert ask(OTHER, **named).status_code == 400
    foreign = {"host": "desk.example.org", "x_forwarded_host": "evil.example.org"}
    assert ask("10.0.0.1", **foreign).wsgi_request.get_host() == "desk.example.org"


@pytest.mark.django_db
def test_http_at_a_trusted_proxy_redirects_to_https_for_now(ask):
    answer = ask("10.0.0.1", "/audit/?day=today", x_forwarded_proto="http")
    assert (answer.status_code, answer["Location"], answer["Cache-Control"]) == (
        307,
        "https://desk.example.org/audit/?day=today",
        "no-store",
    )


@pytest.mark.django_db
def test_http_at_an_untrusted_proxy_is_not_redirected(ask):
    assert ask(OTHER, x_forwarded_proto="http").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "shown", [{"sec_fetch_site": "none"}, {"origin": "https://desk.example.org"}]
)
def test_redirect_that_would_never_end_is_a_page(ask, caplog, shown):
    answer = ask("10.0.0.1", x_forwarded_for=CLIENT, x_forwarded_proto="http", **shown)
    text = " ".join(answer.content.decode().split())
    assert (answer.status_code, answer["Cache-Control"]) == (400, "no-store")
    assert "says that it does not" in text
    assert f"for request {answer['X-Request-Id']}" in text
    [line] = caplog.messages
    assert line.startswith("The proxy 10.0.0.1 says http, but the browser uses https")
    assert "nginx: proxy_set_header X-Forwarded-Proto https;" in line


@pytest.mark.django_db
def test_foreign_host_is_one_warning_that_names_the_line(ask, caplog):
    answers = [ask("10.0.0.1", host=host) for host in ("127.0.0.1:8000", "evil.example.org")]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert 'href="https://desk.example.org/"' in answers[0].content.decode()
    assert "evil" not in answers[1].content.decode()
    [line] = caplog.messages
    assert line.startswith(
        "PUBLIC_URL is https://desk.example.org, but the request names the host '127.0.0.1:8000'."
    )
    assert "Apache: ProxyPreserveHost On" in line


@pytest.mark.django_db
def test_untrusted_proxy_is_named_with_the_setting(ask, caplog):
    for _ in range(3):
        ask(OTHER, x_forwarded_for=CLIENT)
    assert caplog.messages == [
        f"X-Forwarded-For came from {OTHER}, which is not in TRUSTED_PROXIES, and did not count."
        f" | Holdfast: TRUSTED_PROXIES={OTHER}"
    ]


def test_warning_returns_after_a_minute(monkeypatch, caplog):
    monkeypatch.setattr(diagnosis, "logged_at", {})
    port, host = "lost port", "other host"
    for fault, now in [(port, 0.0), (port, 59.0), (host, 59.0), (port, 60.0)]:
        diagnosis.log_faults([NetworkFault(fault, f"{fault} at {now}")], now=now)
    logged = [message.partition(" | ")[0] for message in caplog.messages]
    assert logged == ["lost port at 0.0", "other host at 59.0", "lost port at 60.0"]
