// The page of a link in a real browser, against a running system: node link_page.mjs ENDPOINTS_JSON [SCREENSHOT]
//
// ENDPOINTS_JSON and Playwright as in case_page.mjs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, chromium, screenshot, STREET, until, WITHIN_MS } from "./system.mjs";

// Were it read as markup anywhere, the title would say so.
const ADDRESS = `滨江路<img src=x onerror="document.title='owned'">公交站`;

const ORDERS = `/dispatch/v1/streets/${STREET}/orders`;
const held = (body) => async () => {
  const { orders } = await ask("dispatch", "street-centre", ORDERS);
  return orders.find((order) => order.body === body);
};
const read = async () => ask("dispatch", "street-centre", `${ORDERS}/${order.order_id}`);
const give = async () => ask("dispatch", "street-centre", `${ORDERS}/${order.order_id}/links`, { label: "调度室" });

let browser, page, order, link;
const said = [], asked = [];

before(async () => {
  const place = { lon: 106.55, lat: 29.56, datum: "gcj02", address: ADDRESS };
  const report = { text: "公交306路改道，取消站点", item: "TRA-01", place, reporter: { contact: "13800001111" } };
  await ask("intake", "grid-worker", `/intake/v1/streets/${STREET}/reports`, report);
  order = await until("the bus company's order", held("bus-company"));
  link = await give();
  browser = await chromium.launch({
    executablePath: process.env.STREETWISE_CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-gpu"],
  });
  page = await browser.newPage({ viewport: { width: 420, height: 900 }, locale: "zh-CN" });
  page.setDefaultTimeout(WITHIN_MS);
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
});

after(() => browser?.close());

const token = () => link.url.split("#")[1];
const press = (act) => page.click(`#acts button[data-act="${act}"]`);

test("a preview fetches the page and sees nothing", async () => {
  const preview = await (await fetch(link.url.split("#")[0])).text();
  assert.doesNotMatch(preview, new RegExp(order.case_no));
  assert.equal((await read()).version, order.version + 1, "only the giving out was an event");
});

test("without its secret the page says so", async () => {
  await page.goto(link.url.split("#")[0]);
  await page.locator("#status", { hasText: "链接不完整" }).waitFor();
  assert.equal(await page.locator("#main").isVisible(), false);
});

test("the link shows its order and nobody has seen it yet", async () => {
  await page.goto(link.url);
  await page.locator("#title", { hasText: order.case_no }).waitFor();
  const shown = await page.locator("body").innerText();
  assert.ok(shown.includes(ADDRESS) && shown.includes("协办") && shown.includes("已派发"), shown);
  assert.doesNotMatch(shown, /13800001111|traffic-police|transport/);
  assert.equal(await page.locator("#main img").count(), 0);
  assert.notEqual(await page.title(), "owned");
  assert.ok((await page.locator("#limits li").count()) >= 2);
  const now = await read();
  assert.deepEqual([now.phase, now.acts], ["dispatched", {}]);
});

test("the button is the act", async () => {
  await press("see");
  await page.locator("#facts", { hasText: "已阅" }).waitFor();
  assert.equal((await read()).phase, "seen");
  await press("acknowledge");
  await page.locator("#facts", { hasText: "已签收" }).waitFor();
  await press("ask");
  await page.locator("#status", { hasText: "请先写明问题" }).waitFor();
  await page.fill("#note", "哪一个站点？");
  await press("ask");
  await page.locator("#status", { hasText: "已提交：提问" }).waitFor();
  await press("submit");
  await page.locator("#status", { hasText: "须先到场" }).waitFor();
  await press("arrive");
  await page.locator("#facts", { hasText: "已到场" }).waitFor();
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  await press("submit");
  await page.locator("#facts", { hasText: "已申请办结" }).waitFor();
  assert.equal((await read()).phase, "submitted");
});

test("the timeline says that it was by the link, and keeps the receipt", async () => {
  const path = `/console/v1/streets/${STREET}/cases/${order.case_id}/timeline?limit=200`;
  const { entries } = await until("the submit on the timeline", async () => {
    const found = await ask("console", "street-centre", path);
    return found.entries.some((entry) => entry.type === "dispatch.order.submitted") && found;
  });
  const of = (kind) => entries.filter((entry) => entry.type === `dispatch.order.${kind}`);
  assert.equal(of("link_opened").length, 1);
  for (const kind of ["link_opened", "seen", "acknowledged", "asked", "arrived", "submitted"]) {
    assert.equal(of(kind)[0].actor, `link:${link.link_id}`, kind);
  }
  assert.equal(of("asked")[0].detail.note, "哪一个站点？");
});

test("a link that was taken back says whom to ask", async () => {
  await ask("dispatch", "street-centre", `/dispatch/v1/streets/${STREET}/links/${link.link_id}:revoke`, {});
  await page.reload();
  await page.locator("#status", { hasText: "链接已撤销" }).waitFor();
  assert.equal(await page.locator("#main").isVisible(), false);
});

test("the secret is in no address that was asked for, and is kept nowhere", async () => {
  assert.ok(asked.length > 0 && asked.every((url) => !url.split("#")[0].includes(token())));
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
});

test("the browser had nothing to complain about", () => {
  // The browser itself reports the two refusals; those are expected.
  assert.deepEqual(said.filter((text) => !text.includes("409")), []);
});
