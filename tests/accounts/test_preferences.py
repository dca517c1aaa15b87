"""How people like to work: kept on the server, for themselves, and used wherever they look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from dashboard.accounts import localisation, preferences
from dashboard.accounts.backend import Backend
from dashboard.accounts.models import Preferences, User
from dashboard.accounts.preferences_form import PreferencesForm, zones
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import acting, send, sign_in

USUAL = {
    "time_zone": "",
    "language": "",
    "hold_minutes": None,
    "event_type_id": None,
    "density": "roomy",
    "sound": False,
    "desktop_notice": False,
    "shortcuts": True,
}
WISHED = {
    "time_zone": "America/New_York",
    "language": "de",
    "hold_minutes": 30,
    "event_type_id": 7,
    "density": "dense",
    "sound": True,
    "desktop_notice": True,
    "shortcuts": False,
}
TYPED = {
    "time_zone": "America/New_York",
    "language": "de",
    "hold_minutes": "30",
    "event_type_id": "7",
    "density": "dense",
    "sound": "on",
    "desktop_notice": "on",
}


def kept(user: User) -> dict[str, object] | None:
    return Preferences.objects.filter(user=user).values(*WISHED).first()


@pytest.fixture(autouse=True)
def no_cal_com(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the key may not list event types there is only their number to ask for."""
    monkeypatch.setattr("dashboard.holds.event_types.event_types", lambda: ())


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    """Django leaves a thread in the language of its last request."""
    yield
    translation.activate("en")


def test_whoever_said_nothing_works_as_the_office_does(staff: User) -> None:
    assert {name: getattr(staff.likes, name) for name in USUAL} == USUAL
    assert kept(staff) is None
    assert staff.likes.usual_minutes == 15


def test_what_is_kept_is_read_again_and_changed_in_its_place(staff: User) -> None:
    preferences.keep(**WISHED, by=acting(staff))
    assert User.objects.get(pk=staff.pk).likes.usual_minutes == 30
    preferences.keep(**USUAL | {"sound": True}, by=acting(staff))
    assert kept(staff) == USUAL | {"sound": True}


def test_nobody_else_is_touched_and_the_audit_has_nothing_of_it(
    staff: User, colleague: User
) -> None:
    preferences.keep(**WISHED, by=acting(colleague))
    before = AuditEntry.objects.count()
    preferences.keep(**USUAL, by=acting(staff))
    assert kept(colleague) == WISHED
    assert AuditEntry.objects.count() == before


def test_minutes_that_the_office_no_longer_allows_shrink_to_its_policy(
    staff: User, settings: pytest.FixtureRequest
) -> None:
    settings.HOLD_MINUTES_MAX = 20
    assert preferences.keep(**WISHED, by=acting(staff)).usual_minutes == 20


class TestThePage:
    def test_keeps_what_is_sent_and_says_so_in_the_new_language(
        self, browser: Client, staff: User
    ) -> None:
        sign_in(browser, "staff")
        browser.get("/settings/")
        answer = send(browser, "/settings/", **TYPED)
        assert (answer.status_code, answer["Location"]) == (303, "/settings/")
        assert kept(staff) == WISHED
        page = browser.get("/settings/")
        assert page["Content-Language"] == "de"
        assert '<html lang="de" class="dense" data-sound data-notice>' in page.content.decode()

    def test_shows_what_is_kept(self, browser: Client, staff: User) -> None:
        preferences.keep(**WISHED | {"language": ""}, by=acting(staff))
        sign_in(browser, "staff")
        form = browser.get("/settings/").context["form"]
        assert {name: form[name].value() for name in WISHED} == WISHED | {"language": ""}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("time_zone", "Mars/Olympus"),
            ("language", "tlh"),
            ("hold_minutes", "0"),
            ("hold_minutes", "121"),
            ("hold_minutes", "many"),
            ("event_type_id", "0"),
            ("event_type_id", "2147483648"),
            ("density", "airy"),
        ],
    )
    def test_refuses_nonsense_beside_its_field(
        self, browser: Client, staff: User, field: str, value: str
    ) -> None:
        sign_in(browser, "staff")
        browser.get("/settings/")
        answer = send(browser, "/settings/", **TYPED | {field: value})
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert kept(staff) is None

    def test_shows_again_what_was_typed_when_the_session_had_ended(
        self, browser: Client, staff: User
    ) -> None:
        preferences.keep(**USUAL | {"shortcuts": True}, by=acting(staff))
        sign_in(browser, "staff")
        browser.get("/settings/")
        del browser.cookies["sessionid"]
        sent_away = send(browser, "/settings/", **TYPED)
        assert sent_away["Location"] == "/accounts/login/?next=/settings/"
        sign_in(browser, "staff")
        form = browser.get("/settings/").context["form"]
        assert (form["hold_minutes"].value(), form["shortcuts"].value()) == ("30", "")
        assert kept(staff) == USUAL

    def test_offers_event_types_by_name_and_one_that_is_not_listed(self, staff: User) -> None:
        form = PreferencesForm(
            instance=Preferences(user=staff, event_type_id=7), event_types=[(1, "Consult")]
        )
        choices = form.fields["event_type_id"].widget.choices
        assert choices == [("", "None"), (1, "Consult"), (7, "Event type 7")]


def test_zones_are_the_worlds_with_the_offices_first() -> None:
    offered = zones("US/Pacific")
    names = [name for name, _shown in offered]
    assert offered[0] == ("", "The office’s (Europe/Rome)")
    assert ("America/New_York", "America/New York") in offered
    assert {"UTC", "US/Pacific"} < set(names)
    assert "US/Eastern" not in names
    assert names == sorted(set(names))


class TestLanguageAndZone:
    def seen(self, user: User, **headers: str) -> tuple[str | None, str, str]:
        """The language and zone that a view runs in, and the language that the answer names."""
        there: list[str | None] = []

        def view(_request: HttpRequest) -> HttpResponse:
            there.extend([translation.get_language(), timezone.get_current_timezone_name()])
            return HttpResponse()

        request = RequestFactory().get("/", headers=headers)
        request.user = user
        answer = localisation.middleware(view)(request)
        return there[0], str(there[1]), answer["Content-Language"]

    def test_are_the_browsers_and_the_offices_for_whoever_said_nothing(self, staff: User) -> None:
        assert self.seen(staff) == ("en", "Europe/Rome", "en")
        assert self.seen(staff, accept_language="de-AT") == ("de", "Europe/Rome", "de")

    def test_are_the_persons_own_and_end_with_the_request(self, staff: User) -> None:
        own = preferences.keep(**WISHED, by=acting(staff))
        assert self.seen(own.user, accept_language="en") == ("de", "America/New_York", "de")
        assert timezone.get_current_timezone_name() == "Europe/Rome"
        assert translation.get_language() == "en"

    def test_survive_a_name_that_is_no_longer_known(self, staff: User) -> None:
        old = WISHED | {"time_zone": "Europe/Atlantis", "language": "xx"}
        assert self.seen(preferences.keep(**old, by=acting(staff)).user) == (
            "en",
            "Europe/Rome",
            "en",
        )


@pytest.mark.django_db
def test_sign_in_speaks_the_browsers_language(browser: Client) -> None:
    page = browser.get("/accounts/login/", headers={"Accept-Language": "de"})
    assert page["Content-Language"] == "de"
    assert '<html lang="de">' in page.content.decode()
    assert "Accept-Language" in page["Vary"]


@pytest.mark.parametrize("said", [True, False], ids=["who-said-something", "who-said-nothing"])
def test_whoever_is_signed_in_is_read_with_their_wishes_in_one_query(
    staff: User,
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
    said: bool,
) -> None:
    if said:
        preferences.keep(**WISHED, by=acting(staff))
    with django_assert_num_queries(1):
        found = Backend().get_user(staff.pk)
        assert found is not None
        assert found.likes.density == ("dense" if said else "roomy")


def test_whoever_was_switched_off_is_signed_out_at_once(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    User.objects.filter(pk=staff.pk).update(is_active=False)
    assert browser.get("/settings/")["Location"] == "/accounts/login/?next=/settings/"
