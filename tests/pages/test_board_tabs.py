"""Show the tabs of the board, and find a client on them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.pages import ended
from dashboard.pages.board import Tab
from dashboard.sandbox import Sandbox
from tests.holds.factories import put, put_ended, see
from tests.holds.verbs import LATER, MONDAY, move, place, release, take_over
from tests.localization.spellings import SAME
from tests.pages.desk import desk, markup

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
DAY = 24 * 3600


@pytest.fixture
def office(staff: User, colleague: User) -> dict[str, Hold]:
    """Make one hold of each kind."""
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
    """Return the names of the holds on a tab, in its order."""
    board = see(user, tab)
    names = {hold.pk: name for name, hold in office.items()}
    rows = [*board.attention, *board.holds, *board.ended.rows]
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
def test_each_tab_lists_its_holds_soonest_end_first(
    tab: Tab, holds: list[str], staff: User, office: dict[str, Hold]
) -> None:
    assert shown(staff, tab, office) == holds


def test_tabs_count_their_holds(staff: User, office: dict[str, Hold]) -> None:
    board = see(staff, Tab.SOON)
    assert board.tab == Tab.SOON
    assert [(tab.value, count) for tab, count in board.tabs] == [
        ("mine", 2),
        ("everyone", 5),
        ("soon", 2),
        ("attention", 2),
        ("ended", 2),
    ]


def test_page_and_poll_stay_on_the_linked_tab(staff: User, office: dict[str, Hold]) -> None:
    for address in ("/?tab=soon", "/board?tab=soon"):
        page = markup(desk(staff).get(address))
        assert re.findall(r'<tr id="h(\d+)"', page) == [
            str(office[name].pk) for name in ("own_soon", "theirs_soon")
        ]
        assert 'hx-get="/board?tab=soon"' in page
        assert re.findall(r'href="/\?tab=(\w+)" aria-current="page"', page) == ["soon"]


@pytest.mark.parametrize("address", ["/", "/?tab=", "/?tab=nonsense", "/?tab=<script>"])
def test_unknown_tab_is_everyone(staff: User, address: str) -> None:
    page = markup(desk(staff).get(address))
    assert 'hx-get="/board?tab=everyone"' in page


@pytest.mark.parametrize("tab", list(Tab))
def test_empty_tab_has_one_sentence(staff: User, tab: Tab) -> None:
    page = markup(desk(staff).get(f"/?tab={tab}"))
    said = re.findall(r'class="panel empty"><svg.*?</svg><p>(.+?)</p>', page)
    assert len(said) == 1


class TestEnded:
    def test_row_shows_when_how_and_why(self, staff: User, office: dict[str, Hold]) -> None:
        lost, released = see(staff, Tab.ENDED).ended.rows
        assert (lost.state_label, lost.reason) == ("lost", "")
        assert (released.state_label, released.reason) == ("released", "Client hung up")
        ended_at = office["released"].ended_at
        assert ended_at is not None
        assert released.ended_iso.startswith(ended_at.isoformat()[:19])

    def test_row_names_the_person_who_ended_it(
        self, calcom: Sandbox, staff: User, admin: User
    ) -> None:
        own, others = (place(staff, start=start) for start in (MONDAY, LATER))
        put_ended(staff, "expired", ago=30)
        release(staff, own)
        release(admin, others)
        page = markup(desk(staff).get("/?tab=ended"))
        assert re.findall(r'by\s*<bdi translate="no">(.*?)</bdi>', page) == ["admin", "staff"]

    def test_ended_tab_excludes_refused_and_stand_ins(self, staff: User) -> None:
        kept = put(staff)
        put_ended(staff, "refused")
        put_ended(staff, "released", stands_in_for=kept)
        assert list(see(staff, Tab.ENDED).ended.rows) == []

    def test_ended_tab_covers_today_and_yesterday_at_the_office(self, staff: User) -> None:
        put_ended(staff, ago=0.5 * DAY)
        put_ended(staff, ago=2.1 * DAY)
        assert len(see(staff, Tab.ENDED).ended.rows) == 1

    def test_pages_have_no_gap(self, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ended, "PAGE_SIZE", 2)
        now = timezone.now()
        pks = [put_ended(staff).pk for _number in range(5)]
        Hold.objects.update(ended_at=now)  # all at once, as time ends several
        browser, before, seen = desk(staff), "", []
        for _page in range(3):
            page = browser.get(f"/?tab=ended{before}")
            shown = page.context["board"].ended
            seen += [each.pk for each in shown.rows]
            before = f"&before={shown.older}"
            assert (before in page.content.decode().replace("&amp;", "&")) == (
                shown.older is not None
            )
        assert (seen, shown.older) == (pks[::-1], None)


def test_holder_sees_what_others_did(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    taken, moved, released, booked = holds = [
        place(staff, start=MONDAY + timedelta(hours=hours)) for hours in (0, 4, 6, 8)
    ]
    browser = desk(staff)
    before = browser.get("/board?tab=mine")

    take_over(admin, taken, reason="absent")
    move(admin, moved, start=MONDAY + timedelta(hours=2))
    release(admin, released, reason="other", note="<ill>")
    release(admin, booked, reason="booked")
    after = browser.get("/board?tab=mine", headers={"If-None-Match": before["ETag"]})

    sentences = [row.sentence for row in after.context["board"].attention]
    assert [re.sub(r"\([\w :]+\)", "(TIME)", sentence) for sentence in sentences] == [
        f'<bdi translate="no">admin</bdi> {did}'
        for did in (
            "noted your hold as booked (TIME).",
            "released your hold (TIME). Reason: Another reason · &lt;ill&gt;",
            "moved your hold to this time (TIME).",
            "took over this hold from you (TIME). Reason: the holder is away",
        )
    ]
    page = markup(after)
    assert {pk for pk in holds if f"/holds/{pk.pk}/put-aside" in page} == {released, booked}
    for user in (colleague, admin):
        assert "your hold" not in markup(desk(user).get("/board"))
    story = markup(browser.get(f"/holds/{taken.pk}/"))
    assert "took over it, staff → admin" in story


def test_holder_sees_the_newest_of_many_releases(
    calcom: Sandbox, staff: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.board.MOST_TOLD", 1)
    cut = "only the newest is listed"
    for hours, is_cut in ((0, False), (4, True)):
        newest = place(staff, start=MONDAY + timedelta(hours=hours))
        release(admin, newest)
        shown = see(staff, Tab.MINE)
        assert [row.pk for row in shown.attention] == [newest.pk]
        assert (cut in markup(desk(staff).get("/board"))) is is_cut
    assert (Tab.ATTENTION, 2) in shown.tabs


@pytest.mark.parametrize("tab", ["everyone", "ended"])
def test_printed_board_names_the_holder(staff: User, colleague: User, tab: str) -> None:
    make = put if tab == "everyone" else put_ended
    own, other = make(staff), make(colleague)

    page = markup(desk(staff).get(f"/?tab={tab}"))

    cells = dict(re.findall(r'<tr id="[he](\d+)"(?:(?!<tr).)*<td class="by">(.*?)</td>', page))
    assert cells == {
        str(own.pk): '<span class="screen">you</span><bdi class="print" translate="no">staff</bdi>',
        str(other.pk): '<bdi translate="no">colleague</bdi>',
    }


class TestFind:
    """Without scripts, find is a POST, so that a client's name is in no address."""

    def found(self, user: User, text: str, tab: str = "everyone") -> list[int]:
        page = desk(user).post(f"/?tab={tab}", {"find": text})
        assert page.status_code == 200
        return [int(pk) for pk in re.findall(r'id="[haep](\d+)"', markup(page))]

    @pytest.mark.parametrize(
        ("text", "holds"),
        [
            ("ferri", ["own"]),
            ("  MARTA   nine ", ["own"]),
            ("LI@example", ["theirs"]),
            ("petrov", ["unconfirmed"]),
            ("no such client", []),
            ("%", []),
        ],
    )
    def test_finds_by_client_contact_or_note(
        self, staff: User, office: dict[str, Hold], text: str, holds: list[str]
    ) -> None:
        assert self.found(staff, text) == [office[name].pk for name in holds]

    def test_finds_other_spellings(self, staff: User) -> None:
        """Find a few: ``localization/test_searching`` has all spellings."""
        some_same = SAME[::8]
        pks = [put(staff, client_name=stored).pk for stored, _typed in some_same]
        put(staff, client_name="Zoe")

        found = [self.found(staff, typed) for _stored, typed in some_same]

        assert [pk for pk, some in zip(pks, found, strict=True) if pk not in some] == []

    def test_finds_on_the_current_tab_and_below_it_in_the_past(
        self, staff: User, office: dict[str, Hold]
    ) -> None:
        lost = office["lost"].pk
        assert self.found(staff, "mbeki", tab="ended") == [lost]
        assert self.found(staff, "mbeki", tab="soon") == [lost]
        assert self.found(staff, "mbeki") == [lost, lost]  # it needs attention, too

    def test_past_is_paged_by_its_form(self, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ended, "PAST_PAGE_SIZE", 2)
        ages = (9, 9, 7, 8, 9)  # days; of the third and fourth, the one placed first ended last
        pks = [put_ended(staff, ago=age * DAY, client_name="Zoe").pk for age in ages]
        browser, seen, asked = desk(staff), [], {"find": "zoe"}
        while asked:
            page = markup(browser.post("/?tab=soon", asked))
            seen.append([int(pk) for pk in re.findall(r'<tr id="p(\d+)"', page)])
            older = re.search(r'name="before" value="(\d+)"', page)
            asked = {"find": "zoe", "before": older[1]} if older else {}
        assert seen == [[pks[3], pks[4]], [pks[2], pks[1]], [pks[0]]]

    def test_script_asks_for_the_past_with_a_header(self, staff: User) -> None:
        found = put_ended(staff, ago=9 * DAY, client_name="Łukasz Żak", slot_start=timezone.now())
        answer = desk(staff).get("/past", headers={"Holdfast-Find": "lukasz%20%C5%BCak"})
        page = markup(answer)
        assert re.findall(r'<tr id="p(\d+)"', page) == [str(found.pk)]
        assert "Also in the past: 1 hold<" in page
        assert f'href="/holds/new?again={found.pk}"' in page

    def test_nul_is_left_out(self, staff: User, office: dict[str, Hold]) -> None:
        assert self.found(staff, "mbe\x00ki", tab="ended") == [office["lost"].pk]
        answer = desk(staff).get("/past", headers={"Holdfast-Find": "mbeki%00"})
        assert re.findall(r'<tr id="p(\d+)"', markup(answer)) == [str(office["lost"].pk)]

    def test_blank_text_finds_all(self, staff: User, office: dict[str, Hold]) -> None:
        assert len(self.found(staff, " ")) == 6

    def test_text_stays_in_the_field_escaped(self, staff: User) -> None:
        page = markup(desk(staff).post("/", {"find": '"><script>'}))
        assert 'name="find" value="&quot;&gt;&lt;script&gt;"' in page
        assert "<script>" not in page

    def test_find_in_the_address_is_ignored(self, staff: User, office: dict[str, Hold]) -> None:
        page = markup(desk(staff).get("/?find=ferri"))
        assert len(re.findall(r'<tr id="h', page)) == 4
