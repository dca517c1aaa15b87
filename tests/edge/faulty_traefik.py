"""Run Traefik with many configurations at once, each on an entry point of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.edge.faulty_proxies import USER, Variant
from tests.edge.nginx import NAME, create_certificate, listening
from tests.edge.traefik import has_routes, server
from tests.ports import free_ports
from tests.waiting import wait_for

STATIC = """\
providers: {{file: {{directory: {folder}/traefik}}}}
entryPoints:
{entries}
"""
ENTRY = """\
  e{port}:
    address: "127.0.0.1:{port}"
    {entry}
"""
COMMON = """\
tls: {{certificates: [{{certFile: {folder}/certificate.pem, keyFile: {folder}/key.pem}}]}}
http: {{services: {{site: {{loadBalancer: {{servers: [{{url: "http://{upstream}"}}]}}}}}}}}
"""
DYNAMIC = """\
http:
  routers:
    r{port}:
      rule: "Host(`{name}`) && PathPrefix(`{prefix}`)"
      entryPoints: [e{port}]
      middlewares: [h{port}, x{port}]
      service: s{port}
      {tls}
  middlewares:
    h{port}:
      headers:
        {headers}
        customRequestHeaders:
          {request}
    x{port}:
      {extra}
  services:
    s{port}:
      loadBalancer:
        {service}
        servers: [{{url: "http://{upstream}"}}]
"""
# Lines outside of customRequestHeaders, and what is there without one.
PLACES = {
    "entry": "forwardedHeaders: {insecure: false}",
    "headers": "frameDeny: false",
    "extra": "chain: {middlewares: []}",
    "service": "passHostHeader: true",
}
# Right lines of customRequestHeaders.
LINES = {
    "id": 'X-Request-Id: ""',
    "forwarded": 'Forwarded: ""',
    "prefix": 'X-Forwarded-Prefix: ""',
    "user": f'{USER}: ""',
}


@contextlib.contextmanager
def running(
    prefix: str, upstream: str, variants: Mapping[str, Variant], folder: Path
) -> Iterator[dict[str, int]]:
    """Run Traefik in front of ``upstream`` (HOST:PORT); yield the port of each variant.

    The change ``upstream`` of a variant is another server.
    """
    create_certificate(folder)
    (folder / "traefik").mkdir()
    (folder / "traefik/common.yml").write_text(COMMON.format(folder=folder, upstream=upstream))
    ports, inner = free_ports(len(variants)), free_ports(len(variants))
    entries = []
    for variant, port, behind in zip(variants.values(), ports, inner, strict=True):
        changes = {"upstream": upstream} | variant.changes
        if variant.is_inner:
            entries.append(entry(folder, prefix, port, {"upstream": f"127.0.0.1:{behind}"}))
            entries.append(entry(folder, prefix, behind, changes, tls=""))
        else:
            entries.append(entry(folder, prefix, port, changes))
    (folder / "traefik.yml").write_text(STATIC.format(folder=folder, entries="".join(entries)))
    command, log = [server(), "--configfile", folder / "traefik.yml"], folder / "traefik.log"
    with listening(command, ports[0], log) as process:
        wait_for(lambda: process.poll() is not None or has_routes(folder, ports[0], prefix))
        assert process.poll() is None, log.read_text()
        yield dict(zip(variants, ports, strict=True))


def entry(
    folder: Path, prefix: str, port: int, changes: Mapping[str, str], tls: str = "tls: {}"
) -> str:
    """Write the file of one router; return its entry point."""
    lines = PLACES | LINES | {key: line for key, line in changes.items() if line or key in LINES}
    places = {key: lines.pop(key) for key in (*PLACES, "upstream")}
    request = "\n          ".join(line for line in lines.values() if line)
    given = {"name": NAME, "prefix": prefix, "port": port, "tls": tls, "request": request}
    (folder / f"traefik/{port}.yml").write_text(DYNAMIC.format(**given, **places))
    return ENTRY.format(port=port, entry=places["entry"])
