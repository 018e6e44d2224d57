//! What can go wrong with the service, classed by what helps. How an answer of the service becomes such
//! an error is in `fault`; what a person is told to do about it is in `remedy`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Operation;
use super::transport::TransportError;

/// What stands where a server echoed a secret.
const REDACTED: &str = "[redacted]";

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// The object of the call does not exist.
    NotFound,
    /// The identity of the call fits several objects.
    Ambiguous,
    /// The service refuses an argument of a write: an action, a parameter, a value.
    RejectedArgument,
    /// The service refuses the server-side filter of a read.
    FilterRefused,
    /// The service asks for fewer requests.
    Throttled,
    /// The service is busy or moves something about: the same request later will do.
    Transient,
    /// The service refuses the token.
    Unauthorized,
    /// The service knows the application and does not allow it this.
    Forbidden,
    /// No token: the credential cannot be used, or the sign-in service refuses it.
    Credential,
    /// No connection: name, network, proxy or certificate.
    Unreachable,
    /// No whole answer within the time limit.
    TimedOut,
    /// The connection broke before the whole answer was there.
    BrokenOff,
    /// The answer is not what the protocol says: cut off, a web page, no JSON.
    Malformed,
    /// The answer is larger than the bound.
    TooLarge,
    /// A redirect to a host that is not the service's.
    RedirectRefused,
    /// The service no longer knows the page that it named itself.
    PagingExpired,
    /// Pages come again and again without an end.
    EndlessPages,
    /// The service says that there is more, and not where.
    CutShort,
    /// The service failed in a way that it does not explain as passing.
    Failed,
    /// Any other refusal.
    Refused,
    /// The caller asked for what one call cannot say.
    Misuse,
}

impl ErrorKind {
    /// What happened, as the second half of a sentence.
    const fn phrase(self) -> &'static str {
        match self {
            Self::NotFound => "no such object",
            Self::Ambiguous => "the identity fits several objects",
            Self::RejectedArgument => "the service rejects an argument",
            Self::FilterRefused => "the service refuses the filter",
            Self::Throttled => "the service asks for fewer requests",
            Self::Transient => "the service is busy",
            Self::Unauthorized => "the service refuses the token",
            Self::Forbidden => "the service does not allow it",
            Self::Credential => "no token",
            Self::Unreachable => "no connection",
            Self::TimedOut => "no whole answer in time",
            Self::BrokenOff => "the connection broke",
            Self::Malformed => "the answer cannot be understood",
            Self::TooLarge => "the answer is too large",
            Self::RedirectRefused => "redirected to a host that is not trusted",
            Self::PagingExpired => "the service no longer knows its own next page",
            Self::EndlessPages => "the pages do not end",
            Self::CutShort => "the service cut the answer short",
            Self::Failed => "the service failed",
            Self::Refused => "the service refuses the request",
            Self::Misuse => "one call cannot say this",
        }
    }

    /// A stable word for logs: the variant in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
            Self::RejectedArgument => "rejected_argument",
            Self::FilterRefused => "filter_refused",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Credential => "credential",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::BrokenOff => "broken_off",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::RedirectRefused => "redirect_refused",
            Self::PagingExpired => "paging_expired",
            Self::EndlessPages => "endless_pages",
            Self::CutShort => "cut_short",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Misuse => "misuse",
        }
    }
}

/// What helps, decided once here; callers match on this and never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The same again, not before this long.
    RetryAfter(Duration),
    /// The same again, later and later.
    Backoff,
    /// Only this mailbox is concerned; go on with the others.
    SkipMailbox,
    /// Whether the write happened is not known: look before deciding anything.
    RereadThenDecide,
    /// The service will never take this argument for this object; say so, try without it.
    RejectedArgument,
    /// Ask without the server-side filter.
    FilterRefused,
    /// Nothing more can be learned or done in this cycle.
    AbortCycle,
    /// A person has to grant or repair something first.
    NeedsOperator,
}

/// An error of the service or of the way to it. Cheap to clone.
///
/// `Display` says what was being done and how it failed; the service's own words are the source of the
/// error, so that a printed chain holds them once. No token, secret or body is ever in it.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    operation: Operation,
    kind: ErrorKind,
    uncertain: bool,
    status: Option<u16>,
    retry_after: Option<Duration>,
    exception: Option<Box<str>>,
    request_id: Option<Box<str>>,
    diagnostics: Vec<(&'static str, Box<str>)>,
    remedy: Option<Box<str>>,
    cause: Option<Cause>,
}

#[derive(Debug, Clone, thiserror::Error)]
enum Cause {
    /// The service's own words, already the best of the several that an answer holds.
    #[error("{0}")]
    Said(Box<str>),
    #[error(transparent)]
    Transport(Arc<TransportError>),
}

impl Error {
    pub(super) fn new(operation: Operation, kind: ErrorKind) -> Self {
        Self(Arc::new(Inner {
            operation,
            kind,
            uncertain: false,
            status: None,
            retry_after: None,
            exception: None,
            request_id: None,
            diagnostics: Vec::new(),
            remedy: None,
            cause: None,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(super) fn with_kind(self, kind: ErrorKind) -> Self {
        self.with(|inner| inner.kind = kind)
    }

    pub(super) fn with_status(self, status: http::StatusCode) -> Self {
        self.with(|inner| inner.status = Some(status.as_u16()))
    }

    pub(super) fn with_text(self, text: impl Into<Box<str>>) -> Self {
        self.with(|inner| inner.cause = Some(Cause::Said(text.into())))
    }

    pub(super) fn with_exception(self, exception: Option<Box<str>>) -> Self {
        self.with(|inner| inner.exception = exception)
    }

    pub(super) fn with_request_id(self, id: Option<Box<str>>) -> Self {
        self.with(|inner| inner.request_id = id)
    }

    pub(super) fn with_diagnostics(self, diagnostics: Vec<(&'static str, Box<str>)>) -> Self {
        self.with(|inner| inner.diagnostics = diagnostics)
    }

    pub(super) fn with_retry_after(self, after: Option<Duration>) -> Self {
        self.with(|inner| inner.retry_after = after)
    }

    pub(super) fn with_remedy(self, remedy: impl Into<Box<str>>) -> Self {
        self.with(|inner| inner.remedy = Some(remedy.into()))
    }

    pub(super) fn with_transport(self, error: TransportError) -> Self {
        self.with(|inner| inner.cause = Some(Cause::Transport(Arc::new(error))))
    }

    /// Takes a secret out of everything that a server may have echoed.
    pub(super) fn without(self, secret: &str) -> Self {
        if secret.is_empty() {
            return self;
        }
        let clean = |text: &mut Box<str>| {
            if text.contains(secret) {
                *text = text.replace(secret, REDACTED).into();
            }
        };
        self.with(|inner| {
            if let Some(Cause::Said(text)) = &mut inner.cause {
                clean(text);
            }
            inner.exception.iter_mut().for_each(clean);
            inner.request_id.iter_mut().for_each(clean);
            inner.diagnostics.iter_mut().for_each(|(_, text)| clean(text));
        })
    }

    /// Marks a write of which it is not known whether it happened.
    pub(super) fn uncertain(self) -> Self {
        self.with(|inner| inner.uncertain = true)
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was being done; the label of metrics.
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// What helps.
    pub fn recovery(&self) -> Recovery {
        if self.0.uncertain {
            return Recovery::RereadThenDecide;
        }
        match self.0.kind {
            ErrorKind::NotFound | ErrorKind::Ambiguous | ErrorKind::Misuse => Recovery::SkipMailbox,
            ErrorKind::RejectedArgument => Recovery::RejectedArgument,
            ErrorKind::FilterRefused => Recovery::FilterRefused,
            ErrorKind::Throttled | ErrorKind::Transient => match self.0.retry_after {
                Some(after) => Recovery::RetryAfter(after),
                None => Recovery::Backoff,
            },
            ErrorKind::TimedOut | ErrorKind::BrokenOff | ErrorKind::Failed => Recovery::Backoff,
            ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Credential => Recovery::NeedsOperator,
            ErrorKind::Unreachable
            | ErrorKind::Malformed
            | ErrorKind::TooLarge
            | ErrorKind::RedirectRefused
            | ErrorKind::PagingExpired
            | ErrorKind::EndlessPages
            | ErrorKind::CutShort
            | ErrorKind::Refused => Recovery::AbortCycle,
        }
    }

    /// Whether this is a write of which it is not known whether it happened.
    pub fn is_uncertain(&self) -> bool {
        self.0.uncertain
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own words, where it said any: its innermost message, one line.
    pub fn service_text(&self) -> Option<&str> {
        match &self.0.cause {
            Some(Cause::Said(text)) => Some(text),
            _ => None,
        }
    }

    /// The full name of the service's exception, such as
    /// `Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException`.
    pub fn exception(&self) -> Option<&str> {
        self.0.exception.as_deref()
    }

    /// The request id that Microsoft's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Diagnostic headers of the answer, by lower-case name.
    pub fn diagnostics(&self) -> &[(&'static str, Box<str>)] {
        &self.0.diagnostics
    }

    /// What to grant or repair, where that is known: plain sentences for a person.
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// How long the service asked to wait, where it did.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.0.operation.phrase(), self.0.kind.phrase())?;
        if let Some(status) = self.0.status {
            write!(formatter, " (HTTP {status})")?;
        }
        if self.0.uncertain {
            formatter.write_str(", and whether the write happened is not known")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("operation", &self.0.operation)
            .field("kind", &self.0.kind)
            .field("uncertain", &self.0.uncertain)
            .field("status", &self.0.status)
            .field("cause", &self.0.cause)
            .field("exception", &self.0.exception)
            .field("request_id", &self.0.request_id)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn the_service_words_are_in_the_chain_once() {
        let error = Error::new(Operation::SetMailbox, ErrorKind::RejectedArgument)
            .with_status(http::StatusCode::BAD_REQUEST)
            .with_text("Invalid audit operation specified.");
        assert_eq!(error.to_string(), "setting a mailbox: the service rejects an argument (HTTP 400)");
        let source = error.source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("Invalid audit operation specified."));
    }

    #[test]
    fn an_uncertain_write_is_read_again_whatever_went_wrong() {
        let error = Error::new(Operation::SetMailbox, ErrorKind::TimedOut);
        assert_eq!(error.recovery(), Recovery::Backoff);
        assert_eq!(error.uncertain().recovery(), Recovery::RereadThenDecide);
    }

    #[test]
    fn a_wait_that_the_service_named_is_kept() {
        let error = Error::new(Operation::Rows, ErrorKind::Throttled);
        assert_eq!(error.clone().recovery(), Recovery::Backoff);
        let wait = Duration::from_secs(17);
        assert_eq!(error.with_retry_after(Some(wait)).recovery(), Recovery::RetryAfter(wait));
    }
}
