//! Who does it and how: as the list says, then as the rules change it.

use crate::input::{Assigned, Entry, Facts, Level, Priority, Seat, Settings};
use crate::outcome::Step;
use crate::rules::{Layer, Then, Tried, Verdict};

/// Code of the step that says that a rule could not be told.
pub(crate) const FAILED: &str = "rule.failed";

pub(super) struct Duty {
    pub lead: Seat,
    pub assists: Vec<Seat>,
    pub informs: Vec<Seat>,
    pub policy: String,
    pub priority: Priority,
    /// The level the list reserves it for; the lead's where there is no line.
    pub reserved: Level,
    /// A rule asked for at least this level.
    pub at_least: Option<Level>,
    /// Whether the list has a line that reserves it.
    listed: bool,
}

impl Duty {
    /// As the list says.
    pub(super) fn listed(
        facts: &Facts,
        entry: Option<&Entry>,
        settings: &Settings,
        steps: &mut Vec<Step>,
    ) -> Self {
        let lead = lead(facts, entry, settings, steps);
        Self {
            assists: entry.map_or_else(Vec::new, |entry| entry.assists.clone()),
            informs: settings.informs.clone(),
            policy: entry.map_or(&settings.catch_all_policy, |entry| &entry.policy).clone(),
            priority: entry.map_or(settings.catch_all_priority, |entry| entry.priority),
            reserved: entry.map_or(lead.level, |entry| entry.level),
            at_least: None,
            listed: entry.is_some(),
            lead: lead.clone(),
        }
    }

    /// Takes over what a rule says.
    pub(super) fn follow(&mut self, tried: &Tried, steps: &mut Vec<Step>) {
        match &tried.verdict {
            Verdict::Passed => {}
            Verdict::Failed(word) => steps.push(failed(tried, word)),
            Verdict::Held if tried.shadow => steps.push(shadow(tried)),
            Verdict::Held if tried.contends => self.yield_to_the_first(tried, steps),
            Verdict::Held => {
                steps.push(held(tried));
                if !tried.unplaced.is_empty() {
                    steps.push(unplaced(tried));
                }
                self.take(tried, steps);
            }
        }
    }

    /// Another rule of its rank came before: the lead it names assists, so that whoever the rules mean has the matter on the desk.
    fn yield_to_the_first(&mut self, tried: &Tried, steps: &mut Vec<Step>) {
        let Some(seat) = &tried.then.lead else { return steps.push(unplaced(tried)) };
        if seat.body != self.lead.body {
            steps.push(contended(tried, seat, &self.lead));
            self.assists.push(seat.clone());
        }
    }

    fn take(&mut self, tried: &Tried, steps: &mut Vec<Step>) {
        let then = &tried.then;
        if let Some(lead) = &then.lead {
            self.lead_by(lead, steps);
        }
        if let Some(assists) = &then.assists {
            self.assists.clone_from(assists);
        }
        self.assists.extend(then.also_assist.iter().cloned());
        self.informs.extend(then.also_inform.iter().cloned());
        if let Some(policy) = &then.policy {
            self.policy.clone_from(policy);
        }
        if let Some(priority) = then.priority {
            self.haste(priority, tried.layer, steps);
        }
        self.at_least = self.at_least.max(then.level);
    }

    /// A street may raise a priority and lower one, but what the list or its district holds for mortal danger stays that.
    fn haste(&mut self, priority: Priority, layer: Layer, steps: &mut Vec<Step>) {
        if layer == Layer::Street && self.priority == Priority::P1 && priority != Priority::P1 {
            let wanted = priority.as_str();
            steps.push(Step::new(
                "rule.emergency",
                format!("P1（可能危及生命）不得由街道规则降为{wanted}，优先级不变"),
                format!(
                    "P1 (mortal danger) is not lowered to {wanted} by a street's rule: the priority stays"
                ),
            ));
            return;
        }
        self.priority = priority;
    }

    /// Takes over what a centre above has said: who leads, and that those assist and nobody else. A lead that is gone, or below
    /// what the list reserves, leaves who it was.
    pub(super) fn assign(&mut self, assigned: &Assigned, steps: &mut Vec<Step>) {
        let by = assigned.by;
        if !assigned.unplaced.is_empty() {
            let keys = assigned.unplaced.join(", ");
            steps.push(Step::new(
                "assigned.unplaced",
                format!("{}级交办所指单位已不存在：{keys}", by.zh()),
                format!("bodies that the {} centre named are not there any more: {keys}", by.as_str()),
            ));
        }
        let Some(lead) = &assigned.lead else { return };
        if self.listed && lead.level < self.reserved {
            let needed = self.reserved;
            steps.push(Step::new(
                "assigned.reserved",
                format!("清单规定由{}级办理，不得交办给{}，主办不变", needed.zh(), lead.zh),
                format!("the list reserves it for the {}: not given down to {}", needed.as_str(), lead.en),
            ));
            return;
        }
        steps.push(Step::new(
            "assigned.lead",
            format!("{}级交办：由{}主办", by.zh(), lead.zh),
            format!("given by the {} centre: {} leads", by.as_str(), lead.en),
        ));
        self.lead = lead.clone();
        self.assists.clone_from(&assigned.assists);
        if !self.listed {
            self.reserved = lead.level;
        }
    }

    /// What the list reserves above is never pushed down, whatever a rule says.
    fn lead_by(&mut self, lead: &Seat, steps: &mut Vec<Step>) {
        if self.listed && lead.level < self.reserved {
            let needed = self.reserved;
            steps.push(Step::new(
                "rule.reserved",
                format!("清单规定由{}级办理，不得下派至{}，主办不变", needed.zh(), lead.zh),
                format!(
                    "the list reserves it for the {}: not pushed down to {}, the lead stays",
                    needed.as_str(),
                    lead.en
                ),
            ));
            return;
        }
        self.lead = lead.clone();
        if !self.listed {
            self.reserved = lead.level;
        }
    }
}

fn lead<'a>(
    facts: &Facts,
    entry: Option<&'a Entry>,
    settings: &'a Settings,
    steps: &mut Vec<Step>,
) -> &'a Seat {
    let catch_all = &settings.catch_all;
    let Some(entry) = entry else {
        steps.push(Step::new(
            "list.no_entry",
            format!("责任清单中没有事项{}，由{}兜底主办", facts.item, catch_all.zh),
            format!("the responsibility list has no item {}, {} takes it", facts.item, catch_all.en),
        ));
        return catch_all;
    };
    if !entry.unplaced.is_empty() {
        let keys = entry.unplaced.join(", ");
        steps.push(Step::new(
            "list.unplaced",
            format!("所属社区未知，无法确定：{keys}"),
            format!("the community of the place is unknown, so these cannot be named: {keys}"),
        ));
    }
    let Some(lead) = &entry.lead else {
        steps.push(Step::new(
            "list.catch_all_leads",
            format!("清单主办单位无法确定，由{}兜底主办", catch_all.zh),
            format!("the list's lead cannot be named, {} takes it", catch_all.en),
        ));
        return catch_all;
    };
    steps.push(Step::new(
        "list.entry",
        format!("责任清单：事项{}由{}主办", entry.item, lead.zh),
        format!("responsibility list: {} leads item {}", lead.en, entry.item),
    ));
    lead
}

fn held(tried: &Tried) -> Step {
    let (zh, en) = said(&tried.then);
    let (condition_zh, condition_en) = condition(tried);
    Step::new(
        "rule.held",
        format!("{}规则“{}”（{}）成立{condition_zh}：{zh}", tried.layer.zh(), tried.zh, tried.key),
        format!(
            "rule {} ({}) of the {} holds{condition_en}: {en}",
            tried.key,
            tried.en,
            tried.layer.as_str()
        ),
    )
}

fn contended(tried: &Tried, seat: &Seat, lead: &Seat) -> Step {
    let (condition_zh, condition_en) = condition(tried);
    Step::new(
        "lead.contended",
        format!(
            "同一次序的{}规则“{}”（{}）亦成立{condition_zh}，指定由{}主办；依规则次序由{}主办，{}协办",
            tried.layer.zh(),
            tried.zh,
            tried.key,
            seat.zh,
            lead.zh,
            seat.zh
        ),
        format!(
            "rule {} ({}) of the {} holds too, of the same order{condition_en}, and names {} to lead: by the order of the rules {} leads, {} assists",
            tried.key,
            tried.en,
            tried.layer.as_str(),
            seat.en,
            lead.en,
            seat.en
        ),
    )
}

fn shadow(tried: &Tried) -> Step {
    let (zh, en) = said(&tried.then);
    Step::new(
        "rule.shadow",
        format!("{}试行规则“{}”（{}）成立，仅作记录：{zh}", tried.layer.zh(), tried.zh, tried.key),
        format!(
            "shadow rule {} ({}) of the {} holds, recorded only: {en}",
            tried.key,
            tried.en,
            tried.layer.as_str()
        ),
    )
}

fn failed(tried: &Tried, word: &str) -> Step {
    if tried.shadow {
        return Step::new(
            "rule.shadow",
            format!("{}试行规则“{}”（{}）无法判定（{word}）", tried.layer.zh(), tried.zh, tried.key),
            format!(
                "shadow rule {} ({}) of the {} could not be told ({word})",
                tried.key,
                tried.en,
                tried.layer.as_str()
            ),
        );
    }
    let (zh, en) = instead(tried.layer);
    Step::new(
        FAILED,
        format!("{}规则“{}”（{}）无法判定（{word}），{zh}", tried.layer.zh(), tried.zh, tried.key),
        format!(
            "rule {} ({}) of the {} could not be told ({word}): {en}",
            tried.key,
            tried.en,
            tried.layer.as_str()
        ),
    )
}

/// What counts where a layer's rules do not.
const fn instead(layer: Layer) -> (&'static str, &'static str) {
    match layer {
        Layer::District => (
            "区级规则均不适用，按责任清单办理，再看街道规则",
            "none of the district's rules is followed; the list's line stands, and the street's rules are tried upon it",
        ),
        Layer::Street => (
            "街道规则均不适用，按责任清单与区级规则办理",
            "none of the street's rules is followed; what the list and the district's rules say stands",
        ),
    }
}

fn unplaced(tried: &Tried) -> Step {
    let keys = tried.unplaced.join(", ");
    Step::new(
        "rule.unplaced",
        format!("规则{}所指单位在此处无法确定：{keys}", tried.key),
        format!("rule {} names bodies that this place does not have: {keys}", tried.key),
    )
}

fn condition(tried: &Tried) -> (String, String) {
    if tried.when.is_empty() {
        return (String::new(), String::new());
    }
    (format!("，条件 {}", tried.when), format!(", {}", tried.when))
}

/// What a rule says, in both languages.
fn said(then: &Then<Seat>) -> (String, String) {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    let mut say = |chinese: String, english: String| {
        zh.push(chinese);
        en.push(english);
    };
    let names = |seats: &[Seat]| {
        let list = |name: fn(&Seat) -> &str, by: &str| seats.iter().map(name).collect::<Vec<_>>().join(by);
        (list(|seat| &seat.zh, "、"), list(|seat| &seat.en, ", "))
    };
    if let Some(lead) = &then.lead {
        say(format!("由{}主办", lead.zh), format!("{} leads", lead.en));
    }
    match then.assists.as_deref() {
        Some([]) => say("不设协办".to_owned(), "nobody assists".to_owned()),
        Some(assists) => {
            let (chinese, english) = names(assists);
            say(format!("由{chinese}协办"), format!("{english} assist"));
        }
        None => {}
    }
    if !then.also_assist.is_empty() {
        let (chinese, english) = names(&then.also_assist);
        say(format!("增加协办{chinese}"), format!("{english} assist besides"));
    }
    if !then.also_inform.is_empty() {
        let (chinese, english) = names(&then.also_inform);
        say(format!("抄送{chinese}"), format!("{english} are informed"));
    }
    if let Some(policy) = &then.policy {
        say(format!("时限方案{policy}"), format!("policy {policy}"));
    }
    if let Some(priority) = then.priority {
        say(format!("优先级{}", priority.as_str()), format!("priority {}", priority.as_str()));
    }
    if let Some(level) = then.level {
        say(format!("至少由{}级办理", level.zh()), format!("at least at the {}", level.as_str()));
    }
    if zh.is_empty() {
        return ("不作改变".to_owned(), "nothing changes".to_owned());
    }
    (zh.join("，"), en.join(", "))
}
