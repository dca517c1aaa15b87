"""Every remedy that ``manage.py proxy_check`` names, tried with real proxies of each kind.

Each fault is made on purpose; then the line that is named takes the place of the wrong one, and
nothing is found any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from dashboard.edge.diagnosis import Finding
from dashboard.edge.proxy_probe import examine
from dashboard.edge.public_address import public_address
from dashboard.edge.remedies import Fault
from tests.edge import faulty_proxies, faulty_traefik
from tests.edge.conftest import starter
from tests.edge.faulty_proxies import KINDS, USER, Variant
from tests.edge.nginx import NAME
from tests.ports import free_ports

pytestmark = pytest.mark.slow
PREFIX = "/holds"
UPSTREAM = "http://127.0.0.1:8000"  # is replaced by the server's own
REMOVE = "remove: "

NO_LENGTH = {"length": 'proxy_set_header Content-Length "";'}
OWN_FOR = "RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}"
# Per proxy and fault: the key of the line that the remedy replaces, and the wrong lines.
FAULTY = {
    "nginx": {
        Fault.FOREIGN_HOST: ("host", {"host": ""}),
        Fault.LOST_PORT: ("host", {"host": "proxy_set_header Host $host;"}),
        Fault.NO_SCHEME: ("proto", {"proto": ""}),
        Fault.WRONG_SCHEME: ("proto", {}),
        Fault.FORGED_CLIENT: ("for", {"for": ""}),
        Fault.NO_CLIENT: ("for", {"for": 'proxy_set_header X-Forwarded-For "";'}),
        Fault.FORGED_REQUEST_ID: ("id", {"id": ""}),
        Fault.FORGED_USER: ("user", {"user": ""}),
        Fault.CONTRADICTION: (
            "forwarded",
            {"forwarded": "proxy_set_header Forwarded 'for=198.51.100.7;proto=http';"},
        ),
        Fault.DOUBLE_PREFIX: ("pass", {"pass": f"proxy_pass {UPSTREAM}/holds/holds/;"}),
        Fault.NULL_ORIGIN: ("policy", {"policy": "add_header Referrer-Policy no-referrer always;"}),
        Fault.LOST_BODY: ("body", {"body": "proxy_pass_request_body off;", **NO_LENGTH}),
        Fault.REFUSED_BODY: ("size", {"size": "client_max_body_size 1k;"}),
        Fault.LOST_COOKIES: ("cookie", {"cookie": 'proxy_set_header Cookie "";'}),
        Fault.REWRITTEN_ERRORS: (
            "errors",
            {"errors": "proxy_intercept_errors on;", "page": "error_page 503 /holds/nothing;"},
        ),
        Fault.STORED_PAGES: (
            "cache",
            {
                "cache": "proxy_cache pages;",
                "valid": "proxy_cache_valid 200 1m;",
                "buffering": "proxy_buffering on;",
                "ignored": "proxy_ignore_headers Cache-Control Set-Cookie Vary;",
            },
        ),
        Fault.REDIRECT_LOOP: (
            "site",
            {
                "site": "return 301 https://$http_host$request_uri;",
                "proto": "proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
            },
        ),
        Fault.BUFFERING: ("buffering", {"buffering": ""}),
    },
    "Caddy": {
        Fault.FOREIGN_HOST: (
            "host",
            {"host": "header_up Host {upstream_hostport}", "own": "header_up -X-Forwarded-Host"},
        ),
        Fault.LOST_PORT: ("host", {"host": "header_up Host {host}"}),
        Fault.NO_SCHEME: ("proto", {"proto": "header_up -X-Forwarded-Proto"}),
        Fault.WRONG_SCHEME: ("trusted", {}),
        Fault.FORGED_CLIENT: (
            "for",
            {"for": "header_up X-Forwarded-For {header.X-Forwarded-For}"},
        ),
        Fault.NO_CLIENT: ("for", {"for": "header_up -X-Forwarded-For"}),
        Fault.FORGED_REQUEST_ID: ("id", {"id": ""}),
        Fault.FORGED_USER: ("site user", {"site user": ""}),
        Fault.CONTRADICTION: (
            "forwarded",
            {"forwarded": 'header_up Forwarded "for=198.51.100.7;proto=http"'},
        ),
        Fault.DOUBLE_PREFIX: ("site", {"site": "rewrite * /holds{uri}"}),
        Fault.NULL_ORIGIN: (
            "site",
            {"site": "header {\n Referrer-Policy no-referrer\n defer\n}"},
        ),
        Fault.REFUSED_BODY: (
            "site size",
            {"site body": "request_body {", "site size": "max_size 1KB", "site end": "}"},
        ),
        Fault.LOST_COOKIES: ("cookie", {"cookie": "header_up -Cookie"}),
        Fault.REWRITTEN_ERRORS: (
            "errors",
            {
                "which": "@failed status 503",
                "errors": 'handle_response @failed {\n respond "Sorry" 503\n}',
            },
        ),
    },
    "Apache": {
        Fault.FOREIGN_HOST: ("host", {"host": "", "for": "ProxyAddHeaders Off", "own": OWN_FOR}),
        Fault.NO_SCHEME: ("proto", {"proto": ""}),
        Fault.WRONG_SCHEME: (
            "proto",
            {"proto": "RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}"},
        ),
        Fault.FORGED_CLIENT: ("for", {"for": "ProxyAddHeaders Off"}),
        Fault.NO_CLIENT: (
            "for",
            {"for": "ProxyAddHeaders Off", "unset": "RequestHeader unset X-Forwarded-For early"},
        ),
        Fault.FORGED_REQUEST_ID: ("id", {"id": ""}),
        Fault.FORGED_USER: ("user", {"user": ""}),
        Fault.CONTRADICTION: (
            "forwarded",
            {"forwarded": 'RequestHeader set Forwarded "for=198.51.100.7;proto=http"'},
        ),
        Fault.DOUBLE_PREFIX: ("pass", {"pass": f"ProxyPass {PREFIX} {UPSTREAM}{PREFIX}{PREFIX}"}),
        Fault.NULL_ORIGIN: (
            "policy",
            {"policy": "Header set Referrer-Policy no-referrer"},
        ),
        Fault.LOST_BODY: ("length", {"length": "RequestHeader unset Content-Length early"}),
        Fault.REFUSED_BODY: (
            "size",
            {
                "size": "SecRequestBodyNoFilesLimit 1024",
                "filter": "SecRuleEngine On\nSecRequestBodyAccess On",
            },
        ),
        Fault.STORED_PAGES: (
            "disable",
            {
                "cache": "CacheSocache shmcb\nCacheEnable socache /",
                "age": "Header set Cache-Control max-age=600",
            },
        ),
        Fault.LOST_COOKIES: ("cookie", {"cookie": "RequestHeader unset Cookie"}),
        Fault.REWRITTEN_ERRORS: ("errors", {"errors": "ProxyErrorOverride On"}),
        Fault.REDIRECT_LOOP: (
            "cond",
            {
                "engine": "RewriteEngine On",
                "cond": "",
                "rule": "RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]",
            },
        ),
    },
    "Traefik": {
        # With the host that it got in X-Forwarded-Host, passHostHeader: false does no harm.
        Fault.FOREIGN_HOST: (
            "service",
            {"service": "passHostHeader: false", "own": 'X-Forwarded-Host: ""'},
        ),
        Fault.LOST_PORT: ("host", {"host": f"Host: {NAME}"}),
        Fault.NO_SCHEME: ("proto", {"proto": 'X-Forwarded-Proto: ""'}),
        Fault.WRONG_SCHEME: ("entry", {}),
        Fault.FORGED_CLIENT: (
            "entry",
            {"entry": "forwardedHeaders: {insecure: true, notAppendXForwardedFor: true}"},
        ),
        Fault.NO_CLIENT: ("entry", {"entry": "forwardedHeaders: {notAppendXForwardedFor: true}"}),
        Fault.FORGED_REQUEST_ID: ("id", {"id": ""}),
        Fault.FORGED_USER: ("user", {"user": ""}),
        Fault.CONTRADICTION: (
            "forwarded",
            {"forwarded": "Forwarded: for=198.51.100.7;proto=http"},
        ),
        Fault.DOUBLE_PREFIX: ("extra", {"extra": f"addPrefix: {{prefix: {PREFIX}}}"}),
        Fault.NULL_ORIGIN: ("headers", {"headers": "referrerPolicy: no-referrer"}),
        Fault.REFUSED_BODY: ("extra", {"extra": "buffering: {maxRequestBodyBytes: 1024}"}),
        Fault.LOST_COOKIES: ("cookie", {"cookie": 'Cookie: ""'}),
        Fault.REWRITTEN_ERRORS: (
            "extra",
            {"extra": "errors: {status: ['500-599'], service: site, query: /holds/livez}"},
        ),
        Fault.REDIRECT_LOOP: (
            "extra",
            {
                "extra": "redirectScheme: {scheme: https}",
                "entry": "forwardedHeaders: {trustedIPs: [127.0.0.1]}",
            },
        ),
        Fault.BUFFERING: ("extra", {"extra": "buffering: {maxRequestBodyBytes: 262144}"}),
    },
}
INNER = {Fault.WRONG_SCHEME, Fault.REDIRECT_LOOP}  # of two proxies


def line_of(found: Finding, kind: str) -> str:
    """Return the line that is named, without its comment."""
    line = found.lines.get(kind, "").partition("   #")[0]
    return line.replace("ADDRESS_OF_THE_OUTER_PROXY", "127.0.0.1")


def remedy(kind: str, fault: Fault) -> str:
    values = {"prefix": PREFIX, "header": USER, "peer": "", "said": "", "public": "", "host": NAME}
    return line_of(Finding(fault, "", **values), kind)


def variants(kind: str) -> dict[str, Variant]:
    """Return a right configuration, and every faulty one before and after its remedy."""
    found = {"right": Variant({})}
    for fault, (key, wrong) in FAULTY[kind].items():
        line = remedy(kind, fault)
        mended = {"length": "", key: "" if line.startswith(REMOVE) else line}
        if line.startswith(REMOVE):
            assert wrong[key].startswith(line.removeprefix(REMOVE))
        found[fault] = Variant(wrong, fault in INNER)
        found[f"{fault}, mended"] = Variant({**wrong, **mended}, fault in INNER)
    return found


@pytest.fixture(scope="module", params=FAULTY)
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    folder: Path = tmp_path_factory.mktemp("faults")
    [port] = free_ports(1)  # of the public address; every variant listens on another one
    public_url = f"https://{NAME}:{port}{PREFIX}"
    with starter(folder) as start:
        site = start(public_url, TRUSTED_PROXIES="127.0.0.1", REMOTE_USER_HEADER=USER)
        upstream = site.url.removeprefix("http://")
        kind = request.param
        run = partial(faulty_proxies.running, kind) if kind in KINDS else faulty_traefik.running
        with run(PREFIX, upstream, variants(kind), folder) as ports:
            yield kind, site, public_url, folder / "certificate.pem", ports


def findings(public_url: str, port: int) -> list[Finding]:
    """Return what is found; look again where the way broke off, as it did once behind Caddy."""
    for _ in range(2):
        found = examine(public_url, f"127.0.0.1:{port}").findings
        if Fault.UNREACHABLE not in {each.fault for each in found}:
            break
    return found


def test_every_fault_is_found_and_its_remedy_mends_it(
    desk: tuple, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, site, public_url, certificate, ports = desk
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    settings.SECRET_KEY = site.environment["SECRET_KEY"]
    settings.REMOTE_USER_HEADER = USER
    settings.PUBLIC_ADDRESS = address = public_address(public_url)
    settings.SESSION_COOKIE_NAME = address.cookie_name("session")
    settings.CSRF_COOKIE_NAME = address.cookie_name("csrf")
    with ThreadPoolExecutor(8) as pool:  # each waits a second between two parts of an answer
        reports = pool.map(lambda port: findings(public_url, port), ports.values())
        found = dict(zip(ports, reports, strict=True))
    harmless = {Fault.BUFFERING}
    first = {name: next(iter(each), None) for name, each in found.items()}
    wrong = {}
    for fault in FAULTY[kind]:
        named = first[fault] and (first[fault].fault, line_of(first[fault], kind))
        left = [each for each in found[f"{fault}, mended"] if each.fault not in harmless - {fault}]
        if named != (fault, remedy(kind, fault)) or left:
            wrong[fault] = (named, left)
    assert wrong == {}, "\n".join(f"{name}: {each}" for name, each in wrong.items())
    assert found["right"] == []
