// A person's hour at the review page, in a real browser: two reviewers answer by keyboard alone, reload their pages, and
// the server is killed and started again under them. Afterwards the server's own file is read: every answer that the page
// took must stand there once, and every item that was given away must have come to an end.
//
// usage: node hour.mjs INCUMBENT [ITEMS] [CHROMIUM]; playwright-core must be installed beside it or in NODE_PATH
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(join(process.env.NODE_PATH ?? process.cwd(), "node_modules", "x"))("playwright-core");
const [incumbent, items = "300", browser = "/usr/bin/chromium"] = process.argv.slice(2);
const wanted = Number(items);
const RELOAD = 37; // answers between two reloads of one page
const RESTARTS = [0.3, 0.7]; // shares of the answers after which the server is killed

// A generator of its own, so that a run can be repeated.
let state = 1;
const draw = () => ((state = (state * 48271) % 2147483647), state / 2147483647);
const flat = () => ({ size: 30 + 90 * draw(), rent: 100 * draw() });
const told = ({ size, rent }) => (draw() < 1 / (1 + Math.exp((size - 75) / 9 + (rent - 50) / 9)) ? "yes" : "no");

function project() {
  const folder = mkdtempSync(join(tmpdir(), "hour-"));
  const lines = Array.from({ length: 3000 }, flat).map((f) => `${f.size.toFixed(3)},${f.rent.toFixed(3)},${told(f)}`);
  writeFileSync(join(folder, "flats.csv"), `size,rent,let\n${lines.join("\n")}\n`);
  const plan = `name = "flats"\ntask = "classification"\n[data]\nsource = "flats.csv"\ntarget = "let"\n[train]\ntrainers = ["logistic"]\n[review]\nerror = 0.02\ndaily = ${Math.round(1.1 * wanted)}\n`;
  writeFileSync(join(folder, "incumbent.toml"), plan);
  const up = spawnSync(incumbent, ["up", folder, "--once", "--address", "127.0.0.1:0", "--json"], { encoding: "utf8" });
  if (up.status !== 0) throw new Error(`up: ${up.stderr}`);
  return folder;
}

async function serve(folder, port) {
  const server = spawn(incumbent, ["serve", folder, "--address", `127.0.0.1:${port}`], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (text) => (said += text));
  for (let look = 0; look < 300; look += 1) {
    const found = said.match(/http:\/\/127\.0\.0\.1:(\d+)/);
    if (found) return { server, port: Number(found[1]) };
    await sleep(100);
  }
  throw new Error(`the server does not come up: ${said}`);
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const get = async (port, path) => (await fetch(`http://127.0.0.1:${port}${path}`)).json();

async function fill(port) {
  for (let batch = 0; batch < 40; batch += 1) {
    const rows = Array.from({ length: Math.max(20, Math.ceil(wanted / 10)) }, flat);
    await fetch(`http://127.0.0.1:${port}/v1/models/flats:predict`, { method: "POST", body: JSON.stringify({ rows }), headers: { "content-type": "application/json" } });
  }
  for (let look = 0; look < 600; look += 1) {
    const { progress } = await get(port, "/api/review");
    if (progress?.items >= 0.8 * wanted) return progress.items;
    await sleep(100);
  }
  throw new Error("nothing was drawn");
}

const count = { keys: 0, taken: 0, reloads: 0, restarts: 0, complaints: 0, refused: 0 };
const taken = []; // what the server said it took: person, item, label
let running;

// What the page shows: the keys it takes, and the cells of the item, or nothing.
const look = (page) =>
  page.evaluate(() => {
    const section = document.getElementById("item");
    if (section.hidden) return { done: !document.getElementById("done").hidden, wrong: !document.getElementById("wrong").hidden };
    const cells = Object.fromEntries([...section.querySelectorAll("dt")].map((t) => [t.firstChild.textContent, Number(t.nextElementSibling.textContent)]));
    const keys = Object.fromEntries([...document.querySelectorAll("button[data-label]")].map((b) => [b.dataset.label, b.dataset.key]));
    return { cells, keys };
  });

async function open(context, person) {
  const page = await context.newPage();
  page.on("response", async (response) => {
    if (!response.url().endsWith("/answers")) return;
    if (response.status() !== 200) return void (count.refused += 1);
    taken.push(JSON.parse(response.request().postData()));
    count.taken += 1;
  });
  await visit(page, person);
  return page;
}

async function visit(page, person) {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return await page.goto(`http://127.0.0.1:${running.port}/review?person=${person}`);
    } catch {
      await sleep(100);
    }
  }
  throw new Error("the page does not open");
}

async function person(context, name, all) {
  const page = await open(context, name);
  let idle = 0;
  let own = 0;
  while (idle < 60) {
    const { cells, keys, wrong } = await look(page);
    if (!cells) {
      idle += 1;
      if (wrong) {
        count.complaints += 1;
        await visit(page, name);
      }
      await sleep(100);
      continue;
    }
    idle = 0;
    const undo = own > 0 && own % 29 === 0;
    await page.keyboard.press(cells.size + cells.rent < 125 ? keys.yes : keys.no);
    own += 1;
    count.keys += 1;
    if (undo) await page.keyboard.press("u");
    if (own % RELOAD === 0) {
      count.reloads += 1;
      await visit(page, name); // at once: an answer may still be under way
    }
    await sleep(20 * draw());
    if (count.taken >= 2 * all) break;
  }
  return page;
}

async function crash(folder, all) {
  for (const share of RESTARTS) {
    while (count.taken < share * all) await sleep(20);
    running.server.kill("SIGKILL");
    await sleep(300);
    running = await serve(folder, running.port);
    count.restarts += 1;
  }
}

// The file that the server keeps: what stands after every label, skip and undo.
function kept(folder) {
  const lines = readFileSync(join(folder, ".incumbent", "review.ndjson"), "utf8").trim().split("\n").map((l) => JSON.parse(l));
  const needs = new Map(lines.filter((l) => l.did === "draw").flatMap((l) => l.items).map((i) => [i.prediction, i.needs]));
  const last = new Map(); // person: their answers in turn
  const doubled = [];
  for (const line of lines.filter((l) => ["label", "skip", "undo"].includes(l.did))) {
    const own = last.get(line.worker) ?? last.set(line.worker, []).get(line.worker);
    if (line.did === "undo") own.pop();
    else if (own.some((before) => before.item === line.item)) doubled.push(line);
    else own.push(line);
  }
  return { needs, last, doubled };
}

const folder = project();
running = await serve(folder, 0);
const drawn = await fill(running.port);
console.log(`${drawn} items are drawn; ${folder}`);
const window = await chromium.launch({ executablePath: browser, args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"] });
const start = Date.now();
const contexts = await Promise.all([window.newContext(), window.newContext({ viewport: { width: 360, height: 700 } })]);
const [pages] = await Promise.all([Promise.all([person(contexts[0], "ann", drawn), person(contexts[1], "bob", drawn)]), crash(folder, drawn)]);
const shot = join(folder, "after.png");
await pages[1].screenshot({ path: shot });
const { progress } = await get(running.port, "/api/review");
await window.close();
running.server.kill("SIGKILL");

const { needs, last, doubled } = kept(folder);
const standing = [...last.values()].flat();
const keyed = standing.map((l) => `${l.worker} ${l.item}`);
const lost = taken.filter((t) => !keyed.includes(`${t.person} ${t.item}`));
const over = [...needs].filter(([item, need]) => standing.filter((l) => l.item === item && l.did === "label").length > need);
const open_items = [...needs].filter(([item, need]) => standing.filter((l) => l.item === item && l.did === "label").length < need);
const answered = new Set(standing.map((l) => l.item)).size;
const found = { seconds: Math.round((Date.now() - start) / 1000), ...count, answers: standing.length, answered, of: drawn, lost: lost.length, doubled: doubled.length, over: over.length, open: open_items.length };
console.log(JSON.stringify({ ...found, progress, screenshot: shot }, null, 1));
process.exitCode = found.lost + found.doubled + found.over > 0 || answered < Math.min(wanted, drawn) ? 1 : 0;
