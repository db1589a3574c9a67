//! Tenant documents compiled in memory.
