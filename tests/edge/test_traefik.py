"""Faults of a real Traefik that no line of its own mends, and what does no harm behind it.

The others are in ``test_remedies``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from dashboard.edge.proxy_probe import examine
from dashboard.edge.public_address import public_address
from tests.edge.conftest import starter
from tests.edge.faulty_proxies import Variant
from tests.edge.faulty_traefik import running
from tests.edge.nginx import NAME, LoopbackTransport
from tests.ports import free_ports

pytestmark = pytest.mark.slow

PREFIX = "/admin"  # also the path of a page: a proxy that takes it off must say so
TAKEN_OFF = "replacePathRegex: {regex: '^/admin/(.*)', replacement: '/$1'}"
UNTRUSTED = "127.0.0.1:0"  # is replaced by a server that trusts no proxy
# What is changed in a right configuration, the faults found, and the line that mends them.
CASES = {
    "right": ({}, [], {}),
    "path taken off": ({"extra": "stripPrefix: {prefixes: [/admin]}"}, [], {}),
    "path taken off without a word": (
        {"extra": TAKEN_OFF},
        ["removed path"],
        {"Traefik": "stripPrefix: {prefixes: [/admin]}   # says so; replacePathRegex does not"},
    ),
    "other path": (
        {"prefix": "X-Forwarded-Prefix: /desk"},
        ["other path"],
        {"Holdfast": "PUBLIC_URL=ORIGIN/desk"},
    ),
    "other host, but named": ({"service": "passHostHeader: false"}, [], {}),
    "untrusted": (
        {"upstream": UNTRUSTED},
        ["untrusted proxy"],
        {"Holdfast": "TRUSTED_PROXIES=127.0.0.1"},
    ),
    "moved": (
        {"extra": "redirectRegex: {regex: .*, replacement: 'https://elsewhere.example.org/'}"},
        ["redirect"],
        {},
    ),
    # As the printed configuration has it.
    "whole forms": (
        {"extra": "buffering: {maxRequestBodyBytes: 262144}"},
        [],
        {},
    ),
    "nothing behind": ({"upstream": "127.0.0.1:9"}, ["other site"], {}),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    folder: Path = tmp_path_factory.mktemp("traefik")
    [port] = free_ports(1)  # of the public address; every variant listens on another one
    public_url = f"https://{NAME}:{port}{PREFIX}"
    with starter(folder) as start:
        site = start(public_url, TRUSTED_PROXIES="127.0.0.1")
        (folder / "other").mkdir()
        key = site.environment["SECRET_KEY"]
        with starter(folder / "other") as start_other:
            other = start_other(public_url, SECRET_KEY=key).url.removeprefix("http://")
            variants = {
                name: Variant({key: line.replace(UNTRUSTED, other) for key, line in lines.items()})
                for name, (lines, _faults, _mending) in CASES.items()
            }
            upstream = site.url.removeprefix("http://")
            with running(PREFIX, upstream, variants, folder) as ports:
                yield site, public_url, folder, ports


def test_faults_are_found_with_the_line_that_mends_them(
    desk: tuple, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, public_url, folder, ports = desk
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    settings.SECRET_KEY = site.environment["SECRET_KEY"]
    settings.PUBLIC_ADDRESS = address = public_address(public_url)
    settings.SESSION_COOKIE_NAME = address.cookie_name("session")
    settings.CSRF_COOKIE_NAME = address.cookie_name("csrf")
    with ThreadPoolExecutor(8) as pool:
        reports = pool.map(lambda port: examine(public_url, f"127.0.0.1:{port}"), ports.values())
        found = {name: each for name, (each, _arrived) in zip(ports, reports, strict=True)}
    for name, (_lines, faults, mending) in CASES.items():
        assert [each.kind for each in found[name]] == faults, (name, found[name])
        for kind, line in mending.items():
            assert found[name][0].lines[kind] == line.replace("ORIGIN", address.origin)


def post(desk: tuple, name: str) -> httpx.Response:
    """Send a form through a variant, from a page that the browser does not name."""
    _site, public_url, folder, ports = desk
    headers = {"Host": httpx.URL(public_url).netloc.decode(), "Origin": "null"}
    with httpx.Client(transport=LoopbackTransport(folder, "127.0.0.1")) as client:
        login = f"https://{NAME}:{ports[name]}{PREFIX}/accounts/login/"
        return client.post(login, data={"username": "ada"}, headers=headers)


def test_redirect_keeps_a_form(desk: tuple) -> None:
    assert post(desk, "moved").status_code == 307


def test_page_and_log_say_why_a_form_was_refused(desk: tuple) -> None:
    site = desk[0]
    answer = post(desk, "right")
    assert answer.status_code == 403
    assert "did not say which page it came from" in answer.text
    assert "Traefik: referrerPolicy: same-origin" in site.log.read_text()
