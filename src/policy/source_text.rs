//! The text of one file, and places in it as people read them. What is wrong at a place is
//! `diagnostic`'s to say.

use std::ops::Range;
use std::sync::Arc;

/// A range of bytes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the first byte to the byte after the last.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this one to the end of the other.
    #[must_use]
    pub const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

/// One file's text.
#[derive(Debug)]
pub struct SourceText {
    path: Arc<str>,
    text: Box<str>,
    line_starts: Vec<usize>,
}

const BYTE_ORDER_MARK: char = '\u{feff}';

impl SourceText {
    /// The text of the file that users know by this path.
    pub fn new(path: &str, text: &str) -> Self {
        // A byte order mark is no character of the first line: editors do not show it.
        let first = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        let bytes = text.as_bytes();
        let breaks = bytes.iter().enumerate().filter(|(position, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(position + 1) != Some(&b'\n'),
            _ => false,
        });
        let line_starts = std::iter::once(first).chain(breaks.map(|(position, _)| position + 1)).collect();
        Self { path: path.into(), text: text.into(), line_starts }
    }

    /// The path as users know it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of a place, counted from 1.
    pub fn line(&self, span: Span) -> usize {
        self.position(span.start).0
    }

    /// The place as people read it, with the line it is on.
    pub fn locate(&self, span: Span) -> Location {
        let start = self.floor(span.start);
        let end = self.floor(span.end).max(start);
        let (line, column) = self.position(start);
        let (end_line, end_column) = self.position(end);
        let whole = self.line_range(line);
        let to = end.clamp(start, whole.end.max(start));
        Location {
            path: Arc::clone(&self.path),
            line,
            column,
            end_line,
            end_column,
            range: Span::new(start, end),
            excerpt: Excerpt::new(&self.text[whole.clone()], start - whole.start, to - whole.start),
        }
    }

    /// The nearest character at or before a byte, in the text and after its byte order mark, so that
    /// slicing a line cannot fail.
    fn floor(&self, byte: usize) -> usize {
        self.text.floor_char_boundary(byte).max(self.line_starts[0])
    }

    fn position(&self, byte: usize) -> (usize, usize) {
        let byte = self.floor(byte);
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1);
        let start = self.line_starts[line - 1];
        (line, self.text.get(start..byte).map_or(0, |text| text.chars().count()) + 1)
    }

    /// The bytes of a line without its line break.
    fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.line_starts[line - 1];
        let end = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        start..start + text.len()
    }
}

/// A place in a file, complete in itself: it can be shown after the file is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The path as users know it.
    pub path: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The line in which the place ends.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
    /// The same place in bytes.
    pub range: Span,
    /// The line it starts on, for display.
    pub excerpt: Excerpt,
}

/// A line of a file made fit for a terminal, and the part of it that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or the part of a very long one that holds the place.
    pub text: String,
    /// How many terminal columns stand before the place.
    pub indent: usize,
    /// How many terminal columns it covers on this line, at least one.
    pub width: usize,
}

const LONGEST_LEAD: usize = 100;
const LONGEST_REST: usize = 120;
const CUT: &str = "...";

impl Excerpt {
    fn new(line: &str, from: usize, to: usize) -> Self {
        let from = from.min(line.len());
        let to = to.clamp(from, line.len());
        let first = if from > LONGEST_LEAD { line.floor_char_boundary(from - LONGEST_LEAD / 2) } else { 0 };
        let last = if line.len() - from > LONGEST_REST {
            line.floor_char_boundary(from + LONGEST_REST)
        } else {
            line.len()
        };
        let shown_to = to.min(last);

        let mut text = String::new();
        if first > 0 {
            text.push_str(CUT);
        }
        let mut indent = text.len();
        indent += push_displayed(&mut text, &line[first..from]);
        let width = push_displayed(&mut text, &line[from..shown_to.max(from)]);
        push_displayed(&mut text, &line[shown_to.max(from)..last.max(shown_to)]);
        let text = if last < line.len() { text + CUT } else { text.trim_end().to_owned() };
        Self { text, indent, width: width.max(1) }
    }
}

/// Appends text as a terminal can show it and returns how many columns it takes. Characters that
/// move the cursor or turn the direction of writing are escaped, as in `\u{1b}`: a policy file is not trusted.
fn push_displayed(shown: &mut String, text: &str) -> usize {
    let mut columns = 0;
    for character in text.chars() {
        if character == '\t' {
            shown.push_str("    ");
            columns += 4;
        } else if is_unsafe_to_show(character) {
            // The escape is plain ASCII: as many columns as bytes.
            let before = shown.len();
            shown.extend(character.escape_unicode());
            columns += shown.len() - before;
        } else {
            shown.push(character);
            columns += if is_wide(character) { 2 } else { 1 };
        }
    }
    columns
}

/// The text without the characters that [`push_displayed`] escapes, on one line.
pub(super) fn displayable(text: &str) -> String {
    text.chars().map(|c| if is_unsafe_to_show(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn is_unsafe_to_show(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || character == BYTE_ORDER_MARK
}

/// East Asian wide characters and emoji, roughly: an approximation moves a caret, nothing else.
fn is_wide(character: char) -> bool {
    matches!(u32::from(character),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate(text: &str, part: &str) -> Location {
        let start = text.find(part).unwrap();
        SourceText::new("a.yaml", text).locate(Span::new(start, start + part.len()))
    }

    #[test]
    fn columns_count_characters_and_lines_any_break() {
        let location = locate("a: 1\r\nü: 2\rb: x\nlast", "2");
        assert_eq!((location.line, location.column, location.end_column), (2, 4, 5));
        assert_eq!(locate("a: 1\r\nü: 2\rb: x\nlast", "last").line, 4);
        assert_eq!(locate("\u{feff}key: 1", "key").column, 1);
    }

    #[test]
    fn a_place_that_spans_lines_is_underlined_to_the_end_of_its_first() {
        let location = locate("a:\n  b: 1  \n  c: 2\n", "b: 1  \n  c: 2");
        assert_eq!((location.line, location.end_line), (2, 3));
        assert_eq!((location.excerpt.indent, location.excerpt.width), (2, 6));
        assert_eq!(location.excerpt.text, "  b: 1");
    }

    #[test]
    fn a_line_of_a_megabyte_is_shown_in_part() {
        let text = format!("{}needle{}", "x".repeat(500_000), "y".repeat(500_000));
        let excerpt = locate(&text, "needle").excerpt;
        assert!(excerpt.text.len() < 300 && excerpt.text.contains("needle"));
        assert_eq!(excerpt.text.find("needle"), Some(excerpt.indent));
    }

    #[test]
    fn places_outside_the_text_and_inside_characters_are_survived() {
        let source = SourceText::new("a", "äb");
        assert_eq!(source.locate(Span::new(1, 99)).column, 1);
        assert_eq!(source.locate(Span::new(99, 120)).column, 3);
        assert_eq!(SourceText::new("a", "").locate(Span::new(0, 5)).line, 1);
        assert_eq!(SourceText::new("a", "\u{feff}b").locate(Span::new(0, 1)).column, 1);
    }

    #[test]
    fn what_would_move_the_cursor_is_not_shown() {
        let excerpt = locate("a\tb\u{1b}[31m\u{202e}c", "c").excerpt;
        assert_eq!(excerpt.text, r"a    b\u{1b}[31m\u{202e}c");
        assert_eq!(excerpt.text.find('c'), Some(excerpt.indent));
        let nul = locate("mode: ob\0serve\u{7f} # x", "ob\0serve\u{7f}").excerpt;
        assert_eq!(nul.text, r"mode: ob\u{0}serve\u{7f} # x");
        assert_eq!((nul.indent, nul.width), (6, r"ob\u{0}serve\u{7f}".len()));
    }
}
