//! Pages of what is counted by generations, newest first: a history of manifests, a history of classifiers.

use bootstrap::door::{Fault, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

/// Most entries of one page.
const LIMIT_MAX: u32 = 200;
const LIMIT_DEFAULT: u32 = 50;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// `next` of the page before: only generations below it.
    pub before: Option<i64>,
    /// 1 to 200; 50 unless told.
    pub limit: Option<u32>,
}

impl Page {
    /// How many entries at most.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        let detail = format!("limit 须为 1 至 {LIMIT_MAX} / limit must be 1 to {LIMIT_MAX}");
        Err(Problem::validation_failed([Fault::new("", "limit-out-of-range", detail)]))
    }

    /// Only generations below this one.
    pub(super) fn below(&self) -> i64 {
        self.before.unwrap_or(i64::MAX)
    }
}

/// Where the next page begins: nowhere after one that is not full.
pub(super) fn next<T>(found: &[T], limit: u32, generation: impl Fn(&T) -> i64) -> Option<i64> {
    found.last().map(generation).filter(|_| found.len() == limit as usize)
}
