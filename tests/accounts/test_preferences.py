"""Preferences: the service, the settings page, and the language and time zone of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from dashboard.accounts import middleware
from dashboard.accounts.backend import Backend
from dashboard.accounts.forms import PreferencesForm, time_zone_choices
from dashboard.accounts.models import Preferences, User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.shared_answers import UNDER_WAY, LastAnswer
from tests.accounts.cast import send, sign_in, with_form_token

DEFAULTS = {
    "time_zone": "",
    "language": "",
    "hold_minutes": None,
    "event_type_id": None,
    "density": "roomy",
    "sound": False,
    "desktop_notice": False,
    "shortcuts": True,
}
CHOSEN = {
    "time_zone": "America/New_York",
    "language": "de",
    "hold_minutes": 30,
    "event_type_id": 7,
    "density": "dense",
    "sound": True,
    "desktop_notice": True,
    "shortcuts": False,
}
SUBMITTED = {
    "time_zone": "America/New_York",
    "language": "de",
    "hold_minutes": "30",
    "event_type_id": "7",
    "density": "dense",
    "sound": "on",
    "desktop_notice": "on",
}


def stored(user: User) -> dict[str, object] | None:
    return Preferences.objects.filter(user=user).values(*CHOSEN).first()


@pytest.fixture(autouse=True)
def _no_event_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a list of event types the form asks for the id."""
    nothing = LastAnswer(None, None, UNDER_WAY, timezone.now())
    monkeypatch.setattr("dashboard.calcom_state.event_types.listing", lambda: nothing)


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    """Restore the language, which Django leaves activated after a request."""
    yield
    translation.activate("en")


def test_defaults_of_the_office(staff: User) -> None:
    assert {name: getattr(staff.preferences, name) for name in DEFAULTS} == DEFAULTS
    assert stored(staff) is None
    assert staff.preferences.usual_minutes == 15


def test_saving_again_replaces_the_row(staff: User) -> None:
    staff.save_preferences(**CHOSEN)
    assert User.objects.get(pk=staff.pk).preferences.usual_minutes == 30
    staff.save_preferences(**DEFAULTS | {"sound": True})
    assert stored(staff) == DEFAULTS | {"sound": True}


def test_saving_changes_only_own_preferences_and_is_not_logged(
    staff: User, colleague: User
) -> None:
    colleague.save_preferences(**CHOSEN)
    before = AuditEntry.objects.count()
    staff.save_preferences(**DEFAULTS)
    assert stored(colleague) == CHOSEN
    assert AuditEntry.objects.count() == before


def test_usual_minutes_are_capped_by_the_current_policy(
    staff: User, settings: pytest.FixtureRequest
) -> None:
    settings.HOLD_MINUTES_MAX = 20
    assert staff.save_preferences(**CHOSEN).usual_minutes == 20


class TestSettingsPage:
    def test_saves_and_confirms_in_the_new_language(self, browser: Client, staff: User) -> None:
        sign_in(browser, "staff")
        browser.get("/settings/")
        answer = send(browser, "/settings/", **SUBMITTED)
        assert (answer.status_code, answer["Location"]) == (303, "/settings/")
        assert stored(staff) == CHOSEN
        page = browser.get("/settings/")
        assert page["Content-Language"] == "de"
        html = " ".join(page.content.decode().split())
        assert '<html lang="de" class="dense" data-sound data-notice data-ticker=' in html

    def test_shows_stored_preferences(self, browser: Client, staff: User) -> None:
        staff.save_preferences(**CHOSEN | {"language": ""})
        sign_in(browser, "staff")
        form = browser.get("/settings/").context["form"]
        assert {name: form[name].value() for name in CHOSEN} == CHOSEN | {"language": ""}

    INVALID = (
        ("time_zone", "Mars/Olympus"),
        ("language", "tlh"),
        ("hold_minutes", "0"),
        ("hold_minutes", "121"),
        ("hold_minutes", "many"),
        ("event_type_id", "0"),
        ("event_type_id", "2147483648"),
        ("density", "airy"),
    )

    def test_reports_invalid_values_at_their_field(self, browser: Client, staff: User) -> None:
        with_form_token(browser, staff)
        for field, value in self.INVALID:
            answer = send(browser, "/settings/", **SUBMITTED | {field: value})
            assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
        assert stored(staff) is None

    def test_shows_saved_input_after_an_expired_session(self, browser: Client, staff: User) -> None:
        staff.save_preferences(**DEFAULTS | {"shortcuts": True})
        sign_in(browser, "staff")
        browser.get("/settings/")
        del browser.cookies["holdfast_session"]
        redirect = send(browser, "/settings/", **SUBMITTED)
        assert redirect["Location"] == "/accounts/login/?next=/settings/"
        sign_in(browser, "staff")
        form = browser.get("/settings/").context["form"]
        assert (form["hold_minutes"].value(), form["shortcuts"].value()) == ("30", "")
        assert stored(staff) == DEFAULTS

    def test_offers_listed_event_types_and_the_present_one(self, staff: User) -> None:
        form = PreferencesForm(
            instance=Preferences(user=staff, event_type_id=7), event_types=[(1, "Consult")]
        )
        choices = form.fields["event_type_id"].widget.choices
        assert choices == [("", "None"), (1, "Consult"), (7, "Event type 7")]


def test_time_zone_choices() -> None:
    offered = time_zone_choices("US/Pacific")
    names = [name for name, _shown in offered]
    assert offered[0] == ("", "The office's (Europe/Rome)")
    assert ("America/New_York", "America/New York") in offered
    assert {"UTC", "US/Pacific"} < set(names)
    assert "US/Eastern" not in names
    assert names == sorted(set(names))
    assert ("Etc/GMT-2", "UTC+2") in time_zone_choices("Etc/GMT-2")
    for unknown in ("localtime", "Factory", "right/Europe/Rome", "Europe/Atlantis"):
        assert unknown not in dict(time_zone_choices(unknown))


class TestLocalisation:
    def run(self, user: User, **headers: str) -> tuple[str | None, str, str]:
        """Return language and time zone inside a view, and the Content-Language of the response."""
        inside: list[str | None] = []

        def view(_request: HttpRequest) -> HttpResponse:
            inside.extend([translation.get_language(), timezone.get_current_timezone_name()])
            return HttpResponse()

        request = RequestFactory().get("/", headers=headers)
        request.user = user
        answer = middleware.localization(view)(request)
        return inside[0], str(inside[1]), answer["Content-Language"]

    def test_defaults_to_the_browser_and_the_office(self, staff: User) -> None:
        assert self.run(staff) == ("en", "Europe/Rome", "en")
        assert self.run(staff, accept_language="de-AT") == ("de", "Europe/Rome", "de")

    def test_own_choice_ends_with_the_request(self, staff: User) -> None:
        own = staff.save_preferences(**CHOSEN)
        assert self.run(own.user, accept_language="en") == ("de", "America/New_York", "de")
        assert timezone.get_current_timezone_name() == "Europe/Rome"
        assert translation.get_language() == "en"

    @pytest.mark.parametrize("zone", ["Europe/Atlantis", "localtime", "Factory", "right/UTC"])
    def test_unknown_names_fall_back_to_the_defaults(self, staff: User, zone: str) -> None:
        old = CHOSEN | {"time_zone": zone, "language": "xx"}
        assert self.run(staff.save_preferences(**old).user) == (
            "en",
            "Europe/Rome",
            "en",
        )


@pytest.mark.django_db
def test_sign_in_page_uses_the_browsers_language(browser: Client) -> None:
    page = browser.get("/accounts/login/", headers={"Accept-Language": "de"})
    assert page["Content-Language"] == "de"
    assert '<html lang="de"' in page.content.decode()
    assert "Accept-Language" in page["Vary"]


def test_kept_texts_are_in_each_persons_language(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    for language, title in {"en": "Keyboard shortcuts", "de": "Tastenkürzel"}.items():
        Preferences.objects.update_or_create(user=staff, defaults={"language": language})
        for _again in range(2):
            page = browser.get("/look-up").content.decode()
            assert f'<h2 id="keys-title">{title}</h2>' in page
            assert 'data-text="keep" href="/' in page


@pytest.mark.parametrize("stored_row", [True, False], ids=["stored", "defaults"])
def test_person_and_preferences_are_read_in_one_query(
    staff: User,
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
    stored_row: bool,
) -> None:
    if stored_row:
        staff.save_preferences(**CHOSEN)
    with django_assert_num_queries(1):
        found = Backend().get_user(staff.pk)
        assert found is not None
        assert found.preferences.density == ("dense" if stored_row else "roomy")


def test_deactivated_person_is_signed_out(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    User.objects.filter(pk=staff.pk).update(is_active=False)
    assert browser.get("/settings/")["Location"] == "/accounts/login/?next=/settings/"
