"""Configuration files of proxies and of systemd, made for the operator's own address."""

import sys
from pathlib import Path

from django.conf import settings
from django.template import Context, Engine

from dashboard.edge.public_address import PublicAddress

TEMPLATES = {
    "nginx": "nginx.conf",
    "caddy": "Caddyfile",
    "apache": "apache.conf",
    "traefik": "traefik.yml",
    "systemd": "holdfast.service",
}
UNIX = "unix:"


def configuration(kind: str, *, address: PublicAddress, bind: str) -> str:
    """Return the text for one of TEMPLATES; ``bind`` is HOST:PORT or unix:PATH.

    Raises ValueError if it cannot be made for this address.
    """
    socket = bind.removeprefix(UNIX) if bind.startswith(UNIX) else ""
    if not address.is_https and kind != "systemd":
        raise ValueError("PUBLIC_URL must begin with https:// for a proxy that ends TLS.")
    if socket and kind == "traefik":
        raise ValueError("Traefik connects to no unix socket: give --bind HOST:PORT.")
    database = settings.DATABASES["default"]
    is_sqlite = "sqlite" in database["ENGINE"]
    values = {
        "address": address,
        "bind": bind,
        "socket": socket,
        # Headers that sign people in, which no client may send.
        "user_headers": [
            name for name in (settings.REMOTE_USER_HEADER, settings.REMOTE_GROUPS_HEADER) if name
        ],
        "proxy": "unix" if socket else bind.rpartition(":")[0].strip("[]"),
        "project": settings.BASE_DIR,
        "python": sys.executable,
        "database_folder": str(Path(database["NAME"]).parent) if is_sqlite else "",
    }
    template = Engine.get_default().get_template(f"deployment/{TEMPLATES[kind]}")
    return str(template.render(Context(values, autoescape=False)))
