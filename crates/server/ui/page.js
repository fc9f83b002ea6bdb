// Renews a page's parts every two seconds while it is looked at, from the address that its body names. A part that did not change is left
// alone, so that focus, selection and scrolling stay where they are.
"use strict";

const PERIOD_MS = 2000;
let timer;

async function renew() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(document.body.dataset.parts, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    document.body.classList.remove("stale");
  } catch {
    document.body.classList.add("stale");
  }
  timer = setTimeout(renew, PERIOD_MS);
}

function show(fresh) {
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next) continue;
    // what the visitor opened stays open
    for (const details of part.querySelectorAll("details[open]")) {
      next.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute("open", "");
    }
    if (part.innerHTML === next.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? path(part, document.activeElement) : null;
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
    part.innerHTML = next.innerHTML;
    [...part.querySelectorAll(".scroll")].forEach((box, i) => scrolled[i] && box.scrollTo(...scrolled[i]));
    if (focused) follow(part, focused)?.focus({ preventScroll: true });
  }
}

// the way from a part down to an element, as the places among the children
function path(part, element) {
  const places = [];
  for (; element !== part; element = element.parentElement) {
    places.unshift([...element.parentElement.children].indexOf(element));
  }
  return places;
}

function follow(part, places) {
  return places.reduce((element, place) => element?.children[place], part);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // without a secure context there is no clipboard; the text is selected for the keyboard instead
    getSelection().selectAllChildren(source);
    button.textContent = "Press Ctrl+C";
  }
});

document.addEventListener("visibilitychange", renew);
timer = setTimeout(renew, PERIOD_MS);
