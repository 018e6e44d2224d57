//! The policy language: from the bytes of policy files to what policies want of each mailbox, or to
//! everything that is wrong with the files.
//!
//! Pure: no IO, no clock (`as_of` is data), nothing of the service. What would have to be written to
//! make a mailbox as policies want it is the planner's.
//!
//! ```text
//! bytes --yaml--> tree with places --document, fields--> policies --compile--> PolicySet
//! PolicySet --for_tenant--> TenantPolicies --selector, join, compose--> Desired per mailbox
//! ```

mod actions;
mod age;
mod baseline;
mod compile;
mod compose;
pub mod decode;
mod desire;
mod diagnostic;
mod document;
pub mod fields;
mod glob;
mod join;
mod mailbox_policy;
mod model;
mod organization_policy;
pub mod render;
mod selector;
mod set;
mod source_text;
mod suggest;
pub mod yaml;

pub use actions::{ActionBound, ActionTerms};
pub use baseline::baseline;
pub use compile::{Compilation, SourceFile, compile};
pub use compose::Composer;
pub use desire::{
    ActionsConflict, ActionsDesire, Contribution, Desired, EnabledDesire, Join, LogAgeDesire, Match,
    OrganizationDesire,
};
pub use diagnostic::{Code, Diagnostic, Label, Severity, Sink};
pub use document::API_VERSION;
pub use join::{ActionInterval, Joined, LogAgeInterval};
pub use model::{AllowWeakening, EnabledTarget, Kind, LogAgeBound, PolicyInfo};
pub use selector::Selection;
pub use set::{PolicySet, RequiredColumns, TenantPolicies};
pub use source_text::{Excerpt, Location, SourceText, Span, Spanned};
pub use suggest::suggest;
