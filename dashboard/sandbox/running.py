"""What the stand-in says of itself when it starts as a process of its own."""

from __future__ import annotations

from dashboard.sandbox.fixtures import Key
from dashboard.sandbox.sandbox import Sandbox


def announcement(sandbox: Sandbox) -> str:
    """Where it is and what opens it, for people and for scripts that read the first two lines."""
    keys = [
        f"  {key.key}  {sandbox.world.user_by_id[key.user].username}, {_worth(key)}"
        for key in sandbox.world.keys
    ]
    lines = [f"sandbox {sandbox.url}", f"control {sandbox.control_url}", "", "API keys:", *keys]
    return "\n".join([*lines, "", "Ctrl-C ends it."])


def _worth(key: Key) -> str:
    return "expired" if key.expired else f"{key.limit} calls a minute"
