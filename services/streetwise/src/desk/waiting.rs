//! What waits, as triage's door lists it, page by page.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{LOOKING, Seat};
use crate::cli::Whose;
use crate::failure::Failure;
use crate::street::read;

/// Most entries of one page.
const PAGE_MAX: usize = 200;
/// Pages that are looked through for one entry at most: a queue beyond is none that anybody works off by hand.
const PAGES_MAX: usize = 50;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    Reports,
    Plans,
}

impl Queue {
    /// In an address.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Queue::Reports => "reviews",
            Queue::Plans => "plan-reviews",
        }
    }

    /// In an answer.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Queue::Reports => "reviews",
            Queue::Plans => "plan_reviews",
        }
    }
}

/// Entries as they came.
pub(super) struct Waiting {
    pub entries: Vec<Value>,
    /// The page was full: there may be others.
    pub more: bool,
}

impl Waiting {
    /// The same, read.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>, Failure> {
        self.entries.iter().map(|entry| read(LOOKING, entry)).collect()
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(alias = "plan_reviews")]
    reviews: Vec<Value>,
    next: Option<String>,
}

impl Seat {
    /// So many entries at most, in their order.
    pub(super) async fn waiting(
        &self,
        queue: Queue,
        desk: Option<Whose>,
        at_most: usize,
    ) -> Result<Waiting, Failure> {
        let (mut entries, mut after) = (Vec::new(), None);
        loop {
            let limit = PAGE_MAX.min(at_most - entries.len());
            let page = self.page(queue, desk, limit, after.as_deref()).await?;
            entries.extend(page.reviews);
            after = page.next;
            if after.is_none() || entries.len() >= at_most {
                return Ok(Waiting { entries, more: after.is_some() });
            }
        }
    }

    /// The entry of an id, or of the number of its case.
    pub(super) async fn find(&self, queue: Queue, named: &str) -> Result<Option<Value>, Failure> {
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(queue, None, PAGE_MAX, after.as_deref()).await?;
            if let Some(entry) = page.reviews.into_iter().find(|entry| found(entry, named)) {
                return Ok(Some(entry));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(None)
    }

    async fn page(
        &self,
        queue: Queue,
        desk: Option<Whose>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page, Failure> {
        let path = self.path(&format!("{}?{}", queue.path(), query(desk, limit, after)));
        self.client.get(LOOKING, &path).await
    }
}

fn query(desk: Option<Whose>, limit: usize, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    let desk = desk.map(|desk| match desk {
        Whose::Street => "street",
        Whose::District => "district",
    });
    for (name, value) in [("desk", desk), ("after", after)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

/// Ids are told apart however they are written: upper case and braces are the same UUID.
fn found(entry: &Value, named: &str) -> bool {
    let id = named.parse::<Uuid>().map_or_else(|_| named.to_owned(), |id| id.to_string());
    ["report_id", "case_id", "case_no"].iter().any(|name| entry[*name] == id.as_str())
}

/// A report that waits.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub report_id: String,
    pub reason: String,
    pub lane: String,
    #[serde(default)]
    pub drill: bool,
    pub text: String,
    pub item: Option<String>,
    pub place: Place,
    pub item_explanation: Explained,
    #[serde(default)]
    pub similar: Vec<Similar>,
    pub requested_at: String,
    pub due_at: Option<String>,
    pub desk: String,
    #[serde(default)]
    pub note: String,
    pub claimed_by: Option<String>,
    pub claimed_until: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub lon: f64,
    pub lat: f64,
    pub datum: String,
    pub address: String,
}

/// Why nothing decided, and what is proposed.
#[derive(Debug, Deserialize)]
pub(super) struct Explained {
    #[serde(default)]
    pub zh: String,
    #[serde(default)]
    pub en: String,
    #[serde(default)]
    pub proposed: Vec<Proposed>,
    pub danger: Option<String>,
}

/// An item that it may be about.
#[derive(Debug, Deserialize)]
pub(super) struct Proposed {
    pub item: String,
    pub zh: String,
    pub en: String,
}

/// An open case that it may be about.
#[derive(Debug, Deserialize)]
pub(super) struct Similar {
    pub case_id: String,
    pub case_no: String,
    pub item: String,
    pub alike_per_mille: u32,
    pub distance_mm: u64,
}

/// A plan that waits.
#[derive(Debug, Deserialize)]
pub(super) struct Plan {
    pub case_id: String,
    pub case_no: String,
    pub item: String,
    pub text: String,
    pub address: String,
    pub voices: u32,
    pub lane: String,
    pub mode: String,
    pub desk: String,
    #[serde(default)]
    pub note: String,
    pub lead: String,
    pub assists: Vec<String>,
    pub level: String,
    pub priority: String,
    pub policy: String,
    pub plan_explanation: Steps,
    pub requested_at: String,
    pub due_at: String,
    pub claimed_by: Option<String>,
    pub claimed_until: Option<String>,
    /// Which plan of the case it is; an older triage does not say.
    pub version: Option<u64>,
}

/// Why a plan was drawn so.
#[derive(Debug, Deserialize)]
pub(super) struct Steps {
    #[serde(default)]
    pub steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Step {
    #[serde(default)]
    pub zh: String,
    #[serde(default)]
    pub en: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_asked_for_by_its_desk_its_size_and_where_it_begins() {
        assert_eq!(query(None, 50, None), "limit=50");
        assert_eq!(query(Some(Whose::District), 200, Some("a b")), "limit=200&desk=district&after=a+b");
    }

    #[test]
    fn an_entry_is_found_by_its_id_or_its_number() {
        let id = "0190f1e2-0000-7000-8000-00000000000a";
        let plan = json!({ "case_id": id, "case_no": "990102001-261123-0042" });
        for named in [id, "0190F1E2-0000-7000-8000-00000000000A", "990102001-261123-0042"] {
            assert!(found(&plan, named), "{named}");
        }
        assert!(!found(&plan, "990102001-261123-0043") && !found(&json!({}), id));
        assert!(found(&json!({ "report_id": id }), id));
    }

    #[test]
    fn both_lists_read_as_a_page() {
        let page = |name: &str| json!({ name: [{ "case_id": "a" }], "next": "a" });
        for name in [Queue::Reports.name(), Queue::Plans.name()] {
            let page: Page = serde_json::from_value(page(name)).unwrap();
            assert_eq!((page.reviews.len(), page.next.as_deref()), (1, Some("a")));
        }
    }
}
