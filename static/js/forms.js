// Send each form once, and move the focus after the answer.

const sent = new Map(); // form → the button that sent it
const RELEASE_AFTER = 20000; // milliseconds after which a plain form can be sent again

const isSentByHtmx = (form) => form.matches("[hx-post], [hx-boost]");

function release(form) {
  sent.get(form)?.removeAttribute("aria-busy");
  sent.delete(form);
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (sent.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    sent.set(form, event.submitter);
    event.submitter?.setAttribute("aria-busy", "true");
    if (!isSentByHtmx(form)) setTimeout(release, RELEASE_AFTER, form);
  },
  true,
);

document.addEventListener("htmx:finally:request", () => {
  for (const form of sent.keys()) if (isSentByHtmx(form)) release(form);
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of sent.keys()) release(form);
});

// The answer to a form may take the focus, a poll never does.
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.swap === "none" || ctx.request.method === "GET") return;
  const first = document.querySelector("[data-focus-first]");
  if (first) first.focus();
  else if (document.activeElement === document.body) {
    document.getElementById("main").focus({ preventScroll: true });
    scrollTo(0, 0); // like a new page, which begins with the header
  }
});

// A plain page that came back with errors starts at them as well.
document.querySelector("[data-focus-first]")?.focus();
