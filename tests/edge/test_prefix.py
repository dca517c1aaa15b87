"""The path within the site, behind proxies that keep the prefix and that take it off."""

import pytest

from dashboard.edge.proxies import trusted_proxies
from dashboard.edge.public_address import public_address
from dashboard.edge.wsgi_middleware import is_ambiguous, take_prefix_off
from tests.architecture.test_urls import VIEWS, address

ROUTES = [address(name, words) for name, words, _ in VIEWS if not name.endswith("None")]
ROUTES += ["/static/js/board.1a2b3c.js", "/holds/12/move/times", "/holds/7"]
# Prefixes that begin as pages of the site do, and one that does not.
PLAIN = ["/desk", "/a/holds", "/holds", "/accounts", "/static", "/offers", "/holdsteady"]
AMBIGUOUS = ["/admin", "/audit", "/settings", "/board", "/look-up", "/holds/new", "/livez"]


@pytest.fixture
def within(settings):
    """Return a function that returns the path within the site of an arrived one."""
    settings.TRUSTED_PROXIES = trusted_proxies("10.0.0.1")

    def send(prefix, path, peer="10.0.0.1", **environ):
        settings.PUBLIC_ADDRESS = public_address(f"https://desk.example.org{prefix}")
        settings.STATIC_URL = f"{prefix}/static/"
        environ |= {"PATH_INFO": path, "REMOTE_ADDR": peer}
        take_prefix_off(environ)
        return environ["PATH_INFO"]

    return send


@pytest.mark.parametrize("prefix", ["", *PLAIN, *AMBIGUOUS])
def test_every_page_behind_a_proxy_that_keeps_the_prefix(within, prefix):
    assert len(ROUTES) > 40
    found = {route: within(prefix, prefix + route) for route in ROUTES}
    assert found == {route: route for route in ROUTES}


@pytest.mark.parametrize("prefix", PLAIN)
def test_every_page_behind_a_proxy_that_takes_the_prefix_off(within, prefix):
    found = {route: within(prefix, route) for route in ROUTES}
    assert found == {route: route for route in ROUTES}


@pytest.mark.parametrize("prefix", [*PLAIN, *AMBIGUOUS])
def test_every_page_behind_a_proxy_that_says_it_took_the_prefix_off(within, prefix):
    said = {"HTTP_X_FORWARDED_PREFIX": f"{prefix}/"}
    found = {route: within(prefix, route, **said) for route in ROUTES}
    assert found == {route: route for route in ROUTES}


def test_prefix_without_a_slash_is_the_board(within):
    assert within("/desk", "/desk") == "/"


def test_x_forwarded_prefix_of_an_untrusted_peer_does_not_count(within):
    said = {"HTTP_X_FORWARDED_PREFIX": "/admin"}
    assert within("/admin", "/admin/", **said) == "/admin/"
    assert within("/admin", "/admin/", peer="203.0.113.9", **said) == "/"


def test_ambiguous_prefixes_are_known(within, settings):
    found = {}
    for prefix in ["", *PLAIN, *AMBIGUOUS]:
        within(prefix, "/")
        found[prefix] = is_ambiguous(prefix)
    assert found == {"": False} | dict.fromkeys(PLAIN, False) | dict.fromkeys(AMBIGUOUS, True)
