"""Run nginx with one server per fault, each on a port of its own."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.edge.nginx import NAME, WHOLE, create_certificate, wait_until_listening
from tests.parts import program, require
from tests.ports import free_ports
from tests.serving import WAIT_SECONDS

HEADERS = {
    "Host": "$http_host",
    "X-Forwarded-For": "$proxy_add_x_forwarded_for",
    "X-Forwarded-Proto": "$scheme",
    "X-Request-Id": "$request_id",
}
SERVER = """
server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate     {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    location {prefix}/ {{
{lines}
    }}
}}
"""


def server(upstream: str, change: Mapping[str, str]) -> list[str]:
    """Return the lines of a right configuration with changes.

    A key is a header's name, with "-" for its value to leave it out, or a directive.
    """
    headers = HEADERS | {name: value for name, value in change.items() if name in HEADERS}
    lines = {f"proxy_set_header {name}": value for name, value in headers.items() if value != "-"}
    lines |= {"proxy_pass": upstream, "proxy_http_version": "1.1", "proxy_buffering": "off"}
    lines |= {name: value for name, value in change.items() if name not in HEADERS}
    return [f"{name} {value};" for name, value in lines.items() if value != "-"]


@contextlib.contextmanager
def running(
    prefix: str, upstream: str, changes: Mapping[str, Mapping[str, str]], folder: Path
) -> Iterator[dict[str, int]]:
    """Run nginx in front of ``upstream``; yield the port of each change by its name."""
    create_certificate(folder)
    ports = dict(zip(changes, free_ports(len(changes)), strict=True))
    blocks = [f"proxy_cache_path {folder}/cache keys_zone=pages:1m;"]
    for name, change in changes.items():
        lines = "\n".join(server(upstream, change))
        given = {"port": ports[name], "name": NAME, "folder": folder, "prefix": prefix}
        blocks.append(SERVER.format(lines=lines, **given))
    (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, block="\n".join(blocks)))
    command = [require("nginx", program("nginx")), "-c", folder / "nginx.conf"]
    process = subprocess.Popen([*command, "-e", folder / "nginx.log"], stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(process, next(iter(ports.values())), folder / "nginx.log")
        yield ports
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)
