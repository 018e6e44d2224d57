//! Text of a page in which nothing from outside can become markup: what is not a literal of the program is
//! escaped on its way in.

use std::fmt::Write as _;

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of the program's own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text from anywhere, fit for content and for quoted attributes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// A number as it stands, for attributes.
    pub(super) fn number(&mut self, number: f64) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number:.2}");
        self
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
