//! Words of mortal danger beside an item that seems clear: a person is asked at once, in the urgent lane. Pure.
//!
//! The lamp that is out is what the keywords find in "路灯不亮，老人摔倒在地上没有呼吸了", and its order has days. So where a reporter
//! or keywords say something ordinary, alarm words and the items nearest to the words are heard as well. A person who looks at a
//! false alarm loses a minute; nothing is decided here, and both items are proposed.

use classify::{AlarmHit, Near, NearestItems, PROPOSED};

use super::item::{ItemExplanation, List, Method, PROPOSALS_MAX, Proposal, add_proposals, proposal};

/// What is feared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feared {
    /// The item of mortal danger; nothing where the list has none that day.
    item: Option<String>,
    /// What speaks for it.
    words: Vec<String>,
    /// The items nearest to the words.
    near: Vec<Near>,
}

/// What a text may speak of besides the item that keywords have found.
pub fn beside_keywords(text: &str, list: &impl List) -> Option<Feared> {
    heard(text, list, |near| NearestItems::danger_beside(near, |item| list.mortal(item)))
}

/// What a text may speak of besides the item its reporter has named: who names one knows better than likeness does, unless an
/// item of mortal danger is the nearest of all.
pub fn beside_named(text: &str, list: &impl List) -> Option<Feared> {
    heard(text, list, |near| NearestItems::danger(near.get(..1)?, |item| list.mortal(item)))
}

/// An alarm word is certain, so it is heard first.
fn heard(text: &str, list: &impl List, nearest: impl Fn(&[Near]) -> Option<&Near>) -> Option<Feared> {
    let near = list.nearest().nearest(text, PROPOSED, |item| list.listed(item).is_some());
    let (item, words) = match list.alarm(text) {
        Some(AlarmHit { word, items }) => {
            let hinted = items.into_iter().find(|item| list.mortal(item));
            (hinted.or_else(|| Some(nearest(&near)?.item.clone())), vec![word])
        }
        None => {
            let danger = nearest(&near)?;
            (Some(danger.item.clone()), danger.words.clone())
        }
    };
    Some(Feared { item, words, near })
}

impl Feared {
    /// The explanation of an item that seemed clear, as one that asks a person.
    pub fn asks(self, explanation: ItemExplanation, item: &str, list: &impl List) -> ItemExplanation {
        let ItemExplanation { method, mut zh, mut en, .. } = explanation;
        let by = self.words.join("、");
        let (of_zh, of_en) = match method {
            Method::Given => ("上报人指定", "what a reporter names does not"),
            _ => ("关键词", "keywords do not"),
        };
        zh += &format!("；但“{by}”可能危及生命，不由{of_zh}判定，转人工研判");
        en += &format!(
            "; but {} may speak of mortal danger: {of_en} decide that, a person must judge",
            self.words.join(", ")
        );
        let hits = explanation.hits.first().map(|hit| hit.words.clone()).unwrap_or_default();
        let proposed = self.proposed(item, hits, list);
        add_proposals(&mut zh, &mut en, &proposed, self.item.as_deref());
        ItemExplanation { item: None, proposed, danger: self.item, zh, en, ..explanation }
    }

    /// The danger, the item that seemed clear, then what else is near.
    fn proposed(&self, item: &str, hits: Vec<String>, list: &impl List) -> Vec<Proposal> {
        let of = |item: &str, words: &[String]| {
            let known = self.near.iter().find(|near| near.item == item).cloned();
            let unlike = || Near { item: item.to_owned(), score: 0, words: words.to_vec() };
            proposal(known.unwrap_or_else(unlike), list)
        };
        let feared = self.item.as_deref().and_then(|danger| of(danger, &self.words));
        let mut proposed: Vec<Proposal> = feared.into_iter().chain(of(item, &hits)).collect();
        for near in &self.near {
            if proposed.iter().all(|one| one.item != near.item) {
                proposed.extend(proposal(near.clone(), list));
            }
        }
        proposed.truncate(PROPOSALS_MAX);
        proposed
    }
}

#[cfg(test)]
mod tests;
