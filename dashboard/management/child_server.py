"""Configuration of gunicorn as a child process, which ends when its standard input closes."""

import os
import signal
from typing import Any

from dashboard.edge.gunicorn import *  # noqa: F403
from dashboard.management.service import watch_parent


def on_starting(_server: Any) -> None:
    watch_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
