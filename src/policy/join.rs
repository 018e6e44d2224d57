//! How what several policies say of one field comes together: intervals, whose lower bounds unite and
//! whose upper bounds intersect. It has no order: the join is commutative, associative, idempotent and
//! monotone, and a conflict, once there, stays whatever is joined to it.
//!
//! Masks (`without`) are outside these laws and come after the join, in `desire`.

use super::actions::{ActionBound, ActionTerms};
use super::model::{EnabledTarget, LogAgeBound};
use crate::domain::{ActionSet, LogAge, LogonType, all_actions};

/// What was joined, unless it cannot be had together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Joined<T> {
    /// All agree on this.
    Agreed(T),
    /// They contradict each other.
    Conflict,
}

impl Joined<EnabledTarget> {
    /// Explicitly on satisfies whoever accepts the tenant's default; on and off contradict.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let (Self::Agreed(left), Self::Agreed(right)) = (self, other) else { return Self::Conflict };
        let off = [left, right].map(|target| target == EnabledTarget::Off);
        if off[0] == off[1] { Self::Agreed(left.max(right)) } else { Self::Conflict }
    }
}

/// The interval of an age limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct LogAgeInterval {
    /// Not shorter than this.
    pub lower: Option<LogAge>,
    /// Not longer than this.
    pub upper: Option<LogAge>,
}

impl LogAgeInterval {
    /// The interval of one clause.
    pub const fn of(bound: LogAgeBound) -> Self {
        match bound {
            LogAgeBound::AtLeast(age) => Self { lower: Some(age), upper: None },
            LogAgeBound::Exactly(age) => Self { lower: Some(age), upper: Some(age) },
        }
    }

    /// The interval that satisfies both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let upper = match (self.upper, other.upper) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        Self { lower: self.lower.max(other.lower), upper }
    }

    /// Whether no age is in it.
    pub fn is_conflict(self) -> bool {
        matches!((self.lower, self.upper), (Some(lower), Some(upper)) if lower > upper)
    }
}

/// The interval of a list of actions, with where its lower bound comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct ActionInterval {
    /// Demanded by name.
    pub by_name: ActionSet,
    /// Demanded by `all`.
    pub by_all: ActionSet,
    /// Demanded by `default`.
    pub by_default: ActionSet,
    /// Whether a lower bound holds `default`; its set may be empty.
    pub uses_default: bool,
    /// The only ones allowed; none where everything is.
    pub upper: Option<ActionSet>,
    /// Whether an upper bound holds `default`, so that the allowed ones are only as well known as it is.
    pub upper_uses_default: bool,
}

impl ActionInterval {
    /// The interval of one clause. A mask demands and forbids nothing here.
    pub fn of(bound: &ActionBound, kind: LogonType, default: &ActionSet) -> Self {
        match bound {
            ActionBound::AtLeast(terms) => Self::lower_of(terms, kind, default),
            ActionBound::Exactly(terms) => {
                Self::lower_of(terms, kind, default).join(&Self::upper_of(terms, kind, default))
            }
            ActionBound::AtMost(terms) => Self::upper_of(terms, kind, default),
            ActionBound::Without(_) => Self::default(),
        }
    }

    fn lower_of(terms: &ActionTerms, kind: LogonType, default: &ActionSet) -> Self {
        Self {
            by_name: terms.named.clone(),
            by_all: if terms.all { all_actions(kind) } else { ActionSet::EMPTY },
            by_default: if terms.default { default.clone() } else { ActionSet::EMPTY },
            uses_default: terms.default,
            ..Self::default()
        }
    }

    fn upper_of(terms: &ActionTerms, kind: LogonType, default: &ActionSet) -> Self {
        let upper = Some(terms.resolve(kind, default));
        Self { upper, upper_uses_default: terms.default, ..Self::default() }
    }

    /// The interval that satisfies both.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let upper = match (&self.upper, &other.upper) {
            (Some(left), Some(right)) => Some(left.intersection(right)),
            (left, right) => left.as_ref().or(right.as_ref()).cloned(),
        };
        Self {
            by_name: self.by_name.union(&other.by_name),
            by_all: self.by_all.union(&other.by_all),
            by_default: self.by_default.union(&other.by_default),
            uses_default: self.uses_default || other.uses_default,
            upper,
            upper_uses_default: self.upper_uses_default || other.upper_uses_default,
        }
    }

    /// Everything that is demanded.
    pub fn lower(&self) -> ActionSet {
        self.by_name.union(&self.by_all).union(&self.by_default)
    }

    /// What is demanded and not allowed; empty where there is no conflict.
    pub fn conflict(&self) -> ActionSet {
        self.upper.as_ref().map_or(ActionSet::EMPTY, |upper| self.lower().difference(upper))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::default_actions;
    use proptest::prelude::*;

    fn actions() -> impl Strategy<Value = ActionSet> {
        const NAMES: [&str; 6] = ["Update", "Send", "Move", "HardDelete", "BrandNew", "OtherNew"];
        proptest::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len()).prop_map(ActionSet::parse)
    }

    fn terms() -> impl Strategy<Value = ActionTerms> {
        (any::<bool>(), any::<bool>(), actions()).prop_map(|(default, all, named)| ActionTerms {
            default,
            all,
            named,
        })
    }

    fn bound() -> impl Strategy<Value = ActionBound> {
        prop_oneof![
            terms().prop_map(ActionBound::AtLeast),
            terms().prop_map(ActionBound::Exactly),
            terms().prop_map(ActionBound::AtMost),
            actions().prop_map(ActionBound::Without),
        ]
    }

    fn interval() -> impl Strategy<Value = ActionInterval> {
        let one = || bound().prop_map(|bound| of(&bound));
        (one(), one()).prop_map(|(left, right)| left.join(&right))
    }

    fn of(bound: &ActionBound) -> ActionInterval {
        ActionInterval::of(bound, LogonType::Owner, &default_actions(LogonType::Owner))
    }

    fn log_age() -> impl Strategy<Value = LogAgeInterval> {
        let age = || proptest::option::of((1_u16..6).prop_map(|days| LogAge::from_days(days).unwrap()));
        (age(), age()).prop_map(|(lower, upper)| LogAgeInterval { lower, upper })
    }

    fn enabled() -> impl Strategy<Value = Joined<EnabledTarget>> {
        proptest::sample::select(vec![
            Joined::Agreed(EnabledTarget::Effective),
            Joined::Agreed(EnabledTarget::Explicit),
            Joined::Agreed(EnabledTarget::Off),
            Joined::Conflict,
        ])
    }

    /// Whether the right one asks for no less than the left one: the order in which joins are maxima.
    fn is_below(left: &ActionInterval, right: &ActionInterval) -> bool {
        let upper = match (&left.upper, &right.upper) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(left), Some(right)) => right.is_subset(left),
        };
        upper && left.lower().is_subset(&right.lower())
    }

    proptest! {
        #[test]
        fn the_join_of_actions_has_no_order(a in interval(), b in interval(), c in interval()) {
            prop_assert_eq!(a.join(&b), b.join(&a));
            prop_assert_eq!(a.join(&b).join(&c), a.join(&b.join(&c)));
            prop_assert_eq!(a.join(&a), a.clone());
            prop_assert_eq!(a.join(&ActionInterval::default()), a);
        }

        #[test]
        fn the_join_of_actions_is_the_least_that_satisfies_both(a in interval(), b in interval(), c in interval()) {
            let joined = a.join(&b);
            prop_assert!(is_below(&a, &joined) && is_below(&b, &joined));
            if is_below(&a, &c) && is_below(&b, &c) {
                prop_assert!(is_below(&joined, &c));
            }
            // Monotone: asking for more on one side never yields less, and a conflict never goes away.
            prop_assert!(is_below(&joined, &joined.join(&c)));
            prop_assert!(joined.conflict().is_subset(&joined.join(&c).conflict()));
        }

        #[test]
        fn ages_and_switches_join_by_the_same_laws(
            (a, b, c) in (log_age(), log_age(), log_age()),
            (x, y, z) in (enabled(), enabled(), enabled()),
        ) {
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(a), a);
            prop_assert!(!a.is_conflict() || a.join(b).is_conflict());
            prop_assert_eq!(x.join(y), y.join(x));
            prop_assert_eq!(x.join(y).join(z), x.join(y.join(z)));
            prop_assert_eq!(x.join(x), x);
            prop_assert!(x != Joined::Conflict || x.join(y) == Joined::Conflict);
        }
    }
}
