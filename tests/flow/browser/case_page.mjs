// The case page in a real browser, against a running system: node case_page.mjs ENDPOINTS_JSON [SCREENSHOT]
//
// ENDPOINTS_JSON is what `./dev up` writes to .run/endpoints.json. Playwright is looked for in the folder that
// STREETWISE_BROWSER_MODULES names; `./dev test` installs it there and Chromium from Debian.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, chromium, endpoints, screenshot, STREET, until, WITHIN_MS } from "./system.mjs";

// Were it read as markup anywhere, the title would say so.
const MARKUP = `<img src=x onerror="document.title='owned'">已联系公交公司`;

const offset = () => Math.round((Math.random() - 0.5) * 6e5) / 1e6;

// One report, its case, and the five orders of it as the console knows them.
async function aCase() {
  const place = { lon: 106.55 + offset(), lat: 29.56 + offset(), datum: "gcj02", address: "滨江路社区公交站" };
  const report = { text: "公交306路改道，取消站点", item: "TRA-01", place };
  const { tracking_code: code } = await ask("intake", "grid-worker", `/intake/v1/streets/${STREET}/reports`, report);
  const number = await until("the case's number", async () => {
    const answer = await fetch(`${endpoints.services.console}/console/v1/tracking:follow`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code }),
    });
    return answer.ok && (await answer.json()).case_no;
  });
  return until("the case with its orders", async () => {
    const { cases } = await ask("console", "street-centre", `/console/v1/streets/${STREET}/cases?limit=50`);
    const id = cases.find((listed) => listed.case_no === number)?.case_id;
    const found = id && (await ask("console", "street-centre", `/console/v1/streets/${STREET}/cases/${id}`));
    return found?.orders.length === 5 && { ...found, id, number };
  });
}

let browser, page, found;
const said = [];

before(async () => {
  found = await aCase();
  browser = await chromium.launch({
    executablePath: process.env.STREETWISE_CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-gpu"],
  });
  page = await browser.newPage({ viewport: { width: 1100, height: 900 }, locale: "zh-CN" });
  page.setDefaultTimeout(WITHIN_MS);
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(`${endpoints.services.console}/console/cases/${STREET}/${found.id}`);
});

after(() => browser?.close());

test("without a token the page is an empty shell", async () => {
  assert.equal(await page.locator("#main").isVisible(), false);
  assert.match(await page.locator("#status").innerText(), /请输入访问令牌/);
  assert.doesNotMatch(await page.content(), new RegExp(found.number));
});

test("a wrong token shows the refusal and no data", async () => {
  await page.fill("#token", "no.such.token");
  await page.click("#open");
  await page.locator("#status", { hasText: /令牌|token|unauthenticated/i }).waitFor();
  assert.equal(await page.locator("#main").isVisible(), false);
  // The browser itself reports the 401; that one is expected.
  assert.ok(said.splice(0).every((text) => text.includes("401")));
});

test("the street centre reads the case with its five orders", async () => {
  await page.fill("#token", endpoints.tokens["street-centre"]);
  await page.press("#token", "Enter");
  await page.locator("#title", { hasText: found.number }).waitFor();
  assert.equal(await page.locator("#orders tr").count(), 5);
  for (const body of ["transport", "traffic-police", "bus-company", `street-centre@${STREET}`, "governance-centre"]) {
    // By its name; the key is what the documents call it.
    const shown = await page.locator(`#orders bdi[title="${body}"]`).innerText();
    assert.ok(/[\u4e00-\u9fff]/.test(shown) && !shown.includes(body), `${body} is shown as ${shown}`);
  }
  await page.locator("#timeline li").first().waitFor();
  assert.equal(await page.locator("#token").inputValue(), "", "the token stays in the field");
  assert.ok(!page.url().includes(endpoints.tokens["street-centre"].slice(0, 20)), "the token is in the address");
});

test("an act appears without a reload, its note as text", async () => {
  const order = found.orders.find((held) => held.body === "transport");
  const acts = `/dispatch/v1/streets/${STREET}/orders/${order.order_id}`;
  await ask("dispatch", "transport", `${acts}:see`, { note: "" });
  await ask("dispatch", "transport", `${acts}:acknowledge`, { note: MARKUP });
  await page.locator("#timeline li", { hasText: "已联系公交公司" }).waitFor();
  const transport = page.locator('bdi[title="transport"]');
  await page.locator("#orders tr", { has: transport, hasText: "已签收" }).waitFor();
  assert.ok((await page.locator("#timeline").innerText()).includes(MARKUP));
  assert.equal(await page.locator("#timeline img").count(), 0);
  assert.notEqual(await page.title(), "owned");
});

test("the timeline has each position once and in order", async () => {
  const shown = await page.locator("#timeline li").evaluateAll((lines) => lines.map((line) => +line.dataset.position));
  assert.deepEqual(shown, [...new Set(shown)].sort((a, b) => a - b));
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
});

test("leaving hides everything and forgets the token", async () => {
  await page.click("#leave");
  assert.equal(await page.locator("#main").isVisible(), false);
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
  await page.reload();
  assert.equal(await page.locator("#main").isVisible(), false);
});

test("the browser had nothing to complain about", () => assert.deepEqual(said, []));
