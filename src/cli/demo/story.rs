//! What a demo tells as it happens: in colour with a progress bar on a terminal, as plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use crate::cli::console;
use crate::domain::{Cause, Field, State};
use crate::plan::Plan;
use crate::policy::render::Colour;
use crate::report::counted;
use crate::simulator::{Happening, Simulation, What};
use crate::telemetry::{DriftEvent, DriftFacts, Event};

/// How often the simulated tenant is asked what happened in it.
const LOOK: Duration = Duration::from_millis(250);

/// Without a terminal, every so many corrections of the first run are a line.
const STEP: u64 = 50;

/// The teller.
pub(super) struct Story {
    began: Instant,
    colour: Colour,
    bar: Option<ProgressBar>,
    first_run: u64,
    corrected: u64,
    appeared: HashMap<Uuid, Instant>,
    protected: Vec<Duration>,
    undone: u64,
    repaired: u64,
}

impl Story {
    pub(super) fn begin(mailboxes: usize, page: &str) -> Self {
        let story = Self {
            began: Instant::now(),
            colour: console::colour_of_stdout(),
            bar: None,
            first_run: 0,
            corrected: 0,
            appeared: HashMap::new(),
            protected: Vec::new(),
            undone: 0,
            repaired: 0,
        };
        story.say(
            AnsiColor::Cyan,
            &format!(
                "a simulated tenant with {}, the baseline policies, the daemon",
                counted(mailboxes as u64, "mailbox", "mailboxes")
            ),
        );
        story.say(AnsiColor::Cyan, &format!("its page is at {page}"));
        story
    }

    /// What the first look found.
    pub(super) fn found(&mut self, plan: &Plan) {
        let off = |field: Field| {
            let drifts = plan.findings.iter().flat_map(|finding| &finding.drifts);
            drifts.filter(|drift| drift.field == field).count()
        };
        self.first_run = plan.count(State::ToCorrect);
        self.say(
            AnsiColor::Yellow,
            &format!(
                "stored as off, though the service displays every one of them as on: {}",
                counted(off(Field::Enabled) as u64, "mailbox", "mailboxes")
            ),
        );
        self.say(
            AnsiColor::Yellow,
            &format!(
                "lists that lack actions or are frozen on old ones: {} admin, {} delegate, {} owner",
                off(Field::Admin),
                off(Field::Delegate),
                off(Field::Owner)
            ),
        );
        self.say(AnsiColor::Cyan, &format!("{} to correct", counted(self.first_run, "mailbox", "mailboxes")));
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(plan.changes().count() as u64);
            if let Ok(style) = ProgressStyle::with_template("         {bar:40.green} {pos}/{len} corrections")
            {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
    }

    /// Tells until the time is over or somebody interrupts.
    pub(super) async fn tell(
        &mut self,
        simulation: &Simulation,
        mut events: mpsc::Receiver<Arc<Event>>,
        duration: Option<Duration>,
    ) {
        let end = async {
            match duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return,
                _ = tokio::signal::ctrl_c() => return,
                Some(event) = events.recv() => self.event(&event),
                () = tokio::time::sleep(LOOK) => {}
            }
            for happening in simulation.take_happenings() {
                self.happening(simulation, &happening);
            }
        }
    }

    fn happening(&mut self, simulation: &Simulation, happening: &Happening) {
        let name = simulation
            .mailbox(happening.mailbox)
            .map_or_else(|| happening.mailbox.to_string(), |mailbox| mailbox.user_principal_name);
        let what = match happening.what {
            What::Appeared => {
                self.appeared.insert(happening.mailbox, Instant::now());
                self.say(AnsiColor::Magenta, &format!("+ {name} is created, and is not explicitly audited"));
                return;
            }
            What::Vanished => return self.say(AnsiColor::BrightBlack, &format!("- {name} is deleted")),
            What::TurnedOff => "turns off the auditing of",
            What::ListReplaced => "replaces a list of actions of",
            What::AgeShortened => "shortens the log age (no policy of this set concerns it) of",
            What::ListRestored => "gives a list back to Microsoft, of",
        };
        self.undone += 1;
        self.say(AnsiColor::Red, &format!("! an administrator {what} {name}"));
    }

    fn event(&mut self, event: &Event) {
        let Event::Drift(facts, what) = event else { return };
        match what {
            DriftEvent::Corrected { time_to_protect } => self.corrected(facts, *time_to_protect),
            DriftEvent::Unverified { .. } => {
                self.say(
                    AnsiColor::Red,
                    &format!("? {} of {} does not show yet", facts.field, name_of(facts)),
                );
            }
            DriftEvent::CorrectionFailed(failure) => {
                self.say(
                    AnsiColor::Red,
                    &format!("x {} of {}: {}", facts.field, name_of(facts), failure.text),
                );
            }
            _ => {}
        }
    }

    fn corrected(&mut self, facts: &DriftFacts, time_to_protect: Option<Duration>) {
        self.corrected += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        let mailbox = facts.mailbox.as_ref().map(|mailbox| mailbox.id.0);
        let appeared = mailbox.and_then(|id| self.appeared.remove(&id));
        match (facts.cause, appeared) {
            (_, Some(appeared)) => {
                let after = appeared.elapsed();
                self.protected.push(after);
                let seen = time_to_protect
                    .map(|time| format!(", {:.1} s after it was first seen", time.as_secs_f64()));
                let text = format!(
                    "  {} is explicitly audited {:.1} s after its creation{}",
                    name_of(facts),
                    after.as_secs_f64(),
                    seen.unwrap_or_default()
                );
                self.say(AnsiColor::Green, &text);
            }
            (Cause::External, None) => {
                self.repaired += 1;
                let text = format!("  {}: {} is as the policies say again", name_of(facts), facts.field);
                self.say(AnsiColor::Green, &text);
            }
            _ if self.bar.is_none() && self.corrected.is_multiple_of(STEP) => {
                self.say(AnsiColor::Green, &format!("  {} corrections written and verified", self.corrected));
            }
            _ => {}
        }
    }

    /// The summary.
    pub(super) fn end(&mut self, simulation: &Simulation) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let seconds = |duration: Duration| format!("{:.1} s", duration.as_secs_f64());
        let longest = self.protected.iter().max().copied().map(seconds);
        let text = [
            format!("{} written and verified", counted(self.corrected, "correction", "corrections")),
            format!(
                "{} protected{}",
                counted(self.protected.len() as u64, "new mailbox", "new mailboxes"),
                longest
                    .map(|longest| format!(", the slowest {longest} after its creation"))
                    .unwrap_or_default()
            ),
            format!(
                "an administrator undid something {}, {}",
                counted(self.undone, "time", "times"),
                counted(self.repaired, "repair", "repairs")
            ),
            format!(
                "{} of the mailboxes that the baseline covers are stored as off now",
                simulation.stored_off_count()
            ),
            "next: `mailwarden init` writes settings and policies for a tenant of your own".to_owned(),
        ];
        self.say(AnsiColor::Cyan, "the end:");
        for line in text {
            self.say(AnsiColor::Cyan, &format!("  {line}"));
        }
    }

    fn say(&self, colour: AnsiColor, text: &str) {
        let style = match self.colour {
            Colour::Always => Style::new().fg_color(Some(colour.into())),
            Colour::Never => Style::new(),
        };
        let line = format!("{:6.1} s {style}{text}{style:#}\n", self.began.elapsed().as_secs_f64());
        let print = || {
            // A reader that has gone away ends nothing: the demo ends by its own clock.
            let _ = console::data(&line);
        };
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

fn name_of(facts: &DriftFacts) -> String {
    match &facts.mailbox {
        Some(mailbox) => mailbox.user_principal_name.clone().unwrap_or_else(|| mailbox.id.to_string()),
        None => "the organization".to_owned(),
    }
}
