//! The story end to end, in one process and as real processes.
