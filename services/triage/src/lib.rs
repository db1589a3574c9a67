//! Cases, item, joining, the case plan, the human review queue.
