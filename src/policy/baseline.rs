//! The baseline set, as the binary carries it.

use super::compile::SourceFile;

const FILES: &[(&str, &str)] = &[
    ("policies/baseline.yaml", include_str!("../../policies/baseline.yaml")),
    ("policies/organization.yaml", include_str!("../../policies/organization.yaml")),
];

/// Every user and shared mailbox explicitly on, lists as Microsoft keeps them, the organization's
/// switches required.
pub fn baseline() -> Vec<SourceFile> {
    FILES
        .iter()
        .map(|(path, text)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
        .collect()
}
