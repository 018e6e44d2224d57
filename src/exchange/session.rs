//! What belongs to one enumeration and to nothing else: the regional host that the service sent us to,
//! its cookies, and the mailbox that anchors the requests to a backend.

use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use url::Url;

use super::cloud::is_loopback;
use crate::domain::TenantId;

/// More cookies than the service ever sets, or longer ones, are not kept.
const COOKIES: usize = 32;
const COOKIE_LENGTH: usize = 4096;

/// Which system mailbox the requests are routed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The organization's arbitration mailbox: everything but what follows.
    Organization,
    /// The one by which the admin audit log's configuration is written (seen in public clients).
    AdminAuditLog,
}

impl Anchor {
    fn value(self, tenant: TenantId) -> String {
        let mailbox = match self {
            Self::Organization => "bb558c35-97f1-4cb9-8ff7-d53741dc928c",
            Self::AdminAuditLog => "8cc370d3-822a-4ab8-a926-bb94bd0641a9",
        };
        format!("APP:SystemMailbox{{{mailbox}}}@{tenant}")
    }
}

/// The state of one conversation with the service.
#[derive(Debug)]
pub(super) struct Session {
    /// As named by cloud or settings: what redirects are measured by.
    home: Url,
    /// Where requests go now.
    host: Url,
    cookies: Vec<(String, String)>,
    anchor: String,
}

impl Session {
    pub(super) fn new(home: &Url, tenant: TenantId, anchor: Anchor) -> Self {
        Self { home: home.clone(), host: home.clone(), cookies: Vec::new(), anchor: anchor.value(tenant) }
    }

    /// The value of `X-AnchorMailbox`.
    pub(super) fn anchor(&self) -> &str {
        &self.anchor
    }

    /// The address of a path on the current host.
    pub(super) fn at(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.host.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// The address of a next page: path and query of the link, on the host of this session. A link that
    /// names another host cannot lead the token there.
    pub(super) fn follow(&self, link: &str) -> Option<Url> {
        let link = self.host.join(link).ok()?;
        Some(self.at(link.path(), link.query()))
    }

    /// The address that an answer redirects to, and the host for all that follows. None where the host
    /// is not the service's own or a region of it.
    pub(super) fn redirect(&mut self, from: &Url, headers: &HeaderMap) -> Option<Url> {
        let mut to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
        // Seen in public clients: the front door names a port that only the inside can reach.
        if to.scheme() == "https" && to.port() == Some(446) && to.set_port(None).is_err() {
            return None;
        }
        if !self.trusts(&to) {
            return None;
        }
        self.host = to.clone();
        self.host.set_path("/");
        self.host.set_query(None);
        self.host.set_fragment(None);
        to.set_fragment(None);
        Some(to)
    }

    fn trusts(&self, url: &Url) -> bool {
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let same = url.origin() == self.home.origin();
        let (Some(host), Some(home)) = (url.host_str(), self.home.host_str()) else { return false };
        let region = host.strip_suffix(home).is_some_and(|prefix| prefix.ends_with('.'));
        same || (region
            && url.scheme() == "https"
            && url.port() == self.home.port()
            && !is_loopback(&self.home))
    }

    /// Keeps the cookies of an answer: they hold a session to its backend.
    pub(super) fn remember(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let Some((name, value)) = cookie.to_str().ok().and_then(|text| {
                let pair = text.split(';').next()?;
                pair.split_once('=')
            }) else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            self.cookies.retain(|(known, _)| known != name);
            if !name.is_empty() && self.cookies.len() < COOKIES && name.len() + value.len() < COOKIE_LENGTH {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Adds the cookies to a request.
    pub(super) fn add_cookies(&self, headers: &mut HeaderMap) {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Ok(value) = HeaderValue::try_from(pairs.join("; "))
            && !pairs.is_empty()
        {
            headers.insert(COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn session(home: &str) -> Session {
        Session::new(&Url::parse(home).expect("a URL"), TenantId(Uuid::nil()), Anchor::Organization)
    }

    fn redirected(session: &mut Session, location: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().expect("a header"));
        let from = session.at("/adminapi/beta/t/InvokeCommand", Some("$select=Guid"));
        session.redirect(&from, &headers).map(String::from)
    }

    #[test]
    fn regions_of_the_service_are_trusted_and_kept() {
        let mut session = session("https://outlook.office365.com");
        assert_eq!(
            redirected(&mut session, "https://eur01.outlook.office365.com:446/adminapi/x?y").as_deref(),
            Some("https://eur01.outlook.office365.com/adminapi/x?y")
        );
        assert_eq!(session.at("/z", None).as_str(), "https://eur01.outlook.office365.com/z");
    }

    #[test]
    fn nothing_else_is_trusted() {
        let mut own = session("https://outlook.office365.com");
        for location in [
            "https://evil.example/",
            "https://outlook.office365.com.evil.example/",
            "https://eviloutlook.office365.com/",
            "http://eur01.outlook.office365.com/",
            "https://user@eur01.outlook.office365.com/",
            "https://eur01.outlook.office365.com:8443/",
        ] {
            assert_eq!(redirected(&mut own, location), None, "{location}");
        }
        let mut local = session("http://127.0.0.1:8080");
        assert_eq!(redirected(&mut local, "http://127.0.0.1:8081/"), None);
        assert!(redirected(&mut local, "/elsewhere").is_some());
    }

    #[test]
    fn of_a_link_only_path_and_query_are_used() {
        let session = session("http://127.0.0.1:8080");
        for link in [
            "https://evil.example/adminapi/beta/t/InvokeCommand?%24skiptoken=abc%3D",
            "/adminapi/beta/t/InvokeCommand?%24skiptoken=abc%3D",
        ] {
            let url = session.follow(link).map(String::from);
            assert_eq!(
                url.as_deref(),
                Some("http://127.0.0.1:8080/adminapi/beta/t/InvokeCommand?%24skiptoken=abc%3D")
            );
        }
    }

    #[test]
    fn cookies_are_replaced_by_name_and_sent_back() {
        let mut session = session("https://outlook.office365.com");
        for cookie in ["a=1; path=/; secure", "b=2", "a=3; HttpOnly", "nonsense"] {
            let mut headers = HeaderMap::new();
            headers.insert(SET_COOKIE, cookie.parse().expect("a header"));
            session.remember(&headers);
        }
        let mut headers = HeaderMap::new();
        session.add_cookies(&mut headers);
        assert_eq!(headers.get(COOKIE).and_then(|value| value.to_str().ok()), Some("b=2; a=3"));
    }

    #[test]
    fn each_anchor_is_a_system_mailbox_of_the_tenant() {
        let nil = TenantId(Uuid::nil());
        let organization =
            "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@00000000-0000-0000-0000-000000000000";
        assert_eq!(Anchor::Organization.value(nil), organization);
        assert!(Anchor::AdminAuditLog.value(nil).contains("8cc370d3"));
    }
}
