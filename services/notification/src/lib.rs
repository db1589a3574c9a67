//! Endpoints, deliveries, attempts, receipts.
