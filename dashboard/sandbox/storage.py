"""The stand-in's memory across restarts: one small file, always whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class StateFile:
    """JSON in a file that is replaced at once, so that a kill leaves the old or the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, Any] | None:
        """What was saved last, or None where nothing was."""
        try:
            saved: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return saved

    def save(self, state: dict[str, Any]) -> None:
        """Write it beside, bring it to the disk, put it in place."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(state, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
