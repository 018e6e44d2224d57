//! Keeps the policies in force: reads them, compiles them, reloads them when their files change, and falls
//! back on the last good set, in memory and on disk. What files are is `source`'s, what they mean `policy`'s.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{Clock, Status, events};
use crate::domain::ContentHash;
use crate::policy::render::{Colour, text};
use crate::policy::{PolicySet, Severity, SourceFile, compile};
use crate::source::{Recursion, read, watch};
use crate::telemetry::Telemetry;

/// After the first sign of a change, this long for an editor or a sync tool to finish.
const QUIET: Duration = Duration::from_millis(500);

/// Signs of change can get lost (network mounts, a link above the directory that moves); so the content is
/// compared this often too.
const POLL: Duration = Duration::from_secs(15);

/// Where the policies come from, and where they are kept.
#[derive(Debug, Clone)]
pub struct PolicyPlace {
    /// The directory, or a single file.
    pub path: PathBuf,
    /// Whether deeper directories count.
    pub recursion: Recursion,
    /// The file that holds the last good set, for a restart with broken files.
    pub last_good: Option<PathBuf>,
}

/// Keeps the policies of a daemon.
pub struct PolicyKeeper {
    place: PolicyPlace,
    clock: Clock,
    telemetry: Arc<Telemetry>,
    status: Arc<Status>,
    in_force: watch::Sender<Option<Arc<PolicySet>>>,
    /// The content that was last compiled, good or bad, so that the same is not compiled and told again.
    seen: Option<Content>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Files(ContentHash),
    Unreadable,
}

impl PolicyKeeper {
    /// A keeper that has read nothing yet.
    pub fn new(place: PolicyPlace, clock: Clock, telemetry: Arc<Telemetry>, status: Arc<Status>) -> Self {
        Self { place, clock, telemetry, status, in_force: watch::Sender::new(None), seen: None }
    }

    /// The policies in force; none until there was a good set.
    pub fn in_force(&self) -> watch::Receiver<Option<Arc<PolicySet>>> {
        self.in_force.subscribe()
    }

    /// Reads the files now, and puts them in force where they are good. Where they never were, the last
    /// good set of an earlier run is.
    pub async fn load(&mut self) {
        let (path, recursion) = (self.place.path.clone(), self.place.recursion);
        let files = tokio::task::spawn_blocking(move || read(&path, recursion)).await;
        match files {
            Ok(Ok(files)) => self.consider(files),
            Ok(Err(error)) => self.reject(Content::Unreadable, 1, super::journal::chain(&error)),
            Err(error) => self.reject(Content::Unreadable, 1, error.to_string()),
        }
    }

    /// Loads again whenever something changes, or `reload` asks for it, until it is told to stop.
    pub async fn run(mut self, reload: Arc<Notify>, stop: CancellationToken) {
        let (signs, mut changed) = tokio::sync::mpsc::channel(1);
        // Without a watcher the content is still compared by the clock.
        let _watcher = watch(&self.place.path, move || {
            let _ = signs.try_send(());
        });
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = reload.notified() => self.seen = None,
                Some(()) = changed.recv() => tokio::time::sleep(QUIET).await,
                () = tokio::time::sleep(POLL) => {}
            }
            self.load().await;
        }
    }

    fn consider(&mut self, files: Vec<SourceFile>) {
        let hash = ContentHash::of_parts(files.iter().flat_map(|file| [file.path.as_bytes(), &file.bytes]));
        if self.seen == Some(Content::Files(hash)) {
            return;
        }
        let compilation = compile(&files, self.clock.now());
        match compilation.policies {
            Some(set) => {
                self.seen = Some(Content::Files(hash));
                self.put_in_force(set);
                self.keep(&files);
            }
            None => {
                let errors =
                    compilation.diagnostics.iter().filter(|one| one.severity() == Severity::Error).count();
                let rendered = text(&compilation.diagnostics, Colour::Never);
                self.reject(Content::Files(hash), errors as u64, rendered);
            }
        }
    }

    fn put_in_force(&self, set: PolicySet) {
        let set = Arc::new(set);
        events::policy_loaded(&self.telemetry, &set);
        self.status.set_policies(|status| {
            status.revision = Some(set.revision().to_string());
            status.count = set.len();
            status.rejected = None;
        });
        self.in_force.send_if_modified(|current| {
            let changed = current.as_ref().is_none_or(|current| current.revision() != set.revision());
            *current = Some(set.clone());
            changed
        });
    }

    fn reject(&mut self, content: Content, faults: u64, why: String) {
        if self.seen == Some(content) {
            return;
        }
        self.seen = Some(content);
        // The last good set of an earlier run first, so that what is said of the bad one is true.
        if self.in_force.borrow().is_none() {
            self.recall();
        }
        let in_force = self.in_force.borrow().as_ref().map(|set| set.revision());
        let first = why.lines().take(2).collect::<Vec<_>>().join(" ");
        events::policy_rejected(&self.telemetry, faults, first, in_force);
        self.status.set_policies(|status| status.rejected = Some(why));
    }

    fn keep(&self, files: &[SourceFile]) {
        let Some(path) = &self.place.last_good else { return };
        if let Err(error) = write_kept(path, files) {
            tracing::warn!(error = %error, path = %path.display(), "the last good policies could not be kept on disk");
        }
    }

    fn recall(&mut self) {
        let Some(files) = self.place.last_good.as_deref().and_then(read_kept) else { return };
        if let Some(set) = compile(&files, self.clock.now()).policies {
            self.put_in_force(set);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct KeptFile {
    path: String,
    text: String,
}

/// Written beside and then moved into place: a crash leaves the old set or the new one, never half of it.
fn write_kept(path: &Path, files: &[SourceFile]) -> std::io::Result<()> {
    let kept: Vec<KeptFile> = files
        .iter()
        .map(|file| KeptFile {
            path: file.path.clone(),
            text: String::from_utf8_lossy(&file.bytes).into_owned(),
        })
        .collect();
    let beside = path.with_extension("tmp");
    std::fs::write(&beside, serde_json::to_vec(&kept)?)?;
    std::fs::rename(beside, path)
}

fn read_kept(path: &Path) -> Option<Vec<SourceFile>> {
    let kept: Vec<KeptFile> = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let files = kept.into_iter().map(|file| SourceFile { path: file.path, bytes: file.text.into_bytes() });
    Some(files.collect())
}
