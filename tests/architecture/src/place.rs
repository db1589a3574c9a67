//! Where something may stand: a path below the repository, with a reason.

/// One allowed place.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// `*` is any one folder or file; a trailing `/` is everything below.
    pub path: &'static str,
    /// Why here.
    pub why: &'static str,
}

/// A place and why.
pub const fn place(path: &'static str, why: &'static str) -> Place {
    Place { path, why }
}

impl Place {
    /// Whether a path (with `/`) lies in it.
    pub fn holds(&self, path: &str) -> bool {
        matches(self.path, path)
    }
}

/// The pattern language of [`Place::path`], for scopes as well.
pub fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, below) = match pattern.strip_suffix('/') {
        Some(folder) => (folder, true),
        None => (pattern, false),
    };
    let (wanted, found): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    let long_enough = if below { found.len() > wanted.len() } else { found.len() == wanted.len() };
    long_enough && wanted.iter().zip(&found).all(|(wanted, found)| *wanted == "*" || wanted == found)
}
