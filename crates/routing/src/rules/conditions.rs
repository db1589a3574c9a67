//! Compiled conditions, shared: rules that say the same are compiled once, and what did not change is not compiled again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::condition::{Condition, Unsound};

/// Conditions kept at most; then all are forgotten, and compiled again as they come.
const KEPT_MAX: usize = 20_000;

/// Compiled conditions by their text.
#[derive(Debug, Default)]
pub struct Conditions(Mutex<HashMap<Box<str>, Arc<Condition>>>);

impl Conditions {
    /// The condition of this text.
    pub fn compiled(&self, source: &str) -> Result<Arc<Condition>, Unsound> {
        let kept = |map: &HashMap<Box<str>, Arc<Condition>>| map.get(source).cloned();
        if let Some(known) = kept(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(known);
        }
        // Compiled without the lock: others go on meanwhile.
        let made = Arc::new(Condition::compile(source)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(source.into(), made.clone());
        Ok(made)
    }
}
