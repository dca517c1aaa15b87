"""Commands of the log that are killed at any moment, and what the next run makes of it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from dashboard.audit import index_verification, stream
from dashboard.audit.logged_actions import LoggedAction
from dashboard.audit.models import AuditEntry, AuditLink, AuditPrune
from tests.audit.test_retention import YOUNG, write
from tests.forking import Program, run
from tests.holds.processes import database_url
from tests.serving import PROJECT
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def killed(module: str, *arguments: str, **variables: str) -> list[str]:
    """Return what was found after each kill and after the run that came to its end."""
    connection.close()
    done = run(
        ["-m", "tests.audit.killed", module, *arguments],
        env=os.environ | {"DATABASE_URL": database_url()} | variables,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line == "intact" or "Fault" in line]


def test_killed_retention_goes_on(tmp_path: Path) -> None:
    write(5)
    write(3, at=YOUNG)
    found = killed(
        "dashboard.audit.retention",
        "audit_prune",
        "--before=2022-05-01",
        f"--checkpoint={tmp_path / 'kept'}",
    )
    assert set(found) == {"intact"}
    assert len(found) > 30
    record = AuditPrune.objects.get()
    assert (record.first, record.position) == (1, 5)
    assert AuditLink.objects.order_by("position")[0].position == 5
    assert AuditEntry.objects.count() == LoggedAction.objects.count() == 4
    assert index_verification.fault() is None
    assert AuditEntry.objects.filter(action="prune").count() == 1


def test_killed_stream_misses_no_entry(tmp_path: Path) -> None:
    write(5)
    cursor, file = tmp_path / "cursor", tmp_path / "log.jsonl"
    found = killed(
        "dashboard.audit.stream", "audit_export", f"--cursor={cursor}", f"--output={file}"
    )
    assert set(found) == {"intact"}
    assert len(found) > 10
    seen = [entry["position"] for line in file.read_text().splitlines() if (entry := parsed(line))]
    written = list(AuditLink.objects.order_by("position").values_list("position", flat=True))
    assert list(dict.fromkeys(seen)) == written  # each, in order, and some again
    assert (
        cursor.read_text() == f"{written[-1]} {AuditLink.objects.get(position=written[-1]).hash}\n"
    )


def parsed(line: str) -> dict[str, Any] | None:
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return entry


def test_line_that_a_kill_left_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    for start, expected in (("", ""), ("a\n", "a\n"), ("a\n{b", "a\n{b\n")):
        file.write_text(start)
        with stream.appended(file) as output:
            output.write("c\n")
        assert file.read_text() == f"{expected}c\n"


def test_two_processes_do_not_share_a_cursor(tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    with stream.locked(cursor), pytest.raises(CommandError, match="Another process uses"):
        call_command("audit_export", cursor=cursor, stdout=io.StringIO())
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("damaged", [b"x", b"\xff", "²".encode(), b"9" * 5000, b"-1", b"3"])
def test_cursor_that_cannot_be_right_is_refused(tmp_path: Path, damaged: bytes) -> None:
    cursor, output = tmp_path / "cursor", io.StringIO()
    cursor.write_bytes(damaged)  # the last is beyond the log's end: an older copy was restored
    with pytest.raises(CommandError, match="ive the name of a new file"):
        call_command("audit_export", cursor=cursor, stdout=output)
    assert (output.getvalue(), cursor.read_bytes()) == ("", damaged)
    assert not AuditEntry.objects.exists()


def test_output_that_takes_no_more_moves_no_cursor(tmp_path: Path) -> None:
    write(2)
    cursor, errors = tmp_path / "cursor", tmp_path / "errors"
    connection.close()
    program = Program(
        ["manage.py", "audit_export", f"--cursor={cursor}"],
        env=os.environ | {"DATABASE_URL": database_url()},
        streams=(Path("/dev/null"), Path("/dev/full"), errors),
    )
    assert program.wait(PATIENCE) == 1
    assert errors.read_text() == "Not all was done: No space left on device.\n"
    assert not cursor.exists()


@pytest.mark.parametrize("buffering", [[], ["-u"]])
def test_reader_that_ends_moves_no_cursor(tmp_path: Path, buffering: list[str]) -> None:
    """Containers often set PYTHONUNBUFFERED, which is -u."""
    write(200)  # more than a pipe has room for
    cursor = tmp_path / "cursor"
    connection.close()
    variables = {**os.environ, "DATABASE_URL": database_url()}
    variables.pop("PYTHONUNBUFFERED", None)
    command = [sys.executable, *buffering, "manage.py", "audit_export", f"--cursor={cursor}"]
    with subprocess.Popen(command, cwd=PROJECT, env=variables, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.read(1) == b"{"
        program.stdout.close()
        assert program.wait(PATIENCE) == 141
    assert not cursor.exists()
