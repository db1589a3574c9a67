//! Work that a replica does once, when it starts among many streets: on every core it may use. Threads that end with
//! it, because for the rest of its life one document at a time is new.

use std::thread;

/// So few are done where they are: a thread costs more.
const FEW: usize = 16;

/// What `work` makes of each item, in their order.
pub(crate) fn spread<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    if items.len() <= FEW || threads == 1 {
        return items.iter().map(work).collect();
    }
    let (work, share) = (&work, items.len().div_ceil(threads));
    thread::scope(|scope| {
        let shares = items.chunks(share);
        let shares: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(work).collect())).collect();
        let done = |handle: thread::ScopedJoinHandle<'_, Vec<R>>| match handle.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        shares.into_iter().flat_map(done).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{FEW, spread};

    #[test]
    fn answers_stand_in_the_order_of_questions() {
        for count in [0, 1, FEW, FEW + 1, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(
                spread(&items, |item| item * 2),
                items.iter().map(|item| item * 2).collect::<Vec<_>>()
            );
        }
    }
}
