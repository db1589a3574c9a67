//! A link of a page leads somewhere.

use std::path::Path;

use crate::source::Source;

/// Links of a page to files that are not there. `there` is asked about paths below the repository.
pub fn dead(page: &Source, there: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
    let targets = page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    let own = files.filter(|file| !file.is_empty() && !file.contains(':'));
    let dead = own.filter(|file| !there(&folder.join(file)));
    dead.map(|file| format!("{}: the link to {file} leads nowhere", page.path)).collect()
}
