//! What a request to a cmdlet says: the URL's query, the headers that matter and the body. Whether it is allowed is not asked here.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::Value;

use super::errors::ServiceError;

/// What the HTTP layer knows of a request, also of an item of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) scheme: &'static str,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(http::header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// `Prefer: odata.maxpagesize=N`, which may stand among other preferences.
    fn max_page_size(&self) -> Option<usize> {
        self.headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .filter_map(|part| part.trim().split_once('='))
            .find(|(key, _)| key.eq_ignore_ascii_case("odata.maxpagesize"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .filter(|size| *size > 0)
    }

    fn select(&self) -> Option<Vec<String>> {
        let names: Vec<String> = self
            .query("$select")?
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        (!names.is_empty()).then_some(names)
    }

    /// The headers by which the PowerShell module is known; it gets error details as JSON in a string.
    pub(crate) fn is_module(&self) -> bool {
        self.header("x-clientapplication")
            .is_some_and(|name| name.eq_ignore_ascii_case("ExoManagementModule"))
    }
}

/// A cmdlet to run.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) cmdlet: String,
    pub(crate) parameters: Parameters,
    /// As sent, for the record and for comparing a page's body with the first one.
    pub(crate) sent: Value,
    pub(crate) select: Option<Vec<String>>,
    pub(crate) max_page_size: Option<usize>,
    pub(crate) skip_token: Option<String>,
}

impl Call {
    pub(crate) fn read(head: &Head, body: &[u8]) -> Result<Self, ServiceError> {
        let sent: Value = serde_json::from_slice(body)
            .map_err(|_| ServiceError::malformed("The request body is not valid JSON."))?;
        let input = sent.get("CmdletInput").unwrap_or(&Value::Null);
        let Some(cmdlet) = input.get("CmdletName").and_then(Value::as_str) else {
            return Err(ServiceError::malformed(
                "The parameter 'CmdletInput' of action 'InvokeCommand' needs a 'CmdletName'.",
            ));
        };
        let parameters = match input.get("Parameters") {
            None => Parameters::default(),
            Some(Value::Object(map)) => Parameters::of(map),
            Some(_) => {
                return Err(ServiceError::malformed(
                    "The property 'Parameters' of type 'Exchange.GenericHashTable' must be an object.",
                ));
            }
        };
        Ok(Self {
            cmdlet: cmdlet.to_owned(),
            parameters,
            select: head.select(),
            max_page_size: head.max_page_size(),
            skip_token: head.query("$skiptoken"),
            sent,
        })
    }
}

/// Parameters by lower-cased name: cmdlets do not care for case. Annotations (`X@odata.type`) are not parameters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(BTreeMap<String, (String, Value)>);

impl Parameters {
    pub(crate) fn of(map: &serde_json::Map<String, Value>) -> Self {
        Self(
            map.iter()
                .filter(|(name, _)| !name.contains('@'))
                .map(|(name, value)| {
                    let lower = name.to_ascii_lowercase();
                    (lower, (name.clone(), value.clone()))
                })
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(&name.to_ascii_lowercase()).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// Names as sent.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|(name, _)| name.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ServiceError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(ServiceError::unconvertible(name, other, "System.String")),
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ServiceError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(ServiceError::unconvertible(name, other, "System.Boolean")),
        }
    }

    pub(crate) fn switch(&self, name: &str) -> Result<bool, ServiceError> {
        self.boolean(name).map(|value| value.unwrap_or(false))
    }

    /// One text or several; a text with commas is several, as PowerShell binds it.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ServiceError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => texts(name, value).map(Some),
        }
    }
}

pub(crate) fn texts(parameter: &str, value: &Value) -> Result<Vec<String>, ServiceError> {
    let split = |text: &str| {
        text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    match value {
        Value::String(text) => Ok(split(text)),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Ok(text.trim().to_owned()),
                other => Err(ServiceError::unconvertible(parameter, other, "System.String")),
            })
            .collect(),
        other => Err(ServiceError::unconvertible(parameter, other, "System.String[]")),
    }
}
