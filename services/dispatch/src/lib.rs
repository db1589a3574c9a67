//! Orders, clocks, escalation, verification, closure.
