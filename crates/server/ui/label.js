// Shows one item at a time and sends what is typed. What is kept stands on the server; a page that is closed loses
// nothing. Answers are sent one after the other, in the order in which they were given.
"use strict";

const by = (id) => document.getElementById(id);
const ahead = Number(document.body.dataset.ahead);
const buttons = new Map([...document.querySelectorAll("button[data-key]")].map((b) => [b.dataset.key, b]));
const seen = new Set(); // items that were shown, or stand in the queue
let person = "";
let queue = []; // items that are ready; the first one is shown
let sent = Promise.resolve();
let waiting = 0;

async function ask(path, body) {
  const post = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, post);
  const told = await response.json();
  if (!response.ok) throw Object.assign(new Error(told.error), { status: response.status });
  return told;
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function picture(cell) {
  const image = element("img");
  image.src = cell.value;
  image.alt = cell.column;
  return image;
}

function words(value) {
  return value === null || value === "" ? element("dd", "missing", "none") : element("dd", String(value));
}

// Pictures first, a lone text large, and everything else as a list of two columns.
function draw(item) {
  const place = by("item");
  place.replaceChildren(...item.cells.filter((c) => c.kind === "picture").map(picture));
  const cells = item.cells.filter((c) => c.kind !== "picture");
  if (cells.length === 1 && cells[0].kind === "text") {
    place.append(element("p", cells[0].value ?? "missing", "words"));
  } else if (cells.length > 0) {
    const list = element("dl");
    for (const cell of cells) list.append(element("dt", cell.column), words(cell.value));
    place.append(list);
  }
}

function show() {
  const item = queue[0];
  by("item").hidden = by("classes").hidden = !item;
  by("done").hidden = Boolean(item) || waiting > 0;
  if (item) draw(item);
}

function take(told) {
  const { items, finished, labels, needed, own } = told.progress;
  by("far").max = needed;
  by("far").value = labels;
  by("told").textContent = `${labels} of ${needed} labels · ${finished} of ${items} items done · ${own} by you`;
  by("left").textContent = labels < needed ? `Others still have ${needed - labels} labels to give.` : "Everything is labelled.";
  for (const item of told.items ?? []) {
    if (seen.has(item.item)) continue;
    seen.add(item.item);
    queue.push(item);
    // so that the next picture is there when its turn comes
    item.cells.filter((c) => c.kind === "picture").forEach(picture);
  }
}

function complain(error) {
  by("wrong").textContent = error ? `${error.message}. Nothing else was lost; try again.` : "";
  by("wrong").hidden = !error;
}

// Runs after everything that was typed before.
function then(work) {
  waiting += 1;
  sent = sent.then(work).then(() => complain(null), complain).then(() => {
    waiting -= 1;
    show();
  });
}

function answer(label) {
  const item = queue.shift();
  if (!item) return;
  by("said").textContent = label === undefined ? "skipped" : label;
  show();
  then(async () => {
    try {
      take(await ask("/api/label/answers", { person, item: item.item, label }));
    } catch (error) {
      // 409: it was kept before the connection broke
      if (error.status === 409) return take(await ask(next()));
      queue.unshift(item);
      throw error;
    }
  });
}

function undo() {
  then(async () => {
    const told = await ask("/api/label/undo", { person });
    take(told);
    if (!told.item) return;
    seen.add(told.item.item);
    queue = [told.item, ...queue.filter((item) => item.item !== told.item.item)];
    by("said").textContent = "undone";
  });
}

const next = () => `/api/label/next?${new URLSearchParams({ person, count: ahead })}`;

function press(key) {
  const button = buttons.get(key);
  if (!button || !person) return;
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 150);
  if (key === "u") undo();
  else if (key === "s") answer(undefined);
  else answer(button.dataset.label);
}

function enter(name) {
  person = name.trim();
  localStorage.setItem("person", person);
  by("entry").hidden = true;
  by("who").hidden = false;
  by("name").textContent = person;
  then(async () => {
    try {
      take(await ask(next()));
    } catch (error) {
      by("entry").hidden = false;
      throw error;
    }
  });
}

by("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(by("person").value);
});
document.addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.toLowerCase();
  if (!buttons.has(key)) return;
  event.preventDefault();
  press(key);
});
for (const [key, button] of buttons) button.addEventListener("click", () => press(key));
by("person").value = localStorage.getItem("person") ?? "";
// a link may name the person, so that a reload goes on at once
const named = new URLSearchParams(location.search).get("person");
if (named) enter(named);
