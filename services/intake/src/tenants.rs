//! What intake needs of a street: which words and items may not wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use classify::AlarmScreen;
use contract::document::{DistrictCore, Priority, StreetCore, Territory};
use ids::TenantId;
use snapshot::Project;

/// A street to intake; streets of a district share one.
pub type Street = Arc<Screen>;

/// The district's alarm words and its items of priority P1.
#[derive(Debug)]
pub struct Screen {
    /// Finds words of mortal danger.
    pub alarm: AlarmScreen,
    /// Codes of the items whose reports are urgent (D51).
    pub urgent_items: BTreeSet<String>,
    /// What [`Self::alarm`] is made of.
    words: BTreeMap<String, Vec<String>>,
}

/// Compiles screens, one per district: a thousand streets need not hold a thousand automata.
#[derive(Debug, Default)]
pub struct Screens {
    made: Mutex<BTreeMap<TenantId, Street>>,
}

impl Project for Screens {
    type Street = Street;

    fn street(
        &self,
        district: &DistrictCore,
        _street: &StreetCore,
        _territory: Option<&Arc<Territory>>,
    ) -> Result<Street, String> {
        let urgent_items = urgent_items(district);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(screen) = made.get(&district.code)
            && screen.words == district.alarm_words
            && screen.urgent_items == urgent_items
        {
            return Ok(screen.clone());
        }
        let words = district.alarm_words.iter();
        let words = words.map(|(word, items)| (word.as_str(), items.iter().map(String::as_str)));
        let alarm = AlarmScreen::build(words).map_err(|error| error.to_string())?;
        let screen = Arc::new(Screen { alarm, urgent_items, words: district.alarm_words.clone() });
        made.insert(district.code, screen.clone());
        Ok(screen)
    }
}

fn urgent_items(district: &DistrictCore) -> BTreeSet<String> {
    let urgent = district.items.iter().filter(|(_, item)| item.priority == Priority::P1);
    urgent.map(|(code, _)| code.clone()).collect()
}
