//! Tracing, metrics, context through messages.
