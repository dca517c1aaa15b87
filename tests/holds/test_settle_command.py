"""Run the ``settle`` command once, and as a service."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.management.commands import settle
from tests.forking import piped
from tests.holds.factories import put
from tests.holds.observe import states
from tests.holds.processes import environment
from tests.waiting import PATIENCE, wait_for

NO_CALCOM = "http://127.0.0.1:9"


def test_single_run_prints_what_is_left(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("settle")

    assert capsys.readouterr().out == "0 left half-way\n"


@pytest.mark.django_db  # it closes a connection that an earlier test has left open
@pytest.mark.parametrize(
    ("fault", "has_traceback"),
    [(OperationalError("Connection\nrefused"), False), (ProgrammingError("no such column"), True)],
)
def test_database_that_is_away_is_one_line_in_the_log(
    fault: Exception, has_traceback: bool, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    """Settling is tried every five seconds, also in a long outage."""

    def settle_all(_now: object) -> int:
        raise fault

    monkeypatch.setattr(settle.settle, "settle_all", settle_all)
    monkeypatch.setattr(settle, "close_old_connections", lambda: None)  # those of earlier tests
    settle.settle_or_log()
    [record] = caplog.records
    reason = " ".join(str(fault).split())
    assert record.getMessage() == f"settling failed; it is tried again: {reason}"
    assert bool(record.exc_info) == has_traceback


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_service_settles_again_and_again_and_ends_with_its_parent(staff: User) -> None:
    """``--with-parent`` ends it when its input is closed."""
    command = ["manage.py", "settle", "--every", "0.1", "--with-parent"]
    quiet = piped(command, env=environment(NO_CALCOM), with_errors=True)
    with quiet as (service, given, output):
        for number in (1, 2):
            put(staff, held_until=timezone.now() - timedelta(minutes=1))
            wait_for(lambda: states() == ["expired"] * number)  # noqa: B023
        given.close()
        assert (service.wait(PATIENCE), output.read()) == (0, "")
