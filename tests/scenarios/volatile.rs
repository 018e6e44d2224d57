//! Takes out of a transcript what differs from run to run: times, ports, hashes, ids, durations. Each value
//! gets a name by order of appearance, so that two equal ones are still seen to be equal.

use std::collections::HashMap;

/// Names for what was seen so far.
#[derive(Default)]
pub(crate) struct Volatile {
    names: HashMap<String, String>,
    counts: HashMap<&'static str, usize>,
    /// Texts replaced as a whole wherever they stand: directories, addresses, ids of known mailboxes.
    known: Vec<(String, String)>,
}

impl Volatile {
    pub(crate) fn know(&mut self, text: impl Into<String>, name: impl Into<String>) {
        let text = text.into();
        if !self.known.iter().any(|(known, _)| *known == text) {
            self.known.push((text, name.into()));
        }
    }

    pub(crate) fn normalise(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (known, name) in &self.known {
            text = text.replace(known.as_str(), name);
        }
        let mut normal = String::with_capacity(text.len());
        let mut rest = text.as_str();
        let mut before = ' ';
        while let Some(first) = rest.chars().next() {
            let taken = if is_word(before) { None } else { self.name_at(rest, &normal) };
            let (name, length) = taken.unwrap_or_else(|| (first.to_string(), first.len_utf8()));
            normal.push_str(&name);
            before = rest[..length].chars().next_back().unwrap_or(' ');
            rest = &rest[length..];
        }
        normal
    }

    /// The name of the volatile value that `text` begins with, and its length.
    fn name_at(&mut self, text: &str, before: &str) -> Option<(String, usize)> {
        let word: &str = text.split(|c: char| !(is_word(c) || "-:.+".contains(c))).next().unwrap_or_default();
        let word = word.trim_end_matches(['.', ':', '-', '+']);
        if is_time(word) {
            return Some(("<time>".into(), word.len()));
        }
        let plain = word.split(['.', ':', '+']).next().unwrap_or_default();
        if is_guid(plain) {
            return Some((self.named("id", plain), plain.len()));
        }
        let hex = plain.split('-').next().unwrap_or_default();
        let all_hex = hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if all_hex && [12, 64].contains(&hex.len()) {
            // The short form of a hash gets the name of the long one.
            let short = &hex[..12].to_owned();
            return Some((self.named("hash", short), hex.len()));
        }
        let number = word.bytes().take_while(u8::is_ascii_digit).count();
        let key = before.trim_end_matches(' ');
        let measured =
            ["_ms\":", "_seconds\":", "_ms=", "_seconds=", " process"].iter().any(|end| key.ends_with(end));
        if number > 0 && measured {
            let end = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            return Some(("<n>".into(), end));
        }
        None
    }

    fn named(&mut self, kind: &'static str, value: &str) -> String {
        if let Some(name) = self.names.get(value) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("<{kind} {count}>");
        self.names.insert(value.to_owned(), name.clone());
        name
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_guid(word: &str) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && word.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// RFC 3339, or a date with a time of day.
fn is_time(word: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        word.get(range).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    word.len() >= 16 && digits(0..4) && &word[4..5] == "-" && digits(5..7) && word[10..11] == *"T"
}

#[test]
fn volatile_values_get_names_and_the_rest_stays() {
    let mut volatile = Volatile::default();
    volatile.know("127.0.0.1:4711", "<service>");
    let text = "http://127.0.0.1:4711/x 2026-01-02T03:04:05.678Z aaaabbbbcccc \
                {\"elapsed_ms\":12,\"n\": 7} 11111111-2222-3333-4444-555555555555 aaaabbbbcccc";
    assert_eq!(
        volatile.normalise(text),
        "http://<service>/x <time> <hash 1> {\"elapsed_ms\":<n>,\"n\": 7} <id 1> <hash 1>"
    );
}
