// Two kinds of links leave a form with text that is not sent yet: any, such as that of a time, once
// the session has ended, and that to the search for a time with anyone, which is another page. The
// form is sent to be kept before such a link is followed.

document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  const form = document.querySelector("main form[data-typed]");
  const isLink = ctx.request.method === "GET" && ctx.sourceElement.closest("main")
    && !ctx.sourceElement.matches("[data-poll]");
  if (!ctx.hx.redirect || !isLink || !form) return;
  event.preventDefault();
  keep(form, new URL(ctx.request.action, document.baseURI), ctx.hx.redirect);
});

// Send the form with what the link has chosen, and go where the server says: to sign in.
async function keep(form, address, signIn) {
  const typed = new URLSearchParams(new FormData(form));
  for (const [name, value] of address.searchParams) if (typed.has(name)) typed.set(name, value);
  const answer = await save(typed, address);
  if (answer) location.assign(answer.headers.get("HX-Redirect") ?? signIn);
}

async function save(typed, address) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]");
  if (token) typed.set(token.name, token.value);
  const { href } = document.getElementById("script-texts").content.querySelector("[data-text=keep]");
  const headers = { "HX-Request": "true", "HX-Current-URL": address.href };
  try {
    return await fetch(href, { method: "POST", body: typed, headers });
  } catch {
    document.dispatchEvent(new CustomEvent("htmx:error", { detail: {} }));
  }
}

// The search for a time with anyone leads back with a time: what the address back says is not kept.
const OF_ADDRESS = ["event_type_id", "other_event_type_id", "slot_start", "slot_duration", "offer", "again"];

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-keeps-form]");
  const form = document.querySelector("main form[data-typed]");
  if (!link || !form || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const typed = new URLSearchParams(new FormData(form));
  for (const name of OF_ADDRESS) typed.delete(name);
  const [here, address] = [new URL(location), new URL(link.href)];
  // The link was made before another event type was chosen.
  address.searchParams.set("like", document.getElementById("pick").elements.event_type_id.value);
  // Only an address with the form's token shows what was typed: other tabs have other clients.
  for (const each of [here, address]) each.searchParams.set("typed", typed.get("token"));
  if (!(await save(typed, here))) return;
  history.replaceState(history.state, "", here); // for the button "Back"
  location.assign(address);
});
