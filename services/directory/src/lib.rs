//! Districts, streets, bodies, items, calendars, members: documents with a generation.
