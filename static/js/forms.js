// Forms: sent once, and after an answer the focus goes to what matters.

const sent = new Map(); // form → the button that sent it
const GIVE_UP = 20000; // a plain submit that the person stopped can be tried again after this

function free(form) {
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
    if (!form.matches("[hx-post], [hx-boost]")) setTimeout(free, GIVE_UP, form);
  },
  true,
);

document.addEventListener("htmx:finally:request", () => {
  for (const form of sent.keys()) {
    if (form.matches("[hx-post], [hx-boost]")) free(form);
  }
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of sent.keys()) free(form);
});

// A poll never takes the focus; the answer to something that a person sent may.
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.swap === "none" || ctx.request.method === "GET") return;
  const first = document.querySelector("[data-first]");
  if (first) first.focus();
  else if (document.activeElement === document.body) {
    document.getElementById("main").focus({ preventScroll: true });
    scrollTo(0, 0); // it is as good as a new page, and begins with the bar
  }
});

// A plain page that came back with errors starts at them as well.
document.querySelector("[data-first]")?.focus();
