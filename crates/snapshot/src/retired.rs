//! Views that were replaced, until nobody reads them: whoever lets go of one last takes it apart, ten thousand rules are
//! milliseconds of that, and no reader is to pay for it.

use std::sync::Arc;

use crate::view::{StreetView, View};

/// What was replaced and may still be read.
#[derive(Debug)]
pub(crate) struct Retired<S> {
    views: Vec<Arc<View<S>>>,
    streets: Vec<Arc<StreetView<S>>>,
}

impl<S> Default for Retired<S> {
    fn default() -> Self {
        Self { views: Vec::new(), streets: Vec::new() }
    }
}

impl<S> Retired<S> {
    /// Keeps a view that was replaced.
    pub(crate) fn keep(&mut self, view: Arc<View<S>>) {
        self.views.push(view);
    }

    /// What nobody reads any more, to be dropped where it holds nobody up. What `present` still shows is not asked about: it comes
    /// again when that is replaced.
    pub(crate) fn unread(&mut self, present: &View<S>) -> Vec<Arc<StreetView<S>>> {
        for view in std::mem::take(&mut self.views) {
            match Arc::try_unwrap(view) {
                Ok(view) => self.streets.extend(view.into_streets().filter(|street| !present.shows(street))),
                Err(read) => self.views.push(read),
            }
        }
        // Several views show the same street.
        self.streets.sort_by_key(|street| Arc::as_ptr(street).addr());
        self.streets.dedup_by(|one, other| Arc::ptr_eq(one, other));
        let streets = std::mem::take(&mut self.streets);
        let (unread, read) = streets.into_iter().partition(|street| Arc::strong_count(street) == 1);
        self.streets = read;
        unread
    }
}
