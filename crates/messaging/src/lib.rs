//! Outbox, relay, seals, inbox, batch consumer, parking.
