//! From an item and the responsibility list to a case plan, explained.
