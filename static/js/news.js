// Parts of a page that ask for news by themselves ([data-poll]). Each sends the tag of what it
// shows, so that "nothing new" is an answer without a body; and what a person has in hand stays.

const isPoll = (ctx) => ctx?.sourceElement?.matches("[data-poll]");
const address = (element) => new URL(element.getAttribute("hx-get"), document.baseURI).href;

document.addEventListener("htmx:config:request", ({ detail }) => {
  const { ctx } = detail;
  const tag = isPoll(ctx) && ctx.sourceElement.dataset.tag;
  if (tag) ctx.request.headers["If-None-Match"] = tag;
});

// Signed out meanwhile: nobody is thrown out of a half-filled form. Whoever sends it signs in then,
// and keeps what was typed. Only the board, which would show old news, goes to the sign-in itself.
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx) && ctx.hx.redirect && ctx.sourceElement.id !== "board") event.preventDefault();
});

// An answer to a question that is no longer asked, such as of the tab that was open before.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!isPoll(ctx)) return;
  const asked = new URL(ctx.request.action, document.baseURI).href;
  if (asked !== address(ctx.sourceElement)) event.preventDefault();
});

// What only the browser knows of an element: that a person opened it, or what was looked for.
const OWN = { DETAILS: "open", DIALOG: "open", TR: "hidden", LI: "hidden" };

htmx.registerExtension("still", {
  // A row that is shown already as it should be is not touched at all.
  htmx_before_morph_node: (_, { oldNode, newNode }) =>
    !(oldNode.dataset?.face && oldNode.dataset.face === newNode.dataset?.face),
  htmx_before_morph_attr: (element, { attrName }) => OWN[element.tagName] !== attrName,
});
