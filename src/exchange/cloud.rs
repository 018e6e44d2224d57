//! Where the service lives: the hosts of each cloud, and hosts named instead of them.

use std::fmt;

use url::{Host, Url};

/// Which of Microsoft's clouds a tenant is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum Cloud {
    /// Worldwide.
    #[default]
    Global,
    /// United States government, on the worldwide hosts.
    Gcc,
    /// United States government, high.
    GccHigh,
    /// United States Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 5] = [Self::Global, Self::Gcc, Self::GccHigh, Self::Dod, Self::China];

    /// The word of the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Gcc => "gcc",
            Self::GccHigh => "gcc-high",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }

    /// Reads the word of the settings.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.as_str() == text)
    }

    /// The sign-in host. Sources: Microsoft Learn, "National clouds"; CISA ScubaGear.
    pub const fn login_host(self) -> &'static str {
        match self {
            Self::Global | Self::Gcc => "login.microsoftonline.com",
            Self::GccHigh | Self::Dod => "login.microsoftonline.us",
            Self::China => "login.chinacloudapi.cn",
        }
    }

    /// The host of the admin API, and of the token's audience. Sources disagree for China
    /// (`office365.cn` has been seen too): there `endpoints` may have to name another.
    pub const fn outlook_host(self) -> &'static str {
        match self {
            Self::Global | Self::Gcc => "outlook.office365.com",
            Self::GccHigh => "outlook.office365.us",
            Self::Dod => "outlook-dod.office365.us",
            Self::China => "partner.outlook.cn",
        }
    }

    /// The scope of a token. Stays the cloud's own when endpoints are named, since it names an audience
    /// and not a host to call.
    pub fn scope(self) -> String {
        format!("https://{}/.default", self.outlook_host())
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Hosts named in the settings instead of the cloud's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointOverrides {
    /// The sign-in service, such as `https://login.example.net`.
    pub authority: Option<String>,
    /// The Exchange service, such as `http://127.0.0.1:8080`.
    pub exchange: Option<String>,
}

/// A named endpoint that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an address.
    #[error("`{key}` is not an address of the form https://host[:port]")]
    NotAnAddress {
        /// `authority` or `exchange`.
        key: &'static str,
    },
    /// Neither https, nor http to this machine itself.
    #[error("`{key}` has to be https, since tokens and secrets travel there; http is only for loopback")]
    NotEncrypted {
        /// `authority` or `exchange`.
        key: &'static str,
    },
    /// More than scheme, host and port.
    #[error("`{key}` names more than scheme, host and port")]
    NotOnlyAHost {
        /// `authority` or `exchange`.
        key: &'static str,
    },
}

/// The addresses of one tenant's service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    authority: Url,
    exchange: Url,
}

impl Endpoints {
    /// The cloud's own, or those that are named.
    pub fn new(cloud: Cloud, overrides: &EndpointOverrides) -> Result<Self, EndpointError> {
        let authority = overrides.authority.clone().unwrap_or(format!("https://{}", cloud.login_host()));
        let exchange = overrides.exchange.clone().unwrap_or(format!("https://{}", cloud.outlook_host()));
        Ok(Self { authority: origin("authority", &authority)?, exchange: origin("exchange", &exchange)? })
    }

    /// The sign-in service: scheme, host and port.
    pub fn authority(&self) -> &Url {
        &self.authority
    }

    /// The Exchange service: scheme, host and port.
    pub fn exchange(&self) -> &Url {
        &self.exchange
    }
}

fn origin(key: &'static str, text: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(text).map_err(|_| EndpointError::NotAnAddress { key })?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(EndpointError::NotEncrypted { key }),
        _ => return Err(EndpointError::NotAnAddress { key }),
    }
    let plain = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(url) } else { Err(EndpointError::NotOnlyAHost { key }) }
}

/// Whether an address is this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_exchange(address: &str) -> Result<Endpoints, EndpointError> {
        let overrides = EndpointOverrides { exchange: Some(address.to_owned()), authority: None };
        Endpoints::new(Cloud::Global, &overrides)
    }

    #[test]
    fn each_cloud_signs_in_and_reads_at_its_own_hosts() {
        for (cloud, login, outlook) in [
            (Cloud::Global, "https://login.microsoftonline.com/", "https://outlook.office365.com/"),
            (Cloud::Gcc, "https://login.microsoftonline.com/", "https://outlook.office365.com/"),
            (Cloud::GccHigh, "https://login.microsoftonline.us/", "https://outlook.office365.us/"),
            (Cloud::Dod, "https://login.microsoftonline.us/", "https://outlook-dod.office365.us/"),
            (Cloud::China, "https://login.chinacloudapi.cn/", "https://partner.outlook.cn/"),
        ] {
            let endpoints = Endpoints::new(cloud, &EndpointOverrides::default()).expect("own hosts");
            assert_eq!((endpoints.authority().as_str(), endpoints.exchange().as_str()), (login, outlook));
        }
        assert_eq!(Cloud::Dod.scope(), "https://outlook-dod.office365.us/.default");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for address in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9", "https://a.example"]
        {
            assert!(with_exchange(address).is_ok(), "{address}");
        }
        for address in ["http://10.0.0.1", "http://localhost.example.com", "http://127.0.0.1.nip.io"] {
            assert_eq!(with_exchange(address), Err(EndpointError::NotEncrypted { key: "exchange" }));
        }
    }

    #[test]
    fn an_endpoint_is_a_host_and_nothing_else() {
        for address in ["https://a.example/path", "https://user:pw@a.example", "https://a.example/?q"] {
            assert_eq!(with_exchange(address), Err(EndpointError::NotOnlyAHost { key: "exchange" }));
        }
        for address in ["a.example", "ftp://a.example", ""] {
            assert_eq!(with_exchange(address), Err(EndpointError::NotAnAddress { key: "exchange" }));
        }
    }
}
