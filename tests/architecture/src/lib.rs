//! The rules of the house, checked: who may import whom, purity, rooms.
