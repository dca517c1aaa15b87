"""PUBLIC_URL and what derives from it."""

import pytest
from django.http.request import split_domain_port, validate_host

from dashboard.edge.public_address import public_address


@pytest.mark.parametrize(
    ("typed", "shown", "host", "prefix"),
    [
        ("https://desk.example.org", "https://desk.example.org", "desk.example.org", ""),
        ("https://desk.example.org/", "https://desk.example.org", "desk.example.org", ""),
        ("https://DESK.example.org:443/", "https://desk.example.org", "desk.example.org", ""),
        (
            "https://desk.example.org:8443/a/holds/",
            "https://desk.example.org:8443/a/holds",
            "desk.example.org",
            "/a/holds",
        ),
        ("http://[::1]:8000", "http://[::1]:8000", "[::1]", ""),
        ("http://10.0.0.7", "http://10.0.0.7", "10.0.0.7", ""),
        ("http://[2001:DB8:0:0::7]/", "http://[2001:db8::7]", "[2001:db8::7]", ""),
        ("https://xn--a-1.example", "https://xn--a-1.example", "xn--a-1.example", ""),
        ("https://desk/a..b", "https://desk/a..b", "desk", "/a..b"),
    ],
)
def test_address_is_normalised_as_browsers_do(typed, shown, host, prefix):
    address = public_address(typed)
    assert (str(address), address.host, address.prefix) == (shown, host, prefix)


@pytest.mark.parametrize(
    "typed",
    [
        "desk.example.org",
        "ftp://desk.example.org",
        "https://",
        "https:///holds",
        "https://desk.example.org:0",
        "https://desk.example.org:99999",
        "https://desk.example.org:port",
        "https://user:secret@desk.example.org",
        "https://desk.example.org/?a=b",
        "https://desk.example.org/?",
        "https://desk.example.org/#top",
        "https://desk.example.org//holds",
        "https://desk.example.org/../holds",
        "https://desk.example.org/ho lds",
        "https://désk.example.org",
        "https://[::1",
        "https://*",
        # What Django's host check refuses later, or reads as "any host below this one".
        "https://desk.example.org.",
        "https://desk_1.example.org",
        "https://-",
        "https://-desk.example.org",
        "https://..",
        "https://.example.org",
        "https://desk..example.org",
        f"https://{'a' * 64}.example.org",
        f"https://{'a.' * 127}org",
        # What browsers send otherwise or not at all.
        "https://10.0.0.300",
        "https://10.1",
        "https://0x7f",
        "https://[fe80::1%25eth0]",
        "https://desk.example.org/./holds",
        "https://desk.example.org/holds/..",
        # A port of the other scheme.
        "https://desk.example.org:80",
        "http://desk.example.org:443",
    ],
)
def test_invalid_address_is_refused(typed):
    with pytest.raises(ValueError, match=r"^must "):
        public_address(typed)


def test_loopback():
    names = ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"]
    assert [public_address(f"http://{name}").is_loopback for name in names] == [True] * 4
    names = ["10.0.0.1", "0.0.0.0", "localhost.example.org", "[2001:db8::1]"]
    assert [public_address(f"http://{name}").is_loopback for name in names] == [False] * 4


def test_allowed_hosts():
    assert public_address("https://desk.example.org:8443").hosts == ["desk.example.org"]
    assert public_address("http://127.0.0.1:8000").hosts == ["127.0.0.1", "[::1]", "localhost"]


def test_cookie_path_is_the_prefix():
    assert public_address("https://desk.example.org/holds").cookie_path == "/holds"
    assert public_address("https://desk.example.org").cookie_path == "/"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("https://desk.example.org", "__Host-holdfast_session"),
        ("https://desk.example.org:8443", "__Host-holdfast_session_8443"),
        ("https://desk.example.org/a/holds", "__Secure-holdfast_session_a.holds"),
        ("http://desk.example.org", "holdfast_session"),
        ("http://desk.example.org:8000/holds", "holdfast_session_8000_holds"),
    ],
)
def test_cookie_names_differ_by_port_and_path(typed, name):
    assert public_address(typed).cookie_name("session") == name


@pytest.mark.parametrize("host", ["desk.example.org", "10.0.0.7", "[2001:db8::7]", "a-1.b"])
def test_django_accepts_the_host_of_every_valid_address(host):
    address = public_address(f"https://{host}:8443")
    domain, port = split_domain_port(f"{host}:8443")
    assert (port, validate_host(domain, address.hosts)) == ("8443", True)
