//! Policies while a daemon runs: an editor's save, the symlink swap of a mounted ConfigMap, broken files, and
//! a restart with broken files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken directory must stop the test")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mailwarden::engine::{Clock, PolicyKeeper, PolicyPlace, Status};
use mailwarden::policy::PolicySet;
use mailwarden::source::Recursion;
use mailwarden::telemetry::{Event, Identities, ProcessEvent, Telemetry};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

fn policy(name: &str) -> String {
    format!(
        "apiVersion: mailwarden/v1\nkind: MailboxAuditPolicy\nmetadata: {{ name: {name} }}\nspec:\n  selector: {{ match: all \
         }}\n  audit: {{ enabled: true }}\n"
    )
}

struct Watched {
    in_force: watch::Receiver<Option<Arc<PolicySet>>>,
    events: mpsc::Receiver<Arc<Event>>,
    status: Arc<Status>,
    stop: CancellationToken,
}

async fn keep(path: &Path, last_good: &Path) -> Watched {
    let telemetry = Arc::new(Telemetry::new("test", Identities::Upn));
    let events = telemetry.subscribe(100);
    let status = Arc::new(Status::default());
    let place = PolicyPlace {
        path: path.to_owned(),
        recursion: Recursion::Direct,
        last_good: Some(last_good.to_owned()),
    };
    let mut keeper = PolicyKeeper::new(place, Clock::system(), telemetry, status.clone());
    keeper.load().await;
    let (in_force, stop) = (keeper.in_force(), CancellationToken::new());
    tokio::spawn(keeper.run(Arc::new(Notify::new()), stop.clone()));
    Watched { in_force, events, status, stop }
}

impl Watched {
    fn name(&self) -> String {
        let set = self.in_force.borrow().clone().unwrap();
        set.policies().map(|policy| policy.name.to_string()).collect::<Vec<_>>().join(",")
    }

    async fn next(&mut self) -> String {
        tokio::time::timeout(Duration::from_secs(120), self.in_force.changed()).await.unwrap().unwrap();
        self.name()
    }

    fn told(&mut self) -> Vec<ProcessEvent> {
        let mut told = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let Event::Process(event) = &*event {
                told.push(event.clone());
            }
        }
        told
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_by_rename_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let policies = directory.path().join("policies");
    fs::create_dir(&policies).unwrap();
    fs::write(policies.join("a.yaml"), policy("first")).unwrap();
    let mut watched = keep(&policies, &directory.path().join("kept.json")).await;
    assert_eq!(watched.name(), "first");
    fs::write(policies.join(".a.yaml.swp"), policy("second")).unwrap();
    fs::rename(policies.join(".a.yaml.swp"), policies.join("a.yaml")).unwrap();
    assert_eq!(watched.next().await, "second");
    watched.stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn every_swap_of_a_mounted_config_map_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let mount = directory.path().join("mount");
    fs::create_dir(&mount).unwrap();
    let version = |number: u32| {
        let name = format!("..2026_{number}");
        fs::create_dir(mount.join(&name)).unwrap();
        fs::write(mount.join(&name).join("a.yaml"), policy(&format!("version-{number}"))).unwrap();
        symlink(&name, mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    };
    version(1);
    symlink("..data/a.yaml", mount.join("a.yaml")).unwrap();
    let mut watched = keep(&mount, &directory.path().join("kept.json")).await;
    assert_eq!(watched.name(), "version-1", "a policy under `..data` is read once");
    for number in 2..5 {
        version(number);
        assert_eq!(watched.next().await, format!("version-{number}"));
    }
    watched.stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn broken_files_leave_the_last_good_set_in_force_across_a_restart_too() {
    let directory = tempfile::tempdir().unwrap();
    let (policies, kept) = (directory.path().join("policies"), directory.path().join("kept.json"));
    fs::create_dir(&policies).unwrap();
    fs::write(policies.join("a.yaml"), policy("good")).unwrap();
    let mut watched = keep(&policies, &kept).await;
    watched.told();
    fs::write(policies.join("a.yaml"), "kind: nonsense\n").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(watched.name(), "good");
    assert!(watched.status.policies().rejected.is_some());
    let told = watched.told();
    assert!(
        matches!(told.as_slice(), [ProcessEvent::PolicyRejected { in_force: Some(_), .. }]),
        "told once, not with every look: {told:?}"
    );
    watched.stop.cancel();

    let mut restarted = keep(&policies, &kept).await;
    assert_eq!(restarted.name(), "good");
    assert!(restarted.status.policies().rejected.is_some());
    let told = restarted.told();
    assert!(
        matches!(
            told.as_slice(),
            [ProcessEvent::PolicyLoaded { .. }, ProcessEvent::PolicyRejected { in_force: Some(_), .. }]
        ),
        "{told:?}"
    );
    fs::write(policies.join("a.yaml"), policy("mended")).unwrap();
    assert_eq!(restarted.next().await, "mended");
    assert_eq!(restarted.status.policies().rejected, None);
    restarted.stop.cancel();
}
