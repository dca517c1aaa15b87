"""Types of the arguments of commands: what makes no sense is refused before anything begins."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import TypeVar

from dashboard.edge.setting_readers import whole_number

T = TypeVar("T")

LONGEST_PAUSE = 24 * 3600  # seconds
ADDRESS = re.compile(r"unix:/[\w./-]+|(\[[0-9a-fA-F:.]+\]|[\w.-]+):([0-9]+)", re.A)


def argument(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return the reader of a setting as a type of argparse, which shows why it refuses a text."""

    def typed(text: str) -> T:
        try:
            return read(text)
        except ValueError as exc:
            raise ArgumentTypeError(str(exc)) from exc

    return typed


def pause(text: str) -> float:
    """Parse the seconds between two runs; 0, or less, would never let a processor rest."""
    with suppress(ValueError):
        seconds = float(text)
        if 0.1 <= seconds <= LONGEST_PAUSE:  # "nan" is not
            return seconds
    raise ArgumentTypeError(f"must be seconds from 0.1 to {LONGEST_PAUSE}, not {text!r}.")


def address(text: str) -> str:
    """Validate HOST:PORT or unix:PATH, which stand in the files of proxies as they are."""
    parts = ADDRESS.fullmatch(text)
    if not parts or int(parts[2] or 0) > 65535:
        raise ArgumentTypeError(f"must be HOST:PORT or unix:/PATH, not {text!r}.")
    return text


client_address = argument(ip_address)
port = argument(whole_number(0, 65535))
hold_number = argument(whole_number(1, 999_999_999))
