// The case page. Every text of the answers is set as text, never as markup. The token stays in this tab's
// sessionStorage and goes out in the Authorization header only.
"use strict";

const [, , , street, caseId] = location.pathname.split("/");
const CASE = `/console/v1/streets/${encodeURIComponent(street)}/cases/${encodeURIComponent(caseId)}`;
const LIVE = `/console/v1/streets/${encodeURIComponent(street)}/live`;
const TOKEN = "streetwise-token";
const RETRY_MS = 2000;

const STAGES = {
  see: ["已阅", "see"], acknowledge: ["签收", "acknowledge"], on_site: ["到场", "on site"],
  resolve: ["办结", "resolve"], verify: ["核查", "verify"], adjudicate: ["裁定", "adjudicate"],
};
const VERDICTS = { met: ["按时", "met"], breached: ["超期", "breached"], cancelled: ["取消", "cancelled"] };
const ROLES = { lead: ["主办", "lead"], assist: ["协办", "assist"], inform: ["抄送", "inform"] };
const PHASES = {
  dispatched: ["已派发", "dispatched"], seen: ["已阅", "seen"], acknowledged: ["已签收", "acknowledged"],
  on_site: ["已到场", "on site"], in_progress: ["处理中", "in progress"], submitted: ["已申请办结", "submitted"],
  done: ["已办结", "done"], cancelled: ["已取消", "cancelled"], returned: ["已退单", "returned"],
  transferred: ["已改派", "transferred"], waived: ["已免除", "waived"],
};
const CASE_PHASES = {
  open: ["办理中", "open"], submitted: ["待核查", "submitted"],
  verifying: ["核查中", "verifying"], closed: ["已结案", "closed"], cancelled: ["已取消", "cancelled"],
  reviewing: ["方案待审核", "plan in review"], rejected: ["不予受理", "not accepted"],
  merged: ["已并入另一案件", "merged"],
};
const REASONS = {
  assignment: ["上级交办", "given from above"], "case-over": ["案件已结束", "the case is over"],
  submitted: ["主办已申请办结", "the lead has submitted"],
  "district-decides": ["退单须由区裁定", "a return is the district's to rule on"],
  "asker-may-not-decide": ["申请退单者不得自批", "who returned it may not decide"],
  "link-expired": ["链接已过期", "the link has expired"], "link-revoked": ["链接已撤销", "the link was revoked"],
  "link-ended": ["工单已结束或已改派", "the order has ended, or is another body's now"],
  "link-forged": ["链接签名不符", "the link was not signed by us"],
};

const $ = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "medium", hourCycle: "h23",
});

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function bilingual(name, pair, className) {
  const made = element(name, pair[0], className);
  const english = element("span", ` ${pair[1]}`, "en");
  english.lang = "en";
  made.append(english);
  return made;
}

// What people wrote, and names, keep their own direction: nothing beside them is turned around.
function isolated(text) {
  return element("bdi", text);
}

// A body by its names; by its key only when the documents do not know it (any more).
function body(key, zh, en) {
  if (!zh) return isolated(key || "—");
  const made = bilingual("bdi", [zh, en || ""]);
  made.title = key;
  return made;
}

// Facts one after the other, texts as texts.
function facts(list) {
  const made = element("div");
  list.forEach((fact, n) => made.append(...(n > 0 ? [" · "] : []), fact));
  return made;
}

const words = (table, key) => table[key] || [key, ""];
const pair = (table, key) => words(table, key).filter(Boolean).join(" / ");
const instant = (at) => (at ? time.format(new Date(at)) : "—");

// A fixed stage by our words, a named pair by its policy's.
const stageName = (key, zh, en) => (zh ? [zh, en].filter(Boolean).join(" / ") : pair(STAGES, key));

// A stage either has a due time, or waits for a calendar that is not published yet.
function limit(stage) {
  const name = stageName(stage.stage, stage.stage_zh, stage.stage_en);
  if (stage.awaiting_year) {
    const year = stage.awaiting_year;
    return element("li", `${name}: 等待${year}年日历 / awaiting calendar ${year}`, "awaiting");
  }
  const verdict = stage.verdict ? ` · ${pair(VERDICTS, stage.verdict)}` : "";
  return element("li", `${name}: ${instant(stage.due_at)}${verdict}`, stage.verdict === "breached" ? "breached" : "");
}

function limits(stages) {
  const list = element("ul", undefined, "limits");
  list.append(...stages.map(limit));
  return list;
}

function showCase(found) {
  $("title").replaceChildren(found.case_no || caseId, " ", isolated(found.item_zh || ""));
  const english = element("span", ` ${found.item_en || ""}`, "en");
  english.lang = "en";
  $("title").append(english);
  const known = [
    [["状态", "Phase"], pair(CASE_PHASES, found.phase)],
    [["轮次", "Round"], String(found.round)],
    [["诉求人数", "Voices"], String(found.voices ?? "—")],
    [["当前承办", "Holder"], found.holder === "verifier" ? "核查员 / verifier"
      : body(found.holder, found.holder_zh, found.holder_en)],
    [["立案时间", "Opened"], instant(found.opened_at)],
    [["结案时间", "Closed"], instant(found.closed_at)],
  ];
  const rows = known.flatMap(([name, value]) => {
    const shown = element("dd");
    shown.append(value);
    return [bilingual("dt", name), shown];
  });
  $("facts").replaceChildren(...rows);
  if (found.verification.length > 0) {
    const value = element("dd");
    value.append(limits(found.verification));
    $("facts").append(bilingual("dt", ["核查时限", "Verification"]), value);
  }
  $("orders").replaceChildren(...found.orders.map(order));
  $("main").hidden = false;
}

function order(of) {
  const row = element("tr");
  const due = element("td");
  due.append(limits(of.stages));
  const who = element("td");
  who.append(body(of.body, of.body_zh, of.body_en));
  // By the name of then, and of now: merged, divided or renamed since.
  const heir = of.succeeded_by;
  if (heir) who.append(" → ", body(heir.body, heir.zh, heir.en));
  row.append(
    element("td", String(of.round)), who, bilingual("td", words(ROLES, of.role)),
    bilingual("td", words(PHASES, of.phase)), due,
  );
  return row;
}

function arrow(to) {
  const made = element("span", "→ ");
  made.append(to);
  return made;
}

// The case that took its reports, or a report of it.
function otherCase(id, number) {
  const link = element("a", number || id);
  link.href = `/console/cases/${encodeURIComponent(street)}/${encodeURIComponent(id)}`;
  return arrow(link);
}

function line(entry) {
  const item = element("li");
  item.dataset.position = entry.position;
  const at = element("time", instant(entry.at));
  at.dateTime = entry.at;
  item.append(at, " ", bilingual("strong", [entry.zh, entry.en]));
  const { detail } = entry;
  const said = [
    entry.body && body(entry.body, entry.body_zh, entry.body_en), detail.role && pair(ROLES, detail.role),
    entry.stage && stageName(entry.stage, detail.stage_zh, detail.stage_en),
    detail.awaiting_year && `等待${detail.awaiting_year}年日历 / awaiting calendar ${detail.awaiting_year}`,
    detail.due_at && `截止 / due ${instant(detail.due_at)}`,
    detail.escalated_to && arrow(body(detail.escalated_to, entry.escalated_to_zh, entry.escalated_to_en)),
    detail.measure === "supervise" && "督办 / under supervision",
    detail.measure === "raise" && "升级至区 / raised to the district",
    detail.endpoint && arrow(isolated(detail.endpoint)),
    detail.other_case_id && otherCase(detail.other_case_id, detail.other_case_no),
    (detail.lay_in || detail.lies_in) && `${detail.lay_in ?? "—"} → ${detail.lies_in ?? "街道之外 / outside"}`,
    detail.visited_at && `走访 / visited ${instant(detail.visited_at)}`, detail.signed_by && isolated(detail.signed_by),
    detail.item_before && `${detail.item_before} → ${detail.item}`,
    detail.ground === "rerouted" && "因重新派单 / because it was re-routed",
    detail.reason && pair(REASONS, detail.reason), detail.until && `至 / until ${instant(detail.until)}`, entry.actor && by(entry.actor),
  ].filter(Boolean);
  if (said.length > 0) item.append(facts(said));
  for (const rule of detail.failed_rules ?? []) item.append(bilingual("div", [rule.zh, rule.en]));
  if (detail.note) {
    const note = element("div");
    note.append(isolated(detail.note));
    item.append(note);
  }
  return item;
}

// A person or a system by its name; somebody without an account by the link that was given out.
function by(actor) {
  const link = actor.startsWith("link:") && actor.slice("link:".length, "link:".length + 8);
  return link ? `经链接 / by link ${link}` : isolated(`@${actor}`);
}

async function ask(path, token, signal, headers = {}) {
  const answer = await fetch(path, {
    signal, cache: "no-store", credentials: "omit", headers: { Authorization: `Bearer ${token}`, ...headers },
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const refusal = new Error([problem.title || `HTTP ${answer.status}`, problem.hint].filter(Boolean).join(" — "));
  refusal.code = problem.code;
  refusal.final = answer.status < 500 && answer.status !== 429;
  throw refusal;
}

// Where its position belongs: earlier lines of a case may come after later ones.
function place(entry) {
  const after = [...$("timeline").children].find((shown) => Number(shown.dataset.position) > entry.position);
  $("timeline").insertBefore(line(entry), after || null);
}

const showing = (position) => $("timeline").querySelector(`[data-position="${Number(position)}"]`);

async function load(token, signal) {
  showCase(await (await ask(CASE, token, signal)).json());
  let after = 0;
  $("timeline").replaceChildren();
  for (let next = 0; next !== null; ) {
    const page = await (await ask(`${CASE}/timeline?limit=200&after=${next}`, token, signal)).json();
    $("timeline").append(...page.entries.map(line));
    after = page.entries.at(-1)?.position ?? after;
    next = page.next;
  }
  return after;
}

// Reads one stream of server-sent events until it ends; `heard` gets id, name and data of each.
async function stream(path, token, signal, heard) {
  const answer = await ask(path, token, signal, { Accept: "text/event-stream" });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = {};
      for (const text of block.split("\n")) {
        const colon = text.indexOf(":");
        if (colon > 0) fields[text.slice(0, colon)] = text.slice(colon + 1).replace(/^ /, "");
      }
      await heard(fields);
    }
  }
}

async function follow(token, signal) {
  let cursor = await load(token, signal);
  say("实时更新中 / live");
  for (;;) {
    try {
      await stream(`${LIVE}?after=${cursor}`, token, signal, async ({ id, event, data }) => {
        if (id) cursor = Number(id);
        if (event !== "entry") return;
        const entry = JSON.parse(data);
        if (entry.case_id !== caseId || showing(entry.position)) return;
        place(entry);
        showCase(await (await ask(CASE, token, signal)).json());
      });
    } catch (error) {
      // The street's timeline is shorter than we knew it, as after a restore: what is shown is not what is there.
      if (error.code === "bad-cursor" && !signal.aborted) {
        cursor = await load(token, signal);
        continue;
      }
      if (signal.aborted || error.final) throw error;
      say("连接中断，正在重连 / reconnecting");
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    if (signal.aborted) return;
  }
}

const say = (text) => { $("status").textContent = text; };
let current = new AbortController();

function open(token) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  say("正在读取 / loading");
  follow(token, signal).catch((error) => {
    if (!signal.aborted) say(error.message);
  });
}

function begin() {
  const token = $("token").value.trim();
  if (!token) return;
  sessionStorage.setItem(TOKEN, token);
  $("token").value = "";
  open(token);
}

$("open").addEventListener("click", begin);
$("token").addEventListener("keydown", (event) => { if (event.key === "Enter") begin(); });
$("leave").addEventListener("click", () => {
  current.abort();
  sessionStorage.removeItem(TOKEN);
  $("main").hidden = true;
  say("已退出 / left");
});
const kept = sessionStorage.getItem(TOKEN);
if (kept) open(kept);
