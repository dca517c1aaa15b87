"""Migrations that complete the log of an older version."""

from importlib import import_module
from types import ModuleType, SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from dashboard.accounts.models import User
from dashboard.audit import action_sql, rollup_sql, text_index, trail
from dashboard.audit.logged_actions import LoggedAction
from dashboard.audit.models import HoldText
from dashboard.audit.rollups import LogCount
from dashboard.audit.trail import Action
from dashboard.calcom_state.models import StoredAnswer
from tests.accounts.cast import acting
from tests.audit.recorded import NOON
from tests.audit.searching import found
from tests.holds import verbs
from tests.holds.conftest import calcom, sandbox

__all__ = ["calcom", "sandbox"]
pytestmark = pytest.mark.slow

OLD = "0101_put_a_hold_aside"
EDITOR = SimpleNamespace(connection=connection)


def migration(name: str) -> ModuleType:
    return import_module(f"dashboard.migrations.{name}")


@pytest.mark.django_db
def test_actions_get_the_columns_of_then(staff, monkeypatch):
    """A column that a later migration adds is not there yet."""
    trail.event(action=Action.SIGN_OUT, by=acting(staff), now=NOON)
    LoggedAction.objects.all().delete()
    values = action_sql.values
    monkeypatch.setattr(action_sql, "values", lambda *names: values(*names) | {"later": "NULL"})
    migration("0060_logged_actions").fill(apps, EDITOR)
    assert LoggedAction.objects.get(action="sign_out").actor == staff.pk


@pytest.mark.django_db
def test_new_database_has_no_actions_to_count(monkeypatch):
    """Its counts and texts of today may be of columns that later migrations add."""
    monkeypatch.setitem(rollup_sql.BEGUN, "later", rollup_sql.Counted("a.later", "true"))
    monkeypatch.setattr(text_index, "COLUMNS", (*text_index.COLUMNS, "later"))
    migration("0060_logged_actions").fill(apps, EDITOR)
    assert not LogCount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_was_typed_at_a_release_or_take_over_is_found(calcom, staff, admin):
    verbs.release(staff, verbs.place(staff), note="first reason")
    hold = verbs.place(staff)
    verbs.take_over(admin, hold, note="other reason")
    everything = found("reason")
    HoldText.objects.all().delete()
    migration("0096_index_end_notes").index(apps, EDITOR)
    assert (len(everything), found("reason")) == (4, everything)


@pytest.mark.django_db
def test_failed_sign_in_is_found_under_the_person(staff):
    for name in ("STAFF", "Staff", "staff", "unknown 0123abcd", "staffan"):
        trail.event(action=Action.SIGN_IN_FAILED, by=None, actor_name=name, now=NOON)
    assert len(found("about:staff action:sign_in_failed")) == 1
    migration("0097_names_of_failed_sign_ins").name_people(apps, EDITOR)
    assert len(found("about:staff action:sign_in_failed")) == 3


@pytest.mark.django_db
def test_failed_sign_in_stays_with_the_very_name(staff):
    User.objects.create(username="STAFF")  # of before names had to differ in more than capitals
    for name in ("STAFF", "staff"):
        trail.event(action=Action.SIGN_IN_FAILED, by=None, actor_name=name, now=NOON)
    migration("0097_names_of_failed_sign_ins").name_people(apps, EDITOR)
    about = LoggedAction.objects.filter(action="sign_in_failed").values_list("about", flat=True)
    assert sorted(about) == ["STAFF", "staff"]


def test_lists_of_calendars_are_kept(own):
    answers = StoredAnswer.objects.using(own.alias)
    answers.create(name="slots 12345 2026-11-30 7 0", source="a", value=[], asked_at=NOON)
    # Back, where names are shorter.
    call_command("migrate", "dashboard", OLD, database=own.alias, verbosity=0)
    old = MigrationExecutor(own).loader.project_state([("dashboard", OLD)]).apps
    calendars = old.get_model("dashboard", "Calendar").objects.using(own.alias)
    read = {"source": "0123456789abcdef", "asked_at": NOON, "answered_at": NOON, "unread": 2}
    listed = calendars.create(reference="ada", listed=[{"id": 7}], created_at=NOON, **read)
    calendars.create(reference="bob", created_at=NOON)  # and never listed
    call_command("migrate", "dashboard", database=own.alias, verbosity=0)
    [answer] = answers.values("name", "source", "value", "asked_at")
    assert answer == {
        "name": f"calendar {listed.pk}",
        "source": read["source"],
        "value": {"entries": [{"id": 7}], "unread": 2},
        "asked_at": NOON,
    }
