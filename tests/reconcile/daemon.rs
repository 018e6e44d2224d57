//! The daemon over hours of paused time: lanes, the writer, drift that comes and goes.

use std::sync::Arc;
use std::time::Duration;

use mailwarden::engine::{Member, run};
use mailwarden::plan::Object;
use mailwarden::simulator::{AuditList, MailboxSpec, Population, Readings, SimulationOptions, Switches};
use mailwarden::telemetry::{DriftEvent, Event, Finding};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::world::{BASELINE, World, policies};

struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    policies: watch::Sender<Option<Arc<mailwarden::policy::PolicySet>>>,
}

async fn start(world: &World, text: &str) -> Running {
    let (sender, receiver) = watch::channel(Some(policies(text)));
    let stop = CancellationToken::new();
    let lease = world.history.acquire_writer(world.tenant.id, "test".into()).await.unwrap();
    let members = vec![Member { tenant: world.tenant.clone(), lease: Some(lease) }];
    let task = run(members, receiver, world.tenant.status.clone(), world.tenant.clock, stop.clone());
    Running { stop, task: tokio::spawn(task), policies: sender }
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn settled(mailboxes: usize) -> World {
    World::new(SimulationOptions {
        mailboxes,
        population: Population::Settled,
        ..SimulationOptions::default()
    })
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_created_while_it_runs_is_explicitly_on_within_a_minute() {
    let mut world = settled(50);
    let daemon = start(&world, BASELINE).await;
    pass(700).await;
    assert_eq!(world.writes(), 0, "a converged tenant costs no writes");
    world.events();
    let guid = world.simulation.add_mailbox(MailboxSpec::default());
    pass(60).await;
    assert_eq!(world.simulation.mailbox(guid).unwrap().audit_enabled, Some(true));
    assert_eq!(world.writes(), 1);
    let events = world.events();
    let protected = events.iter().find_map(|event| match &**event {
        Event::Drift(facts, DriftEvent::Corrected { time_to_protect }) => {
            Some((facts.clone(), *time_to_protect))
        }
        _ => None,
    });
    let (facts, time) = protected.expect("the correction is told");
    assert_eq!(facts.cause, mailwarden::domain::Cause::NewMailbox);
    assert!(time.is_some_and(|time| time < Duration::from_secs(60)));
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_look_of_the_new_lane_is_one_small_request() {
    let world = settled(1_500);
    let daemon = start(&world, BASELINE).await;
    pass(5).await;
    world.simulation.clear_requests();
    pass(60).await;
    let requests = world.simulation.requests();
    let cmdlets: Vec<_> = requests.iter().map(|request| request.cmdlet.as_str()).collect();
    assert_eq!(cmdlets, ["Get-Mailbox", "Get-Mailbox"], "two looks in a minute");
    assert!(requests.iter().all(|request| request.rows == 0 && request.bytes < 1_000), "{requests:?}");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_administrator_undoes_is_corrected_by_the_fast_lanes() {
    let mut world = settled(30);
    let guid = world.simulation.mailboxes()[3].guid;
    let daemon = start(&world, BASELINE).await;
    pass(400).await;
    world.simulation.edit_mailbox(guid, |mailbox| {
        mailbox.audit_enabled = Some(false);
        mailbox.delegate = AuditList::custom(["Update"]);
    });
    pass(400).await;
    let mailbox = world.simulation.mailbox(guid).unwrap();
    assert_eq!(mailbox.audit_enabled, Some(true));
    assert_eq!(mailbox.delegate, AuditList::Kept, "a list inside the default set returns to Microsoft");
    let corrected = world.events().iter().filter(|event| is_corrected(event)).count();
    assert!(corrected >= 2, "{corrected}");
    daemon.stop().await;
}

fn is_corrected(event: &Event) -> bool {
    matches!(event, Event::Drift(_, DriftEvent::Corrected { .. }))
}

#[tokio::test(start_paused = true)]
async fn the_tenant_switch_is_repaired_first_and_pages() {
    let mut world = settled(10);
    world.simulation.set_switches(Switches { audit_disabled: true, unified_audit_log_ingestion: true });
    let daemon = start(&world, BASELINE).await;
    pass(30).await;
    assert!(!world.simulation.switches().audit_disabled);
    let told = world.events();
    let paged =
        |event: &Arc<Event>| matches!(&**event, Event::Finding(_, Finding::OrganizationAuditingOff { .. }));
    assert_eq!(told.iter().filter(|event| paged(event)).count(), 1, "once, not with every look");
    pass(900).await;
    assert_eq!(world.writes(), 1, "and written once, whatever the fast lanes remember of it");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn levels_follow_what_is_found_and_corrected_between_full_looks() {
    use mailwarden::domain::State;
    let world = World::new(SimulationOptions {
        mailboxes: 30,
        population: Population::Fresh,
        ..SimulationOptions::default()
    });
    let daemon = start(&world, BASELINE).await;
    pass(120).await;
    let states = world.tenant.status.tenants()[&world.tenant.name].states.clone();
    assert_eq!(states.get(&State::ToCorrect), None, "{states:?}");
    let before = states[&State::InSync];
    world.simulation.add_mailbox(MailboxSpec::default());
    pass(60).await;
    let states = world.tenant.status.tenants()[&world.tenant.name].states.clone();
    assert_eq!((states.get(&State::ToCorrect), states[&State::InSync]), (None, before + 1));
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stale_reads_neither_repeat_a_write_nor_hide_it() {
    let world = World::new(SimulationOptions {
        mailboxes: 40,
        population: Population::Fresh,
        faults: mailwarden::simulator::Faults {
            stale_for: Duration::from_secs(20),
            ..mailwarden::simulator::Faults::default()
        },
        ..SimulationOptions::default()
    });
    let off = world.simulation.stored_off_count();
    let daemon = start(&world, BASELINE).await;
    pass(3_600).await;
    assert_eq!(world.simulation.stored_off_count(), 0);
    assert_eq!(world.writes(), off, "each mailbox is written once");
    let entries = world.history.open_intents(world.tenant.id).await.unwrap();
    assert!(entries.is_empty());
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_revision_starts_a_full_cycle_at_once() {
    let world = settled(10);
    let daemon = start(&world, BASELINE).await;
    pass(60).await;
    let more = BASELINE.replace("owner: default", "owner: { atLeast: [default, MailboxLogin] }");
    daemon.policies.send_replace(Some(policies(&more)));
    pass(20).await;
    let guid = world.simulation.mailboxes()[0].guid;
    let actions = world.simulation.actions(guid, mailwarden::simulator::LogonType::Owner);
    assert!(actions.iter().any(|action| action == "MailboxLogin"), "{actions:?}");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_leaves_intents_that_the_next_one_resolves() {
    let world = World::new(SimulationOptions {
        mailboxes: 30,
        population: Population::Fresh,
        faults: mailwarden::simulator::Faults {
            write_latency: Duration::from_secs(5),
            ..mailwarden::simulator::Faults::default()
        },
        ..SimulationOptions::default()
    });
    let daemon = start(&world, BASELINE).await;
    pass(7).await;
    daemon.task.abort();
    assert!(daemon.task.await.unwrap_err().is_cancelled());
    let open = world.history.open_intents(world.tenant.id).await.unwrap();
    assert!(!open.is_empty(), "calls were under way");
    assert!(open.iter().all(|intent| matches!(intent.intent.object, Object::Mailbox(_))));
    let again = start(&world, BASELINE).await;
    pass(300).await;
    assert!(world.history.open_intents(world.tenant.id).await.unwrap().is_empty());
    assert_eq!(world.simulation.stored_off_count(), 0);
    again.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_the_service_refuses_is_done_without() {
    let world = World::new(SimulationOptions {
        mailboxes: 30,
        population: Population::Fresh,
        readings: Readings { refuse_guid_with_audit_enabled: true, ..Readings::default() },
        ..SimulationOptions::default()
    });
    let daemon = start(&world, BASELINE).await;
    pass(300).await;
    assert_eq!(world.simulation.stored_off_count(), 0);
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn repairs_that_held_do_not_lengthen_the_wait_after_one_that_did_not() {
    let world = settled(30);
    let guid = world.simulation.mailboxes()[3].guid;
    let daemon = start(&world, BASELINE).await;
    pass(400).await;
    for _ in 0..6 {
        world.simulation.edit_mailbox(guid, |mailbox| mailbox.audit_enabled = Some(false));
        pass(200).await;
        assert_eq!(world.simulation.mailbox(guid).unwrap().audit_enabled, Some(true));
    }
    world.simulation.make_stubborn(guid, Some(mailwarden::simulator::Stubborn::Ignores));
    world.simulation.edit_mailbox(guid, |mailbox| mailbox.audit_enabled = Some(false));
    pass(400).await;
    world.simulation.make_stubborn(guid, None);
    pass(3_900).await;
    assert_eq!(world.simulation.mailbox(guid).unwrap().audit_enabled, Some(true), "an hour, not a day");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_turned_off_again_at_once_is_turned_on_again() {
    let off = Switches { audit_disabled: true, unified_audit_log_ingestion: true };
    let world = settled(10);
    world.simulation.set_switches(off);
    let daemon = start(&world, BASELINE).await;
    pass(20).await;
    assert!(!world.simulation.switches().audit_disabled);
    world.simulation.set_switches(off);
    pass(310).await;
    assert!(!world.simulation.switches().audit_disabled, "the next look at the switches repairs it");
    assert_eq!(world.writes(), 2);
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_action_keeps_its_drift_open_and_is_nobodys_doing() {
    let mut world = World::new(SimulationOptions {
        mailboxes: 40,
        population: Population::Settled,
        readings: Readings {
            licensed_actions: vec!["SearchQueryInitiated".to_owned()],
            ..Readings::default()
        },
        ..SimulationOptions::default()
    });
    let more = BASELINE
        .replace("owner: default", "owner: { atLeast: [default, SearchQueryInitiated, MailboxLogin] }");
    let daemon = start(&world, &more).await;
    pass(8 * 3_600).await;
    let events = world.events();
    let external = events.iter().filter(|event| match &***event {
        Event::Drift(facts, DriftEvent::Detected) => facts.cause == mailwarden::domain::Cause::External,
        _ => false,
    });
    assert_eq!(external.count(), 0, "nobody else touched the tenant");
    let refused = events
        .iter()
        .filter(|event| matches!(&***event, Event::Finding(_, Finding::ActionUnsupported { .. })));
    assert!(refused.count() >= 1);
    let open = world.history.open_drift(world.tenant.id).await.unwrap();
    assert!(!open.is_empty());
    assert!(open.iter().all(|drift| drift.row.missing.to_string() == "SearchQueryInitiated"), "{open:?}");
    let corrected = events.iter().filter(|event| match &***event {
        Event::Drift(facts, DriftEvent::Corrected { .. }) => {
            open.iter().any(|drift| drift.drift_id == facts.drift_id)
        }
        _ => false,
    });
    assert_eq!(corrected.count(), 0, "what is still open was not told as corrected");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_accepts_and_ignores_writes_gets_five_and_no_more() {
    let world = World::new(SimulationOptions {
        mailboxes: 60,
        population: Population::Fresh,
        faults: mailwarden::simulator::Faults {
            writes_vanish: true,
            ..mailwarden::simulator::Faults::default()
        },
        ..SimulationOptions::default()
    });
    let daemon = start(&world, BASELINE).await;
    pass(600).await;
    assert_eq!(world.writes(), 5);
    world.simulation.set_faults(mailwarden::simulator::Faults::default());
    pass(2 * 3_600).await;
    assert_eq!(world.simulation.stored_off_count(), 0);
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_did_not_show_is_tried_again_after_an_hour_not_with_the_next_full_look() {
    let world = settled(30);
    let guid = world.simulation.mailboxes()[3].guid;
    let daemon = start(&world, BASELINE).await;
    pass(400).await;
    world.simulation.make_stubborn(guid, Some(mailwarden::simulator::Stubborn::Ignores));
    world.simulation.edit_mailbox(guid, |mailbox| mailbox.owner = AuditList::custom(["Update"]));
    pass(900).await;
    assert_ne!(world.simulation.mailbox(guid).unwrap().owner, AuditList::Kept);
    let writes = world.writes();
    world.simulation.make_stubborn(guid, None);
    pass(2_000).await;
    assert_eq!(world.writes(), writes, "not before its time");
    pass(2_400).await;
    assert_eq!(world.simulation.mailbox(guid).unwrap().owner, AuditList::Kept);
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_delays_and_loses_nothing() {
    let world = World::new(SimulationOptions {
        mailboxes: 30,
        population: Population::Fresh,
        ..SimulationOptions::default()
    });
    let broken =
        mailwarden::simulator::Faults { unavailable_share: 1.0, ..mailwarden::simulator::Faults::default() };
    world.simulation.set_faults(broken);
    let daemon = start(&world, BASELINE).await;
    pass(1_800).await;
    assert!(world.tenant.status.is_alive(world.tenant.clock.now()));
    assert_eq!(world.writes(), 0);
    world.simulation.set_faults(mailwarden::simulator::Faults::default());
    pass(1_800).await;
    assert_eq!(world.simulation.stored_off_count(), 0);
    daemon.stop().await;
}
