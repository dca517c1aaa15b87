"""Follow the log: count what is newer than the page, and put it in only when asked."""

from dashboard.audit import search
from tests.audit.log_page import Page
from tests.audit.recorded import after, extend, fail_to_place, sign_in


def test_news_are_counted_in_the_search(staff, hold, admins_browser, monkeypatch):
    extend(staff, hold)
    page = admins_browser.get("/audit/?find=actor:staff+action:extend&follow=on")
    assert "No new actions." in page.content.decode()
    first = page.context["page"].first

    def news() -> str:
        address = f"/audit/news?find=actor:staff+action:extend&after={first}"
        answer = admins_browser.get(address).content.decode()
        return " ".join(answer.split('role="status">')[1].split("</p>")[0].split())

    fail_to_place(staff, at=after(1))
    assert news() == "No new actions."
    extend(staff, hold, at=after(2))
    assert news() == "1 new action."
    monkeypatch.setattr(search, "MAX_NEWS", 1)
    extend(staff, hold, at=after(3))
    assert news() == "More than 1 new actions."


def test_news_of_an_outcome_go_by_its_entry(staff, admins_browser):
    fail_to_place(staff)
    page = admins_browser.get("/audit/?outcome=refused").context["page"]
    address = f"/audit/news?outcome=refused&after={page.first}"
    assert admins_browser.get(address).context["news"] == 0
    fail_to_place(staff, at=after(1))
    assert admins_browser.get(address).context["news"] == 1


def test_empty_search_can_be_followed(staff, admins_browser):
    page = admins_browser.get("/audit/?find=actor:staff&follow=on").context["page"]
    assert (page.lines, page.first) == ((), 0)
    sign_in(staff)
    assert admins_browser.get("/audit/news?find=actor:staff&after=0").context["news"] == 1


def test_only_the_newest_page_is_followed_and_works_without_scripts(
    staff, hold, admins_browser, monkeypatch
):
    monkeypatch.setattr(search, "PAGE_SIZE", 2)
    for second in range(5):
        extend(staff, hold, at=after(second))
    newest = Page(admins_browser.get("/audit/?action=extend"))
    followed = Page(
        admins_browser.get(newest.links["Follow: count new actions as they are written"])
    )
    assert followed.links["Show new actions"] == "/audit/?action=extend&follow=on"
    assert followed.links["Stop following"] == "/audit/?action=extend"
    older = Page(admins_browser.get(f"/audit/{followed.links['Older']}"))
    assert {"Newer", "Newest"} <= older.links.keys()
    assert "Show new actions" not in older.links


def test_nonsense_is_a_bad_request(admins_browser):
    assert admins_browser.get("/audit/news?find=day:soon").status_code == 400
