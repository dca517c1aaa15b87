"""Parse and validate the text of settings.

Each reader raises ValueError with a message that continues after the variable's name. No message
repeats a secret.
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from dashboard.edge.proxies import TrustedProxies
from dashboard.localization import time_zones

FLAGS = {"on": True, "true": True, "yes": True, "1": True}
FLAGS |= {"off": False, "false": False, "no": False, "0": False}
SECRET_LENGTH = 16
SYSTEM_ZONES = Path("/usr/share/zoneinfo")
ROLES = ("Admins", "Staff")  # the stronger one first
# For libpq, in seconds but for the milliseconds of tcp_user_timeout. The kernel's own limits let a
# database server whose machine died keep each thread for a quarter of an hour.
SILENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
}


def flag(text: str) -> bool:
    if text.lower() not in FLAGS:
        raise ValueError(f"must be on or off, not {text!r}.")
    return FLAGS[text.lower()]


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``least`` to ``most``."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, not {text!r}.")
        return int(text)

    return read


def time_zone(text: str) -> str:
    """Validate the IANA name of a time zone that this machine and browsers know."""
    is_known = text in time_zones.names()
    # Where the system has zones, Django refuses those that only the package tzdata has.
    if not is_known or (SYSTEM_ZONES.exists() and not (SYSTEM_ZONES / text).exists()):
        raise ValueError(f"must be the IANA name of a time zone, not {text!r}.")
    return text


def secret(text: str) -> str:
    """Refuse a secret short enough to be guessed, and bytes, which sign nothing."""
    if len(text) < SECRET_LENGTH:
        raise ValueError(f"must have at least {SECRET_LENGTH} characters, better 50 random ones.")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise ValueError("must be text in UTF-8, better letters and digits.") from exc
    return text


def calcom_key(text: str) -> str:
    """Validate an API key of cal.com: anything that a header can carry.

    Keys of cal.com itself begin with ``cal_``; a cal.com of one's own may use another prefix.
    """
    if not re.fullmatch(r"[!#-&(-~]+", text):  # docker's --env-file keeps quotes
        raise ValueError("must be a key of cal.com, in plain characters, without space or quote.")
    return text


def folder(text: str) -> Path:
    """Parse an absolute path; a relative one would depend on the working directory."""
    if not Path(text).is_absolute():
        raise ValueError(f"must be an absolute path, not {text!r}.")
    return Path(text)


def web_address(text: str) -> SplitResult:
    """Parse an http or https address of host, optional port and optional path."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        # Not with the message of urlsplit, which may quote a password.
        raise ValueError("must be an http or https address that can be read.") from exc
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError("must be a whole address that begins with https:// or http://.")
    if parts.username is not None or parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError("must be a plain address, without a user, a ? or a #.")
    if not re.fullmatch(r"[a-z0-9._:-]+", host):
        raise ValueError("must have a host of plain letters; write other letters as xn--…")
    if not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?", parts.path):
        raise ValueError("must have a path of plain words between single slashes.")
    return parts


def calcom_url(text: str) -> str:
    """Parse the base of cal.com's API; return it without a trailing slash and without ``/v2``."""
    parts = web_address(text)
    base = parts.geturl().rstrip("/")
    if base.endswith("/v2"):
        raise ValueError("must end before /v2, which Holdfast adds itself.")
    if parts.scheme == "http" and not is_private_host(parts.hostname or ""):
        raise ValueError(
            "must begin with https://, because with http:// the key can be read on the way."
            " Only for a private address or a name without a dot may it be http://."
        )
    return base


def is_private_host(host: str) -> bool:
    """Return True for an address that is not on the internet, and for a name without a dot."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".internal", ".local"))


def database(base: Path) -> Callable[[str], dict[str, Any]]:
    """Return a reader of DATABASE_URL: a path, ``sqlite:`` or ``postgresql:``.

    Relative paths start at ``base``. The reader returns an entry of ``DATABASES``.
    """

    def read(text: str) -> dict[str, Any]:
        scheme, separator, path = text.partition("://")
        if not separator:
            return sqlite(base / text)
        if scheme == "sqlite":  # sqlite:///relative or sqlite:////absolute
            if not path.startswith("/") or path == "/" or ":memory:" in path:
                raise ValueError("must name a file, as in sqlite:////var/lib/holdfast/db.sqlite3.")
            return sqlite(base / path[1:])
        if scheme in ("postgres", "postgresql"):
            return postgresql(text)
        raise ValueError("must be a path for SQLite, or begin with sqlite:// or postgresql://.")

    return read


def sqlite(path: Path) -> dict[str, Any]:
    """Configure SQLite so that concurrent writers wait for each other and commits are durable."""
    try:
        is_in_folder = path.parent.is_dir() and not path.is_dir()
    except OSError as exc:  # of a folder that this user may not enter, before Python 3.14
        raise ValueError(f"names {str(path)!r}, out of reach: {exc.strerror}.") from exc
    if not is_in_folder:
        raise ValueError(f"must name a file in a folder that exists, not {str(path)!r}.")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        # Closing the last connection checkpoints the whole write-ahead log, with several disk
        # syncs: not after every page.
        "CONN_MAX_AGE": 600,  # seconds
        "OPTIONS": {
            # Take the write lock at BEGIN: a later upgrade fails at once, without waiting.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,  # seconds to wait for the lock
            # FULL: a commit before a call to cal.com survives a loss of power.
            # secure_delete: what is erased does not stay in free parts of the file.
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON"
            ),
        },
    }


def postgresql(text: str) -> dict[str, Any]:
    """Configure PostgreSQL with persistent connections that are checked before use."""
    try:
        from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 - psycopg is optional
    except ImportError as exc:
        driver = "pip install -e '.[postgresql]'"
        raise ValueError(f"names PostgreSQL, whose driver comes with: {driver}") from exc
    before_host = text.partition("://")[2].rpartition("@")[0]
    if re.search(r"[@/?#]|%(?![0-9A-Fa-f]{2})", before_host):
        raise ValueError(
            "has a character in the user or the password that must be written as its code:"
            " @ as %40, / as %2F, ? as %3F, # as %23, % as %25."
        )
    try:
        given = conninfo.conninfo_to_dict(text)  # every option of libpq, and several hosts
    except ProgrammingError as exc:
        # Not with the message of libpq, which may quote a password.
        raise ValueError("is not a PostgreSQL address that can be read.") from exc
    if not all(is_port(port) for port in str(given.get("port") or "5432").split(",")):
        raise ValueError("must have a port from 1 to 65535 after each host, or none.")
    name = given.pop("dbname", None)
    if not name:
        raise ValueError("must end with the name of a database.")
    named = {key.upper(): str(given.pop(key, "")) for key in ("user", "password", "host", "port")}
    # Some of several hosts are standbys.
    primary = {"target_session_attrs": "read-write"} if "," in named["HOST"] else {}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": str(name),
        **named,
        "CONN_MAX_AGE": 600,  # seconds
        "CONN_HEALTH_CHECKS": True,
        # PgBouncer gives each transaction another connection, where a cursor would be missing.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": SILENCE | primary | given,
    }


def is_port(text: str) -> bool:
    return text == "" or (text.isdigit() and 0 < int(text) < 65536)


def header(text: str) -> str:
    """Parse the name of a header, without the ``_`` that WSGI would take for a hyphen."""
    if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", text):
        raise ValueError("must be the name of a header, such as X-Forwarded-User, without _.")
    return text


def roles_of_groups(text: str) -> dict[str, str]:
    """Parse ``reception:Staff,leads:Admins`` into the role of each group."""
    roles = {}
    for pair in text.split(","):
        group, _colon, role = (part.strip() for part in pair.rpartition(":"))
        if not group or role not in ROLES:
            raise ValueError(
                f"must be groups with their role, such as reception:Staff,leads:Admins,"
                f" not {pair.strip()!r}."
            )
        roles[group] = role
    return roles


def sign_out_address(text: str) -> str:
    """Parse a path of this host or a whole address, where the proxy ends its own session."""
    if not re.fullmatch(r"(https?://[A-Za-z0-9]|/(?!/))[\x21-\x7e]*", text) or set(text) & set(
        '\\"'
    ):
        raise ValueError("must be a path such as /oauth2/sign_out, or an https address.")
    return text


def contradiction(
    *, user_header: str, groups_header: str, groups: dict[str, str], trusted: TrustedProxies
) -> str:
    """Return what is wrong with the settings of sign-in by the proxy together, "" for nothing."""
    if user_header and not trusted:
        return (
            "REMOTE_USER_HEADER needs TRUSTED_PROXIES:"
            " without them anyone could send the header and sign in as anyone."
        )
    if groups_header and not user_header:
        return "REMOTE_GROUPS_HEADER needs REMOTE_USER_HEADER."
    if bool(groups_header) != bool(groups):
        return "REMOTE_GROUPS_HEADER and REMOTE_GROUPS need each other."
    if groups_header and groups_header.lower() == user_header.lower():
        return "REMOTE_GROUPS_HEADER and REMOTE_USER_HEADER must be two headers."
    return ""
