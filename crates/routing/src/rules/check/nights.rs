//! Who sleeps while what they lead counts day and night (D34).

use ids::BodyKey;

use super::super::event::Event;
use super::super::rule::Rule;
use super::{Checked, Example, Finding, Kind, ListedItem, World};
use crate::rules::Layer;

impl Checked<'_> {
    /// Items that count day and night and are led by who sleeps, because a rule says who leads, or by which policy it counts.
    pub(super) fn nights(&mut self) {
        if self.world.awake.is_empty() {
            return;
        }
        for position in 0..self.all.len() {
            if self.done() {
                return;
            }
            self.night(position);
        }
    }

    fn night(&mut self, position: usize) {
        let (rule, condition) = self.all[position];
        let sleepless = |(code, item): (&String, &ListedItem)| {
            let lead = sleeper(rule, item, self.world)?;
            Some((code.clone(), lead.clone()))
        };
        let named = |(code, _): &(&String, &ListedItem)| rule.items.is_empty() || rule.items.contains(code);
        let items: Vec<_> = self.world.items.iter().filter(named).filter_map(sleepless).collect();
        // Where texts are searched, an event for which it holds may not be found: then items it names are taken as meant.
        let unknown = !condition.plain() && !rule.items.is_empty();
        let mut found = None;
        for (item, lead) in &items {
            if self.effort.left == 0 {
                return;
            }
            let about = Rule { items: vec![item.clone()], ..rule.clone() };
            let example = self.example(&about, condition, at_night);
            let example = example.or_else(|| self.example(&about, condition, |_| true));
            if example.is_some() {
                found = Some((item, lead, example));
                break;
            }
        }
        let found =
            found.or_else(|| items.first().filter(|_| unknown).map(|(item, lead)| (item, lead, None)));
        let Some((item, lead, example)) = found else { return };
        let zh = format!("规则{}使全天计时的事项{item}由{lead}主办，该单位夜间无人值守", rule.key);
        let en = format!(
            "by rule {} item {item} counts day and night and is led by {lead}, who has no night duty",
            rule.key
        );
        self.find(Kind::NightHolder, &[rule], example, zh, en);
    }
}

/// Who would lead an item and sleep, where a rule makes it so; what the list does by itself is told of the list.
fn sleeper<'a>(rule: &'a Rule, item: &'a ListedItem, world: &World) -> Option<&'a BodyKey> {
    let by_policy = rule.then.policy.as_ref().and_then(|key| world.policies.get(key)).copied();
    let lead = rule.then.lead.as_ref().unwrap_or(&item.lead);
    let changed = rule.then.lead.is_some() || (by_policy == Some(true) && !item.day_and_night);
    let sleeps = by_policy.unwrap_or(item.day_and_night) && !world.awake.contains(lead);
    Some(lead).filter(|_| changed && sleeps)
}

/// Before eight in the morning or after eight in the evening.
fn at_night(event: &Event<'_>) -> bool {
    !(8..20).contains(&(event.moment.minute / 60))
}

/// Items of the list that count day and night and are led by a body without night duty (D34).
pub fn sleeping_leads(world: &World, layer: Layer) -> Vec<Finding> {
    let sleeps = |item: &ListedItem| item.day_and_night && !world.awake.contains(&item.lead);
    let finding = |(code, item): (&String, &ListedItem)| Finding {
        kind: Kind::NightHolder,
        layer,
        rules: Vec::new(),
        example: Some(Example::at_night(code, world)),
        zh: format!(
            "事项{code}全天计时，主办{}夜间无人值守：夜间工单仍在该单位名下，时限照计，临期与超期按升级链通知",
            item.lead
        ),
        en: format!(
            "item {code} counts day and night and {}, who leads it, has no night duty: at night the order stays with that body, its time runs, and warnings and the chain of its policy go out as ever",
            item.lead
        ),
    };
    world.items.iter().filter(|(_, item)| sleeps(item)).map(finding).collect()
}
