"""Run Caddy and Apache with TLS, configured by what ``manage.py proxy_config`` prints."""

from __future__ import annotations

import contextlib
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.edge.nginx import (
    CERTIFICATE,
    KEY,
    Ports,
    create_certificate,
    listening,
    printed,
    replaced,
)
from tests.parts import program, require

CADDY_GLOBAL = """\
{{
    admin off
    http_port {ports.plain}
    https_port {ports.tls}
}}
"""
# Those that Debian loads by itself, and those that the printed text enables.
APACHE_MODULES = [
    *("alias", "authz_core", "mime", "mpm_event", "socache_shmcb"),
    *("buffer", "headers", "proxy", "proxy_http", "ssl", "unique_id"),
]
APACHE_WHOLE = """\
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
ServerName localhost
User www-data
Group www-data
Listen 127.0.0.1:{ports.tls}
Listen 127.0.0.1:{ports.plain}
{modules}
TypesConfig /etc/mime.types
{block}
"""


@contextlib.contextmanager
def caddy(prefix: str, upstream: str, ports: Ports, folder: Path) -> Iterator[None]:
    """Run Caddy in front of ``upstream``."""
    server = require("Caddy", program("caddy"))
    create_certificate(folder)
    shown = printed("caddy", prefix, upstream, ports)
    replacements = {CERTIFICATE: f"{folder}/certificate.pem", KEY: f"{folder}/key.pem"}
    if is_before_2_6_4(server):  # as a comment of the printed text says
        replacements["request_buffers 300KB"] = "buffer_requests"
    config = folder / "Caddyfile"
    config.write_text(CADDY_GLOBAL.format(ports=ports) + replaced(shown, replacements))
    command = [server, "run", "--adapter", "caddyfile", "--config", config]
    # It keeps state below these.
    homes = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with listening(command, ports.tls, folder / "caddy.log", **homes):
        yield


@functools.cache
def is_before_2_6_4(server: str) -> bool:
    said = subprocess.run([server, "version"], capture_output=True, text=True, check=True).stdout
    return [int(number) for number in re.findall(r"\d+", said)[:3]] < [2, 6, 4]


@contextlib.contextmanager
def apache(prefix: str, upstream: str, ports: Ports, folder: Path) -> Iterator[None]:
    """Run Apache in front of ``upstream``."""
    server = require("Apache", program("apache2"))
    create_certificate(folder)
    shown = printed("apache", prefix, upstream, ports)
    replacements = {
        CERTIFICATE: f"{folder}/certificate.pem",
        KEY: f"{folder}/key.pem",
        "<VirtualHost *:80>": f"<VirtualHost *:{ports.plain}>",
    }
    block = replaced(shown, replacements)
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in APACHE_MODULES
    )
    config = folder / "apache.conf"
    config.write_text(APACHE_WHOLE.format(folder=folder, ports=ports, modules=modules, block=block))
    command = [server, "-DFOREGROUND", "-f", config]
    with listening(command, ports.tls, folder / "apache.log"):
        yield
