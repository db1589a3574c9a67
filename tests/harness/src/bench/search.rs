//! Finding the highest rate that holds: doubling until one does not, then halving the gap. Pure.

/// The gap is small enough when it is this part of the rate that held.
const PRECISION: f64 = 0.08;

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search {
    next: f64,
    held: f64,
    broke: Option<f64>,
    most: f64,
    steps_left: u32,
}

impl Search {
    /// Begins at `first` a second; never asks for more than `most`, nor for more than `steps` steps.
    pub fn new(first: f64, most: f64, steps: u32) -> Self {
        Self { next: first, held: 0.0, broke: None, most, steps_left: steps }
    }

    /// The rate to try; nothing when the search is over.
    pub fn next(&self) -> Option<f64> {
        let near = self.broke.is_some_and(|broke| broke - self.held <= self.held * PRECISION);
        // Below one a second nothing is worth finding.
        let over = near || self.steps_left == 0 || self.held >= self.most || self.next < 1.0;
        (!over).then_some(self.next)
    }

    /// Says what came of the rate that [`Search::next`] asked for.
    pub fn tell(&mut self, holds: bool) {
        self.steps_left = self.steps_left.saturating_sub(1);
        if holds {
            self.held = self.next;
        } else {
            self.broke = Some(self.next);
        }
        self.next = match self.broke {
            None => (self.held * 2.0).min(self.most),
            Some(broke) => (self.held + broke) / 2.0,
        };
    }

    /// The highest rate that held; 0 when none did.
    pub fn held(&self) -> f64 {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(capacity: f64, first: f64, most: f64) -> (f64, u32) {
        let (mut search, mut steps) = (Search::new(first, most, 20), 0);
        while let Some(rate) = search.next() {
            search.tell(rate <= capacity);
            steps += 1;
        }
        (search.held(), steps)
    }

    #[test]
    fn the_highest_rate_that_holds_is_found_from_below() {
        for capacity in [37.0, 130.0, 999.0, 1_000.0, 4_321.0] {
            let (held, steps) = found(capacity, 100.0, 50_000.0);
            assert!(held <= capacity && held >= capacity * 0.91, "{capacity}: {held}");
            assert!(steps <= 13, "{capacity}: {steps} steps");
        }
    }

    #[test]
    fn a_search_ends_at_its_bounds() {
        assert_eq!(found(1e9, 100.0, 1_000.0), (1_000.0, 5));
        assert_eq!(found(0.0, 100.0, 1_000.0).0, 0.0);
        let mut search = Search::new(100.0, 1e9, 2);
        search.tell(true);
        search.tell(true);
        assert_eq!((search.next(), search.held()), (None, 200.0));
    }
}
