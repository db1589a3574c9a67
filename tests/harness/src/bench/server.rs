//! How the benches' own Postgres is set: as `docs/performance.md` asks of an installation, since its defaults are for
//! a machine with 128 MB to spare. Everything is committed durably all the same, and a run's limits are measured on
//! the same server.

/// Memory for pages; a log long enough that checkpoints, each followed by whole pages in the log, are minutes
/// apart; enough of its files kept to be written anew; and those whole pages compressed.
pub const SETTINGS: &[&str] =
    &["shared_buffers=1GB", "max_wal_size=4GB", "min_wal_size=2GB", "wal_compression=lz4"];

/// The same, counting statements ([`super::statements`]).
pub const COUNTING: &[&str] = &[
    SETTINGS[0],
    SETTINGS[1],
    SETTINGS[2],
    SETTINGS[3],
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.track_planning=on",
];
