//! The main job against the simulated service: what is found, what is written, and that nothing more is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken world must stop the test"
)]

mod daemon;
mod world;

use mailwarden::domain::State;
use mailwarden::simulator::{LogonType, MailboxSpec, Population, SimulationOptions};
use world::{BASELINE, World, policies};

fn options(mailboxes: usize, population: Population) -> SimulationOptions {
    SimulationOptions { mailboxes, population, ..SimulationOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn every_stored_off_mailbox_is_found_though_all_are_displayed_as_on() {
    let world = World::new(options(2_500, Population::Fresh));
    let plan = world.plan(&policies(BASELINE)).await.looked.plan;
    let off = world.simulation.stored_off_count() as u64;
    assert!(plan.view.is_complete());
    assert_eq!(plan.count(State::ToCorrect), off);
    assert!(off > 1_000);
    assert_eq!(world.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn apply_writes_what_differs_and_a_second_one_writes_nothing() {
    let world = World::new(options(400, Population::Drifted));
    let set = policies(BASELINE);
    let (cycle, drained) = world.apply(&set).await;
    let planned = cycle.looked.plan.changes().count();
    assert_eq!(drained.tally.written as usize, planned);
    assert_eq!(drained.verified.verified as usize, planned);
    assert_eq!(world.writes(), planned);
    assert_eq!(world.simulation.stored_off_count(), 0);

    let (again, drained) = world.apply(&set).await;
    assert!(again.work.is_empty(), "{:?}", again.looked.plan.findings);
    assert_eq!(drained.tally.written, 0);
    assert_eq!(world.writes(), planned);
}

#[tokio::test(start_paused = true)]
async fn a_customised_list_inside_the_default_set_goes_back_to_microsoft() {
    let world = World::new(options(20, Population::Settled));
    let guid = world.simulation.add_mailbox(MailboxSpec::default());
    world.simulation.edit_mailbox(guid, |mailbox| {
        mailbox.audit_enabled = Some(true);
        mailbox.owner = mailwarden::simulator::AuditList::custom(["Update", "HardDelete"]);
    });
    // Old enough that the stored-off answer can be relied on.
    tokio::time::advance(std::time::Duration::from_secs(600)).await;
    let (_, drained) = world.apply(&policies(BASELINE)).await;
    assert_eq!(drained.verified.verified, 1);
    let mailbox = world.simulation.mailbox(guid).unwrap();
    assert_eq!(mailbox.owner, mailwarden::simulator::AuditList::Kept);
    assert!(world.simulation.actions(guid, LogonType::Owner).len() >= 10);
}

#[tokio::test(start_paused = true)]
async fn several_types_return_in_one_call_with_everything_else_the_mailbox_needs() {
    use mailwarden::simulator::AuditList;
    let world = World::new(options(20, Population::Settled));
    let guid = world.simulation.mailboxes()[2].guid;
    world.simulation.edit_mailbox(guid, |mailbox| {
        mailbox.audit_enabled = Some(false);
        mailbox.admin = AuditList::custom(["Update"]);
        mailbox.delegate = AuditList::custom(["Update"]);
        mailbox.owner = AuditList::custom(["Update", "HardDelete"]);
    });
    let (_, drained) = world.apply(&policies(BASELINE)).await;
    assert_eq!((drained.tally.written, drained.tally.failed, drained.verified.verified), (1, 0, 1));
    let mailbox = world.simulation.mailbox(guid).unwrap();
    assert_eq!(mailbox.audit_enabled, Some(true));
    assert_eq!(
        [mailbox.admin, mailbox.delegate, mailbox.owner],
        [AuditList::Kept, AuditList::Kept, AuditList::Kept]
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_is_looked_at_and_made_again_where_it_did_not_happen() {
    use mailwarden::simulator::Failure;
    let world = World::new(options(8, Population::Fresh));
    world.simulation.fail_next("Set-Mailbox", 1, Failure::Status(500));
    world.simulation.fail_next("Set-Mailbox", 1, Failure::LostAnswer);
    let (cycle, drained) = world.apply(&policies(BASELINE)).await;
    let planned = cycle.work.len() as u64;
    assert_eq!((drained.tally.written, drained.tally.failed), (planned, 0));
    assert_eq!(world.simulation.stored_off_count(), 0);
    world.simulation.fail_next("Set-Mailbox", 99, Failure::Status(500));
    let guid = world.simulation.mailboxes()[1].guid;
    world.simulation.edit_mailbox(guid, |mailbox| mailbox.audit_enabled = Some(false));
    tokio::time::advance(std::time::Duration::from_secs(600)).await;
    let (_, drained) = world.apply(&policies(BASELINE)).await;
    assert_eq!(
        (drained.tally.written, drained.tally.failed),
        (0, 1),
        "what never happens is failed, not written"
    );
}
