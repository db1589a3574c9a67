// The page of a link. The token stands behind the # of the address, which no browser sends: it goes out in the body of a
// POST and is kept nowhere. Showing the order is no act; only a button is. Every text of an answer is set as text.
"use strict";

const ACTS = {
  see: ["已阅", "I have seen it"], acknowledge: ["签收", "acknowledge"], ask: ["提问", "ask the centre"],
  arrive: ["到场", "on site"], progress: ["反馈进展", "report progress"], submit: ["申请办结", "submit as done"],
  sign: ["签字", "sign"],
};
// What follows which phase, as far as a page has to know; the answer to an act says the rest.
const NEXT = {
  dispatched: ["see", "acknowledge", "ask"], seen: ["acknowledge", "ask"],
  acknowledged: ["arrive", "progress", "submit", "ask"], on_site: ["progress", "submit", "ask"],
  in_progress: ["arrive", "progress", "submit", "ask"], submitted: ["ask"],
};
const STAGES = {
  see: ["已阅", "see"], acknowledge: ["签收", "acknowledge"], on_site: ["到场", "on site"], resolve: ["办结", "resolve"],
};
const VERDICTS = { met: ["按时", "met"], breached: ["超期", "breached"], cancelled: ["取消", "cancelled"] };
const ROLES = { lead: ["主办", "lead"], assist: ["协办", "assist"], inform: ["抄送", "for information"] };
const PHASES = {
  dispatched: ["已派发", "dispatched"], seen: ["已阅", "seen"], acknowledged: ["已签收", "acknowledged"],
  on_site: ["已到场", "on site"], in_progress: ["处理中", "in progress"], submitted: ["已申请办结", "submitted"],
};

const $ = (id) => document.getElementById(id);
const say = (text) => { $("status").textContent = text; };
const time = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "medium", hourCycle: "h23",
});
const instant = (at) => (at ? time.format(new Date(at)) : "—");
const pair = (table, key) => (table[key] || [key]).filter(Boolean).join(" / ");

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function bilingual(name, [zh, en]) {
  const made = element(name, zh);
  const english = element("span", ` ${en}`, "en");
  english.lang = "en";
  made.append(english);
  return made;
}

function limit(stage) {
  const name = stage.stage_zh ? [stage.stage_zh, stage.stage_en].filter(Boolean).join(" / ") : pair(STAGES, stage.stage);
  if (stage.awaiting_year) {
    const year = stage.awaiting_year;
    return element("li", `${name}: 等待${year}年日历 / awaiting calendar ${year}`, "awaiting");
  }
  const verdict = stage.verdict ? ` · ${pair(VERDICTS, stage.verdict)}` : "";
  const held = stage.held ? " · 已挂起 / on hold" : "";
  const shown = `${name}: ${instant(stage.due_at)}${verdict}${held}`;
  return element("li", shown, stage.verdict === "breached" ? "breached" : "");
}

function show({ order, acts, to_sign: toSign, expires_at: until }) {
  $("title").replaceChildren(`${order.case_no} `, element("bdi", order.item_zh));
  const english = element("span", ` ${order.item_en}`, "en");
  english.lang = "en";
  $("title").append(english);
  const facts = [
    [["状态", "Phase"], pair(PHASES, order.phase)],
    [["角色", "Role"], pair(ROLES, order.role)],
    [["地点", "Place"], order.address || "—"],
    [["派发时间", "Dispatched"], instant(order.dispatched_at)],
    [["催办", "Urged"], String(order.urged)],
  ];
  if (order.supervised_at) facts.push([["督办", "Supervised since"], instant(order.supervised_at)]);
  const rows = facts.flatMap(([name, value]) => {
    const shown = element("dd");
    shown.append(element("bdi", value));
    return [bilingual("dt", name), shown];
  });
  $("facts").replaceChildren(...rows);
  $("limits").replaceChildren(...order.stages.map(limit));
  const possible = (NEXT[order.phase] || []).filter((act) => acts.includes(act));
  const possibleHere = order.role === "inform" ? possible.filter((act) => act === "see") : possible;
  $("acts").replaceChildren(...possibleHere.map(button));
  const visits = acts.includes("sign") ? toSign : [];
  $("visits").replaceChildren(...visits.map(visit));
  $("visits-part").hidden = visits.length === 0;
  $("drill").hidden = !order.drill;
  $("until").textContent = `此链接有效至 / This link ends ${instant(until)}`;
  $("main").hidden = false;
}

function visit(of) {
  const made = element("li");
  const when = `走访时间 / visited ${instant(of.visited_at)}`;
  const sign = bilingual("button", ["我单位到场，签字", "we were there: sign"]);
  sign.type = "button";
  sign.dataset.visit = of.visit_id;
  sign.addEventListener("click", () => perform("sign", of.visit_id));
  made.append(when, " ", element("bdi", of.note), " ", sign);
  return made;
}

function button(act) {
  const made = bilingual("button", ACTS[act]);
  made.type = "button";
  made.dataset.act = act;
  made.addEventListener("click", () => perform(act));
  return made;
}

// Until there is a definite answer the same words go out with the same key: done once, however often it is pressed.
const pending = new Map();
const UNSURE = "网络中断，不确定是否已提交；请再按一次，不会重复提交 / "
  + "The connection broke, and it is not known whether this arrived: press again, it is not done twice";

async function ask(verb, body) {
  const words = JSON.stringify(body);
  const key = pending.get(words) || newKey();
  pending.set(words, key);
  const answer = await knock(verb, words, key) || await knock(verb, words, key);
  if (!answer) throw new Error(UNSURE);
  const said = await answer.json().catch(() => undefined);
  if (said === undefined) throw new Error(UNSURE);
  pending.delete(words);
  if (answer.ok) return said;
  const refusal = new Error([said.title || `HTTP ${answer.status}`, said.hint].filter(Boolean).join(" — "));
  refusal.over = answer.status === 404 || ["link-expired", "link-revoked", "link-ended"].includes(said.code);
  throw refusal;
}

// Nothing where it is not known what became of it.
async function knock(verb, words, key) {
  try {
    const answer = await fetch(`/dispatch/v1/links:${verb}`, {
      method: "POST", cache: "no-store", credentials: "omit",
      headers: { "content-type": "application/json", "idempotency-key": key }, body: words,
    });
    return answer.status >= 500 ? undefined : answer;
  } catch {
    return undefined;
  }
}

// A version 4 UUID; `randomUUID` is there on secure origins only.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const token = () => location.hash.slice(1);

async function perform(act, visitId) {
  const note = $("note").value;
  if (act === "ask" && !note.trim()) {
    say("请先写明问题 / write your question first");
    $("note").focus();
    return;
  }
  const buttons = [...$("main").querySelectorAll("button")];
  buttons.forEach((shown) => { shown.disabled = true; });
  say("正在提交 / sending");
  const of = token();
  try {
    const said = await ask("act", { token: of, act, note, ...(visitId && { visit_id: visitId }) });
    if (of !== token()) return;
    show(said);
    $("note").value = "";
    say(`已提交：${ACTS[act][0]} / done: ${ACTS[act][1]}`);
  } catch (error) {
    if (of !== token()) return;
    failed(error);
    buttons.forEach((shown) => { shown.disabled = false; });
  }
}

function failed(error) {
  if (error.over) $("main").hidden = true;
  say(error.message);
}

async function open() {
  if (!token()) {
    say("链接不完整，请从收到的链接进入 / The link is not complete: open it as you received it");
    return;
  }
  say("正在打开 / opening");
  // Another link may be opened here before the answer comes: what is shown is what the buttons act on.
  const of = token();
  try {
    const said = await ask("open", { token: of });
    if (of !== token()) return;
    show(said);
    say("已打开；打开不等于已阅 / opened, which is not yet seen");
  } catch (error) {
    if (of === token()) failed(error);
  }
}

window.addEventListener("hashchange", () => { $("main").hidden = true; open(); });
open();
