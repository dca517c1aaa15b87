"""Terms of a search: what each finds, what a minus excludes, and what makes no sense."""

from datetime import timedelta

import pytest
from django.db import connection

from dashboard.accounts.models import User
from dashboard.audit import search, terms, trail
from dashboard.audit.forms import people
from dashboard.audit.models import EntryText, HoldText
from dashboard.audit.named_people import Context
from dashboard.audit.term_values import TermError
from dashboard.holds.models import Hold
from tests.accounts.cast import acting
from tests.audit.recorded import (
    NOON,
    Action,
    Outcome,
    after,
    begin_to_extend,
    extend,
    fail_to_place,
    hold_of,
    sign_in,
)
from tests.audit.searching import LATER, found

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(immediate_links, staff, colleague):
    """Write a log in which each action differs in what finds it."""
    staff.first_name, staff.last_name = "Ada", "Łukasiewicz"
    staff.save()
    hold = hold_of(staff, "Zoë Brontë")
    hold.client_contact = "+41 79 123 45 67"
    hold.event_type_id = 77
    hold.save()
    sign_in(staff, at=NOON - timedelta(days=1))
    extend(colleague, hold, at=after(1))
    fail_to_place(colleague, at=after(2))
    begin_to_extend(staff, hold_of(staff, "Other Client"), at=after(3))
    trail.event(
        action=Action.SIGN_IN_FAILED,
        by=None,
        outcome=Outcome.REFUSED,
        actor_name="staff",
        address="203.0.113.9",
        request_id="req-4711",
        now=after(4),
    )
    trail.event(
        action=Action.PERSON_CHANGED,
        by=acting(colleague),
        asked={"username": "staff"},
        now=after(5),
    )
    ended = {"before": {"state": "held", "event_type_id": 77}, "after": {"state": "expired"}}
    trail.event(action=Action.EXPIRE, by=None, hold_id=hold.pk, **ended, now=after(6))
    return hold


FAILED = ("sign_in_failed", "not signed in, as “staff”")
CHANGED = ("person_changed", "colleague")
EXPIRED = ("expire", "the system")
EXTENDED = ("extend", "colleague")
PLACED = ("place", "colleague")
STUCK = ("extend", "Ada Łukasiewicz")
SIGNED_IN = ("sign_in", "Ada Łukasiewicz")
ALL = [EXPIRED, CHANGED, FAILED, STUCK, PLACED, EXTENDED, SIGNED_IN]


FOUND = {
    "": ALL,
    "zoe": [EXPIRED, EXTENDED],
    "BRONTE -action:expire": [EXTENDED],
    '"zoe bronte"': [EXPIRED, EXTENDED],
    '"bronte zoe"': [],
    "“zoe bronte”": [EXPIRED, EXTENDED],
    "079 123 45 67": [EXPIRED, EXTENDED],
    "+41791234567": [EXPIRED, EXTENDED],
    "079-123 45-67": [EXPIRED, EXTENDED],
    '"0041 79 1234567"': [EXPIRED, EXTENDED],
    "4567 079": [EXPIRED, EXTENDED],
    "4567 078": [],
    "45 67": [EXPIRED, EXTENDED],
    "67 45": [],
    "zo bronte é": [EXPIRED, EXTENDED],
    "zu bronte": [],
    "bronte -zo": [],
    "4 bronte": [EXPIRED, EXTENDED],
    "zoe-bronte": [EXPIRED, EXTENDED],
    "z-o": [],
    '"bronte"zoe': [EXPIRED, EXTENDED],
    "lukasiewicz": [CHANGED, FAILED, STUCK, SIGNED_IN],
    "actor:staff": [STUCK, SIGNED_IN],
    "actor:STAFF": [STUCK, SIGNED_IN],
    "actor:lukas": [STUCK, SIGNED_IN],
    "actor:system": [EXPIRED],
    "-actor:system -actor:colleague": [FAILED, STUCK, SIGNED_IN],
    "about:staff": [CHANGED, FAILED],
    "person:staff": [CHANGED, FAILED, STUCK, SIGNED_IN],
    "person:system": [EXPIRED],
    "action:extend": [STUCK, EXTENDED],
    "action:extend action:place": [STUCK, PLACED, EXTENDED],
    "-action:extend -action:place": [EXPIRED, CHANGED, FAILED, SIGNED_IN],
    "outcome:refused": [FAILED, PLACED],
    "outcome:none": [STUCK],
    "-outcome:ok": [FAILED, STUCK, PLACED],
    "event:77": [EXPIRED],
    "address:203.0.113.9": [FAILED],
    "request:req-4711": [FAILED],
    "request:req-47": [],
    "req-4711": [FAILED],
    "day:2025-11-24": [SIGNED_IN],
    "day:..2025-11-24": [SIGNED_IN],
    "day:2025-11-25..": ALL[:-1],
    "day:2025-11-24..2025-11-25": ALL,
    "day:today": ALL[:-1],
    "day:yesterday": [SIGNED_IN],
    "day:2d": ALL,
    "day:2h": ALL[:-1],
    "day:2D": ALL,
    "hour:2025-11-25T13:00": ALL[:-1],
    "hour:2025-11-25T12:00+00:00": ALL[:-1],
    "hour:2025-11-25T12:00:02Z": ALL[:-2],
    "hour:2025-11-25T12:00": [],
    "hour:2025-11-25T13": ALL[:-1],
    "hour:20251125T1300": ALL[:-1],
    "cause:slot_reserved": [PLACED],
    "cause:Slot_Reserved": [PLACED],
    "cause:slot": [],
    "cause:none -cause:slot_reserved": [each for each in ALL if each not in (STUCK, PLACED)],
    "ended:expired": [EXPIRED],
    "ended:released": [],
    "-ended:expired": ALL[1:],
    "already reserved": [PLACED],
    "action:extend actor:colleague zoe": [EXTENDED],
    "100%": [],
    "z_e": [],
    "slot%reserved": [],
    "slot_reserved": [PLACED],
    "slot-reserved": [],
    "staff -actor:staff": [CHANGED, FAILED],
    "203.0.113.9": [FAILED],
}


def test_finds(log):
    assert {text: found(text) for text in FOUND} == FOUND


def test_story_of_a_client_is_that_of_name_and_contact(log, staff, colleague):
    """A name alone is not enough: another client may have it."""
    extend(staff, same := hold_of(staff, log.client_name), at=after(10))
    Hold.objects.filter(pk=same.pk).update(client_contact=log.client_contact)
    same.refresh_from_db()
    same.index_client()
    extend(colleague, namesake := hold_of(staff, log.client_name), at=after(11))
    assert found(f"client:{log.pk}") == [STUCK, EXPIRED, EXTENDED]
    assert found(f"client:{same.pk}") == found(f"client:{log.pk}")
    assert found(f"client:{namesake.pk}") == [EXTENDED]


def test_person_is_told_what_was_taken_from_them(staff, colleague):
    asked = {"person": staff.pk}
    trail.event(action=Action.TAKE_OVER, by=acting(colleague), asked=asked, now=NOON)
    assert found("about:staff") == [("take_over", "colleague")]
    assert found("about:colleague") == []


@pytest.mark.parametrize("nearest", [1, 3])
def test_words_are_found_beyond_the_nearest_actions(log, nearest, monkeypatch):
    monkeypatch.setattr(search, "NEAREST", nearest)
    assert found("zoe") == found("4567 079") == [EXPIRED, EXTENDED]
    assert found("lukasiewicz -action:sign_in") == [CHANGED, FAILED, STUCK]
    context = Context(people(), None, LATER)
    conditions = terms.conditions("lukasiewicz", context)
    *newer, oldest = search.rows_beyond(conditions)
    assert search.rows_beyond(conditions, after=oldest[0]) == newer[::-1]
    assert len(newer) > 3


def test_words_are_looked_for_only_where_the_rest_of_the_search_finds(
    log, monkeypatch, django_assert_num_queries
):
    """Ask no index for all texts with a common word where the rest finds little."""
    monkeypatch.setattr(search, "NEAREST", 2)
    context = Context(people(), None, LATER)
    conditions = terms.conditions("bronte action:extend", context)
    around = 3 if connection.vendor == "postgresql" else 0  # the transaction of without_jit
    with django_assert_num_queries(2 + around):
        assert len(search.rows_beyond(conditions)) == 1


def test_rarest_of_several_words_is_looked_up(log, staff):
    for number in range(3):
        hold_of(staff, f"Client {number}")
    context = Context(people(), None, LATER)
    client, zoe = conditions = terms.conditions("client zoe", context)
    assert (client.frequency(), zoe.frequency()) == (4, 1)
    found = search.alternatives(conditions)
    expected = [search.matching([client]).filter(way) for way in zoe.ways]
    assert list(map(str, (each.query for each in found))) == [str(e.query) for e in expected]


def test_finds_by_hold_and_by_the_viewer(log, colleague):
    assert found(f"hold:{log.pk}") == [EXPIRED, EXTENDED]
    assert {action for action, _who in found("actor:me", colleague.pk)} == {
        "person_changed",
        "place",
        "extend",
    }
    User.objects.filter(username="staff").update(username="me")
    assert {action for action, _who in found("actor:me", colleague.pk)} == {"extend", "sign_in"}


SENSELESS = [
    ("actr:ada", "There is no term “actr:”. Put it in quotes as text."),
    ('zoe "bronte', "A quotation mark is missing"),
    ("day:..", "A range needs a day"),
    ("day:2025-11-25..2025-11-24", "ends before it begins"),
    ("day:0d", "“0d” is no day."),
    ("-day:", "needs a value"),
    ("client:zoe", "Type a name without a term."),
    ("client:999999", "There is no hold 999999."),
    ("person:someone", "There is no person “someone”."),
    ("actor:", "needs a value"),
    ('actor:""', "needs a value"),
    ("actor:someone", "There is no person “someone”."),
    ("about:someone", "There is no person “someone”."),
    ("action:fly", "“fly” is not known. Possible are place"),
    ("outcome:good", "“good” is not known. Possible are ok, refused"),
    ("hold:x", "“x” is no number."),
    ("hold:0", "is no number."),
    ("event:99999999999999999999", "is no number."),
    ("hold:²", "is no number."),
    ("day:soon", "“soon” is no day."),
    ("day:9999-12-31", "is no day."),
    ("hour:14", "“14” is no hour."),
    ("hour:2025-11-25", "“2025-11-25” is no hour."),
    ("hour:2025-02-30T14:00", "is no hour."),
    ("hour:9999-12-31T14:00", "is no hour."),
    ("ended:held", "“held” is not known. Possible are released"),
    ("ab", "“ab” is too short"),
    ("王", "“王” is too short"),
    ("-x", "“x” is too short"),
    ("-zoe ab", "“ab” is too short"),
    ("zoe '", "“'” is too short"),
    ("zoe --", "“-” is too short"),
    ("action:extend ab", "“ab” is too short"),
    ("address:1", "is too short"),
]


def test_invalid_terms_are_explained(staff):
    for text, said in SENSELESS:
        with pytest.raises(TermError, match=said):
            found(text)


def test_page_explains_beside_the_box_and_finds(log, admins_browser):
    answer = admins_browser.get("/audit/", {"find": "day:soon"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["find"])
    assert 'value="day:soon"' in answer.content.decode()
    assert 'aria-describedby="id_find_error find-help"' in answer.content.decode()
    assert 'id="id_find_error"' in answer.content.decode()
    assert ' data-key="/"' in answer.content.decode()
    assert '<summary id="find-help">' in answer.content.decode()  # not with all of the help
    answer = admins_browser.get("/audit/", {"find": "zoe", "action": "extend"})
    assert [line.action for line in answer.context["page"].lines] == ["extend"]
    assert "Find: zoe" in answer.content.decode()
    assert "Pages of the log" not in answer.content.decode()  # there is only one


def test_index_of_a_hold_follows_it(staff):
    hold = hold_of(staff, "Client One")
    assert HoldText.objects.filter(rowid=hold.pk, text__like="client one").exists()
    hold.client_name = ""
    hold.save()
    assert not HoldText.objects.filter(rowid=hold.pk).exists()


def test_words_are_found_by_the_index():
    if connection.vendor == "sqlite":
        for model in (EntryText, HoldText):
            assert ":L" in model.objects.filter(text__like="word").explain()
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            assert "_words" in EntryText.objects.filter(text__like="word").explain()


def test_text_of_an_entry_is_in_the_index_with_it():
    trail.event(action=Action.DENIED, by=None, now=NOON, message="Slot TAKEN", address="::1")
    (row,) = EntryText.objects.all()
    assert "slot taken" in row.text
    assert Hold.objects.count() == 0
