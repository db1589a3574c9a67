//! SQL of this crate beside the pool's and the clock's.

pub(crate) mod inspect;
