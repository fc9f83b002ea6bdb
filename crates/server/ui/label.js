// Shows one item at a time and sends what is typed. What is kept stands on the server; a page that is closed loses
// nothing. Answers are sent one after the other, in the order in which they were given.
"use strict";

const by = (id) => document.getElementById(id);
const ahead = Number(document.body.dataset.ahead);
const api = document.body.dataset.api;
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

function words(cell) {
  const { value } = cell;
  return value === null || value === "" ? element("dd", "missing", "none") : marked(element("dd"), cell);
}

// The text of a cell, with the words that a person should look at first marked, wherever they stand by themselves.
function marked(place, cell) {
  const marks = new Set(cell.marks ?? []);
  for (const part of String(cell.value).split(/([\p{L}\p{N}]+)/u)) {
    place.append(marks.has(part) ? element("mark", part) : part);
  }
  return place;
}

// A column that moved says so in words, not by its colour alone.
function term(cell) {
  const named = element("dt", cell.column, cell.moved ? "moved" : undefined);
  if (cell.moved) named.append(" ", element("small", "▲ moved"));
  return named;
}

// Pictures first, a lone text large, and everything else as a list of two columns.
function draw(item) {
  const place = by("item");
  place.replaceChildren(...item.cells.filter((c) => c.kind === "picture").map(picture));
  const cells = item.cells.filter((c) => c.kind !== "picture");
  if (cells.length === 1 && cells[0].kind === "text") {
    const text = element("p", undefined, "words");
    place.append(cells[0].value === null ? element("p", "missing", "words") : marked(text, cells[0]));
  } else if (cells.length > 0) {
    const list = element("dl");
    for (const cell of cells) list.append(term(cell), words(cell));
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
  const { items, finished, labels, needed, own, note } = told.progress;
  by("far").max = needed;
  by("far").value = labels;
  by("told").textContent = `${labels} of ${needed} labels · ${finished} of ${items} items done · ${own} by you${note ? ` · ${note}` : ""}`;
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
      take(await ask(`${api}/answers`, { person, item: item.item, label }));
    } catch (error) {
      // 409: it was kept before the connection broke
      if (error.status === 409) return take(await ask(next()));
      // 410: it went to somebody else meanwhile
      if (error.status === 410) {
        take(await ask(next()));
        throw error;
      }
      queue.unshift(item);
      throw error;
    }
  });
}

function undo() {
  then(async () => {
    const told = await ask(`${api}/undo`, { person });
    take(told);
    if (!told.item) return;
    seen.add(told.item.item);
    queue = [told.item, ...queue.filter((item) => item.item !== told.item.item)];
    by("said").textContent = "undone";
  });
}

const next = () => `${api}/next?${new URLSearchParams({ person, count: ahead })}`;

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
// asks again while somebody is here: new items come, and those that the page has stay this person's
const poll = Number(document.body.dataset.poll);
if (poll) {
  setInterval(() => {
    if (person && !document.hidden && waiting === 0) then(async () => take(await ask(next())));
  }, 1000 * poll);
}
