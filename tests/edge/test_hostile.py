"""Invalid input at every address of the site never causes a server error."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.roles import Role
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Offer
from dashboard.sandbox import Sandbox
from tests.accounts.cast import person
from tests.architecture.test_urls import PUBLIC, SAMPLES, VIEWS
from tests.holds.conftest import calcom  # noqa: F401
from tests.holds.factories import put
from tests.pages.desk import wish

FORM = "application/x-www-form-urlencoded"

# Percent-encoded, for a query or a form body.
TEXTS = {
    "nul": "%00",
    "half a pair": "%ed%a0%80",
    "no utf-8": "%ff%fe",
    "other digits": "%d9%a1%d9%a2",
    "below zero": "-1",
    "past 64 bits": str(2**63),
    "past every number": "9" * 5000,
    "joined digits": "1_0",
    "the first day": "0001-01-01T00:00",
    "the last moment": "9999-12-31T23:59:59%2b14:00",
    "a nul in a moment": "2027-03-24T%0010:00",
    "markup": "%27%22%3Cb%3E%7B%7B1%7D%7D",
}
# Fields that each view reads from its query or form. EVERY_FIELD covers other views.
FIELDS = {
    "login": "username password next",
    "password": "old_password new_password1 new_password2",
    "settings": "time_zone language hold_minutes event_type_id density sound",
    "board": "tab find",
    "board-rows": "tab",
    "check-many": "hold all",
    "release-many": "hold sure reason note version_1",
    "look-up": "uid take find client_name",
    "place": "event_type_id other_event_type_id slot_start slot_duration reservation_duration"
    " client_name client_contact note token offer again then day view seek client_zone",
    "hold": "client_zone",
    "hold-client": "client_name client_contact note version",
    "hold-extend": "reservation_duration add until retake version",
    "hold-move": "event_type_id slot_start slot_duration reservation_duration version day",
    "hold-release": "reason note version",
    "hold-take-over": "reason note version",
    "offer-new": "hold",
    "offer-keep": "hold version_1",
    "audit": "person action outcome since until before after hold find last follow",
    "audit-news": "person action outcome since until after hold find",
    "audit-pictures": "last since until",
    "audit-export": "format find person hold",
    "audit-searches": "name replace find",
    "audit-search": "name delete",
    "board-calendar": "calendar tab",
    "calendars": "typed team_id label colour",
    "calendar": "label colour position is_paused is_hidden people",
    "calendar-position": "position",
    "first-free": "title minutes quarter client_zone days calendar people rest start",
    "past": "find before",
    "wallboard": "pages",
    "hold-erase": "confirm",
    "keep-form": "path form_token",
    "admin:dashboard_user_changelist": "q p o e all is_active__exact groups__id__exact password",
    "admin:dashboard_user_add": "username first_name email role is_active new_password",
    "admin:dashboard_user_change": "username first_name email role is_active new_password",
}
# Those that views read as numbers.
NUMBERS = re.compile(
    "add|after|again|before|calendar|event_type_id|groups__id__exact|hold|hold_minutes|last|minutes"
    "|offer|other_event_type_id|p|pages|people|person|position|quarter|reservation_duration|rest"
    "|slot_duration|team_id|version|version_1"
)
MOMENTS = {"day", "seek", "since", "slot_start", "start", "until"}
pytestmark = pytest.mark.slow  # hundreds of requests a test

# Valid values for the other fields, so that the form is processed as far as possible.
GOOD = {name: quote(str(value)) for name, value in wish().items()} | {
    "username": "someone",
    "password": "a password",
    "role": "Staff",
    "is_active": "on",
    "new_password": "correct horse 9",
    "density": "roomy",
    "uid": "abc",
    "sure": "yes",
}
SIGN_OUTS = {"logout", "sign-out-everywhere"}
NO_PAGE = "/check"  # takes POST only
EVERY_FIELD = sorted({name for names in FIELDS.values() for name in names.split()})
# Instead of a number or a name in a path.
PARTS = ["%00", "0", "%d9%a1", "%ed%a0%80", "_00", str(2**63), "9" * 5000]
# Header values as WSGI passes them: one character per byte.
BYTES = ["\0", "a\0b", "\xff\xfe", "\xed\xa0\x80", "\r\nX: y", "\xb2", "9" * 5000, '"', ",;=", "*"]
ADDRESSES = ["http://[", "http://testserver:bad/", "//other", "javascript:1"]
ADDRESSES += ["http://testserver/holds/%00/", f"http://testserver/holds/{'9' * 5000}/"]
# Sent together: none of them hides another one.
HEADERS = [
    "USER_AGENT",
    "REFERER",
    "ORIGIN",
    "ACCEPT_LANGUAGE",
    "ACCEPT_ENCODING",
    "IF_NONE_MATCH",
    "RANGE",
    "X_FORWARDED_FOR",
    "X_FORWARDED_PROTO",
    "X_REQUEST_ID",
    "X_CSRFTOKEN",
    "SEC_PURPOSE",
    "HX_REQUEST_TYPE",
    "HX_TARGET",
    "HX_CURRENT_URL",
]
COOKIES = ["holdfast_session", "holdfast_csrf", "holdfast_last_user", "holdfast_language"]
QUOTED = ['"aaaaaaaa\\000bbbb"', '"\\355\\240\\200aaaaaa"', '"\\015\\012aaaaaaaa"', '"', "x" * 4000]


class Site:
    """Browser of a person, with a record of server errors."""

    def __init__(self, who: str) -> None:
        staff = person("staff", Role.STAFF)
        self.browser = Client(raise_request_exception=False)
        self.admin = person("admin", Role.ADMINS) if who == "admin" else None
        offer = Offer.objects.create(created_at=timezone.now(), made_by=staff)
        self.keys = {
            "hold": put(staff, offer=offer).pk,
            "offer": offer.pk,
            "audit": AuditEntry.objects.newest_first()[0].pk,
            "admin": staff.pk,
        }
        self.errors: list[str] = []
        self.answered: Counter[int] = Counter()  # by status
        self.refused: set[tuple[str, str]] = set()  # methods and paths

    def addresses(
        self, part: str = "", *, turn: int = 0, share: int = 1
    ) -> Iterator[tuple[str, str]]:
        """Yield name and path of every view, for existing objects or with ``part`` in the path.

        The Admin is signed in, and views that end a session come last. ``share`` leaves the public
        ones and a part of the others (4: each fourth), other ones at each turn; of those a
        stranger needs few, as none reads what was sent before it leads to the sign-in.
        """
        if self.admin:
            self.browser.force_login(self.admin)
        share = share if self.admin else 8
        views = sorted(VIEWS, key=lambda view: view[0] in SIGN_OUTS)
        kept = {name for name, _needed, _view in views[turn % share :: share]} | PUBLIC
        for name, needed, _view in views:
            if name in kept and not name.endswith("None") and (needed or not part):
                key = str(self.keys.get(re.split("[:-]", name)[0], 1))
                given = {word: SAMPLES.get(word, key) for word in needed}
                path = reverse(name, kwargs=given)
                for word in needed if part else []:
                    path = path.replace(f"/{given[word]}/", f"/{part}/")
                yield name, path

    def get(self, path: str, query: str = "", **environ: str) -> None:
        self.send("GET", path, f"{path}?{query}", **environ)

    def post(self, path: str, body: str = "", **environ: str) -> None:
        self.send("POST", path, body=body, **environ)

    def send(
        self,
        method: str,
        path: str,
        target: str = "",
        *,
        body: str = "",
        content_type: str = FORM,
        **environ: str,
    ) -> None:
        """Ask, but only once for the page about a method, which is the same everywhere."""
        if (method, path) in self.refused and path != NO_PAGE:
            return
        target = target or path
        answer = self.browser.generic(method, target, body, content_type=content_type, **environ)
        self.answered[answer.status_code] += 1
        if answer.status_code == 405:
            self.refused.add((method, path))
        # An accidentally valid form reaches cal.com, which may be unavailable.
        if answer.status_code >= 500 and answer.status_code != 503:
            asked = f"{target[:80]} {body[:80]!r} {environ}"
            self.errors.append(f"{answer.status_code} {method} {asked[:300]}")

    def check(self) -> None:
        """Check that pages were reached, and that none was an error."""
        assert self.answered.total() > 10
        assert self.admin is None or self.answered[200] > 20
        assert self.errors == []


@pytest.fixture(params=["anonymous", "admin"])  # an Admin reaches every view that Staff reach
def site(request: pytest.FixtureRequest, calcom: Sandbox) -> Site:  # noqa: F811
    return Site(request.param)


def test_invalid_paths(site: Site) -> None:
    """Send numbers to every view; other texts, which few addresses match, to a quarter of them."""
    for turn, part in enumerate(PARTS):
        for _name, path in site.addresses(part, turn=turn, share=1 if part.isdigit() else 4):
            site.get(path)
            site.post(path)
    assert site.answered.total() > 20
    assert site.errors == []


def most_of(field: str) -> int:
    """Return how long a text may be in a field: views read no form above 256 KiB."""
    return 5000 if NUMBERS.fullmatch(field) else 500


def worst_of(field: str) -> str:
    """Return the text that this kind of field may fail on."""
    of_text = "the last moment" if field in MOMENTS else "half a pair"
    return TEXTS["past every number" if NUMBERS.fullmatch(field) else of_text]


def test_invalid_text_in_all_fields(site: Site) -> None:
    """Send each text to a sixth of the views, and to all what each kind of field may fail on."""
    forms = [{field: text[: most_of(field)] for field in EVERY_FIELD} for text in TEXTS.values()]
    forms.append({field: worst_of(field) for field in EVERY_FIELD})
    for turn, form in enumerate(forms):
        every = "&".join(f"{field}={text}" for field, text in form.items())
        for _name, path in site.addresses(turn=turn, share=1 if form is forms[-1] else 6):
            site.get(path, every)
            site.post(path, every)
    site.check()


BODIES = {
    "too many fields": (FORM, "&".join(f"p{number}=1" for number in range(20_001))),
    "more than the limit": (FORM, "note=" + "x" * 300_000),
    "deep JSON": ("application/json", "[" * 100_000),
    "no boundary": ("multipart/form-data", "a=1"),
    "a broken part": ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-"),
    "an unknown character set": (f"{FORM}; charset=nonsense", "note=a"),
    "no type": ("", "note=a"),
}


def test_bodies_that_are_no_form(site: Site) -> None:
    """Send each to public pages and an eighth of the others: the same code reads them."""
    for turn, (content_type, body) in enumerate(BODIES.values()):
        for _name, path in site.addresses(turn=turn, share=8):
            for method in ("POST", "PUT"):
                site.send(method, path, body=body, content_type=content_type)
    assert site.answered.total() > 80
    assert site.errors == []


def test_invalid_text_in_one_field_of_a_valid_form(site: Site) -> None:
    """Send what its kind of field may fail on: a number beyond the database's, or a NUL."""
    for name, path in site.addresses():
        fields = FIELDS.get(name, "").split()
        for field in fields:
            text = TEXTS["past 64 bits" if NUMBERS.fullmatch(field) else "nul"]
            body = "&".join(f"{other}={GOOD.get(other, '')}" for other in fields if other != field)
            site.get(path, f"{field}={text}")
            site.post(path, f"{field}={text}&{body}")
    site.check()


def test_invalid_headers(site: Site) -> None:
    """Send every text to public pages, and two to each other one: the same code reads them."""
    for turn, text in enumerate(BYTES + ADDRESSES):
        headers = {f"HTTP_{name}": text for name in HEADERS}
        for _name, path in site.addresses(turn=turn, share=8):
            site.get(path, **headers, **({"HTTP_HX_REQUEST": "true"} if turn >= 8 else {}))
            site.post(path, **headers, HTTP_HX_REQUEST="true")
        site.get("/", HTTP_HOST=text)
    site.check()


def test_invalid_cookies(site: Site) -> None:
    for turn, text in enumerate(BYTES + QUOTED):
        site.get("/", HTTP_COOKIE=f"holdfast_session={text}")
        site.post("/accounts/login/", HTTP_COOKIE=f"holdfast_session={text}")
        for _name, path in site.addresses(turn=turn, share=8):
            own = {name: morsel.value for name, morsel in site.browser.cookies.items()}
            invalid = {name: text for name in COOKIES if name not in own}
            sent = "; ".join(f"{name}={value}" for name, value in (own | invalid).items())
            site.get(path, HTTP_COOKIE=sent)
    site.check()
