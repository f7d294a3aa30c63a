import { createHash } from "node:crypto";
import { HEADERS } from "./problem.ts";

const SCRIPT = `
"use strict";
const LISTS = ["stages", "subscribers", "consumers", "groups"];
const at = (id) => document.getElementById(id);
const cell = (tag, text, kind) => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const shown = (value) =>
  typeof value === "number" ? (Number.isInteger(value) ? String(value) : value.toPrecision(3)) : value === null ? "–" : String(value);
const worth = (name, value) => typeof value === "number" && value > 0 && /^(failed|dead|dropped|lost|timeouts|refused)$/.test(name) ? "bad" : "";
const figures = (stats) => {
  const list = document.createElement("dl");
  for (const [name, value] of Object.entries(stats)) {
    if (name === "name" || (typeof value === "object" && value !== null)) continue;
    list.append(cell("dt", name), cell("dd", shown(value), worth(name, value)));
  }
  return list;
};
const part = (name, stats, health) => {
  const section = document.createElement("section");
  const title = cell("h2", name);
  const status = health ? health.status : "up";
  title.append(cell("span", status + (health && health.detail ? ": " + health.detail : ""), "status " + status));
  section.append(title, figures(stats));
  for (const list of LISTS) {
    for (const member of Array.isArray(stats[list]) ? stats[list] : []) {
      section.append(cell("h3", list + ": " + member.name), figures(member));
    }
  }
  return section;
};
const ask = async (path) => (await fetch(path, { cache: "no-store" })).json();
const look = async () => {
  try {
    const health = await ask("healthz");
    at("parts").replaceChildren(...Object.entries(health.stats).map(([name, its]) => part(name, its, (health.parts || {})[name])));
    at("status").textContent = health.status + ", up for " + Math.round(health.uptime_seconds) + " s";
    at("status").className = "status " + health.status;
  } catch (error) {
    at("status").textContent = "no answer: " + error;
    at("status").className = "status down";
  }
};
look();
setInterval(look, 2000);
`;

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
#parts { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem; }
section { border: 1px solid #8886; border-radius: .5rem; padding: .5rem 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; } h3 { font-size: .95rem; margin-bottom: 0; }
.status { font-size: .85rem; font-weight: normal; margin-left: .6rem; }
.up { color: #167a3c; } .degraded { color: #946200; } .down, .bad { color: #c22; }
@media (prefers-color-scheme: dark) { .up { color: #5fd38a; } .degraded { color: #f0b429; } .down, .bad { color: #ff7b72; } }
dl { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; margin: .3rem 0; }
dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
`;

const BODY = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Flows</title>
<style>${STYLE}</style>
<h1>Flows <span id="status" class="status" role="status">asking</span></h1>
<main id="parts"></main>
<script>${SCRIPT}</script>
</html>
`;

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Only its own script and style, and only this server. */
const POLICY = `default-src 'none'; script-src ${hash(SCRIPT)}; style-src ${hash(STYLE)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/**
 * A page for people: parts with their health and figures, failures and dead letters; read-only, in one file that asks for nothing but `healthz`
 * of this server. Names and figures are set as text, never as markup.
 */
export function pageResponse(): Response {
  return new Response(BODY, { headers: { ...HEADERS, "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY } });
}
