//! Clusters of real processes, load, the invariant checker.
