//! Sealed fields: encrypt at the door, reveal with purpose.
