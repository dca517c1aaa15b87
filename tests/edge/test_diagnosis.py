"""Findings from what arrived: pure tables. ``test_proxy_check`` makes the faults for real."""

import ast
import re
from pathlib import Path

import pytest

from dashboard.edge import diagnosis, proxy_probe
from dashboard.edge.arrival import Arrival
from dashboard.edge.diagnosis import FAULTS, NetworkFault, diagnose, rows
from dashboard.edge.public_address import public_address

GOOD = {
    "HTTP_X_FORWARDED_FOR": "203.0.113.9",
    "HTTP_X_FORWARDED_PROTO": "https",
}
HOST = "desk.example.org"
NAME = re.compile(r"<(\w+)>")  # that stands for a value


def faults(public="https://desk.example.org/admin", **arrived):
    given = {"peer": "10.0.0.1", "is_trusted": True, "host": HOST, "path": "/admin/"}
    given |= {"is_browser_on_https": True, "forwarded": GOOD}
    found = diagnose(Arrival(**given | arrived), public_address(public))
    assert [each.text for each in found if NAME.search(each.text.replace("<script>", ""))] == []
    return [each.kind for each in found]


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


@pytest.mark.parametrize("module", [diagnosis, proxy_probe])
def test_every_fault_is_given_the_values_of_its_text_and_lines(module):
    source = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call)]
    made = [call for call in calls if ast.unparse(call.func) == "NetworkFault"]
    assert made
    for call in made:
        given = {keyword.arg for keyword in call.keywords}
        kinds = [node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)]
        for kind in kinds:
            lines = [
                FAULTS[kind][name] for name in FAULTS[kind] if name != "text" or not call.args[1:]
            ]
            lacking = set(NAME.findall(" ".join(lines))) - given
            assert None in given or not lacking, (kind, lacking)  # None is a ``**values``


def test_every_text_and_line_is_filled_in():
    fault = NetworkFault("wrong scheme", peer="10.0.0.1")
    assert fault.text.startswith("The proxy 10.0.0.1 says http, but")
    fault = NetworkFault("removed path", prefix="/<peer>")
    assert fault.lines["Apache"] == "ProxyPass /<peer> http://127.0.0.1:8000/<peer>"


def test_rows_show_headers_by_their_names():
    shown = dict(rows(Arrival(peer="", client="203.0.113.9", forwarded=GOOD)))
    assert shown["Connected from"] == "unix, not in TRUSTED_PROXIES"
    assert shown["X-Forwarded-For"] == "203.0.113.9"
