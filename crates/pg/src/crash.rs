//! Named crash points, in debug builds only (D40): the tests end a process exactly there.

/// Ends the process, as `kill -9` would, when `STREETWISE_CRASH_POINT` names this point. `name:3` means the
/// third time. In release builds this is nothing.
#[inline]
pub fn point(name: &'static str) {
    #[cfg(debug_assertions)]
    debug::hit(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(debug_assertions)]
mod debug {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Armed {
        name: String,
        left: AtomicU32,
    }

    fn armed() -> Option<&'static Armed> {
        static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
        let read = || {
            let text = std::env::var("STREETWISE_CRASH_POINT").ok()?;
            let (name, times) = text.split_once(':').unwrap_or((&text, "1"));
            Some(Armed { name: name.to_owned(), left: AtomicU32::new(times.parse().unwrap_or(1)) })
        };
        ARMED.get_or_init(read).as_ref()
    }

    pub(super) fn hit(name: &'static str) {
        let Some(armed) = armed() else { return };
        if armed.name == name && armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            eprintln!("{{\"message\":\"crash point reached\",\"point\":\"{name}\"}}");
            std::process::abort();
        }
    }
}
