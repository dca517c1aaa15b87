"""Saved searches: one's own under a name, those of others, and what an erasure takes away."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.db import connection

from dashboard.accounts.people import Role, add_person
from dashboard.audit import saved_searches
from dashboard.audit.models import AuditEntry
from dashboard.audit.saved_searches import SavedSearch, about_any, forget
from dashboard.holds import erasure
from dashboard.holds.models import Hold
from tests.accounts.cast import acting
from tests.audit.recorded import NOON, Action, hold_of

FIND = "find=action%3Arelease+day%3A7d"


def saved() -> list[tuple[str, str, str]]:
    """Return owner, name and query of each search."""
    found = SavedSearch.objects.order_by("pk")
    return [(each.owner.get_username(), each.name, each.query) for each in found]


@pytest.fixture
def other_admin(db):
    return add_person(username="other", role=Role.ADMINS, by=None, now=NOON)


def test_search_is_saved_as_typed_and_opened(admins_browser):
    """A relative range stays relative."""
    address = f"/audit/searches/?{FIND}&outcome=&person=&before=7"
    assert "action:release" in admins_browser.get(address).content.decode()
    answer = admins_browser.post(address, {"name": "Released this week"})
    assert (answer.status_code, answer.url) == (303, f"/audit/?{FIND}")
    assert saved() == [("admin", "Released this week", FIND)]
    page = admins_browser.get("/audit/").content.decode()
    assert f'<a href="/audit/?{FIND}"><bdi translate="no">Released this week</bdi></a>' in page


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "nul\0"])
def test_name_is_refused_beside_the_field(admins_browser, name):
    answer = admins_browser.post(f"/audit/searches/?{FIND}", {"name": name})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["name"])
    assert 'name="replace"' not in answer.content.decode()
    assert saved() == []


def test_name_that_is_taken_is_replaced_only_when_asked(admins_browser):
    admins_browser.post(f"/audit/searches/?{FIND}", {"name": "mine"})
    answer = admins_browser.post("/audit/searches/?find=zoe", {"name": "mine"})
    page = answer.content.decode()
    assert (answer.status_code, 'value="mine"' in page, 'name="replace"' in page) == (
        422,
        True,
        True,
    )
    assert saved() == [("admin", "mine", FIND)]
    admins_browser.post("/audit/searches/?find=zoe", {"name": "mine", "replace": "on"})
    assert saved() == [("admin", "mine", "find=zoe")]


def test_name_that_was_taken_meanwhile_is_replaced_too(admin):
    def take(execute, sql, *rest):
        if sql.startswith("SELECT COUNT"):
            SavedSearch.objects.create(owner=admin, name="mine", query=FIND)
        return execute(sql, *rest)

    with connection.execute_wrapper(take):
        saved_searches.save(owner=admin.pk, name="mine", query="find=zoe", replace=True)
    assert saved() == [("admin", "mine", "find=zoe")]


@pytest.mark.parametrize("query", ["", "find=day:soon", "person=999"])
def test_nothing_and_nonsense_cannot_be_saved(admins_browser, query):
    answer = admins_browser.post(f"/audit/searches/?{query}", {"name": "mine"})
    assert (answer.status_code, saved()) == (200, [])


def test_number_is_limited(admin, admins_browser, monkeypatch):
    monkeypatch.setattr(saved_searches, "MOST", 1)
    admins_browser.post(f"/audit/searches/?{FIND}", {"name": "first"})
    answer = admins_browser.post(f"/audit/searches/?{FIND}", {"name": "second"})
    assert answer.context["form"].errors["name"] == [
        "You have saved 1 searches. Delete one that you no longer need."
    ]
    assert 'name="replace"' not in answer.content.decode()
    answer = admins_browser.post("/audit/searches/?find=zoe", {"name": "first"})
    assert 'name="replace"' in answer.content.decode()
    answer = admins_browser.post("/audit/searches/?find=zoe", {"name": "first", "replace": "on"})
    assert (answer.status_code, saved()) == (303, [("admin", "first", "find=zoe")])


def test_own_search_is_renamed_and_deleted_without_a_trace(admin, admins_browser):
    for name in ("first", "second"):
        saved_searches.save(owner=admin.pk, name=name, query=FIND)
    entries = AuditEntry.objects.count()
    first, second = SavedSearch.objects.order_by("name")
    taken = admins_browser.post(f"/audit/searches/{first.pk}/", {"name": "second"})
    assert (taken.status_code, taken.context["form"].errors) == (
        422,
        {"name": ["You have a search of this name. Choose another name."]},
    )
    assert admins_browser.post(f"/audit/searches/{first.pk}/", {"name": "third"}).status_code == 303
    assert (
        admins_browser.post(f"/audit/searches/{second.pk}/", {"delete": "yes"}).status_code == 303
    )
    assert saved() == [("admin", "third", FIND)]
    assert admins_browser.get(f"/audit/searches/{second.pk}/").status_code == 404
    assert AuditEntry.objects.count() == entries


def test_searches_of_others_are_read_and_deleted_on_record(admin, other_admin, admins_browser):
    saved_searches.save(owner=other_admin.pk, name="Zoë", query="find=zoe")
    (search,) = SavedSearch.objects.all()
    assert "Zoë" not in admins_browser.get("/audit/searches/").content.decode()
    assert "Zoë" in admins_browser.get("/audit/searches/others").content.decode()
    renamed = admins_browser.post(f"/audit/searches/{search.pk}/", {"name": "theirs"})
    assert (renamed.status_code, saved()) == (303, [("other", "Zoë", "find=zoe")])
    admins_browser.post(f"/audit/searches/{search.pk}/", {"delete": "yes"})
    assert saved() == []
    deleted, read = AuditEntry.objects.newest_first()[:2]
    assert (read.action, read.actor, read.asked) == (Action.SEARCHES_READ, admin, {})
    assert (deleted.action, deleted.actor, deleted.asked) == (
        Action.SEARCH_DELETED,
        admin,
        {"person": other_admin.pk, "username": "other"},
    )


@pytest.mark.parametrize("form", [{"name": "again"}, {"delete": "yes"}])
def test_search_deleted_meanwhile_stays_deleted(
    admin, other_admin, admins_browser, monkeypatch, form
):
    """As by an erasure, when it had been read already."""
    whose = admin if "name" in form else other_admin
    saved_searches.save(owner=whose.pk, name="Zoë", query="find=zoe")
    (search,) = SavedSearch.objects.all()
    verb = "rename" if "name" in form else "delete"
    write = getattr(saved_searches, verb)

    def write_late(found, *rest, **more):
        SavedSearch.objects.all().delete()
        return write(found, *rest, **more)

    monkeypatch.setattr(saved_searches, verb, write_late)
    answer = admins_browser.post(f"/audit/searches/{search.pk}/", form)
    assert (answer.status_code, saved()) == (404 if "name" in form else 303, [])
    assert AuditEntry.objects.filter(action=Action.SEARCH_DELETED).count() == 0


def test_erasure_takes_searches_for_the_client(admin):
    """By the search's own name, or by what it looks for."""
    gone = [
        ("Bronte again", FIND),
        ("1", "find=bront%C3%AB"),
        ("2", "find=%22zoe+bronte%22+action%3Arelease"),
        ("3", "find=-ZOE"),
        ("4", "find=zoe%40example.org"),
        ("call zoe@example.org", FIND),
    ]
    stay = [
        ("all of example.org", "find=example.org"),
        ("5", "find=actor%3Azoe"),  # a colleague
        ("6", "find=bron"),
        ("7", FIND),
    ]
    for name, query in gone + stay:
        saved_searches.save(owner=admin.pk, name=name, query=query)
    assert forget(about_any([("Zoë Brontë", "zoe@example.org")])) == len(gone)
    assert saved() == [("admin", *each) for each in stay]


@pytest.mark.parametrize(
    ("client", "gone", "stays"),
    [
        ("Li Wu", ["li wu", "reserved for Wu, Li", "wu", "li and wu"], ["wu reserved", "li zhang"]),
        ("Ana de Wit", ["ana de", "wit"], ["de vries", "dewit"]),
        ("王伟 Wang", ["王伟 reserved"], ["王 reserved"]),
        ("Al", ["al reserved", "AL"], ["all in all"]),
        ("Lü", ["lu reserved", "luè", "lue"], ["luebeck"]),
        ("", [], ["wu"]),
    ],
)
def test_short_word_of_a_name_is_no_name_beside_others(admin, client, gone, stays):
    """Be it the search's own name, or what it looks for."""
    for number, text in enumerate([*gone, *stays]):
        query = urlencode({"find": text})
        saved_searches.save(owner=admin.pk, name=text, query=FIND)
        saved_searches.save(owner=admin.pk, name=f"search {number}", query=query)
    assert forget(about_any([(client, "")])) == 2 * len(gone)
    assert [name for _owner, name, _query in saved()][::2] == stays


def test_erasure_takes_searches_for_the_number(admin):
    saved_searches.save(owner=admin.pk, name="rang twice", query="find=079+123+45+67")
    saved_searches.save(owner=admin.pk, name="no name", query="find=zoe")
    assert forget(about_any([("", "+41 79 123 45 67")])) == 1
    assert [name for _owner, name, _query in saved()] == ["no name"]


@pytest.mark.parametrize("contact", ["-", "\u2013", "'", ".", "\u200b"])
def test_dash_is_no_contact_that_searches_have(admin, contact):
    saved_searches.save(owner=admin.pk, name="2. Q - Umsatz's", query=FIND)
    assert about_any([("Zed", contact)]) == []


def test_erasure_of_a_client_counts_the_searches(admin, staff):
    hold = hold_of(staff, "Zoë Brontë")
    Hold.objects.filter(pk=hold.pk).update(state=Hold.State.RELEASED, ended_at=NOON)
    saved_searches.save(owner=admin.pk, name="bronte", query=FIND)
    erasure.erase(hold_id=hold.pk, by=acting(admin), now=datetime.now(UTC))
    erased = AuditEntry.objects.newest_first()[0]
    assert (erased.action, erased.asked) == (Action.ERASE, {"holds": [hold.pk], "searches": 1})
    assert Hold.objects.get(pk=hold.pk).erased_at == erased.at
    assert saved() == []


def test_page_of_an_erasure_says_which_searches_go(admin, other_admin, admins_browser, staff):
    """Also one for another Zoë, which cannot be told from this one."""
    hold = hold_of(staff, "Zoë Brontë")
    Hold.objects.filter(pk=hold.pk).update(state=Hold.State.RELEASED, ended_at=NOON)
    address = f"/holds/{hold.pk}/erase"
    saved_searches.save(owner=admin.pk, name="of a week", query=FIND)
    assert "saved search" not in admins_browser.get(address).content.decode()
    saved_searches.save(owner=admin.pk, name="Zoë Smith", query=FIND)
    saved_searches.save(owner=other_admin.pk, name="theirs", query="find=bronte")
    page = " ".join(admins_browser.get(address).content.decode().split())
    assert "2 saved searches of the log are deleted too" in page
    assert 'Yours: <bdi translate="no">Zoë Smith</bdi> </p>' in page
    assert "theirs" not in page


@pytest.mark.parametrize(
    "address", ["/audit/searches/", "/audit/searches/others", "/audit/pictures"]
)
def test_pages_are_marked_in_the_navigation(admins_browser, address):
    page = admins_browser.get(address).content.decode()
    head = page.split("<main")[0]
    current = [tag for tag in head.split("<a ") if 'aria-current="page"' in tag]
    assert [tag.split(">")[1].split("<")[0].strip() for tag in current] == ["Audit"]
