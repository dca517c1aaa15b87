"""Numbers of ours, such as of holds and of versions, as addresses and forms bring them."""

from __future__ import annotations

import re
from typing import Any


def number(text: Any) -> int | None:
    """A number in the digits 0 to 9, which is how pages write them; None for everything else.

    Longer ones are in no database.
    """
    text = str(text or "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def numbers(texts: list[str]) -> list[int]:
    """Those among them that are one, in their order."""
    return [found for found in map(number, texts) if found is not None]
