//! OPATH text to tokens.

use super::Refused;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    /// `-eq`, `-and`, without the dash and in lower case.
    Operator(String),
    /// A bare word: a property, a number, `True`.
    Word(String),
    /// `$true`, without the dollar and in lower case.
    Variable(String),
    Quoted(String),
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            '\'' | '"' => quoted(rest, first, text)?,
            _ => word(rest),
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// A quoted text; the quote itself is written twice inside.
fn quoted<'a>(rest: &'a str, quote: char, whole: &str) -> Result<(Token, &'a str), Refused> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char != quote {
            value.push(char);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            value.push(quote);
            chars.next();
        } else {
            return Ok((Token::Quoted(value), &rest[at + 1..]));
        }
    }
    Err(Refused(format!(
        "Invalid filter syntax. The string starting with {rest} in \"{whole}\" is not terminated."
    )))
}

fn word(rest: &str) -> (Token, &str) {
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '\'' | '"')).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let token = if let Some(name) = word.strip_prefix('$') {
        Token::Variable(name.to_ascii_lowercase())
    } else if let Some(name) =
        word.strip_prefix('-').filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
    {
        Token::Operator(name.to_ascii_lowercase())
    } else {
        Token::Word(word.to_owned())
    };
    (token, after)
}
