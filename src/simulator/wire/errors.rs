//! The service's error envelope and the cases that use it. Answers that are no envelope (401, 403, 429) are in `reply`.

use serde_json::{Value, json};

use crate::simulator::options::ErrorDetails;

/// A refusal by a cmdlet or by the layer that binds its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServiceError {
    pub(crate) status: u16,
    code: &'static str,
    /// `Client` or `Context`: whose fault it is in the service's eyes.
    category: &'static str,
    target: String,
    pub(crate) exception: String,
    pub(crate) message: String,
}

const TASKS: &str = "Microsoft.Exchange.Configuration.Tasks";
const SERVER: &str = "EURPR07A013DC01.EURPR07A013.PROD.OUTLOOK.COM";

impl ServiceError {
    fn client(exception: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "BadRequest",
            category: "Client",
            target: String::new(),
            exception: exception.into(),
            message: message.into(),
        }
    }

    pub(crate) fn refused(exception: &str, message: &str) -> Self {
        Self { category: "Context", ..Self::client(exception, message) }
    }

    pub(crate) fn malformed(message: &str) -> Self {
        Self::client("Microsoft.OData.ODataException", message)
    }

    pub(crate) fn not_found(identity: &str, as_bad_request: bool) -> Self {
        let (status, code) = if as_bad_request { (400, "BadRequest") } else { (404, "NotFound") };
        Self {
            status,
            code,
            category: "Context",
            target: identity.to_owned(),
            exception: format!("{TASKS}.ManagementObjectNotFoundException"),
            message: format!(
                "The operation couldn't be performed because object '{identity}' couldn't be found on '{SERVER}'."
            ),
        }
    }

    pub(crate) fn ambiguous(identity: &str) -> Self {
        Self::refused(
            &format!("{TASKS}.ManagementObjectAmbiguousException"),
            &format!("The operation couldn't be performed because '{identity}' matches multiple entries."),
        )
    }

    pub(crate) fn unknown_parameter(name: &str) -> Self {
        Self::client(
            "Microsoft.Exchange.Management.PSDirectInvoke.AmbiguousParameterSetException",
            format!(
                "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters specified. {name}"
            ),
        )
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::client(
            "System.Management.Automation.ParameterBindingException",
            format!("Cannot process command because of one or more missing mandatory parameters: {name}."),
        )
    }

    pub(crate) fn transformation(message: impl Into<String>) -> Self {
        Self::client("Microsoft.Exchange.Management.PSDirectInvoke.ParameterTransformationException", message)
    }

    /// A value of the wrong type for a parameter.
    pub(crate) fn unconvertible(parameter: &str, value: &Value, wanted: &str) -> Self {
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Self::transformation(format!(
            "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{shown}\" to type \"{wanted}\"."
        ))
    }

    /// An object that lacks its `@odata.type` reaches the cmdlet as raw JSON, which no parameter accepts.
    pub(crate) fn untagged_object(parameter: &str) -> Self {
        Self::transformation(format!(
            "Cannot process argument transformation on parameter '{parameter}'. Cannot convert the \"Newtonsoft.Json.Linq.JObject\" value of \
             type \"Newtonsoft.Json.Linq.JObject\" to type \"Microsoft.Exchange.Data.MultiValuedProperty`1\"."
        ))
    }

    pub(crate) fn filter(message: String) -> Self {
        Self::client("System.Management.Automation.ParameterBindingException", message)
    }

    pub(crate) fn expired_page() -> Self {
        Self::client(
            "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "Expired or Invalid pagination request. Default Expiry time is 00:30:00",
        )
    }

    /// The whole body. Only the inner texts say what happened, as at the service.
    pub(crate) fn body(&self, form: ErrorDetails) -> Value {
        let (exception, message) = (&self.exception, &self.message);
        let details = match form {
            ErrorDetails::Hashed => format!("Ex6F9304|{exception}|{message}"),
            ErrorDetails::Bare => format!("|{exception}|{message}"),
            ErrorDetails::Json => json!({
                "Message": message,
                "TypeName": exception,
                "ClassName": exception,
                "StackTrace": null,
                "InnerError": null
            })
            .to_string(),
        };
        json!({
            "error": {
                "code": self.code,
                "message": "Error executing cmdlet",
                "details": [{ "code": self.category, "target": self.target, "message": details }],
                "innererror": {
                    "message": "Error executing cmdlet",
                    "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
                    "stacktrace": "   at Microsoft.Exchange.AdminApi.CommandInvocation.CommandInvocation.InvokeCommand()",
                    "internalexception": { "message": message, "type": exception, "stacktrace": "" }
                }
            },
            "adminapi.warnings@odata.type": "#Collection(String)",
            "@adminapi.warnings": []
        })
    }
}
