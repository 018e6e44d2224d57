//! The daemon in bad weather: seeds draw policies, a population, faults that change, edits by administrators,
//! and ends of the process in the middle of everything. Then the weather clears, and what must hold, holds.
//! `CAMPAIGN_SEEDS=100..200` runs other seeds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken world must stop the test")]
#![allow(clippy::print_stderr, reason = "a failure names its seed")]

#[allow(dead_code, unreachable_pub, reason = "shared with another suite, which uses more of it")]
#[path = "reconcile/world.rs"]
mod world;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mailwarden::domain::{Class, MailboxId};
use mailwarden::engine::{Member, Schedule, run};
use mailwarden::history::{ChainCheck, EntryBody, JournalFilter};
use mailwarden::plan::{Limits, Object, Percent, Standing};
use mailwarden::policy::PolicySet;
use mailwarden::simulator::{
    AuditList, Faults, Mailbox, MailboxKind, MailboxSpec, Population, RecordedRequest, SimulationOptions,
    Switches,
};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use world::{World, policies};

/// A policy with what the test knows of it on its own.
struct Pooled {
    text: &'static str,
    selects: fn(&Mailbox) -> bool,
    /// The parameters of Set-Mailbox that it can lead to.
    writes: &'static [&'static str],
}

fn is_covered(mailbox: &Mailbox) -> bool {
    matches!(mailbox.kind, MailboxKind::User | MailboxKind::Shared) && !mailbox.inactive
}

const LISTS: [&str; 4] = ["AuditAdmin", "AuditDelegate", "AuditOwner", "DefaultAuditSet"];

const POOL: &[Pooled] = &[
    Pooled {
        text: "metadata: { name: baseline }\nspec:\n  mode: enforce\n  selector: { match: all }\n  \
               audit: { enabled: true, admin: default, delegate: default, owner: default }",
        selects: is_covered,
        writes: &["AuditEnabled", "AuditLogAgeLimit", LISTS[0], LISTS[1], LISTS[2], LISTS[3]],
    },
    Pooled {
        text: "metadata: { name: owners }\nspec:\n  mode: enforce\n  \
               selector: { match: { recipientTypeDetails: [UserMailbox] } }\n  \
               audit: { owner: { atLeast: [default, MailboxLogin, Move] } }",
        selects: |mailbox| mailbox.kind == MailboxKind::User && !mailbox.inactive,
        writes: &["AuditOwner"],
    },
    Pooled {
        text: "metadata: { name: rooms }\nspec:\n  mode: enforce\n  \
               selector: { match: { recipientTypeDetails: [RoomMailbox] } }\n  \
               audit: { enabled: true, admin: { atLeast: [Copy, Move] } }",
        selects: |mailbox| mailbox.kind == MailboxKind::Room,
        writes: &["AuditEnabled", "AuditLogAgeLimit", "AuditAdmin"],
    },
    Pooled {
        text: "metadata: { name: premium-age }\nspec:\n  mode: enforce\n  \
               selector: { match: { auditTier: premium } }\n  audit: { auditLogAge: 180d }",
        selects: |mailbox| mailbox.premium && is_covered(mailbox),
        writes: &["AuditLogAgeLimit"],
    },
    Pooled {
        // Wants less, with the policy's consent and nobody else's: held for ever.
        text: "metadata: { name: less }\nspec:\n  mode: enforce\n  \
               selector: { match: { recipientTypeDetails: [RoomMailbox] } }\n  \
               audit: { delegate: { exactly: [Update] }, auditLogAge: { exactly: 30d } }\n  \
               allowWeakening: { fields: [delegate, auditLogAge], reason: a test }",
        selects: |mailbox| mailbox.kind == MailboxKind::Room,
        writes: &["AuditDelegate", "AuditLogAgeLimit"],
    },
    Pooled {
        text: "metadata: { name: watching }\nspec:\n  mode: observe\n  selector: { match: all }\n  \
               audit: { auditLogAge: 365d, admin: { exactly: [Update] } }",
        selects: |_| false,
        writes: &[],
    },
];

/// What a seed has drawn, and what was seen so far.
struct Campaign {
    rng: fastrand::Rng,
    world: World,
    pool: Vec<&'static Pooled>,
    policies: Arc<PolicySet>,
    /// Mailboxes as they were when the step began, after the administrators' edits.
    before: HashMap<Uuid, Mailbox>,
    writes: Vec<RecordedRequest>,
}

struct Daemon {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    _policies: watch::Sender<Option<Arc<PolicySet>>>,
}

fn policy_text(pool: &[&Pooled]) -> String {
    let mut text = String::new();
    for policy in pool {
        text.push_str("apiVersion: mailwarden/v1\nkind: MailboxAuditPolicy\n");
        text.push_str(policy.text);
        text.push_str("\n---\n");
    }
    text.push_str(
        "apiVersion: mailwarden/v1\nkind: OrganizationAuditPolicy\nmetadata: { name: organization }\n\
         spec: { mode: enforce, mailboxAuditing: required, unifiedAuditLogIngestion: required }\n",
    );
    text
}

impl Campaign {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut pool: Vec<&Pooled> = POOL.iter().filter(|_| rng.bool()).collect();
        if pool.is_empty() {
            pool.push(&POOL[0]);
        }
        let policies = policies(&policy_text(&pool));
        let kinds = [Population::Drifted, Population::Fresh, Population::Settled];
        let options = SimulationOptions {
            seed,
            mailboxes: rng.usize(5..60),
            population: kinds[rng.usize(..3)],
            page_size_max: rng.usize(10..100),
            ..SimulationOptions::default()
        };
        let mut world = World::with_limits(options, rng.u32(30..600));
        world.tenant.pace.new = Duration::from_secs(60);
        // A write that did not show is tried again by the first full look after its time.
        world.tenant.pace.full = Schedule::parse("0 * * * *", chrono_tz::UTC).unwrap();
        let mut campaign = Self { rng, world, pool, policies, before: HashMap::new(), writes: Vec::new() };
        campaign.snapshot();
        campaign
    }

    async fn start(&self) -> Daemon {
        let world = &self.world;
        let (sender, receiver) = watch::channel(Some(self.policies.clone()));
        let stop = CancellationToken::new();
        let lease = world.history.acquire_writer(world.tenant.id, "campaign".into()).await.unwrap();
        let members = vec![Member { tenant: world.tenant.clone(), lease: Some(lease) }];
        let (status, clock) = (world.tenant.status.clone(), world.tenant.clock);
        let task = tokio::spawn(run(members, receiver, status, clock, stop.clone()));
        Daemon { stop, task, _policies: sender }
    }

    fn faults(&mut self) -> Faults {
        let rng = &mut self.rng;
        let seconds = |rng: &mut fastrand::Rng, most: u64| Duration::from_secs(rng.u64(..=most));
        let mut sometimes = |share: f64| if rng.bool() { rng.f64() * share } else { 0.0 };
        let (unavailable_share, lost_answer_share) = (sometimes(0.6), sometimes(0.4));
        Faults {
            unavailable_share,
            lost_answer_share,
            read_latency: seconds(rng, 3),
            write_latency: seconds(rng, 20),
            concurrency: rng.bool().then_some(2),
            writes_per_second: rng.bool().then_some(0.5),
            retry_after: rng.bool().then_some(Duration::from_secs(5)),
            writes_vanish: rng.u8(..8) == 0,
            next_link_fails: rng.u8(..4) == 0,
            stale_for: seconds(rng, 60),
            ..Faults::default()
        }
    }

    /// What administrators do: things that are undone, things that are nobody's business, arrivals, departures.
    fn administrate(&mut self) {
        let simulation = &self.world.simulation;
        let rng = &mut self.rng;
        let all = simulation.mailboxes();
        let guid = all[rng.usize(..all.len())].guid;
        let edit = |change: &mut dyn FnMut(&mut Mailbox)| {
            simulation.edit_mailbox(guid, |mailbox| change(mailbox));
        };
        match rng.u8(..9) {
            0 | 1 => edit(&mut |mailbox| mailbox.audit_enabled = Some(false)),
            2 => edit(&mut |mailbox| mailbox.audit_log_age = TimeDelta::zero()),
            3 => edit(&mut |mailbox| mailbox.owner = AuditList::custom(["Update"])),
            4 => edit(&mut |mailbox| mailbox.delegate = AuditList::custom(["Update", "FolderBind"])),
            5 => edit(&mut |mailbox| mailbox.admin = AuditList::custom(Vec::<String>::new())),
            6 => {
                simulation.add_mailbox(MailboxSpec { premium: rng.bool(), ..MailboxSpec::default() });
            }
            7 if all.len() > 5 => {
                simulation.remove_mailbox(guid);
            }
            _ => {
                let on = Switches { audit_disabled: rng.bool(), unified_audit_log_ingestion: rng.bool() };
                simulation.set_switches(on);
            }
        }
    }

    fn snapshot(&mut self) {
        let all = self.world.simulation.mailboxes().into_iter();
        self.before.extend(all.map(|mailbox| (mailbox.guid, mailbox)));
    }

    /// Lets time pass in steps; what was written in each is looked at before the next.
    async fn pass(&mut self, minutes: u64) {
        for _ in 0..minutes {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let requests = self.world.simulation.requests();
            self.world.simulation.clear_requests();
            let writes: Vec<_> =
                requests.into_iter().filter(|request| request.cmdlet.starts_with("Set-")).collect();
            for write in &writes {
                self.judge(write);
            }
            self.writes.extend(writes);
            self.snapshot();
        }
    }

    /// Whether a write is one that the policies can lead to.
    fn judge(&self, write: &RecordedRequest) {
        let parameters = write.parameters.as_object().unwrap();
        match write.cmdlet.as_str() {
            "Set-OrganizationConfig" => {
                assert_eq!(write.parameters, serde_json::json!({"AuditDisabled": false}))
            }
            "Set-AdminAuditLogConfig" => {
                assert_eq!(write.parameters, serde_json::json!({"UnifiedAuditLogIngestionEnabled": true}));
            }
            "Set-Mailbox" => {
                let mailbox = &self.before[&guid_of(write).unwrap()];
                for (name, value) in parameters.iter().filter(|(name, _)| *name != "Identity") {
                    let asked = |policy: &&&Pooled| {
                        (policy.selects)(mailbox) && policy.writes.contains(&name.as_str())
                    };
                    assert!(self.pool.iter().any(|policy| asked(&policy)), "nobody asks for {write:?}");
                    assert!(!weakens(name, value, mailbox), "weakens {mailbox:?}: {write:?}");
                }
            }
            other => panic!("{other} is no cmdlet that mailwarden writes with"),
        }
    }

    async fn storm(&mut self) {
        let mut daemon = self.start().await;
        for _ in 0..self.rng.usize(4..9) {
            let faults = self.faults();
            self.world.simulation.set_faults(faults);
            for _ in 0..self.rng.usize(..4) {
                self.administrate();
            }
            self.snapshot();
            match self.rng.u8(..5) {
                0 => self.world.simulation.revoke_tokens(),
                1 => {
                    daemon.task.abort();
                    let _ = daemon.task.await;
                    daemon = self.start().await;
                }
                2 => {
                    daemon.stop.cancel();
                    daemon.task.await.unwrap();
                    daemon = self.start().await;
                }
                _ => {}
            }
            let minutes = self.rng.u64(1..25);
            self.pass(minutes).await;
        }
        self.world.simulation.set_faults(Faults::default());
        let on = Switches { audit_disabled: false, unified_audit_log_ingestion: true };
        self.world.simulation.set_switches(on);
        // What a killed process left open is looked at when the next one starts, if the tenant can be read then.
        daemon.stop.cancel();
        daemon.task.await.unwrap();
        daemon = self.start().await;
        self.pass(6 * 60).await;
        let writes = self.writes.len();
        self.pass(90).await;
        assert_eq!(self.writes.len(), writes, "written again: {:?}", &self.writes[writes..]);
        daemon.stop.cancel();
        daemon.task.await.unwrap();
    }

    /// Nothing is left to be done but what the guard holds.
    async fn assert_converged(&self) {
        let cycle = self.world.plan(&self.policies).await;
        let plan = &cycle.looked.plan;
        assert!(cycle.is_complete());
        assert!(cycle.work.is_empty(), "{:#?}", cycle.work);
        assert!(plan.organization.drifted.is_empty());
        for finding in &plan.findings {
            let waits = |standing| matches!(standing, Standing::Verifying | Standing::Unverified);
            assert!(!finding.drifts.iter().any(|drift| waits(drift.standing)), "{finding:#?}");
            assert!(finding.unknown.is_empty(), "{finding:#?}");
            let held = finding.held.iter().flat_map(|change| &change.corrections);
            assert!(held.into_iter().all(|planned| planned.class >= Class::Weakening), "{finding:#?}");
        }
        if self.pool.iter().any(|policy| policy.text.contains("baseline")) {
            assert_eq!(self.world.simulation.stored_off_count(), 0);
        }
    }

    async fn assert_journaled(&self) {
        let (history, tenant) = (&self.world.history, self.world.tenant.id);
        let entries = history.entries(tenant, JournalFilter::default(), usize::MAX).await.unwrap();
        let whole = ChainCheck::Whole(entries.len() as u64);
        assert_eq!(history.verify_chain(tenant).await.unwrap(), whole);
        assert!(history.open_intents(tenant).await.unwrap().is_empty(), "intents are left open");
        let mut intents: HashMap<Object, Vec<DateTime<Utc>>> = HashMap::new();
        for entry in entries {
            if let EntryBody::Intent(intent) = entry.body {
                intents.entry(intent.object).or_default().push(intent.at);
            }
        }
        for write in &self.writes {
            let object = guid_of(write).map_or(Object::Organization, |guid| Object::Mailbox(MailboxId(guid)));
            let before = |times: &Vec<DateTime<Utc>>| times.iter().any(|at| *at <= write.at);
            assert!(intents.get(&object).is_some_and(before), "no intent before {write:?}");
        }
    }

    fn assert_discreet(&mut self) {
        let secret = &self.world.simulation.options().credentials.client_secret.clone();
        let metrics = self.world.tenant.telemetry.render();
        for event in self.world.events() {
            let text = format!("{event:?}");
            assert!(!text.contains(secret) && !text.contains("eyJ"), "{text}");
        }
        assert!(!metrics.contains(secret) && !metrics.contains("eyJ"));
        for mailbox in self.before.values() {
            for identity in [mailbox.guid.to_string(), mailbox.user_principal_name.clone()] {
                assert!(!metrics.contains(&identity), "{identity} is in the metrics");
            }
        }
    }
}

fn guid_of(write: &RecordedRequest) -> Option<Uuid> {
    Uuid::parse_str(write.parameters["Identity"].as_str()?).ok()
}

/// Whether a parameter takes anything away from the mailbox as it was.
fn weakens(name: &str, value: &Value, before: &Mailbox) -> bool {
    match name {
        "AuditEnabled" => value != true,
        "AuditLogAgeLimit" => {
            let days: i64 = value.as_str().and_then(|text| text.split('.').next()?.parse().ok()).unwrap();
            days < before.audit_log_age.num_days()
        }
        "AuditAdmin" | "AuditDelegate" | "AuditOwner" => {
            value.get("Add").is_none() || value.get("Remove").is_some()
        }
        _ => false,
    }
}

/// Says which seed it was.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the campaign of seed {} failed; CAMPAIGN_SEEDS={}..{} runs it alone",
                self.0,
                self.0,
                self.0 + 1
            );
        }
    }
}

/// Every `stride`-th seed from `offset`, so that several tests share them.
fn seeds(offset: u64, stride: usize) -> impl Iterator<Item = u64> {
    let range = std::env::var("CAMPAIGN_SEEDS").unwrap_or_else(|_| "0..12".into());
    let (from, to) = range.split_once("..").unwrap();
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    (from + offset..to).step_by(stride)
}

fn in_paused_time(seed: u64, test: impl Future<Output = ()>) {
    let _named = Named(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(test);
}

fn campaigns(offset: u64) {
    for seed in seeds(offset, 3) {
        in_paused_time(seed, async {
            let mut campaign = Campaign::new(seed);
            campaign.storm().await;
            campaign.assert_converged().await;
            campaign.assert_journaled().await;
            campaign.assert_discreet();
        });
    }
}

#[test]
fn after_the_storm_everything_is_as_the_policies_say() {
    campaigns(0);
}

#[test]
fn after_another_storm_too() {
    campaigns(1);
}

#[test]
fn and_after_a_third() {
    campaigns(2);
}

/// Whatever the caps, a repair is never held, and nothing is planned outside of the selectors.
#[test]
fn no_cap_holds_a_repair_and_no_plan_leaves_its_selectors() {
    for seed in seeds(0, 1) {
        in_paused_time(seed, async {
            let mut campaign = Campaign::new(seed);
            tokio::time::advance(Duration::from_secs(600)).await;
            for _ in 0..3 {
                campaign.world.apply(&campaign.policies).await;
                // Past the time in which a value may be late to show.
                tokio::time::advance(Duration::from_secs(7_200)).await;
            }
            for _ in 0..40 {
                campaign.administrate();
            }
            campaign.snapshot();
            campaign.world.tenant.limits = Limits {
                max_changes: campaign.rng.bool().then_some(0),
                max_changes_percent: campaign.rng.bool().then(|| Percent::new(0.0).unwrap()),
                max_weakening: 0,
            };
            let cycle = campaign.world.plan(&campaign.policies).await;
            for finding in &cycle.looked.plan.findings {
                let mailbox = &campaign.before[&finding.mailbox.0];
                let selected = campaign.pool.iter().any(|policy| (policy.selects)(mailbox));
                let quiet = finding.changes.is_empty() && finding.held.is_empty();
                assert!(selected || quiet, "{finding:#?}");
                let held = finding.held.iter().flat_map(|change| &change.corrections);
                for planned in held {
                    assert_ne!(planned.class, Class::Corrective, "{finding:#?}");
                    assert!(planned.class >= Class::Weakening, "a repair is held: {planned:#?}");
                }
            }
        });
    }
}
