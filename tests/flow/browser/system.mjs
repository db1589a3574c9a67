// What the pages' tests share: where the system is, how it is asked, and waiting that ends.
//
// Playwright is looked for in the folder that STREETWISE_BROWSER_MODULES names; `./dev test` installs it there and Chromium from
// Debian.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const modules = process.env.STREETWISE_BROWSER_MODULES;
assert.ok(modules, "STREETWISE_BROWSER_MODULES is not set: run this by ./dev test -p flow browser");
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const [endpointsFile, screenshot] = process.argv.slice(2);
const endpoints = JSON.parse(readFileSync(endpointsFile, "utf8"));
const STREET = "990102001000";
const WITHIN_MS = 20_000;

async function ask(service, persona, path, body) {
  const answer = await fetch(endpoints.services[service] + path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Bearer ${endpoints.tokens[persona]}`,
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

// Asks again until there is an answer; every wait has its end.
async function until(what, look) {
  const end = Date.now() + WITHIN_MS;
  while (Date.now() < end) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`not seen within ${WITHIN_MS} ms: ${what}`);
}

export { ask, chromium, endpoints, screenshot, STREET, until, WITHIN_MS };
