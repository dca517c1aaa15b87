// Sound and desktop notice of a warning, for people who want them, each once in all windows. A
// browser keeps a page silent until a person has clicked or typed in it, so a warning counts as
// sounded only when the tone was played; until then any window may play it.

const SOUNDED = "holdfast:sounded"; // names in localStorage
const NOTIFIED = "holdfast:notified";
const KEPT = 9e5; // milliseconds
const GESTURES = ["pointerdown", "pointerup", "keydown"];

const isWanted = (name) => name in document.documentElement.dataset;
const show = (name, isShown) => {
  for (const part of document.querySelectorAll(`[data-${name}]`)) part.hidden = !isShown;
};

// Storage keeps only numbers and moments, and only until they are past. Where the browser has
// switched it off, what this page knows must do.
const known = new Set();

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "{}");
  } catch {
    return {};
  }
}

const isDone = (name, key) => known.has(name + key) || key in read(name);

function markDone(name, key) {
  known.add(name + key);
  const current = Object.entries(read(name)).filter(([, moment]) => moment > Date.now());
  const kept = { ...Object.fromEntries(current), [key]: Date.now() + KEPT };
  try {
    localStorage.setItem(name, JSON.stringify(kept));
  } catch {
    // Switched off, or full.
  }
}

let sound; // one for the page

function openSound() {
  try {
    sound ??= new AudioContext();
    sound.onstatechange = showBlocked;
  } catch {
    // No sound on this computer.
  }
}

function showBlocked() {
  show("sound-blocked", isWanted("sound") && sound?.state !== "running");
}

async function allowSound() {
  if (!sound || sound.state === "running") return;
  await sound.resume().catch(() => {});
  showBlocked();
}

// Return true if the tone was played.
function play() {
  if (sound?.state !== "running") return false;
  const tone = sound.createOscillator();
  const volume = sound.createGain();
  volume.gain.setValueAtTime(0.15, sound.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.6);
  tone.frequency.value = 660;
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.6);
  return true;
}

// Without the client's name: other people may see the screen.
function notify(text, key) {
  if (globalThis.Notification?.permission !== "granted") return false;
  try {
    const notification = new Notification("Holdfast", { body: text, tag: key });
    notification.onclick = () => window.focus();
    return true;
  } catch {
    return false; // Some phones only let service workers do this.
  }
}

document.addEventListener("holdfast:alert", ({ detail: { key, text } }) => {
  if (isWanted("sound") && !isDone(SOUNDED, key) && play()) markDone(SOUNDED, key);
  if (isWanted("notice") && !isDone(NOTIFIED, key) && notify(text, key)) markDone(NOTIFIED, key);
});

// The settings: a button that plays the tone, and a word where the browser refuses notices.
// Browsers ask for permission only in reaction to a person: here, to the ticked box.
const box = document.querySelector("[name=desktop_notice]");

function showDenied() {
  show("notice-denied", box?.checked && globalThis.Notification?.permission !== "granted");
}

box?.addEventListener("change", async () => {
  if (box.checked) await globalThis.Notification?.requestPermission();
  showDenied();
});

document.addEventListener("click", async ({ target }) => {
  if (!target.closest("[data-sound-test]")) return;
  openSound();
  await Promise.race([allowSound(), new Promise((done) => setTimeout(done, 1000))]);
  const isPlayed = play();
  show("sound-played", isPlayed);
  show("sound-refused", !isPlayed);
});

for (const name of GESTURES) {
  document.addEventListener(name, allowSound, { capture: true, passive: true });
}
if (isWanted("sound")) {
  openSound();
  document.addEventListener("holdfast:tick", showBlocked);
}
if (box?.checked) showDenied();
