"""Parse the settings of sign-in by the proxy; the readers work as those of ``setting_readers``."""

import re

from dashboard.edge.proxies import TrustedProxies

ROLES = ("Admins", "Staff")  # the stronger one first


def header(text: str) -> str:
    """Parse the name of a header. WSGI takes an underscore for a hyphen, so it may have none."""
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
    """Return what is wrong with these settings together, "" if nothing is."""
    if user_header and not trusted:
        return (
            "REMOTE_USER_HEADER needs TRUSTED_PROXIES:"
            " without them anybody could send the header and be anyone."
        )
    if groups_header and not user_header:
        return "REMOTE_GROUPS_HEADER needs REMOTE_USER_HEADER."
    if bool(groups_header) != bool(groups):
        return "REMOTE_GROUPS_HEADER and REMOTE_GROUPS need each other."
    if groups_header and groups_header.lower() == user_header.lower():
        return "REMOTE_GROUPS_HEADER and REMOTE_USER_HEADER must be two headers."
    return ""
