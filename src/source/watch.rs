//! Signs that policy files may have changed. They are hints: whoever gets one reads and compares.

use std::path::Path;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// Keeps watching until dropped.
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// Calls `sign` whenever something happens in the directory (for a file: in the one that holds it).
///
/// The directory is watched, never a file in it: an editor's save and the swap of a mounted ConfigMap put
/// another file in its place, and a watch of the old one would be deaf from then on.
pub fn watch(path: &Path, sign: impl Fn() + Send + 'static) -> Result<Watch, notify::Error> {
    let directory = match path.parent().filter(|_| path.is_file()) {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    };
    let mut watcher = notify::recommended_watcher(move |_: notify::Result<notify::Event>| sign())?;
    watcher.watch(directory, RecursiveMode::Recursive)?;
    Ok(Watch { _watcher: watcher })
}
