//! Timelines, case list, live updates, tracking.
