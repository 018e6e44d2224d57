//! The table of codes. A code is never given another meaning and never used again.

use std::fmt;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The set is not used.
    Error,
    /// The set is used; it probably does not do what its author means.
    Warning,
    /// The set is used; something about it is worth knowing.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

macro_rules! codes {
    ($($variant:ident = $number:literal $severity:ident $title:literal;)+) => {
        /// Which message a diagnostic is: `MW001` and on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[allow(missing_docs, reason = "the title of each code says what it is")]
        pub enum Code { $($variant = $number),+ }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What it is about, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    NotText = 1 Error "the file is not UTF-8 text";
    Syntax = 2 Error "the text is not YAML";
    DuplicateKey = 3 Error "a key is set twice";
    Alias = 4 Error "anchors and aliases are not accepted";
    MergeKey = 5 Error "merge keys are not accepted";
    Tag = 6 Error "tags are not accepted";
    KeyNotText = 7 Error "a key is not plain text";
    TooLarge = 8 Error "the file is too large";
    TooDeep = 9 Error "values are nested too deeply";
    Tab = 10 Error "a tab stands where YAML takes only spaces";
    EmptyFile = 11 Warning "the file holds no document";
    Ambiguous = 12 Warning "other YAML readers change an unquoted value";
    MoreNotShown = 13 Note "a file has more faults than are shown";
    IllegalAction = 14 Error "not an audit action of this logon type";
    UnlistedAction = 15 Warning "an audit action that this version does not know";
    DeprecatedAction = 16 Error "an audit action that the service refuses";
    MisplacedNone = 17 Error "`None` does not stand alone in `exactly`";
    EmptyActions = 18 Error "an empty list of actions";
    BareActions = 19 Error "a list of actions without `atLeast`, `exactly`, `atMost` or `without`";
    RepeatedItem = 20 Warning "an item stands twice in a list";
    UnknownKey = 21 Error "unknown key";
    MissingKey = 22 Error "a required key is missing";
    WrongShape = 23 Error "a value of another shape is needed";
    NotInThisVersion = 24 Error "part of the language, but not in this version";
    ForeignApiVersion = 25 Error "an `apiVersion` of another program or version";
    UnknownKind = 26 Error "unknown kind of document";
    DuplicateName = 27 Error "two documents of one kind share a name";
    EmptySet = 28 Error "the set holds no policy";
    UnknownWord = 29 Error "none of the words that are possible here";
    InvalidName = 30 Error "not usable as a name";
    EmptyValue = 31 Error "a value is empty";
    InvalidDate = 32 Error "not a date";
    InvalidAge = 33 Error "not an age";
    InvalidId = 34 Error "not a GUID";
    HiddenAttribute = 35 Error "an attribute that mailboxes do not show";
    WrongAttribute = 36 Error "another property than the one that is meant";
    MissingSelector = 37 Error "a policy without a selector";
    EmptySelector = 38 Error "a selector without a condition";
    UnlistedRecipientType = 39 Warning "a mailbox type that this version does not know";
    WeakeningNotAllowed = 40 Error "weakening without `allowWeakening`";
    WeakeningLapsed = 41 Warning "`allowWeakening` has ended";
    WeakeningUnused = 42 Warning "`allowWeakening` of a field that is not weakened";
    RemovalHeld = 43 Note "removals will be held";
    NothingAudited = 44 Error "a policy that sets nothing";
    MixedBounds = 45 Error "bounds that cannot stand together";
    Contradiction = 46 Error "a policy that contradicts itself";
    KeywordInWithout = 47 Error "a keyword in `without`";
    MatchesNobody = 48 Warning "a selector that matches no mailbox";
    NotSettable = 49 Warning "a mailbox type that the service does not let be set";
    NotAnAction = 50 Error "not usable as the name of an audit action";
}

impl Code {
    /// The number after `MW`.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MW{:03}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_without_gaps_and_print_with_three_digits() {
        let numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers, (1..=Code::ALL.len() as u16).collect::<Vec<_>>());
        assert_eq!(Code::IllegalAction.to_string(), "MW014");
    }
}
