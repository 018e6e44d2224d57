//! Patterns over text: `*` is any text, `?` is any one character, everything else is itself. A
//! pattern covers the whole value, in any case.
//!
//! A matcher of our own instead of a library for file names, to which `/`, `[`, `{` and `\` mean
//! something. The forms that policies mostly use are compared without it.

use std::borrow::Cow;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Pattern(Form);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    Anything,
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    General(Box<[char]>),
}

impl Pattern {
    /// Compiles a pattern. There is no malformed one.
    pub(super) fn new(text: &str) -> Self {
        let folded = fold(text).into_owned();
        let wild = |text: &str| text.contains(['*', '?']);
        let form = if folded == "*" {
            Form::Anything
        } else if !wild(&folded) {
            Form::Exact(folded.into())
        } else if let Some(rest) = folded.strip_prefix('*').filter(|rest| !wild(rest)) {
            Form::Suffix(rest.into())
        } else if let Some(rest) = folded.strip_suffix('*').filter(|rest| !wild(rest)) {
            Form::Prefix(rest.into())
        } else {
            Form::General(folded.chars().collect())
        };
        Self(form)
    }

    /// Whether it covers the value. To try many patterns on one value, [`fold`] it once and use
    /// [`Pattern::matches_folded`].
    pub(super) fn matches(&self, value: &str) -> bool {
        self.matches_folded(&fold(value))
    }

    /// Whether it covers a value that [`fold`] has folded.
    pub(super) fn matches_folded(&self, value: &str) -> bool {
        match &self.0 {
            Form::Anything => true,
            Form::Exact(text) => **text == *value,
            Form::Prefix(text) => value.starts_with(&**text),
            Form::Suffix(text) => value.ends_with(&**text),
            Form::General(pattern) => matches_general(pattern, value),
        }
    }
}

/// The value in the form in which patterns compare it; borrowed where it has that form already.
pub(super) fn fold(value: &str) -> Cow<'_, str> {
    if value.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(value.to_lowercase())
    }
}

/// Keeps only the last `*` to come back to: an earlier one can never help where the last one fails,
/// so the time is bounded by the product of both lengths.
fn matches_general(pattern: &[char], value: &str) -> bool {
    let value: Vec<char> = value.chars().collect();
    let (mut p, mut v) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, v));
                p += 1;
            }
            Some(c) if *c == '?' || *c == value[v] => {
                p += 1;
                v += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    p = after_star;
                    v = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_cover_the_whole_value_in_any_case() {
        for (pattern, value, expected) in [
            ("*@contoso.example", "Ann@Contoso.Example", true),
            ("*@contoso.example", "ann@fabrikam.example", false),
            ("svc-*", "SVC-backup", true),
            ("svc-*", "a-svc-b", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("?*", "", false),
            ("", "", true),
            ("", "x", false),
            ("a*b*c", "a/x.b-c", true),
            ("[ab]{c}\\", "[AB]{C}\\", true),
            ("[ab]", "a", false),
            ("*b*", "abc", true),
            ("größe*", "GRÖSSE", false),
            ("ÄRZTE-*", "ärzte-1", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = Pattern::new(&format!("{}b", "a*".repeat(40)));
        assert!(!pattern.matches(&"a".repeat(2000)));
    }

    /// The obvious definition, to compare with.
    fn slow(pattern: &[char], value: &[char]) -> bool {
        match pattern.split_first() {
            None => value.is_empty(),
            Some(('*', rest)) => (0..=value.len()).any(|skip| slow(rest, &value[skip..])),
            Some((c, rest)) => {
                value.split_first().is_some_and(|(v, tail)| (*c == '?' || c == v) && slow(rest, tail))
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_obvious_definition(pattern in "[ab*?]{0,8}", value in "[ab]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(Pattern::new(&pattern).matches(&value), slow(&chars(&pattern), &chars(&value)));
        }
    }
}
