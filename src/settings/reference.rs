//! `docs/settings.md`, written from the table of keys, so that it cannot say anything else.

use std::fmt::Write as _;

use super::keys::{GLOBAL, Key, Status, TENANT, is_overridable, variable_part};

const HEAD: &str = "\
# Settings

`mailwarden.yaml` is looked for in the working directory, then in `/etc/mailwarden`; `--config` or the environment
variable `MAILWARDEN_CONFIG` names another. `mailwarden init` writes one to start from. This page is made from the
program's own table of settings.

- A value may come from a flag (`--set limits.writesPerMinute=600`, `--set tenants.contoso.mode=observe`), an
  environment variable, the file, or be the default; the first of these wins. A message about a setting says where its
  value came from, and every fault of every source is shown at once.
- Unknown keys are errors. Variables that begin with `MAILWARDEN_` and name no section are ignored, since clusters set
  some; an empty variable counts as not set.
- Relative paths in the file, and defaults, are relative to the file; in a flag or variable, to the working directory.
- A variable addresses a tenant of the file by its name in capitals, `_` for every sign: `contoso-eu` is `CONTOSO_EU`.
- A secret stands in a file of its own or in an environment variable: never in `mailwarden.yaml`, never in a flag.

";

/// The page.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## The program\n\n");
    table(&mut page, GLOBAL, "");
    page.push_str("\n## Each tenant, an item of `tenants`\n\n");
    table(&mut page, TENANT, "TENANTS__<NAME>__");
    let sections = GLOBAL
        .iter()
        .filter(|key| is_overridable(key))
        .map(|key| key.path.split('.').next().unwrap_or_default());
    let mut sections: Vec<String> = sections.map(|section| format!("`{section}`")).collect();
    sections.dedup();
    sections.sort();
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "\nExactly one of `auth.clientSecretFile`, `auth.certificateFile` and `auth.clientSecret` is needed. The keys of \
         {} may\nstand in a tenant too, and then count for it alone.",
        sections.join(" and ")
    );
    page
}

fn table(page: &mut String, keys: &[Key], variable_prefix: &str) {
    page.push_str(
        "| key | takes | default | what it is for | environment variable |\n|---|---|---|---|---|\n",
    );
    for key in keys.iter().filter(|key| key.status != Status::NotYet) {
        let default = match key.status {
            Status::Default(text) => format!("`{text}`"),
            Status::Required | Status::FileOnly => "needed".to_owned(),
            Status::Optional | Status::VariableOnly | Status::NotYet => String::new(),
        };
        let variable = match key.status {
            Status::FileOnly => String::new(),
            _ => format!("`MAILWARDEN_{variable_prefix}{}`", variable_part(key.path)),
        };
        let name = match key.status {
            Status::VariableOnly => format!("`{}` (variable only)", key.path),
            _ => format!("`{}`", key.path),
        };
        let _ = writeln!(page, "| {name} | {} | {default} | {} | {variable} |", key.takes, key.doc);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_what_the_table_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
        let page = super::reference();
        if std::env::var_os("MAILWARDEN_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, page, "docs/settings.md is stale: run this test with MAILWARDEN_BLESS=1");
    }
}
