"""Run nginx, Caddy and Apache with many configurations at once, each on a port of its own.

A configuration is a table of lines, so that a test can put a wrong one in the place of a right one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.edge import nginx
from tests.edge.caddy_and_apache import APACHE_MODULES
from tests.edge.nginx import NAME, create_certificate, listening
from tests.parts import program, require
from tests.ports import free_ports

Lines = Mapping[str, str]
USER = "X-Forwarded-User"  # REMOTE_USER_HEADER of the tests


@dataclass(frozen=True)
class Proxy:
    """Configure one kind of proxy; ``{upstream}`` and others in braces are filled in."""

    whole: str
    server: str  # ends TLS
    inner: str  # behind another proxy of the kind, without TLS
    lines: Lines  # right ones; a key that begins with "site" is outside of the proxy's own block
    command: tuple[str, ...]


NGINX = Proxy(
    whole=nginx.WHOLE.replace(
        "{block}", "proxy_cache_path {folder}/cache keys_zone=pages:1m;\n{blocks}"
    ),
    server="""
server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
{site}
    location {prefix}/ {{
{lines}
    }}
}}
""",
    inner="""
server {{
    listen 127.0.0.1:{port};
    server_name {name};
{site}
    location {prefix}/ {{
{lines}
    }}
}}
""",
    lines={
        "pass": "proxy_pass http://127.0.0.1:8000;",
        "version": "proxy_http_version 1.1;",
        "host": "proxy_set_header Host $http_host;",
        "for": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proto": "proxy_set_header X-Forwarded-Proto $scheme;",
        "id": "proxy_set_header X-Request-Id $request_id;",
        "forwarded": 'proxy_set_header Forwarded "";',
        "user": f'proxy_set_header {USER} "";',
        "buffering": "proxy_buffering off;",
    },
    command=("nginx", "-c", "{config}", "-e", "{folder}/nginx.log"),
)
CADDY = Proxy(
    whole="{{\n    admin off\n    auto_https off\n}}\n{blocks}",
    server="""
https://{name}:{port} {{
    bind 127.0.0.1
    tls {folder}/certificate.pem {folder}/key.pem
{site}
    reverse_proxy {prefix}/* 127.0.0.1:8000 {{
{lines}
    }}
}}
""",
    inner="""
http://{name}:{port} {{
    bind 127.0.0.1
{site}
    reverse_proxy {prefix}/* 127.0.0.1:8000 {{
{lines}
    }}
}}
""",
    lines={
        # Not the id alone, which would look like a uid of cal.com in the log.
        "id": "header_up X-Request-Id caddy_{http.request.uuid}",
        "forwarded": "header_up -Forwarded",
        "site user": f"request_header -{USER}",
        "flush": "flush_interval -1",
    },
    command=("caddy", "run", "--adapter", "caddyfile", "--config", "{config}"),
)
APACHE = Proxy(
    whole="""\
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
ServerName localhost
User www-data
Group www-data
{modules}
TypesConfig /etc/mime.types
{blocks}
""",
    server="""
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    ServerName {name}
    SSLEngine on
    SSLCertificateFile {folder}/certificate.pem
    SSLCertificateKeyFile {folder}/key.pem
{lines}
</VirtualHost>
""",
    inner="""
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    ServerName {name}
{lines}
</VirtualHost>
""",
    lines={
        "host": "ProxyPreserveHost On",
        "proto": "RequestHeader set X-Forwarded-Proto https",
        "id": 'RequestHeader set X-Request-Id "%{UNIQUE_ID}e"',
        "forwarded": "RequestHeader unset Forwarded",
        "user": f"RequestHeader unset {USER} early",
        "pass": "ProxyPass {prefix} http://127.0.0.1:8000{prefix}",
    },
    command=("apache2", "-DFOREGROUND", "-f", "{config}"),
)
KINDS = {"nginx": NGINX, "Caddy": CADDY, "Apache": APACHE}
APACHE_FOLDER = Path("/usr/lib/apache2/modules")
MODULES = [*APACHE_MODULES, "cache", "cache_socache", "rewrite", "security2"]


@dataclass(frozen=True)
class Variant:
    """Change lines; "" leaves one out. ``is_inner``: of a proxy behind a right one."""

    changes: Lines
    is_inner: bool = False


def block(kind: str, template: str, lines: Lines, port: int, upstream: str, **more: object) -> str:
    """Return one server with these lines."""
    written = [(key, line) for key, line in lines.items() if line]
    site = "\n".join(line for key, line in written if key.startswith("site"))
    own = "\n".join(line for key, line in written if not key.startswith("site"))
    if kind == "Apache":
        own, site = f"{site}\n{own}".replace("{prefix}", str(more["prefix"])), ""
    text = template.format(site=site, lines=own, name=NAME, port=port, **more)
    return text.replace("127.0.0.1:8000", upstream)


@contextlib.contextmanager
def running(
    kind: str, prefix: str, upstream: str, variants: Mapping[str, Variant], folder: Path
) -> Iterator[dict[str, int]]:
    """Run a proxy in front of ``upstream`` (HOST:PORT); yield the port of each variant."""
    proxy = KINDS[kind]
    create_certificate(folder)
    ports, inner = free_ports(len(variants)), free_ports(len(variants))
    given = {"prefix": prefix, "folder": folder}
    blocks = []
    for (_name, variant), port, behind in zip(variants.items(), ports, inner, strict=True):
        lines, there, template, at = proxy.lines | variant.changes, upstream, proxy.server, port
        if variant.is_inner:
            before = f"127.0.0.1:{behind}"
            blocks.append(block(kind, proxy.server, proxy.lines, port, before, **given))
            template, at = proxy.inner, behind
        blocks.append(block(kind, template, lines, at, there, **given))
    if kind == "Apache":
        require("Apache's mod_security", (APACHE_FOLDER / "mod_security2.so").exists())
    modules = "\n".join(
        f"LoadModule {name}_module {APACHE_FOLDER}/mod_{name}.so" for name in MODULES
    )
    config = folder / kind
    config.write_text(proxy.whole.format(folder=folder, modules=modules, blocks="\n".join(blocks)))
    name, *arguments = (word.format(folder=folder, config=config) for word in proxy.command)
    command = [require(kind, program(name)), *arguments]
    with listening(command, ports[-1], folder / f"{kind}.out"):
        yield dict(zip(variants, ports, strict=True))
