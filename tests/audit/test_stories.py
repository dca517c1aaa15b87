"""Stories: searches that tell of one hold, client, person or request, and their headings."""

import pytest
from django.utils import translation
from django.utils.html import strip_tags

from dashboard.accounts.models import User
from dashboard.accounts.people import change_person
from dashboard.audit import former_clients, trail
from dashboard.audit.former_clients import FormerClient
from dashboard.holds.models import Hold
from tests.accounts.cast import acting
from tests.audit.log_page import Page, log
from tests.audit.recorded import (
    NOON,
    Action,
    Outcome,
    after,
    extend,
    hold_of,
    lines,
    only_line,
    sign_in,
)
from tests.audit.searching import found


def heading(browser, find: str, **filters: str) -> tuple[str, str]:
    """Return title and note of the story that a search tells."""
    story = browser.get("/audit/", {"find": find, **filters}).context["story"]
    return (story.title, story.note) if story else ("", "")


@pytest.fixture
def client_of_two(staff) -> Hold:
    first, second = hold_of(staff, "Zoë Brontë"), hold_of(staff, "Zoë Brontë")
    for hold in (first, second):
        hold.client_contact = "zoe@example.org"
        hold.save()
        extend(staff, hold)
    return first


def test_stories_say_whose_they_are(staff, hold, client_of_two, admins_browser):
    erased = hold_of(staff, "")
    Hold.objects.filter(pk=erased.pk).update(erased_at=NOON)
    assert heading(admins_browser, f"hold:{hold.pk}") == (
        f"Hold {hold.pk} · Client One",
        "Everything that was done to this hold, or tried.",
    )
    assert heading(admins_browser, f"hold:{hold.pk}", action="extend") == ("", "")
    earlier = [FormerClient(NOON, name, "") for name in ("Ada <i>", "Client One", "Ada <i>")]
    Hold.objects.filter(pk=hold.pk).update(former_clients=former_clients.written(earlier))
    note = heading(admins_browser, f"hold:{hold.pk}")[1]
    assert note.endswith(' or tried. Formerly: <bdi translate="no">Ada &lt;i&gt;</bdi>.')
    Hold.objects.filter(pk=hold.pk).update(former_clients="")
    assert heading(admins_browser, f"client:{client_of_two.pk}") == (
        "Zoë Brontë",
        "Everything that was done to holds with this name and the contact zoe@example.org.",
    )
    assert heading(admins_browser, f"client:{hold.pk}") == (
        "Client One",
        f"Known by name only: another client may have it too, so this is hold {hold.pk} alone.",
    )
    assert heading(admins_browser, f"client:{erased.pk}") == (
        f"Client of hold {erased.pk}",
        f"The client was erased, so this is hold {erased.pk} alone.",
    )
    assert heading(admins_browser, "person:staff")[0] == "staff"
    assert heading(admins_browser, "person:system")[0] == "The system"
    assert heading(admins_browser, "request:req-4711")[0] == "Request req-4711"
    for no_story in ("", "zoe", f"-hold:{hold.pk}", f"hold:{hold.pk} zoe", "hold:999999"):
        assert heading(admins_browser, no_story) == ("", "")


def test_client_is_followed_over_all_holds(client_of_two, admins_browser):
    page = Page(admins_browser.get("/audit/", {"find": f"client:{client_of_two.pk}"}))
    assert len(page.rows[1:]) == 2
    assert page.links[f"Open hold {client_of_two.pk}"] == f"/holds/{client_of_two.pk}/"


def test_person_is_followed_in_what_they_did_and_what_was_tried_as_them(
    staff, colleague, admins_browser
):
    sign_in(staff)
    trail.event(
        action=Action.SIGN_IN_FAILED,
        by=None,
        outcome=Outcome.REFUSED,
        actor_name="staff",
        now=after(1),
    )
    trail.event(
        action=Action.SESSIONS_ENDED,
        by=acting(colleague),
        asked={"username": "staff"},
        now=after(2),
    )
    assert [row.split("13:00:0")[1] for row in log(admins_browser, find="person:staff")] == [
        "2 colleague signed a person out everywhere: staff done",
        "1 not signed in, as “staff” failed to sign in refused",
        "0 staff signed in, from 192.0.2.7 done",
    ]


def test_entry_leads_to_all_stories(staff, hold, admins_browser):
    trail.event(
        action=Action.CHECK,
        by=acting(staff),
        hold_id=hold.pk,
        request_id="req-4711",
        address="203.0.113.9",
        before={"slot_end": None, "state": ""},
        now=NOON,
    )
    newest = admins_browser.get("/audit/").context["page"].lines[0]
    response = admins_browser.get(newest.url)
    links = Page(response).links
    assert links[f"hold {hold.pk}"] == f"/audit/?find=hold:{hold.pk}"
    assert links["Client One"] == f"/audit/?find=client:{hold.pk}"
    assert links["staff"] == "/audit/?find=person%3Astaff"
    assert links["req-4711"] == "/audit/?find=request%3A%22req-4711%22"
    assert links["203.0.113.9"] == "/audit/?find=address%3A%22203.0.113.9%22"
    assert response.context["others"] == []  # nothing that is empty


def test_each_part_of_a_search_can_be_removed(staff, admins_browser):
    filters = {"find": 'actor:staff -"two words"', "action": "extend", "since": "2025-11-25"}
    chips = admins_browser.get("/audit/", filters).context["form"].chips
    assert [(chip.text, chip.rest) for chip in chips] == [
        ("actor:staff", "find=-%22two+words%22&action=extend&since=2025-11-25"),
        ('-"two words"', "find=actor%3Astaff&action=extend&since=2025-11-25"),
        ("Action: extended a hold", "find=actor%3Astaff+-%22two+words%22&since=2025-11-25"),
        ("From day: Tue 25 Nov 2025", "find=actor%3Astaff+-%22two+words%22&action=extend"),
    ]


def test_erased_client_is_told_as_such(staff, hold):
    extend(staff, hold)
    erased = {"client_name": "", "client_contact": "", "erased_at": NOON}
    Hold.objects.filter(pk=hold.pk).update(**erased)
    told = "staff extended the hold of Wed 26 Nov 2025 14:30 for a client who was erased, 13:15"
    assert only_line().sentence.startswith(told)
    assert only_line().did_with_links == (
        f'extended <a href="/audit/?find=hold:{hold.pk}">the hold of Wed 26 Nov 2025 14:30</a> '
        "for a client who was erased"
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_row_reads_like_the_sentence(staff, hold, language):
    extend(staff, hold)
    with translation.override(language):
        line = only_line()
        assert line.sentence in " ".join(strip_tags(line.row).split())


def test_phrase_links_to_the_stories_of_hold_and_client(staff, hold):
    Hold.objects.filter(pk=hold.pk).update(client_name="<b>")
    extend(staff, hold)
    trail.event(action=Action.LOOK_UP, by=acting(staff), hold_id=hold.pk, now=after(9))
    looked_up, extended = lines()
    to_client = (
        f'for <a href="/audit/?find=client:{hold.pk}"><bdi translate="no">&lt;b&gt;</bdi></a>'
    )
    assert extended.did_with_links == (
        f'extended <a href="/audit/?find=hold:{hold.pk}">the hold of Wed 26 Nov 2025 14:30</a> '
        f"{to_client}"
    )
    assert looked_up.did_with_links == (
        f'looked up a reservation · <a href="/audit/?find=hold:{hold.pk}">hold {hold.pk}</a> '
        f"{to_client}"
    )
    assert (looked_up.actor.story, looked_up.is_trouble) == ("person:staff", False)


def test_person_is_found_by_all_names_they_had(staff, colleague, admin, admins_browser):
    """A user name that passed on to another person finds what each of them did under it."""

    def rename(user: User, **names: str) -> None:
        change_person(person=user.pk, by=acting(admin), now=NOON, **names)

    def fail(name: str) -> None:
        trail.event(action=Action.SIGN_IN_FAILED, by=None, actor_name=name, now=NOON)

    fail("staff")
    sign_in(staff)
    rename(staff, last_name="Woolf")
    rename(staff, username="bo")
    fail("bo")
    rename(staff, last_name="Brontë")
    rename(colleague, username="staff")
    fail("staff")
    sign_in(colleague)
    old = "sign_in_failed", "not signed in, as “staff”"
    changed, signed_in = ("person_changed", "admin"), ("sign_in", "staff (bo)")
    mine = [changed, ("sign_in_failed", "not signed in, as “bo”"), changed, changed]
    assert found("about:bo") == found("about:woolf") == [*mine, old]
    assert found("actor:woolf") == found("actor:bo") == [signed_in]
    assert found("about:colleague") == found("about:staff") == [old, changed]
    assert found("person:colleague") == [("sign_in", "colleague"), old, changed]
    assert found("woolf") == [*mine, signed_in, old]
    title, note = heading(admins_browser, "person:bo")
    assert (title, strip_tags(note)) == (
        "Brontë (bo)",
        "What they did, and what was done to them or tried under the name without signing in."
        " Formerly: Woolf (bo), Woolf (staff), staff.",
    )
