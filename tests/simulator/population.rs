//! The seeded start and what happens over time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mailwarden::simulator::{AuditList, Churn, MailboxKind, Population, Simulation, SimulationOptions, What};

fn drifted(mailboxes: usize) -> Simulation {
    Simulation::new(SimulationOptions { mailboxes, seed: 5, ..SimulationOptions::default() })
}

#[test]
fn a_drifted_tenant_is_a_believable_mix() {
    let mailboxes = drifted(2_000).mailboxes();
    let plain: Vec<_> = mailboxes
        .iter()
        .filter(|m| !m.inactive && !matches!(m.kind, MailboxKind::Group | MailboxKind::PublicFolder))
        .collect();
    assert_eq!(plain.len(), 2_000);
    let share = |name: &str,
                 wanted: std::ops::Range<usize>,
                 test: &dyn Fn(&mailwarden::simulator::Mailbox) -> bool| {
        let count = plain.iter().filter(|m| test(m)).count();
        assert!(wanted.contains(&count), "{name}: {count} of 2000, expected {wanted:?}");
    };
    share("stored off or unset", 1_300..1_500, &|m| m.audit_enabled != Some(true));
    share("stored false", 300..500, &|m| m.audit_enabled == Some(false));
    share("customised owner list", 250..450, &|m| m.owner != AuditList::Kept);
    share("short list of 2018", 110..220, &|m| m.owner == AuditList::custom(["UpdateFolderPermissions"]));
    share("age of zero", 2..30, &|m| m.audit_log_age.is_zero());
    share("premium", 450..720, &|m| m.premium);
    share("shared", 180..300, &|m| m.kind == MailboxKind::Shared);
    share("rooms", 40..130, &|m| m.kind == MailboxKind::Room);
    share("discovery", 1..2, &|m| m.kind == MailboxKind::Discovery);
    share("bypassed", 1..20, &|m| m.bypassed);
    share("with a department", 1_200..1_600, &|m| m.custom_attributes.contains_key(&1));
    let names: BTreeSet<_> = plain.iter().map(|m| m.display_name.as_str()).collect();
    assert!(names.len() < plain.len(), "display names are not unique");
    let principals: BTreeSet<_> = plain.iter().map(|m| m.user_principal_name.as_str()).collect();
    assert_eq!(principals.len(), plain.len(), "principal names are");
}

#[test]
fn the_same_seed_is_the_same_tenant_and_another_is_another() {
    let started_at = Some(chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap());
    let of = |seed| {
        Simulation::new(SimulationOptions { seed, started_at, ..SimulationOptions::default() }).mailboxes()
    };
    assert_eq!(of(3), of(3));
    assert_ne!(of(3), of(4));
    let fresh =
        Simulation::new(SimulationOptions { population: Population::Fresh, ..SimulationOptions::default() });
    assert!(fresh.mailboxes().iter().all(|m| m.audit_enabled.is_none() && m.owner == AuditList::Kept));
}

#[test]
fn a_hundred_thousand_mailboxes_start_quickly() {
    let started = std::time::Instant::now();
    let simulation = drifted(100_000);
    let took = started.elapsed();
    assert!(simulation.mailbox_count() >= 100_000);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn churn_follows_the_clock_and_the_seed() {
    let run = async || {
        let simulation = Simulation::new(SimulationOptions {
            mailboxes: 200,
            population: Population::Settled,
            started_at: Some(chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap()),
            churn: Churn {
                appears_every: Some(Duration::from_secs(60)),
                undone_every: Some(Duration::from_secs(30)),
                vanishes_every: None,
            },
            ..SimulationOptions::default()
        });
        assert!(simulation.take_happenings().is_empty(), "nothing happens in no time");
        tokio::time::advance(Duration::from_secs(3_600)).await;
        (simulation.take_happenings(), simulation)
    };
    let ((happened, simulation), (again, _)) = (run().await, run().await);
    assert_eq!(happened, again);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &happened {
        let name = if one.what == What::Appeared { "appeared" } else { "undone" };
        *counts.entry(name).or_default() += 1;
    }
    assert!((40..90).contains(&counts["appeared"]), "{counts:?}");
    assert!((80..180).contains(&counts["undone"]), "{counts:?}");
    assert!(happened.is_sorted_by_key(|one| one.at));
    let off = happened.iter().find(|one| one.what == What::TurnedOff).expect("somebody turned one off");
    let mailbox = simulation.mailbox(off.mailbox).unwrap();
    assert_eq!(mailbox.audit_enabled, Some(false));
    assert!(mailbox.changed.timestamp() >= off.at.timestamp(), "dated like any change");
    let new = happened.iter().find(|one| one.what == What::Appeared).unwrap();
    assert_eq!(simulation.mailbox(new.mailbox).unwrap().created.timestamp(), new.at.timestamp());
}
