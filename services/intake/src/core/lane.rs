//! Which lane a report enters (D15): a hint for scheduling, never a decision about the matter.

use ids::Lane;

use crate::tenants::Screen;

/// Urgent for a word of mortal danger or a named item of priority P1; else normal. An item the list does not have
/// says nothing here: what it means is triage's matter.
pub fn lane_of(screen: &Screen, text: &str, item: Option<&str>) -> Lane {
    let named = item.is_some_and(|code| screen.urgent_items.contains(code));
    if named || screen.alarm.screen(text).is_some() { Lane::Urgent } else { Lane::Normal }
}
