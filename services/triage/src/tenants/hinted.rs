//! What a street shows to whoever is about to report: which items their words suggest, and which are nobody's business.

use std::collections::BTreeSet;

use classify::PROPOSED;
use contract::document::{Item, JoinedBy, Privacy};
use jiff::civil::Date;

use super::Street;
use crate::core::hints::Wanted;
use crate::core::item::List;

impl Street {
    /// What a reporter speaks of on a day: the item they name, if the list has it, else those their words suggest.
    pub(crate) fn wanted(&self, item: Option<&str>, text: Option<&str>, day: Date) -> Wanted {
        match item.filter(|item| self.lists(item, day)) {
            Some(item) => Wanted::Item(item.to_owned()),
            None => Wanted::Rather(text.map_or_else(BTreeSet::new, |text| self.suggested(text, day))),
        }
    }

    /// The items whose keywords are in a text; where there are none, those nearest to it.
    fn suggested(&self, text: &str, day: Date) -> BTreeSet<String> {
        let list = self.list(day);
        let listed = |item: &str| list.listed(item).is_some();
        let hits = list.words().score(text).hits.into_iter().map(|hit| hit.item);
        let said: BTreeSet<String> = hits.filter(|item| listed(item)).collect();
        if !said.is_empty() {
            return said;
        }
        list.nearest().nearest(text, PROPOSED, listed).into_iter().map(|near| near.item).collect()
    }

    /// What makes a further report the same matter as an open case of an item; of one that the list has never had, the words.
    pub(crate) fn joined_by(&self, item: &str) -> JoinedBy {
        self.pack.core.items.get(item).map_or(JoinedBy::Words, Item::joined_by)
    }

    /// Codes of the items whose cases are about persons, on whatever day. An item that left the list keeps its class.
    pub(crate) fn private_items(&self) -> Vec<&str> {
        let private = self.pack.core.items.iter().filter(|(_, item)| item.privacy != Privacy::None);
        private.map(|(code, _)| code.as_str()).collect()
    }

    /// Whether the cases of an item may be shown to anybody: what the list has never had may not.
    pub(crate) fn shows(&self, item: &str) -> bool {
        self.pack.core.items.get(item).is_some_and(|item| item.privacy == Privacy::None)
    }
}
