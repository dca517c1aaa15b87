"""``manage.py doctor``: an observation per subject, a remedy per fault, and the exit code."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import triggers
from dashboard.calcom import Cause
from dashboard.calcom_state import clock
from dashboard.edge import health
from dashboard.holds import settle
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.management.commands import doctor
from dashboard.sandbox import Sandbox
from tests.edge.test_unwritable import unwritable
from tests.holds.conftest import calcom, sandbox
from tests.holds.verbs import extend, place, release

__all__ = ["calcom", "sandbox"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ask_anew() -> None:
    health.write_refusal.cache_clear()


def examined(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Run the command; return its exit code and its observations by level."""
    code = 0
    try:
        call_command("doctor", "--json")
    except SystemExit as exit_:
        code = int(str(exit_.code))
    found: dict[str, list[dict[str, str]]] = {"ok": [], "warning": [], "error": []}
    for each in json.loads(capsys.readouterr().out):
        found[each["level"]].append(each)
        assert bool(each["remedy"]) == (each["level"] != "ok")
    return code, found


def subjects(observed: list[dict[str, str]]) -> list[str]:
    return [each["subject"] for each in observed]


def test_sound_installation(calcom: Sandbox, staff: User, capsys) -> None:
    place(staff)
    code, found = examined(capsys)
    assert code == 0
    of_file = ["disk"] if connection.vendor == "sqlite" else []
    assert subjects(found["ok"]) == ["database", "settling", *of_file, "cal.com", "clock"]
    # The test's public address is plain http without collected files.
    assert set(subjects(found["warning"])) <= {"settings"}
    assert [call.method for call in calcom.calls()][-1] == "GET"


def test_silenced_checks_are_left_out(calcom: Sandbox, capsys, settings) -> None:
    settings.SILENCED_SYSTEM_CHECKS = []
    loud = examined(capsys)[1]["warning"]
    settings.SILENCED_SYSTEM_CHECKS = ["security.W008"]
    quiet = examined(capsys)[1]["warning"]
    assert [each for each in loud if each not in quiet] == [
        each for each in loud if "SECURE_SSL_REDIRECT" in each["text"]
    ]
    assert len(quiet) == len(loud) - 1


def test_text_has_a_remedy_below_each_fault(calcom: Sandbox, capsys, settings) -> None:
    settings.CALCOM_API_KEY = "cal_nobody"
    with pytest.raises(SystemExit):
        call_command("doctor")
    lines = capsys.readouterr().out.splitlines()
    [at] = [number for number, line in enumerate(lines) if line.startswith("error    cal.com: ")]
    assert "key_rejected" in lines[at]
    assert lines[at + 1].strip() == "→ Look at CALCOM_API_KEY."


def test_remedy_fits_the_answer_of_calcom(calcom: Sandbox, settings) -> None:
    found = {}
    for fault in ("429", "502", "html"):
        calcom.faults.add(fault)
        found[fault] = next(doctor.calcom()).remedy
    settings.CALCOM_API_URL += "/elsewhere"
    found["elsewhere"] = next(doctor.calcom()).remedy
    assert found == {
        "429": doctor.REMEDIES[Cause.RATE_LIMITED],
        "502": doctor.REMEDIES[Cause.SERVER_FAULT],
        "html": doctor.CHECK_ADDRESS,
        "elsewhere": doctor.CHECK_ADDRESS,
    }


def test_no_way_to_calcom(db: None, capsys, settings) -> None:
    settings.CALCOM_API_URL = "http://127.0.0.1:9"
    code, found = examined(capsys)
    assert (code, subjects(found["error"])) == (1, ["cal.com"])
    assert found["error"][0]["text"].endswith(": No connection was made: Connection refused.")
    assert "HTTPS_PROXY" in found["error"][0]["remedy"]


def test_new_key_that_calcom_rejects(
    calcom: Sandbox, staff: User, capsys, settings, monkeypatch
) -> None:
    """Know no time of cal.com's: what it told the former key is forgotten."""
    place(staff)
    monkeypatch.setattr(clock, "_bases", clock.Bases())  # as in a new process
    settings.CALCOM_API_KEY = "cal_nobody"
    code, found = examined(capsys)
    assert (code, subjects(found["error"])) == (1, ["cal.com"])
    assert "settling" in subjects(found["ok"])


def test_no_writes(calcom: Sandbox, capsys) -> None:
    with unwritable():
        code, found = examined(capsys)
    assert (code, subjects(found["error"])) == (1, ["database"])


def test_database_that_cannot_be_read_is_named_once(calcom: Sandbox, capsys) -> None:
    def away(*_args: object) -> None:
        raise OperationalError("permission denied for table django_migrations")

    with connection.execute_wrapper(away):
        code, found = examined(capsys)
    assert (code, subjects(found["error"])) == (1, ["database"])
    assert found["error"][0]["remedy"] == doctor.UNREADABLE[connection.vendor]
    assert "cal.com" in subjects(found["ok"])


def test_missing_trigger(calcom: Sandbox, capsys) -> None:
    try:
        triggers.drop(connection)
        code, found = examined(capsys)
    finally:
        triggers.install(connection)
    assert (code, subjects(found["error"])) == (1, ["database"])
    assert "audit log" in found["error"][0]["text"]


def test_settle_does_not_run(calcom: Sandbox, staff: User, capsys) -> None:
    hold = place(staff)
    long_ago = timezone.now() - timedelta(minutes=20)
    Hold.objects.filter(pk=hold.pk).update(held_until=long_ago)
    code, found = examined(capsys)
    assert code == 0
    assert "settling" in subjects(found["warning"])


def test_looks_at_calcom_fail(calcom: Sandbox, staff: User) -> None:
    hold = place(staff)
    calcom.faults.add("500-bare", count=None)
    with pytest.raises(HoldError):
        extend(staff, hold)
    later = timezone.now() + timedelta(minutes=6)
    settle.settle_all(later)
    assert timezone.now() < Hold.objects.get(pk=hold.pk).changed_at
    with pytest.raises(HoldError):  # refused, because it is being restored
        release(staff, hold)
    [found] = doctor.settling(later)
    assert found == doctor.observation(
        "settling", "1 hold waits to be settled, and 0 actions have no outcome.", doctor.RUN_SETTLE
    )


def test_clock_differs(calcom: Sandbox, capsys) -> None:
    calcom.clock.shift(180)
    _code, found = examined(capsys)
    [clock] = [each for each in found["warning"] if each["subject"] == "clock"]
    assert "differs from cal.com's by 1" in clock["text"]


def test_disk_is_nearly_full(calcom: Sandbox, capsys, monkeypatch) -> None:
    if connection.vendor != "sqlite":  # the server's disk is the server's
        return
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=5 * 2**20))
    _code, found = examined(capsys)
    assert "disk" in subjects(found["warning"])


@pytest.mark.parametrize(("mode", "remedies"), [(0o755, 1), (0o711, 0), (0o770, 0)])
def test_all_users_can_read_the_file(mode: int, remedies: int, monkeypatch) -> None:
    if connection.vendor != "sqlite":
        return
    connection.ensure_connection()  # makes the file
    monkeypatch.setattr(Path, "stat", lambda _path: SimpleNamespace(st_mode=mode))
    found = [each.remedy for each in doctor.disk() if "can read" in each.text]
    assert found == [f"Run 'chmod o-r {connection.settings_dict['NAME']}*'."] * remedies
