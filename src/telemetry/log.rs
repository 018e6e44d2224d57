//! How lines leave the program: through `tracing`, to one subscriber that writes flat JSON for machines or
//! sentences for people. What libraries log comes out in the same form, warnings and up.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event as Traced, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use super::record::{Record, Value};
use super::{Level, LogFormat};

/// Marks our own lines; everything else comes from libraries.
const TARGET: &str = "mailwarden::event";

/// The time of a line. Telemetry reads no clock of its own.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What the log looks like.
#[derive(Clone)]
pub struct LogOptions {
    /// The form of a line.
    pub format: LogFormat,
    /// The quietest level that is written.
    pub level: Level,
    /// Whether a line for people is coloured.
    pub color: bool,
    /// Where the time of a line comes from.
    pub now: Now,
}

impl LogOptions {
    /// For standard error: coloured where that is a terminal and neither `NO_COLOR` nor `TERM` is against it.
    pub fn for_stderr(format: LogFormat, level: Level, now: Now) -> Self {
        let choice = anstream::AutoStream::choice(&std::io::stderr());
        Self { format, level, color: choice != anstream::ColorChoice::Never, now }
    }
}

impl fmt::Debug for LogOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogOptions")
            .field("format", &self.format)
            .field("level", &self.level)
            .field("color", &self.color)
            .finish_non_exhaustive()
    }
}

/// Lets the whole process log to standard error. To be called once, in `main`.
pub fn install(options: LogOptions) -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(subscriber(options, std::io::stderr))
}

/// The subscriber behind [`install`], over any writer.
pub fn subscriber<W>(options: LogOptions, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = match options.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let filter = Targets::new().with_target(TARGET, level).with_default(LevelFilter::WARN.min(level));
    let lines = tracing_subscriber::fmt::layer().event_format(Lines(options)).with_writer(writer);
    tracing_subscriber::registry().with(filter).with(lines)
}

/// Hands a record to whoever subscribes.
pub(super) fn write(record: &Record) {
    macro_rules! at {
        ($level:ident) => {
            if tracing::enabled!(target: TARGET, tracing::Level::$level) {
                let fields = json_of(record);
                let event = record.event;
                tracing::event!(target: TARGET, tracing::Level::$level, event, fields, "{}", record.message);
            }
        };
    }
    match record.level {
        Level::Error => at!(ERROR),
        Level::Warn => at!(WARN),
        Level::Info => at!(INFO),
        Level::Debug => at!(DEBUG),
    }
}

/// The members of an object, without its braces: `tracing` has no fields that are not known beforehand.
fn json_of(record: &Record) -> String {
    let mut json = String::new();
    for (name, value) in &record.fields.0 {
        let value = match value {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Number(number) => Json::from(*number),
        };
        // Writing to a string does not fail.
        let _ = write!(json, ",{}:{value}", Json::from(*name));
    }
    json
}

/// Writes an event of `tracing` as one line.
struct Lines(LogOptions);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        traced: &Traced<'_>,
    ) -> fmt::Result {
        let mut line = Line::default();
        traced.record(&mut line);
        let at = (self.0.now)();
        match self.0.format {
            LogFormat::Json => line.write_json(&mut writer, traced.metadata(), at),
            LogFormat::Text => line.write_text(&mut writer, traced.metadata(), at, self.0.color),
        }
    }
}

#[derive(Default)]
struct Line {
    event: Option<String>,
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "event" => self.event = Some(value.to_owned()),
            "fields" => value.clone_into(&mut self.fields),
            "message" => value.clone_into(&mut self.message),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

impl Line {
    /// Of a library's line only the message is kept: its fields are not ours to vouch for.
    fn is_ours(metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }

    fn write_json(&self, writer: &mut Writer<'_>, metadata: &Metadata<'_>, at: DateTime<Utc>) -> fmt::Result {
        let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let event = self.event.as_deref().filter(|_| Self::is_ours(metadata)).unwrap_or("log");
        write!(
            writer,
            r#"{{"timestamp":"{at}","level":"{}","event":"{event}","message":{}"#,
            level_word(metadata),
            Json::from(self.message.as_str())
        )?;
        if Self::is_ours(metadata) {
            writer.write_str(&self.fields)?;
        } else {
            write!(writer, r#","target":{}"#, Json::from(metadata.target()))?;
        }
        writer.write_str("}\n")
    }

    fn write_text(
        &self,
        writer: &mut Writer<'_>,
        metadata: &Metadata<'_>,
        at: DateTime<Utc>,
        color: bool,
    ) -> fmt::Result {
        let level = level_word(metadata);
        let (on, off) = match (color, level) {
            (true, "error") => ("\x1b[31m", "\x1b[0m"),
            (true, "warn") => ("\x1b[33m", "\x1b[0m"),
            _ => ("", ""),
        };
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(writer, "{at} {on}{level}{off} {}", harmless(&self.message))?;
        let fields: Map<String, Json> = match Self::is_ours(metadata) {
            true => serde_json::from_str(&format!("{{{}}}", self.fields.trim_start_matches(',')))
                .unwrap_or_default(),
            false => Map::new(),
        };
        for (name, value) in fields.iter().filter(|(name, _)| !FOR_MACHINES.contains(&name.as_str())) {
            match value {
                Json::String(text) if text.contains([' ', '"']) => {
                    write!(writer, " {name}=\"{}\"", harmless(text))?;
                }
                Json::String(text) => write!(writer, " {name}={}", harmless(text))?,
                other => write!(writer, " {name}={other}")?,
            }
        }
        writer.write_str("\n")
    }
}

/// Fields that people do not read.
const FOR_MACHINES: [&str; 5] = ["cycle_id", "drift_id", "change_id", "policy_revision", "journal_head"];

fn level_word(metadata: &Metadata<'_>) -> &'static str {
    match *metadata.level() {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        _ => "debug",
    }
}

/// Text of others must not drive a terminal or begin a line.
fn harmless(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, c| {
        if c.is_control() {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
        safe
    })
}
