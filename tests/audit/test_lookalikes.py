"""Names that read like the system's or a colleague's are told apart."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.audit import origin, trail
from dashboard.audit.lookalikes import reads_like_system, skeleton
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import NOW
from tests.audit.recorded import Action, Outcome, after, begin_to_extend, extend, only_line, sign_in

LIKE_SYSTEM = [
    "the system",
    "The  SYSTEM",
    "das System",
    "the sуstеm",  # two Cyrillic letters
    "the\u200b sys\u00adtem",
    "ｔｈｅ ｓｙｓｔｅｍ",
    "the\u3164system",
    "t.h.e s-y-s-t-e-m",
    "thé sýstem",
    "the 5y5tem",
    "THE ꜱʏꜱᴛᴇᴍ",
    "system",
    "you",
    "Sie",
    "unknown user name (3fa9c1)",
    "not signed in, as “staff”",
    "the system automatically",
    "Holdfast",
    "cal com",
]


def rename(user: User, first_name: str, last_name: str = "") -> None:
    """Rename past the rules, as an earlier version allowed."""
    User.objects.filter(pk=user.pk).update(first_name=first_name, last_name=last_name)
    user.refresh_from_db()


def test_names_like_the_system():
    assert [name for name in LIKE_SYSTEM if not reads_like_system(name)] == []
    others = ("Anna Berg", "Ann Systema", "Hugo Yount", "Theo Stem")
    assert [name for name in others if reads_like_system(name)] == []


@pytest.mark.parametrize("name", ["the sуstеm", "you"])
def test_name_like_the_system_is_refused_and_marked(staff, name):
    first, _space, last = name.partition(" ")
    for refused in ({"first_name": first, "last_name": last}, {"first_name": name}):
        with pytest.raises(ValidationError, match="reads like"):
            people.change_person(person=staff.pk, **refused, by=None, now=NOW)
        with pytest.raises(ValidationError, match="reads like"):
            people.add_person(username="new", role="Staff", **refused, by=None, now=NOW)
    rename(staff, first, last)
    sign_in(staff)
    assert only_line().actor.who == f"{staff} (staff)"


def test_user_name_like_the_system_is_refused(db):
    for username in ("system", "SYSTEM", "sуstem", "the.system", "das-System"):
        with pytest.raises(ValidationError, match="reserved"):
            people.add_person(username=username, role="Staff", by=None, now=NOW)


def test_person_with_such_a_name_can_still_be_deactivated(staff):
    rename(staff, "the", "system")
    people.change_person(person=staff.pk, is_active=False, by=None, now=NOW)
    assert not User.objects.get(pk=staff.pk).is_active


def test_names_alike_have_the_user_name(staff, colleague, hold):
    rename(staff, "Anna Berg")
    rename(colleague, "Аnna Веrg")  # three Cyrillic letters
    extend(staff, hold)
    assert only_line().actor.who == "Anna Berg (staff)"


def test_former_name_of_a_colleague_has_the_user_name(staff, colleague):
    rename(staff, "Anna Berg")
    sign_in(staff)
    rename(staff, "Anna Meier")
    rename(colleague, "Anna Berg")
    assert only_line().actor.who == "Anna Berg (staff)"


def test_user_name_of_a_colleague_as_a_name(staff, colleague):
    rename(staff, "Colleague")
    sign_in(staff)
    assert only_line().actor.who == "Colleague (staff)"


def test_plain_user_names_take_no_query(staff, colleague, hold, django_assert_num_queries):
    extend(staff, hold)
    with django_assert_num_queries(1):
        assert only_line().actor.who == "staff"


def test_system_is_marked_on_every_page(staff, admin, hold, monkeypatch):
    rename(staff, "the", "system")
    trail.event(action=Action.EXPIRE, by=None, hold_id=hold.pk, now=after(1))
    trail.event(action=Action.TAKE_OVER, by=None, hold_id=hold.pk, now=after(2))
    sign_in(staff, at=after(3))
    entry = f"/audit/{AuditEntry.objects.filter(hold=hold).latest('id').pk}/"
    browser = Client()
    browser.force_login(admin)
    pages = {
        address: " ".join(browser.get(address).content.decode().split())
        for address in ("/audit/", f"/holds/{hold.pk}/", entry)
    }
    marked = '#holdfast" /></svg> the system automatically </b>'
    assert {address: page.count(marked) for address, page in pages.items()} == {
        "/audit/": 4,  # two more added people
        f"/holds/{hold.pk}/": 3,  # with the end of its time
        entry: 2,
    }
    assert '<bdi translate="no">the system (staff)</bdi>' in pages["/audit/"]
    monkeypatch.setattr(origin, "command", "manage.py erase_client")  # of an operator
    trail.event(action=Action.ERASE, by=None, hold_id=hold.pk, now=after(4))
    entry = f"/audit/{AuditEntry.objects.latest('id').pk}/"
    for address in ("/audit/", f"/holds/{hold.pk}/", entry):
        page = " ".join(browser.get(address).content.decode().split())
        assert marked.replace("automatically", "(manage.py erase_client)") in page


def test_resumed_action_marks_the_system_in_its_entries(staff, admin, hold):
    rename(staff, "system")
    died = begin_to_extend(staff, hold)
    resumed = trail.Trail(action_id=died.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    trail.outcome(resumed, outcome=Outcome.UNKNOWN, now=after(60))
    browser = Client()
    browser.force_login(admin)
    first = AuditEntry.objects.filter(hold=hold).earliest("id")
    page = " ".join(browser.get(f"/audit/{first.pk}/").content.decode().split())
    assert page.count("the system automatically") == 1
    assert '<bdi translate="no">system (staff)</bdi>' in page


def test_folding_keeps_different_names_apart():
    alike = ("anna  BERG", "Аnna Веrg", "Anna\u200b Berg")
    assert [name for name in alike if skeleton(name) != skeleton("Anna Berg")] == []
    assert (skeleton("Berna"), skeleton("Vvalt")) == (skeleton("Bema"), skeleton("Walt"))
    assert skeleton("Anna Berg") != skeleton("Anne Berg")
    assert skeleton("Łukasz") == skeleton("łukasz")
    assert skeleton("王芳") != skeleton("王方")


def test_user_name_like_a_colleagues_is_refused(staff, colleague):
    """Keep what tells people of the same name apart."""
    refused = r"looks like that of staff|already taken"
    for username in ("stаff", "ѕtaff", "5taff", "ｓtaff", "stáff"):
        with pytest.raises(ValidationError, match=refused):
            people.add_person(username=username, role="Staff", by=None, now=NOW)
        with pytest.raises(ValidationError, match=refused):
            people.change_person(person=colleague.pk, username=username, by=None, now=NOW)
    people.change_person(person=staff.pk, username=username, by=None, now=NOW)


def test_user_names_may_differ_in_punctuation(staff):
    people.add_person(username="st.aff", role="Staff", by=None, now=NOW)
    assert User.objects.filter(username="st.aff").exists()


def test_on_paper_the_reader_has_a_name(staff, hold):
    extend(staff, hold)
    browser = Client()
    browser.force_login(staff)
    page = " ".join(browser.get(f"/holds/{hold.pk}/").content.decode().split())
    assert '<b class="screen">you</b><b class="print"><bdi translate="no">staff</bdi></b>' in page
