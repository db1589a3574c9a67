//! Who did something.

use ids::BodyRef;
use serde::{Deserialize, Serialize};

/// A person or a body's system, as authenticated at the door. Whether it may act is `access`'s question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// The opaque subject.
    pub principal: String,
    /// The body acted for.
    pub body: Option<BodyRef>,
}
