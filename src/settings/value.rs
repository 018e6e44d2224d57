//! What the text of a setting means. One decoder a type, whatever the text comes from; none of them
//! repeats a text that may hold a secret.

use std::net::SocketAddr;
use std::time::Duration;

use chrono_tz::Tz;
use url::{Host, Url};
use uuid::Uuid;

use super::fault::{Problem, quoted};
use super::keys::Key;
use super::source::Source;
use crate::plan::Percent;
use crate::policy::suggest;

/// The text of a setting, before it is known to make sense. Not `Debug`: it may be a secret.
#[derive(Clone)]
pub(super) struct Raw {
    pub(super) text: String,
    /// Whether it stands for "no value".
    pub(super) is_null: bool,
    pub(super) source: Source,
}

impl Raw {
    /// The text of a variable, a flag or a default, which has no quotes to tell `null` from null.
    pub(super) fn unquoted(text: &str, source: Source) -> Self {
        let text = text.trim().to_owned();
        Self { is_null: matches!(text.as_str(), "" | "~" | "null"), text, source }
    }
}

pub(super) type Decoded<T> = Result<T, Problem>;

/// What every decoder is given: the key, for the message, and the text.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) key: &'static Key,
    pub(super) raw: &'a Raw,
}

impl Given<'_> {
    fn wrong(&self) -> Problem {
        let found = if self.raw.is_null { "nothing".to_owned() } else { quoted(&self.raw.text) };
        Problem::wrong_shape(self.key.takes, &found)
    }

    /// The text, which must say something.
    fn text(&self) -> Decoded<&str> {
        let text = self.raw.text.trim();
        if self.raw.is_null || text.is_empty() {
            Err(Problem::wrong_shape(self.key.takes, "nothing"))
        } else {
            Ok(text)
        }
    }
}

pub(super) fn text(given: Given<'_>) -> Decoded<String> {
    given.text().map(str::to_owned)
}

/// None for `null`.
pub(super) fn nullable<T>(
    decode: impl Fn(Given<'_>) -> Decoded<T>,
) -> impl Fn(Given<'_>) -> Decoded<Option<T>> {
    move |given| if given.raw.is_null { Ok(None) } else { decode(given).map(Some) }
}

pub(super) fn whole(least: u64, most: u64) -> impl Fn(Given<'_>) -> Decoded<u64> {
    move |given| {
        let text = given.text()?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (least..=most).contains(number));
        number.ok_or_else(|| given.wrong())
    }
}

pub(super) fn truth(given: Given<'_>) -> Decoded<bool> {
    word(&[("true", true), ("false", false)])(given)
}

pub(super) fn word<T: Copy>(words: &[(&'static str, T)]) -> impl Fn(Given<'_>) -> Decoded<T> {
    move |given| {
        let text = given.text()?;
        let found = words.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let suggestion = suggest(text, words.iter().map(|(name, _)| *name));
            Problem::unknown_word(text, given.key.takes, suggestion)
        })
    }
}

pub(super) fn percent(given: Given<'_>) -> Decoded<Percent> {
    let text = given.text()?;
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let share = number.parse().ok().filter(|_| plain).and_then(Percent::new);
    share.ok_or_else(|| given.wrong())
}

/// `30s`, `5m`, `1h`.
pub(super) fn duration(least: Duration, most: Duration) -> impl Fn(Given<'_>) -> Decoded<Duration> {
    move |given| {
        let text = given.text()?;
        let seconds = [("s", 1), ("m", 60), ("h", 3600)].into_iter().find_map(|(unit, seconds)| {
            let number = text.strip_suffix(unit)?;
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(seconds)
        });
        let found = seconds.map(Duration::from_secs).filter(|found| (least..=most).contains(found));
        found.ok_or_else(|| given.wrong().hint("write it as `30s`, `5m` or `1h`"))
    }
}

pub(super) fn time_zone(given: Given<'_>) -> Decoded<Tz> {
    let text = given.text()?;
    text.parse().map_err(|_| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        Problem::unknown_word(text, "a name such as `Europe/Dublin` or `UTC`", suggest(text, names))
    })
}

pub(super) fn guid(given: Given<'_>) -> Decoded<Uuid> {
    let text = given.text()?;
    // Other spellings of a GUID exist; portals print this one, and one spelling keeps files searchable.
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36).ok_or_else(|| {
        given.wrong().hint("it looks like `11111111-2222-3333-4444-555555555555`; the Entra portal shows it")
    })
}

pub(super) fn listen(given: Given<'_>) -> Decoded<SocketAddr> {
    let text = given.text()?;
    text.parse().map_err(|_| {
        let problem = given.wrong();
        match text.strip_prefix(':').or_else(|| text.strip_prefix("localhost:")) {
            Some(port) => {
                problem.hint(&format!("write `127.0.0.1:{port}`, or `0.0.0.0:{port}` for every interface"))
            }
            None => problem,
        }
    })
}

/// An address to call: a host and perhaps a port. Encrypted unless it stays on this machine, since
/// secrets and tokens travel there.
pub(super) fn endpoint(given: Given<'_>) -> Decoded<Url> {
    let text = given.text()?;
    let Ok(url) = Url::parse(text) else {
        return Err(Problem::wrong_shape(given.key.takes, "this text").confidential());
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::new("an address here holds no user and no password").confidential());
    }
    if url.host().is_none() || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(given.wrong().hint("write scheme, host and port, and nothing after them"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(Problem::new("secrets and tokens would travel unencrypted")
            .hint("write `https://`; `http://` is only for `localhost`, `127.0.0.1` and `[::1]`")),
        _ => Err(given.wrong()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
