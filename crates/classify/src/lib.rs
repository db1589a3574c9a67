//! From text to item and to the alarm words in it, explained.
