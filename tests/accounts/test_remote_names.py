"""Names beyond ASCII in sign-in by the proxy: how they arrive, and which are the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.accounts import people, remote_user
from dashboard.accounts.models import User
from tests.accounts.test_remote_user import ask, by_groups, by_proxy, signed_in

pytestmark = pytest.mark.slow  # details, as those of test_remote_user

__all__ = ["by_groups", "by_proxy"]


@pytest.mark.usefixtures("by_groups")
def test_name_and_groups_beyond_ascii(browser: Client, settings: Any, db: None) -> None:
    """Proxies send UTF-8, of which WSGI makes Latin-1; another text stays as it is."""
    settings.REMOTE_GROUPS = {"Empfänge": "Staff"}
    added = []
    for name in ("jürgen", "łukasz", "josé"):
        sent = [text.encode().decode("latin-1") for text in (name, "Empfänge")]
        assert ask(browser, *sent).status_code == 200
        added.append(signed_in(browser))
    assert added == ["jürgen", "łukasz", "josé"]
    assert ask(browser, "ren\xe9", "Empf\xe4nge").status_code == 200
    assert signed_in(browser) == "rené"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ada", "Ada", True),
        ("jürgen", "JÜRGEN", True),
        ("łukasz", "Łukasz", True),
        # These have the same capitals.
        ("admin", "adm\u0131n", False),  # a dotless i
        ("staff", "\u017ftaff", False),  # a long s
        ("strasse", "stra\xdfe", False),
        # And these the same small letters.
        ("kim", "\u212aim", False),  # the sign of kelvin
        ("\xe5sa", "\u212bsa", False),  # the sign of angstrom
    ],
)
def test_only_capitals_may_differ(one: str, other: str, is_same: bool) -> None:
    assert remote_user.is_same_name(one, other) is is_same


def test_person_is_found_in_any_capitals_but_not_by_other_letters(
    browser: Client, staff: User
) -> None:
    people.change_person(person=staff.pk, username="jürgen.i", by=None, now=timezone.now())
    names = "JÜRGEN.I", "jürgen.\u0131"
    answers = [ask(browser, name.encode().decode("latin-1")).status_code for name in names]
    assert answers == [200, 302]


def test_of_two_names_in_other_capitals_the_older_person_is_found(db: None) -> None:
    """Such names cannot be added any more. PostgreSQL gives a changed row after the others."""
    older, _newer = (User.objects.create(username=name) for name in ("ada", "ADA"))
    older.save()
    assert remote_user.named(remote_user.Identity("Ada")) == older


@pytest.mark.usefixtures("by_groups")
@pytest.mark.parametrize("name", ["\u017fam", "\ufb01ona", "\uff42\uff4f\uff42", "\u212aim"])
def test_no_person_is_added_under_another_name(browser: Client, db: None, name: str) -> None:
    """Stored with usual letters, it would be the name of another person of the directory."""
    assert ask(browser, name.encode().decode("latin-1"), "reception").status_code == 302
    assert not User.objects.exists()
