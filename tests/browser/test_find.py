"""Find a client in the browser as the server does."""

from __future__ import annotations

from playwright.sync_api import expect

from dashboard.localization.searching import finder, search_text
from tests.browser.user import User
from tests.localization.spellings import DIFFERENT, SAME

TYPE_EACH = """
(pairs) => {
  const row = document.querySelector("tr[data-version]");
  const field = document.querySelector("#find");
  const [name, contact] = [document.createTextNode(""), document.createElement("small")];
  row.querySelector(".client").replaceChildren(name, contact);
  return pairs.map(([stored, typed]) => {
    name.textContent = stored;
    contact.textContent = "12 7";
    field.value = typed;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return !row.hidden;
  });
}
"""


def test_browser_finds_what_the_server_finds(ada: User) -> None:
    pk = ada.place()
    ada.page.goto("/")
    ada.page.get_by_role("searchbox").fill("no such client")
    expect(ada.page.locator(f"#h{pk}")).to_be_hidden()  # once the script has its tables
    texts = [text for text, _typed in SAME + DIFFERENT]
    pairs = [(text, typed) for text in texts for _stored, typed in SAME + DIFFERENT]

    found = ada.page.evaluate(TYPE_EACH, pairs)

    expected = [finder(typed)(search_text(text, "12 7")) for text, typed in pairs]
    different = [pair for pair, a, b in zip(pairs, found, expected, strict=True) if a != b]
    assert different == []
    assert set(expected) == {True, False}


def test_returning_client_is_offered_as_one_types(ada: User) -> None:
    """In the form of a new hold, on the hold's page, and not once the session is over."""
    ada.place(client_name="José García", client_contact="+34 600 123 456")
    ada.page.goto("/holds/new")
    ada.page.locator("a.time:not(.held)").first.click()
    name, contact = ada.field("client_name"), ada.field("client_contact")
    options = ada.page.locator("#clients:visible > li")
    expect(name).to_be_focused()
    expect(ada.page.locator("[data-chosen]")).not_to_be_empty()
    note_at = ada.field("note").bounding_box()
    ada.page.keyboard.type("garc")
    expect(options).to_have_text(["José García +34 600 123 456"])
    assert ada.field("note").bounding_box() == note_at
    ada.check_page("clients-open")
    ada.page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    ada.page.keyboard.type("i")
    expect(options).to_have_count(1)
    ada.page.keyboard.press("ArrowDown")
    ada.page.keyboard.press("Enter")
    expect(name).to_have_value("José García")
    expect(contact).to_have_value("+34 600 123 456")
    expect(options).to_have_count(0)

    name.fill("")
    contact.fill("600123")
    options.click()
    expect(name).to_have_value("José García")
    contact.fill("by mail")
    name.fill("jose ga")
    expect(options).to_have_count(1)
    ada.page.keyboard.press("Enter")
    assert ada.hold_id
    ada.expect_text("by mail")

    ada.page.reload()
    ada.page.get_by_text("Edit the client").click()
    name = ada.page.locator("#client [name=client_name]")
    name.fill("garcia")
    options.click()
    expect(name).to_have_value("José García")
    expect(ada.page.locator("#client [name=client_contact]")).to_have_value("by mail")
    ada.page.route("**/clients", lambda route: route.fulfill(body="<p>The proxy's sign-in</p>"))
    with ada.page.expect_response("**/clients"):
        name.fill("jose ga")
    expect(ada.page.locator("#clients")).to_contain_text("sign-in")
    expect(ada.page.locator("#clients")).to_be_hidden()
    ada.page.unroute("**/clients")
    ada.page.context.clear_cookies()
    with ada.page.expect_response("**/clients"):
        name.fill("jose ga")
    expect(name).to_be_focused()
    expect(options).to_have_count(0)
    expect(ada.page.locator("#banner")).to_be_empty()
