"""The tabs of the board, finding a client, and holding again what has ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.pages.board import Tab
from dashboard.sandbox import Sandbox
from tests.holds.cast import CONSULT, MONDAY, place, release
from tests.holds.desk import desk
from tests.holds.factories import put, put_ended, see

pytestmark = pytest.mark.django_db
DAY = 24 * 3600


@pytest.fixture
def office(staff: User, colleague: User) -> dict[str, Hold]:
    """One hold of each kind."""
    soon = timezone.now() + timedelta(minutes=3)
    return {
        "own": put(staff, client_name="Marta Ferri", note="called at nine"),
        "own_soon": put(staff, seconds=200, client_name="Joseph Okafor"),
        "theirs": put(colleague, seconds=900, client_contact="li@example.test"),
        "theirs_soon": put(colleague, seconds=299),
        "unconfirmed": put(
            colleague,
            state=Hold.State.UNCONFIRMED,
            reservation_uid=None,
            held_until=None,
            latest_end=soon,
            client_name="Ivan Petrov",
        ),
        "lost": put_ended(staff, "lost", ago=30, client_name="Grace Mbeki"),
        "released": put_ended(colleague, "released", end_reason="client_rang_off"),
        "long_ago": put_ended(staff, "expired", ago=3 * DAY),
    }


def shown(user: User, tab: Tab, office: dict[str, Hold]) -> list[str]:
    """The names of the holds on a tab, in its order."""
    board = see(user, tab)
    names = {hold.pk: name for name, hold in office.items()}
    rows = [*board.attention, *(line.row for line in [*board.rows, *board.ended])]
    return [names[row.pk] for row in rows]


@pytest.mark.parametrize(
    ("tab", "holds"),
    [
        (Tab.MINE, ["lost", "own_soon", "own"]),
        (
            Tab.EVERYONE,
            ["unconfirmed", "lost", "own_soon", "theirs_soon", "theirs", "own"],
        ),
        (Tab.SOON, ["own_soon", "theirs_soon"]),
        (Tab.ATTENTION, ["unconfirmed", "lost"]),
        (Tab.ENDED, ["lost", "released"]),
    ],
)
def test_each_tab_has_its_holds_soonest_end_first(
    tab: Tab, holds: list[str], staff: User, office: dict[str, Hold]
) -> None:
    assert shown(staff, tab, office) == holds


def test_the_tabs_say_how_many_they_have(staff: User, office: dict[str, Hold]) -> None:
    board = see(staff, Tab.SOON)
    assert [(tab.value, tab.count, tab.is_current) for tab in board.tabs] == [
        ("mine", 2, False),
        ("everyone", 5, False),
        ("soon", 2, True),
        ("attention", 2, False),
        ("ended", 2, False),
    ]


def test_a_tab_is_a_link_and_the_page_and_its_poll_stay_on_it(
    staff: User, office: dict[str, Hold]
) -> None:
    for address in ("/?tab=soon", "/board?tab=soon"):
        page = desk(staff).get(address).content.decode()
        assert re.findall(r'<tr id="h(\d+)"', page) == [
            str(office[name].pk) for name in ("own_soon", "theirs_soon")
        ]
        assert 'hx-get="/board?tab=soon"' in page
        assert re.findall(r'href="/\?tab=(\w+)" aria-current="page"', page) == ["soon"]


@pytest.mark.parametrize("address", ["/", "/?tab=", "/?tab=nonsense", "/?tab=<script>"])
def test_any_other_tab_is_everyone(staff: User, address: str) -> None:
    page = desk(staff).get(address).content.decode()
    assert 'hx-get="/board?tab=everyone"' in page


@pytest.mark.parametrize("tab", list(Tab))
def test_an_empty_tab_says_so(staff: User, tab: Tab) -> None:
    page = desk(staff).get(f"/?tab={tab}").content.decode()
    said = re.findall(r'class="panel empty"><svg.*?</svg><p>(.+?)</p>', page)
    assert len(said) == 1


class TestEnded:
    def test_it_says_when_how_and_why(self, staff: User, office: dict[str, Hold]) -> None:
        lost, released = see(staff, Tab.ENDED).ended
        assert (lost.row.word, lost.reason) == ("lost", "")
        assert (released.row.word, released.reason) == ("released", "Client hung up")
        ended_at = office["released"].ended_at
        assert ended_at is not None
        assert released.ended_iso.startswith(ended_at.isoformat()[:19])

    def test_what_is_refused_or_only_stood_in_has_not_ended(self, staff: User) -> None:
        kept = put(staff)
        put_ended(staff, "refused")
        put_ended(staff, "released", stands_in_for=kept)
        assert see(staff, Tab.ENDED).ended == []

    def test_it_tells_of_today_and_yesterday_in_the_office(self, staff: User) -> None:
        put_ended(staff, ago=0.5 * DAY)
        put_ended(staff, ago=2.1 * DAY)
        assert len(see(staff, Tab.ENDED).ended) == 1

    def test_a_slot_that_is_past_cannot_be_held_again(self, staff: User) -> None:
        put_ended(staff, slot_start=timezone.now() - timedelta(hours=1))
        assert [line.again for line in see(staff, Tab.ENDED).ended] == [""]

    def test_hold_again_is_a_form_filled_with_the_old_hold(
        self, calcom: Sandbox, staff: User
    ) -> None:
        old = release(staff, place(staff))
        page = desk(staff).get("/?tab=ended").content.decode()
        [address] = re.findall(r'<a class="button small" href="([^"]+)">Hold again', page)
        assert address == f"/holds/new?again={old.pk}"
        form = desk(staff).get(address).context["form"]
        assert {name: form[name].value() for name in ("client_name", "client_contact", "note")} == {
            "client_name": "Grace",
            "client_contact": "grace@example.test",
            "note": "called at nine",
        }
        assert (form["event_type_id"].value(), form.initial["slot_start"]) == (CONSULT, MONDAY)

    def test_no_address_of_the_filled_form_names_the_client(
        self, calcom: Sandbox, staff: User
    ) -> None:
        old = release(staff, place(staff))
        page = desk(staff).get(f"/holds/new?again={old.pk}").content.decode()
        addresses = re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', page)
        assert [one for one in addresses if "grace" in one.lower()] == []

    @pytest.mark.parametrize("again", ["0", "-1", "x", "9" * 40, "１２"])
    def test_an_earlier_hold_that_is_none_fills_nothing(
        self, calcom: Sandbox, staff: User, again: str
    ) -> None:
        answer = desk(staff).get("/holds/new", {"again": again})
        assert answer.status_code == 200
        assert answer.context["form"]["client_name"].value() is None


class TestFind:
    """Without scripts: a form that is sent, so that what is looked for is in no address."""

    def found(self, user: User, text: str, tab: str = "everyone") -> list[int]:
        page = desk(user).post(f"/?tab={tab}", {"find": text})
        assert page.status_code == 200
        return [int(pk) for pk in re.findall(r'id="[hae](\d+)"', page.content.decode())]

    @pytest.mark.parametrize(
        ("text", "holds"),
        [
            ("ferri", ["own"]),
            ("  MARTA   nine ", ["own"]),
            ("LI@example", ["theirs"]),
            ("petrov", ["unconfirmed"]),
            ("nobody at all", []),
            ("%", []),
        ],
    )
    def test_by_client_contact_or_note(
        self, staff: User, office: dict[str, Hold], text: str, holds: list[str]
    ) -> None:
        assert self.found(staff, text) == [office[name].pk for name in holds]

    def test_on_the_tab_that_is_open(self, staff: User, office: dict[str, Hold]) -> None:
        assert self.found(staff, "mbeki", tab="ended") == [office["lost"].pk]
        assert self.found(staff, "mbeki", tab="soon") == []

    def test_nothing_to_look_for_shows_all(self, staff: User, office: dict[str, Hold]) -> None:
        assert len(self.found(staff, " ")) == 6

    def test_what_was_typed_stays_in_the_field_and_is_text(self, staff: User) -> None:
        page = desk(staff).post("/", {"find": '"><script>'}).content.decode()
        assert 'name="find" value="&quot;&gt;&lt;script&gt;"' in page
        assert "<script>" not in page

    def test_an_address_looks_for_nothing(self, staff: User, office: dict[str, Hold]) -> None:
        page = desk(staff).get("/?find=nobody").content.decode()
        assert len(re.findall(r'<tr id="h', page)) == 4
