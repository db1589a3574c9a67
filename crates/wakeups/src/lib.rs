//! Call me at T, in my own transaction.
