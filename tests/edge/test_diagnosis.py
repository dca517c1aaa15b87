"""Findings from what arrived: pure tables. ``test_proxy_check`` makes the faults for real."""

import pytest

from dashboard.edge.arrival import Arrival
from dashboard.edge.diagnosis import REMEDIES, NetworkFault, diagnose, rows
from dashboard.edge.public_address import public_address

GOOD = {
    "HTTP_X_FORWARDED_FOR": "203.0.113.9",
    "HTTP_X_FORWARDED_PROTO": "https",
}
HOST = "desk.example.org"


def faults(public="https://desk.example.org/admin", **arrived):
    given = {"peer": "10.0.0.1", "is_trusted": True, "host": HOST, "path": "/admin/"}
    given |= {"is_browser_on_https": True, "forwarded": GOOD}
    return [found.kind for found in diagnose(Arrival(**given | arrived), public_address(public))]


@pytest.mark.parametrize(
    ("arrived", "found"),
    [
        ({}, []),
        ({"is_form": True, "length": 9, "origin": "https://desk.example.org"}, []),
        ({"is_form": True, "length": 9, "referer": "https://desk.example.org"}, []),
        # Not trusted: nothing but the peer is said about its headers.
        ({"is_trusted": False}, ["untrusted proxy"]),
        ({"is_trusted": False, "peer": ""}, ["untrusted proxy"]),
        ({"is_trusted": False, "forwarded": {}}, []),
        # The path is taken off where it is also that of a page.
        ({"path": "/", "is_prefix_ambiguous": True}, ["removed path"]),
        ({"path": "/", "is_prefix_ambiguous": False}, []),
        (
            {
                "path": "/",
                "is_prefix_ambiguous": True,
                "forwarded": GOOD | {"HTTP_X_FORWARDED_PREFIX": "/admin/"},
            },
            [],
        ),
        ({"forwarded": GOOD | {"HTTP_X_FORWARDED_PREFIX": "/desk"}}, ["other path"]),
        # Several at once, what explains the rest first.
        (
            {"host": "127.0.0.1:8000", "forwarded": {"HTTP_X_FORWARDED_FOR": "<script>"}},
            ["no scheme", "no client address", "other host"],
        ),
        (
            {"forwarded": GOOD | {"HTTP_X_FORWARDED_PROTO": "http"}},
            ["wrong scheme"],
        ),
        (
            {"forwarded": GOOD | {"HTTP_X_FORWARDED_PROTO": "http"}, "is_browser_on_https": False},
            [],
        ),
        # The host, with and without a port, and as a proxy names it beside its own.
        ({"host": "desk.example.org.:443"}, ["lost port"]),
        ({"host": "DESK.example.org"}, []),
        ({"host": ""}, ["other host"]),
        ({"host": "[::1"}, ["other host"]),
        ({"host": "10.0.0.2", "forwarded": GOOD | {"HTTP_X_FORWARDED_HOST": HOST}}, []),
        # Forms.
        ({"is_form": True, "length": 0}, ["lost form"]),
        ({"is_form": True, "length": 9, "origin": "null"}, ["no origin"]),
        ({"is_form": True, "length": 9, "origin": "http://desk"}, ["other origin"]),
    ],
)
def test_faults(arrived, found):
    assert faults(**arrived) == found


def test_every_line_can_be_filled_in():
    values = {"peer": "10.0.0.1", "prefix": "/holds", "said": "https://a", "public": "https://b"}
    values |= {"header": "X-Forwarded-User", "host": "desk.example.org"}
    for kind in REMEDIES:
        assert not any("<" in line for line in NetworkFault(kind, "", **values).lines.values())


def test_rows_show_headers_by_their_names():
    shown = dict(rows(Arrival(peer="", client="203.0.113.9", forwarded=GOOD)))
    assert shown["Connected from"] == "unix, not in TRUSTED_PROXIES"
    assert shown["X-Forwarded-For"] == "203.0.113.9"
