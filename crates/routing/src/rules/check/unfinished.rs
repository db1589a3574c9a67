//! What a check did not come to, said so that silence is not taken for a clean bill.

use std::collections::BTreeSet;

use super::super::rule::Rule;
use super::samples::COMBINATIONS_MAX;
use super::{Checked, Finding, Kind, NEIGHBOURS_MAX};

/// Keys named in a text at most; the finding has all.
const NAMED_MAX: usize = 10;

impl Checked<'_> {
    /// Nothing is known of a rule whose conditions have more combinations than were tried.
    pub(super) fn too_wide(&mut self, rule: &Rule) {
        self.wide.insert(rule.key.clone());
    }

    /// This rule and those after it were not looked at.
    pub(super) fn stopped_at(&mut self, rule: &Rule) {
        let zh = format!("规则过多，自{}起未作检查", rule.key);
        let en = format!("there are too many rules to look at: {} and those after it were not", rule.key);
        self.find(Kind::Unfinished, &[rule], None, zh, en);
    }

    /// Of whom something stayed open.
    pub(super) fn undecided(&mut self) {
        let crowded = std::mem::take(&mut self.crowded);
        self.open(crowded, |zh, en| {
            (
                format!("规则{zh}与更前的规则相遇过多，仅与最近的{NEIGHBOURS_MAX}条比对"),
                format!("held against the nearest {NEIGHBOURS_MAX} of the earlier rules they meet, not against all: {en}"),
            )
        });
        let wide = std::mem::take(&mut self.wide);
        self.open(wide, |zh, en| {
            (
                format!("规则{zh}的条件组合超过{COMBINATIONS_MAX}种，只试了其中一部分，未得结论"),
                format!("with more than {COMBINATIONS_MAX} combinations, of which some were tried and nothing is concluded: {en}"),
            )
        });
    }

    fn open(&mut self, rules: BTreeSet<String>, words: impl Fn(&str, &str) -> (String, String)) {
        let rules = Vec::from_iter(rules);
        if rules.is_empty() {
            return;
        }
        let named = &rules[..rules.len().min(NAMED_MAX)];
        let (mut zh, mut en) = (named.join("、"), named.join(", "));
        if rules.len() > NAMED_MAX {
            zh.push_str(&format!("等{}条", rules.len()));
            en.push_str(&format!(" and {} more", rules.len() - NAMED_MAX));
        }
        let (zh, en) = words(&zh, &en);
        self.findings.push(Finding {
            kind: Kind::Unfinished,
            layer: self.layer,
            rules,
            example: None,
            zh,
            en,
        });
    }
}
