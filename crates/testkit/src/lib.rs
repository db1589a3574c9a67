//! Real Postgres and NATS, clock, fault proxy, webhook sink.
