//! A parsed filter bound to properties and typed values, and its answer about one mailbox.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

use super::Refused;
use super::parse::{Literal, Operator, Tree};
use super::property::{Date, Id, Property, Truth};
use crate::simulator::names::Profile;
use crate::simulator::spec::MailboxKind;
use crate::simulator::tenant::Seen;

#[derive(Debug)]
pub(crate) enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Not(Box<Expression>),
    /// The stored value, whatever rows show; unset is neither `True` nor `False`.
    AuditEnabled(Equality, Option<bool>),
    Truth(Truth, Equality, bool),
    Date(Date, Order, i64),
    Id(Id, Equality, Option<Uuid>),
    Text(Property, Comparison),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Equality {
    Is,
    IsNot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// How texts are compared; case never counts.
#[derive(Debug)]
pub(crate) enum Comparison {
    Blank(Equality),
    Ordered(Order, String),
    /// A wildcard may stand at either end, not within.
    Like {
        wanted: Equality,
        open_start: bool,
        open_end: bool,
        core: String,
    },
}

pub(super) fn bind(tree: Tree) -> Result<Expression, Refused> {
    Ok(match tree {
        Tree::Or(parts) => Expression::Or(all(parts)?),
        Tree::And(parts) => Expression::And(all(parts)?),
        Tree::Not(a) => Expression::Not(Box::new(bind(*a)?)),
        Tree::Test { property, operator, value } => test(&property, operator, value)?,
    })
}

fn all(parts: Vec<Tree>) -> Result<Vec<Expression>, Refused> {
    parts.into_iter().map(bind).collect()
}

fn test(name: &str, operator: Operator, value: Literal) -> Result<Expression, Refused> {
    if name.eq_ignore_ascii_case("AuditLogAgeLimit") {
        return Err(Refused(
            "The property \"AuditLogAgeLimit\" can't be used in a filter: values of type EnhancedTimeSpan are not supported."
                .to_owned(),
        ));
    }
    let Some(property) = Property::named(name) else {
        return Err(Refused(format!(
            "The property name \"{name}\" can't be matched: \"{name}\" is not a recognized filterable property. For a complete list of \
             filterable properties see the command help."
        )));
    };
    let context = Context { name, operator };
    Ok(match property {
        Property::AuditEnabled => Expression::AuditEnabled(
            context.equality()?,
            match value {
                Literal::Null => None,
                Literal::Text(text) => Some(context.truth(&text)?),
            },
        ),
        Property::Truth(truth) => match value {
            Literal::Null => return Err(context.unsuitable("$null", "System.Boolean")),
            Literal::Text(text) => Expression::Truth(truth, context.equality()?, context.truth(&text)?),
        },
        Property::Date(date) => match value {
            Literal::Null => return Err(context.unsuitable("$null", "System.DateTime")),
            Literal::Text(text) => match instant(&text) {
                Some(at) => Expression::Date(date, context.order()?, at),
                None => return Err(context.unsuitable(&text, "System.DateTime")),
            },
        },
        Property::Id(id) => {
            let wanted = match value {
                Literal::Null => None,
                Literal::Text(text) => match Uuid::parse_str(&text) {
                    Ok(guid) => Some(guid),
                    Err(_) => return Err(context.unsuitable(&text, "System.Guid")),
                },
            };
            Expression::Id(id, context.equality()?, wanted)
        }
        Property::RecipientTypeDetails => {
            if let Literal::Text(text) = &value {
                let known = MailboxKind::ALL
                    .iter()
                    .map(|kind| kind.recipient_type_details())
                    .chain(["LegacyMailbox", "LinkedMailbox", "LinkedRoomMailbox", "TeamMailbox"])
                    .any(|kind| kind.eq_ignore_ascii_case(text));
                if !known {
                    return Err(context.unsuitable(text, "RecipientTypeDetails"));
                }
            }
            context.equality()?;
            Expression::Text(property, context.comparison(value)?)
        }
        _ => Expression::Text(property, context.comparison(value)?),
    })
}

struct Context<'a> {
    name: &'a str,
    operator: Operator,
}

impl Context<'_> {
    fn unsuitable(&self, value: &str, wanted: &str) -> Refused {
        Refused(format!(
            "Cannot bind parameter 'Filter' to the target. Exception setting \"Filter\": \"Cannot convert value \"{value}\" of property \
             \"{}\" to type \"{wanted}\".\"",
            self.name
        ))
    }

    fn wrong_operator(&self) -> Refused {
        Refused(format!(
            "The operator '{:?}' is not supported for the property \"{}\".",
            self.operator, self.name
        ))
    }

    fn equality(&self) -> Result<Equality, Refused> {
        match self.operator {
            Operator::Eq => Ok(Equality::Is),
            Operator::Ne => Ok(Equality::IsNot),
            _ => Err(self.wrong_operator()),
        }
    }

    fn order(&self) -> Result<Order, Refused> {
        Ok(match self.operator {
            Operator::Eq => Order::Eq,
            Operator::Ne => Order::Ne,
            Operator::Gt => Order::Gt,
            Operator::Ge => Order::Ge,
            Operator::Lt => Order::Lt,
            Operator::Le => Order::Le,
            Operator::Like | Operator::NotLike => return Err(self.wrong_operator()),
        })
    }

    fn truth(&self, text: &str) -> Result<bool, Refused> {
        if text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(self.unsuitable(text, "System.Boolean"))
        }
    }

    fn comparison(&self, value: Literal) -> Result<Comparison, Refused> {
        let text = match value {
            Literal::Null => return self.equality().map(Comparison::Blank),
            Literal::Text(text) => text.to_lowercase(),
        };
        let wanted = match self.operator {
            Operator::Like => Equality::Is,
            Operator::NotLike => Equality::IsNot,
            _ => return Ok(Comparison::Ordered(self.order()?, text)),
        };
        let open_start = text.starts_with('*');
        let open_end = text.len() > usize::from(open_start) && text.ends_with('*');
        let core = &text[usize::from(open_start)..text.len() - usize::from(open_end)];
        if core.contains('*') {
            return Err(Refused(format!(
                "The wildcard in \"{text}\" for the property \"{}\" must be the first or the last character.",
                self.name
            )));
        }
        Ok(Comparison::Like { wanted, open_start, open_end, core: core.to_owned() })
    }
}

/// ISO 8601, or the date and time of the service's own examples (`8/1/2017 2:00:00 PM`).
fn instant(text: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc).timestamp());
    }
    let moments = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%Y %H:%M:%S",
        "%m/%d/%Y %I:%M %p",
    ];
    let days = ["%Y-%m-%d", "%m/%d/%Y"];
    moments
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| {
            days.iter()
                .find_map(|format| NaiveDate::parse_from_str(text, format).ok())
                .and_then(|day| day.and_hms_opt(0, 0, 0))
        })
        .map(|at| at.and_utc().timestamp())
}

impl Expression {
    pub(crate) fn holds(&self, seen: Seen<'_>, profile: &Profile) -> bool {
        match self {
            Expression::Or(parts) => parts.iter().any(|part| part.holds(seen, profile)),
            Expression::And(parts) => parts.iter().all(|part| part.holds(seen, profile)),
            Expression::Not(a) => !a.holds(seen, profile),
            Expression::AuditEnabled(wanted, value) => wanted.of(seen.settings.enabled == *value),
            Expression::Truth(truth, wanted, value) => wanted.of(truth.of(seen) == *value),
            Expression::Date(date, order, at) => order.of(&date.of(seen), at),
            Expression::Id(id, wanted, value) => wanted.of(id.of(seen) == *value),
            Expression::Text(property, comparison) => comparison.holds(&property.texts(seen, profile)),
        }
    }

    /// Whether any test of the filter is one of these.
    pub(crate) fn mentions(&self, wanted: &dyn Fn(&Expression) -> bool) -> bool {
        wanted(self)
            || match self {
                Expression::Or(parts) | Expression::And(parts) => {
                    parts.iter().any(|part| part.mentions(wanted))
                }
                Expression::Not(a) => a.mentions(wanted),
                _ => false,
            }
    }
}

impl Equality {
    fn of(self, equal: bool) -> bool {
        (self == Equality::Is) == equal
    }
}

impl Order {
    fn of<T: Ord + ?Sized>(self, a: &T, b: &T) -> bool {
        match self {
            Order::Eq => a == b,
            Order::Ne => a != b,
            Order::Gt => a > b,
            Order::Ge => a >= b,
            Order::Lt => a < b,
            Order::Le => a <= b,
        }
    }
}

impl Comparison {
    /// A property of several values matches where one of them does; `-ne` where none is equal.
    fn holds(&self, texts: &[std::borrow::Cow<'_, str>]) -> bool {
        match self {
            Comparison::Blank(wanted) => wanted.of(texts.is_empty()),
            Comparison::Ordered(Order::Ne, value) => !texts.iter().any(|text| text.to_lowercase() == *value),
            Comparison::Ordered(order, value) => {
                texts.iter().any(|text| order.of(text.to_lowercase().as_str(), value.as_str()))
            }
            Comparison::Like { wanted, open_start, open_end, core } => wanted.of(texts.iter().any(|text| {
                let text = text.to_lowercase();
                match (open_start, open_end) {
                    (true, true) => text.contains(core),
                    (true, false) => text.ends_with(core),
                    (false, true) => text.starts_with(core),
                    (false, false) => text == *core,
                }
            })),
        }
    }
}
