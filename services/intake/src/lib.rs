//! Reports, idempotency, tracking codes, fairness at the door.
