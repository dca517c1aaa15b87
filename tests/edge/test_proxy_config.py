"""Configuration of proxies and of systemd, as printed for the operator's address."""

import re
import subprocess

import pytest
from django.core.management import CommandError

from dashboard.edge import gunicorn
from dashboard.edge.public_address import public_address
from dashboard.management.commands.proxy_config import TEMPLATES, configuration
from tests.parts import program, require
from tests.serving import environment, manage

ROOT = public_address("https://desk.example.org:8443")
PREFIX = public_address("https://desk.example.org/holds")
TCP, UNIX = "127.0.0.1:8000", "unix:/run/holdfast/web.sock"


@pytest.mark.parametrize(
    ("kind", "address", "bind", "lines"),
    [
        ("nginx", ROOT, TCP, ["listen 8443 ssl http2;", "location / {"]),
        ("nginx", PREFIX, TCP, ["location /holds/ {", "return 301 https://desk.example.org"]),
        ("nginx", PREFIX, UNIX, ["proxy_pass http://unix:/run/holdfast/web.sock:;", "='unix'"]),
        ("caddy", ROOT, TCP, ["https://desk.example.org:8443 {", "reverse_proxy /* 127."]),
        ("caddy", PREFIX, UNIX, ["reverse_proxy /holds/* unix//run/holdfast/web.sock {"]),
        ("apache", ROOT, TCP, ["<VirtualHost *:8443>", "ProxyPass / http://127.0.0.1:8000/ "]),
        ("apache", PREFIX, TCP, ["ProxyPass /holds/ http://127.0.0.1:8000/holds/ "]),
        (
            "apache",
            PREFIX,
            UNIX,
            ["ProxyPass /holds/ unix:/run/holdfast/web.sock|http://localhost/holds/ "],
        ),
        ("traefik", PREFIX, TCP, ["&& PathPrefix(`/holds`)", "http://127.0.0.1:8000"]),
        ("systemd", PREFIX, UNIX, ["serve --bind unix:/run/", "RuntimeDirectory=holdfast"]),
        # systemd gives up after five starts in ten seconds, as while the database is away.
        ("systemd", ROOT, TCP, ["RestartSec=5", "After=network-online.target postgresql.service"]),
        # A stop while ``serve`` still checks is no failure.
        ("systemd", ROOT, TCP, ["SuccessExitStatus=143"]),
    ],
)
def test_text_is_made_for_the_address(kind, address, bind, lines):
    text = configuration(kind, address=address, bind=bind)
    assert [line for line in lines if line not in text] == []
    assert "{{" not in text
    assert "{%" not in text


# Seconds that a proxy keeps an idle connection to the server, as printed or by its own default.
KEPT_IDLE = {"nginx": 60, "caddy": 120, "apache": 60, "traefik": 90}


@pytest.mark.parametrize("kind", sorted(set(TEMPLATES) - {"systemd"}))
def test_proxy_closes_idle_connections_first(kind):
    """Otherwise a form can be sent into a connection that the server is closing."""
    assert gunicorn.keepalive > KEPT_IDLE[kind]


@pytest.mark.parametrize("kind", sorted(set(TEMPLATES) - {"systemd"}))
def test_every_proxy_removes_headers_that_a_client_may_forge(kind):
    text = configuration(kind, address=PREFIX, bind=TCP)
    for name in ("Forwarded", "X-Forwarded-Prefix"):
        assert re.search(rf'(-|unset ){name}$|\b{name}:? "";?', text, re.MULTILINE)
    assert "X-Request-Id" in text
    assert "TRUSTED_PROXIES='127.0.0.1'" in text


@pytest.mark.parametrize(
    ("kind", "address", "bind", "reason"),
    [
        ("nginx", "http://desk.example.org", TCP, "PUBLIC_URL must begin with https://"),
        ("traefik", "https://desk.example.org", UNIX, "Traefik connects to no unix socket"),
    ],
)
def test_what_cannot_work_is_refused(kind, address, bind, reason):
    with pytest.raises(CommandError, match=reason):
        configuration(kind, address=public_address(address), bind=bind)


@pytest.mark.slow
def test_command_prints_a_unit_that_systemd_accepts_as_hardened(tmp_path):
    analyze = require("systemd-analyze", program("systemd-analyze"))
    folder = tmp_path / "front desk"
    folder.mkdir()
    variables = environment(
        public_url="https://desk.example.org", database_url=str(folder / "db.sqlite3")
    )
    unit = tmp_path / "holdfast.service"
    unit.write_text(manage(variables, "proxy_config", "systemd"))
    assert f'ReadWritePaths="{folder}"\n' in unit.read_text()
    checked = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert [line for line in checked.stderr.splitlines() if "holdfast" in line] == []
    # The scale goes from 0, safe, to 10; a unit without any of these lines has 9.2 or more.
    limit = ["security", "--offline=true", "--threshold=20", unit]
    subprocess.run([analyze, *limit], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("nginx", 'proxy_set_header X-Forwarded-User "";'),
        ("caddy", "header_up -X-Forwarded-User"),
        ("apache", "RequestHeader unset X-Forwarded-User"),
        ("traefik", 'X-Forwarded-User: ""'),
    ],
)
def test_no_client_can_say_who_it_is(kind, line, settings):
    assert "X-Forwarded-User" not in configuration(kind, address=PREFIX, bind=TCP)
    settings.REMOTE_USER_HEADER = "X-Forwarded-User"
    assert line in configuration(kind, address=PREFIX, bind=TCP)
