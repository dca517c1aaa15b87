"""``manage.py person``, which operators use to add and change people."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from dashboard.accounts.models import User
from dashboard.accounts.roles import role_of
from tests.accounts.cast import PASSWORD
from tests.accounts.conftest import Story
from tests.commands import output


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that runs the command with a piped password and returns its output."""

    def run(*words: str, password: str = PASSWORD) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return output("person", *words)

    return run


def test_add_the_first_admin(db: None, run: Callable[..., str], story: Callable[[], Story]) -> None:
    assert run("add", "ada", "--role", "Admins") == "Added ada to Admins.\n"
    ada = User.objects.get(username="ada")
    assert (ada.is_admin, ada.is_superuser, ada.check_password(PASSWORD)) == (True, False, True)


def test_password_and_change(
    staff: User, run: Callable[..., str], story: Callable[[], Story]
) -> None:
    run("password", "staff", password="another horse 8")
    run("change", "staff", "--role", "Admins", "--active", "no")
    changed = User.objects.get(pk=staff.pk)
    assert changed.check_password("another horse 8")
    assert (role_of(changed), changed.is_active) == ("Admins", False)
    assert story() == [("system", "password_changed", "ok"), ("system", "person_changed", "ok")]


def test_errors_are_messages(admin: User, run: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="There is no person with the name unknown"):
        run("password", "unknown")
    with pytest.raises(CommandError, match="This name is already taken"):
        run("add", "Admin", "--role", "Staff")
    with pytest.raises(CommandError, match="This password is too short"):
        run("add", "new", "--role", "Staff", password="short")
    with pytest.raises(CommandError, match="This is the last active Admin"):
        run("change", "admin", "--active", "no")
    with pytest.raises(CommandError, match="Nothing to change: give --role or --active"):
        run("change", "admin")
    with pytest.raises(CommandError, match="invalid choice: 'Kings'"):
        run("add", "new", "--role", "Kings")
    assert list(User.objects.values_list("username", flat=True)) == ["admin"]


def test_password_is_typed_twice_without_echo(
    db: None, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([PASSWORD, "another one 12", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    keyboard = type("Keyboard", (io.StringIO,), {"isatty": lambda _: True})
    monkeypatch.setattr("sys.stdin", keyboard())
    with pytest.raises(CommandError, match="not the same"):
        call_command("person", "add", "ada", "--role", "Staff")
    call_command("person", "add", "ada", "--role", "Staff", stdout=io.StringIO())
    assert User.objects.get(username="ada").check_password(PASSWORD)


@pytest.mark.parametrize(
    "words",
    [
        ["changepassword", "staff"],
        ["createsuperuser", "--username=new", "--email=new@example.org", "--no-input"],
    ],
)
def test_commands_of_django_that_bypass_the_audit_log_are_disabled(
    staff: User, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _: "another horse 8")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "another horse 8")
    with pytest.raises(CommandError, match=r"manage\.py person"):
        call_command(*words)
    assert [person.check_password(PASSWORD) for person in User.objects.all()] == [True]
