//! Pool, scopes, migrate, classify errors, retry, row checks.
