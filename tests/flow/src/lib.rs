//! The story end to end, the faults, the mutants of the checker, the catalogue: see `tests/it`.
