"""Pages that say why there is nothing to see, with scripts and without."""

from __future__ import annotations

from django.template.loader import render_to_string
from playwright.sync_api import Route, expect

from tests.browser.user import OpenBrowser, User, in_both_ways
from tests.migrated import PASSWORD


def test_pages_of_errors(ada: User) -> None:
    ada.refusals |= {404, 405, 500}
    page = render_to_string("500.html")
    ada.page.route("**/broken", lambda route: route.fulfill(status=500, body=page))
    ada.page.goto("/holds/9999999/")
    ada.expect_heading("There is nothing here")
    ada.check_variant("not-found")
    ada.page.goto("/holds/1/extend")
    ada.expect_heading("This address cannot be opened as a page")
    ada.check_variant("not-a-page")
    ada.page.goto("/broken")
    ada.expect_heading("Something went wrong")
    ada.check_page("error")


@in_both_ways
def test_a_database_that_takes_no_writes(ada: User) -> None:
    ada.refusals.add(503)
    fields = [("client_name", "Hedy Lamarr")]
    context = {"is_form": True, "path": "/holds/new", "fields": fields}
    page = render_to_string("503.html", context)

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=503, body=page, content_type="text/html; charset=utf-8")
        else:
            route.fallback()

    ada.page.route("**/holds/new", refuse)
    ada.page.goto("/holds/new")
    ada.fill(client_name="Hedy Lamarr")
    ada.press("Hold this time")
    expect(ada.page.locator("#banner" if ada.scripts else "main")).to_contain_text(
        "Nothing has changed, neither here nor at cal.com."
    )
    ada.check_variant("no-writes")
    kept = ada.page.locator("main [name=client_name]")
    expect(kept).to_have_value("Hedy Lamarr")
    if not ada.scripts:
        expect(ada.page.get_by_role("button", name="Try again with what you typed")).to_be_visible()


@in_both_ways
def test_a_form_with_a_stale_token_keeps_its_fields(ada: User) -> None:
    ada.refusals.add(403)
    ada.page.goto("/holds/new")
    ada.fill(client_name="Hedy Lamarr")
    if ada.scripts:
        ada.page.locator("#wish [name=csrfmiddlewaretoken]").evaluate(
            "(field) => { field.value = 'x'.repeat(64) }"
        )
    else:  # nothing can be evaluated
        ada.page.context.clear_cookies(name="holdfast_csrf")
        ada.page.context.add_cookies(
            [{"name": "holdfast_csrf", "value": "x" * 32, "url": ada.product.url}]
        )
    ada.press("Hold this time")
    expect(ada.page.locator("#banner" if ada.scripts else "main")).to_contain_text(
        "nothing was done"
    )
    if ada.scripts:
        expect(ada.field("client_name")).to_have_value("Hedy Lamarr")
    ada.check_variant("place-stale")
    ada.page.get_by_role("link", name="Open the form again with what you typed").click()
    ada.expect_text("Not saved yet.")
    expect(ada.field("client_name")).to_have_value("Hedy Lamarr")


def test_too_many_wrong_passwords(open_browser: OpenBrowser) -> None:
    user = open_browser("ada", is_signed_in=False)
    name = f"mallory-{user.scripts}"  # tries are counted by name
    user.refusals |= {422, 429}
    user.page.goto("/accounts/login/")
    told = user.page.get_by_text("Too many tries from here.")
    for _ in range(20):  # the wait doubles; on a busy machine the first ones end before a try
        if told.is_visible():
            break
        user.page.locator("[name=username]").fill(name)
        user.page.locator("[name=password]").fill(f"not {PASSWORD}")
        with user.page.expect_navigation():
            user.page.locator("main form button").click()
    expect(told).to_be_visible()
    user.check_variant("sign-in-wait")
