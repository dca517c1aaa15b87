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

from dashboard.edge.diagnosis import NetworkFault
from dashboard.edge.proxy_probe import examine
from dashboard.edge.public_address import public_address
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
        "other host": ("host", {"host": ""}),
        "lost port": ("host", {"host": "proxy_set_header Host $host;"}),
        "no scheme": ("proto", {"proto": ""}),
        "wrong scheme": ("proto", {}),
        "client address of the client's choice": ("for", {"for": ""}),
        "no client address": ("for", {"for": 'proxy_set_header X-Forwarded-For "";'}),
        "request id of the client's choice": ("id", {"id": ""}),
        "person of the client's choice": ("user", {"user": ""}),
        "Forwarded contradicts X-Forwarded-*": (
            "forwarded",
            {"forwarded": "proxy_set_header Forwarded 'for=198.51.100.7;proto=http';"},
        ),
        "doubled path": ("pass", {"pass": f"proxy_pass {UPSTREAM}/holds/holds/;"}),
        "no origin": ("policy", {"policy": "add_header Referrer-Policy no-referrer always;"}),
        "lost form": ("body", {"body": "proxy_pass_request_body off;", **NO_LENGTH}),
        "refused form": ("size", {"size": "client_max_body_size 1k;"}),
        "lost cookies": ("cookie", {"cookie": 'proxy_set_header Cookie "";'}),
        "rewritten errors": (
            "errors",
            {"errors": "proxy_intercept_errors on;", "page": "error_page 503 /holds/nothing;"},
        ),
        "stored pages": (
            "cache",
            {
                "cache": "proxy_cache pages;",
                "valid": "proxy_cache_valid 200 1m;",
                "buffering": "proxy_buffering on;",
                "ignored": "proxy_ignore_headers Cache-Control Set-Cookie Vary;",
            },
        ),
        "redirect loop": (
            "site",
            {
                "site": "return 301 https://$http_host$request_uri;",
                "proto": "proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
            },
        ),
    },
    "Caddy": {
        "other host": (
            "host",
            {"host": "header_up Host {upstream_hostport}", "own": "header_up -X-Forwarded-Host"},
        ),
        "lost port": ("host", {"host": "header_up Host {host}"}),
        "no scheme": ("proto", {"proto": "header_up -X-Forwarded-Proto"}),
        "wrong scheme": ("trusted", {}),
        "client address of the client's choice": (
            "for",
            {"for": "header_up X-Forwarded-For {header.X-Forwarded-For}"},
        ),
        "no client address": ("for", {"for": "header_up -X-Forwarded-For"}),
        "request id of the client's choice": ("id", {"id": ""}),
        "person of the client's choice": ("site user", {"site user": ""}),
        "Forwarded contradicts X-Forwarded-*": (
            "forwarded",
            {"forwarded": 'header_up Forwarded "for=198.51.100.7;proto=http"'},
        ),
        "doubled path": ("site", {"site": "rewrite * /holds{uri}"}),
        "no origin": (
            "site",
            {"site": "header {\n Referrer-Policy no-referrer\n defer\n}"},
        ),
        "refused form": (
            "site size",
            {"site body": "request_body {", "site size": "max_size 1KB", "site end": "}"},
        ),
        "lost cookies": ("cookie", {"cookie": "header_up -Cookie"}),
        "rewritten errors": (
            "errors",
            {
                "which": "@failed status 503",
                "errors": 'handle_response @failed {\n respond "Sorry" 503\n}',
            },
        ),
    },
    "Apache": {
        "other host": ("host", {"host": "", "for": "ProxyAddHeaders Off", "own": OWN_FOR}),
        "no scheme": ("proto", {"proto": ""}),
        "wrong scheme": (
            "proto",
            {"proto": "RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}"},
        ),
        "client address of the client's choice": ("for", {"for": "ProxyAddHeaders Off"}),
        "no client address": (
            "for",
            {"for": "ProxyAddHeaders Off", "unset": "RequestHeader unset X-Forwarded-For early"},
        ),
        "request id of the client's choice": ("id", {"id": ""}),
        "person of the client's choice": ("user", {"user": ""}),
        "Forwarded contradicts X-Forwarded-*": (
            "forwarded",
            {"forwarded": 'RequestHeader set Forwarded "for=198.51.100.7;proto=http"'},
        ),
        "doubled path": ("pass", {"pass": f"ProxyPass {PREFIX} {UPSTREAM}{PREFIX}{PREFIX}"}),
        "no origin": (
            "policy",
            {"policy": "Header set Referrer-Policy no-referrer"},
        ),
        "lost form": ("length", {"length": "RequestHeader unset Content-Length early"}),
        "refused form": (
            "size",
            {
                "size": "SecRequestBodyNoFilesLimit 1024",
                "filter": "SecRuleEngine On\nSecRequestBodyAccess On",
            },
        ),
        "stored pages": (
            "disable",
            {
                "cache": "CacheSocache shmcb\nCacheEnable socache /",
                "age": "Header set Cache-Control max-age=600",
            },
        ),
        "lost cookies": ("cookie", {"cookie": "RequestHeader unset Cookie"}),
        "rewritten errors": ("errors", {"errors": "ProxyErrorOverride On"}),
        "redirect loop": (
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
        "other host": (
            "service",
            {"service": "passHostHeader: false", "own": 'X-Forwarded-Host: ""'},
        ),
        "lost port": ("host", {"host": f"Host: {NAME}"}),
        "no scheme": ("proto", {"proto": 'X-Forwarded-Proto: ""'}),
        "wrong scheme": ("entry", {}),
        "client address of the client's choice": (
            "entry",
            {"entry": "forwardedHeaders: {insecure: true, notAppendXForwardedFor: true}"},
        ),
        "no client address": (
            "entry",
            {"entry": "forwardedHeaders: {notAppendXForwardedFor: true}"},
        ),
        "request id of the client's choice": ("id", {"id": ""}),
        "person of the client's choice": ("user", {"user": ""}),
        "Forwarded contradicts X-Forwarded-*": (
            "forwarded",
            {"forwarded": "Forwarded: for=198.51.100.7;proto=http"},
        ),
        "doubled path": ("extra", {"extra": f"addPrefix: {{prefix: {PREFIX}}}"}),
        "no origin": ("headers", {"headers": "referrerPolicy: no-referrer"}),
        "refused form": ("extra", {"extra": "buffering: {maxRequestBodyBytes: 1024}"}),
        "lost cookies": ("cookie", {"cookie": 'Cookie: ""'}),
        "rewritten errors": (
            "extra",
            {"extra": "errors: {status: ['500-599'], service: site, query: /holds/livez}"},
        ),
        "redirect loop": (
            "extra",
            {
                "extra": "redirectScheme: {scheme: https}",
                "entry": "forwardedHeaders: {trustedIPs: [127.0.0.1]}",
            },
        ),
    },
}
INNER = {"wrong scheme", "redirect loop"}  # of two proxies


def line_of(found: NetworkFault, kind: str) -> str:
    """Return the line that is named, without its comment."""
    line = found.lines.get(kind, "").partition("   #")[0]
    return line.replace("ADDRESS_OF_THE_OUTER_PROXY", "127.0.0.1")


def remedy(kind: str, fault: str) -> str:
    values = {"prefix": PREFIX, "header": USER, "peer": "", "said": "", "public": "", "host": NAME}
    return line_of(NetworkFault(fault, "", **values), kind)


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


def faults(public_url: str, port: int) -> list[NetworkFault]:
    """Return what is found; look again where the way broke off, as it did once behind Caddy."""
    for _ in range(2):
        found, _arrived = examine(public_url, f"127.0.0.1:{port}")
        if "unreachable" not in {each.kind for each in found}:
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
    with ThreadPoolExecutor(8) as pool:
        reports = pool.map(lambda port: faults(public_url, port), ports.values())
        found = dict(zip(ports, reports, strict=True))
    first = {name: next(iter(each), None) for name, each in found.items()}
    wrong = {}
    for fault in FAULTY[kind]:
        named = first[fault] and (first[fault].kind, line_of(first[fault], kind))
        left = found[f"{fault}, mended"]
        if named != (fault, remedy(kind, fault)) or left:
            wrong[fault] = (named, left)
    assert wrong == {}, "\n".join(f"{name}: {each}" for name, each in wrong.items())
    assert found["right"] == []
