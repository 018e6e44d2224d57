//! Results that are longer than a page: what is left of them, under a token that names the backend that holds it.

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::errors::ServiceError;
use crate::simulator::cmdlets::Table;

/// Names of the backends, as tokens and headers carry them.
pub(crate) const BACKENDS: [&str; 2] = ["LOBP265MB9249", "AM9PR07MB7121"];

/// Seconds a token lives, by the service's own error text.
const LIFE: i64 = 30 * 60;

/// More open results than this push out the oldest.
const OPEN_AT_MOST: usize = 512;

/// What a nextLink continues.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    pub(crate) table: Table,
    pub(crate) items: Arc<[u32]>,
    pub(crate) from: usize,
    pub(crate) select: Option<Vec<String>>,
    pub(crate) page_size: usize,
    pub(crate) backend: u8,
    /// The body of the first request: a different one is another question.
    pub(crate) body: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Pages {
    open: VecDeque<(String, i64, Rest)>,
}

impl Pages {
    /// Keeps the rest and returns its token.
    pub(crate) fn keep(&mut self, rest: Rest, id: u128, now: i64) -> String {
        let id = format!("{id:032x}");
        let token = STANDARD.encode(format!("{id}{}", BACKENDS[usize::from(rest.backend)]));
        self.open.retain(|(_, until, _)| now < *until);
        if self.open.len() >= OPEN_AT_MOST {
            self.open.pop_front();
        }
        self.open.push_back((id, now + LIFE, rest));
        token
    }

    /// The backend that a token names.
    pub(crate) fn backend(token: &str) -> Option<u8> {
        let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let place = BACKENDS.iter().position(|name| text.ends_with(name))?;
        u8::try_from(place).ok()
    }

    /// What the token continues, if this backend holds it and the body is the one that began it.
    pub(crate) fn take(
        &self,
        token: &str,
        body: &Value,
        backend: u8,
        now: i64,
    ) -> Result<Rest, ServiceError> {
        let text = STANDARD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(ServiceError::expired_page)?;
        self.open
            .iter()
            .find(|(id, until, _)| text.starts_with(id.as_str()) && now < *until)
            .map(|(_, _, rest)| rest)
            .filter(|rest| rest.backend == backend && rest.body == *body)
            .cloned()
            .ok_or_else(ServiceError::expired_page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rest() -> Rest {
        Rest {
            table: Table::Mailboxes,
            items: Arc::from([1, 2, 3]),
            from: 1,
            select: None,
            page_size: 1,
            backend: 1,
            body: json!({"CmdletInput": {"CmdletName": "Get-Mailbox"}}),
        }
    }

    #[test]
    fn a_token_is_good_for_its_body_its_backend_and_half_an_hour() {
        let mut pages = Pages::default();
        let body = rest().body;
        let token = pages.keep(rest(), 0xabc, 1_000);
        assert_eq!(Pages::backend(&token), Some(1));
        assert!(pages.take(&token, &body, 1, 1_001).is_ok());
        assert!(
            pages.take(&token, &body, 1, 2_799).is_ok(),
            "and again: a lost page can be asked for once more"
        );
        let expired = ServiceError::expired_page();
        for (body, backend, now) in
            [(&body, 0, 1_001), (&json!({"CmdletInput": {}}), 1, 1_001), (&body, 1, 2_800)]
        {
            assert_eq!(pages.take(&token, body, backend, now).unwrap_err(), expired);
        }
        assert_eq!(pages.take("%%%", &body, 1, 1_001).unwrap_err(), expired);
    }
}
