"""The folders of test runs."""

import os
from pathlib import Path

import pytest

from tests import run


def test_folder_of_a_killed_run_is_removed_but_not_one_that_is_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "place", lambda: str(tmp_path))
    new, killed = (tmp_path / f"{run.PREFIX}{name}" for name in ("new", "killed"))
    for folder in (new, killed):
        folder.mkdir()
        (folder / "run.lock").touch()
    os.utime(killed / "run.lock", (1, 1))

    run.remove_abandoned_folders()

    assert list(tmp_path.iterdir()) == [new]
