//! The life of an order: decide, evolve, wake_at.
