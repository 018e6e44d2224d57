//! Colours of a terminal, where there is one.

use anstyle::{AnsiColor, Style};

use crate::policy::render::Colour;

pub(super) const ADDED: Style = AnsiColor::Green.on_default();
pub(super) const REMOVED: Style = AnsiColor::Red.on_default();
pub(super) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(super) const NAME: Style = Style::new().bold();
pub(super) const QUIET: Style = Style::new().dimmed();
pub(super) const ALARM: Style = AnsiColor::Red.on_default().bold();

/// The text in a style, where texts are coloured.
pub(super) fn paint(text: &str, style: Style, colour: Colour) -> String {
    match colour {
        Colour::Never => text.to_owned(),
        Colour::Always => format!("{style}{text}{style:#}"),
    }
}
