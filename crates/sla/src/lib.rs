//! Working-time calendars, pause and resume, deadlines.
