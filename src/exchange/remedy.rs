//! What a person can do about a refusal: one text for each cause, all of them here. Which cause an
//! answer means is decided in `fault`, `sign_in` and `client`.

use super::Operation;
use super::transport::Stage;

/// 401 of the service, with a fresh token.
pub(super) const NO_APP_ROLE: &str = "grant the application the permission Exchange.ManageAsApp of `Office 365 Exchange Online` and consent as an administrator; the token was accepted nowhere";

/// 403 without a word: the permission of another API, or roles that have not arrived yet.
pub(super) const STALE_ROLES: &str = "check that the application holds Exchange.ManageAsApp (not Exchange.ManageAsAppV2) and a role in Exchange; after a grant the service may take an hour to know it";

/// A web page where the service should have answered.
pub(super) const PROXY_PAGE: &str = "a web page came instead of an answer: a proxy or a gateway stands between, or `endpoints.exchange` names another service";

/// Credentials that cannot be read or used.
pub(super) const CHECK_CREDENTIAL: &str = "check the file that the settings name for this credential";

/// 403 that names the cmdlet: the application's role does not hold it.
pub(super) const fn missing_role(operation: Operation) -> &'static str {
    match operation {
        Operation::SetMailbox => {
            "the application's role does not allow `Set-Mailbox` with the audit parameters: give its service principal an Exchange role that does (the built-in role is likely `Audit Logs`), or an Entra role that Exchange accepts"
        }
        Operation::SetOrganization => {
            "the application's role does not allow `Set-OrganizationConfig`: give it a role that does, or switch auditing on by hand with `Set-OrganizationConfig -AuditDisabled $false`"
        }
        Operation::SetIngestion => {
            "the application's role does not allow `Set-AdminAuditLogConfig`: give it a role that does (the built-in role is likely `Audit Logs`), or switch ingestion on by hand"
        }
        Operation::ReadIngestion => {
            "the application's role does not allow `Get-AdminAuditLogConfig`: give it Global Reader or Security Reader in Entra"
        }
        _ => {
            "the application's role does not allow this cmdlet: give it Global Reader in Entra, or an Exchange role such as `View-Only Configuration` and `View-Only Recipients`"
        }
    }
}

/// 404 that names no object: the address is not the service's.
pub(super) const NO_SUCH_ADDRESS: &str =
    "the service does not know this address: check `tenantId`, `cloud` and `endpoints.exchange`";

/// No connection.
pub(super) const fn unreachable(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => {
            "the host's name was not found: check DNS, `cloud` and `endpoints`, and HTTPS_PROXY where a proxy is needed"
        }
        Stage::Connect => {
            "nothing answered at the host: check the network, the firewall and HTTPS_PROXY, and the port where `endpoints` names one"
        }
        Stage::Tls => {
            "the host's certificate was not trusted, or it speaks no TLS: name your own certificate authority in SSL_CERT_FILE where a proxy or a test server uses one"
        }
        Stage::Exchange => {
            "the connection was closed in the middle: a proxy or a firewall may cut long answers"
        }
    }
}

/// What an AADSTS code of the sign-in service asks for.
/// Source: Microsoft Learn, "Microsoft Entra authentication and authorization error codes".
pub(super) const fn sign_in(code: u32) -> Option<&'static str> {
    Some(match code {
        7_000_215 => {
            "the client secret is wrong: use the secret's value, not its id, and no line break or space around it"
        }
        7_000_222 => "the client secret has expired: create a new one",
        700_016 | 7_000_229 => {
            "no such application in this tenant: check `clientId` and `tenantId`, and that an administrator consented"
        }
        7_000_112 => "the application is disabled in this tenant: enable its enterprise application",
        90_002 | 900_023 => {
            "no such tenant: check `tenantId`, and `cloud`, since each cloud knows its own tenants only"
        }
        700_027 => {
            "the certificate is not registered with the application, or has expired: upload its public part to the app registration"
        }
        700_024 => "the assertion is outside its time: check the clock of this machine",
        700_023 | 50_027 => "the sign-in service does not accept the assertion: check `endpoints.authority`",
        7_000_218 => "the request held no credential: the application expects a secret or a certificate",
        700_030 => "the certificate's subject or issuer is not allowed for this application",
        500_011 | 500_014 | 650_057 => {
            "the tenant has no `Office 365 Exchange Online`, or the application no permission for it: grant Exchange.ManageAsApp"
        }
        53_003 => "a conditional access policy blocks the application: allow its sign-in from this network",
        90_014 => "the request lacks something: check `clientId` and `tenantId`",
        _ => return None,
    })
}
