"""The production server of a demonstration, which ends when its standard input closes."""

import os
import signal
import threading
from typing import Any

from dashboard.edge.gunicorn import *  # noqa: F403

graceful_timeout = 5  # seconds; whoever presses Ctrl-C waits for it


def on_starting(_server: Any) -> None:
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
