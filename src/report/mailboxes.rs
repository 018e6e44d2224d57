//! The list of mailboxes as a table, as CSV and as JSON. What its rows say is in `mailbox_rows`.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::mailbox_rows::MailboxRow;
use super::wording::{mailboxes, shown};

/// Pretty JSON with a line break after it. Strings, numbers and lists of ours always have a JSON form.
pub(super) fn pretty<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A table without lines: it can be cut, searched and pasted.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.to_vec());
    table
}

/// The table's text without the blanks that end its lines.
pub(super) fn finished(table: &Table) -> String {
    let mut text = String::new();
    for line in table.to_string().lines() {
        text.push_str(line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()));
        text.push('\n');
    }
    text
}

/// The table for people; lists of actions are counted in it, and named in CSV and JSON.
pub fn mailboxes_text(rows: &[MailboxRow]) -> String {
    let mut table = table(&[
        "MAILBOX",
        "TYPE",
        "TIER",
        "AUDITING",
        "DISPLAYED",
        "EFFECTIVE",
        "LOG AGE",
        "KEPT BY MICROSOFT",
        "ADMIN",
        "DELEGATE",
        "OWNER",
    ]);
    let count = |list: &Option<Vec<String>>| {
        list.as_ref().map_or_else(|| "?".to_owned(), |list| list.len().to_string())
    };
    for row in rows {
        let name = if row.user_principal_name.is_empty() { &row.id } else { &row.user_principal_name };
        let kept = match &row.kept_by_microsoft {
            None => "?".to_owned(),
            Some(kinds) if kinds.is_empty() => "-".to_owned(),
            Some(kinds) => kinds.join(","),
        };
        table.add_row([
            shown(name),
            shown(&row.recipient_type),
            row.tier.to_owned(),
            row.auditing.replace('_', "-"),
            row.displayed.to_owned(),
            row.effective.to_owned(),
            row.log_age.clone().unwrap_or_else(|| "?".to_owned()),
            kept,
            count(&row.admin),
            count(&row.delegate),
            count(&row.owner),
        ]);
    }
    let list = if rows.is_empty() { String::new() } else { finished(&table) };
    format!("{list}{}\n", mailboxes(rows.len() as u64))
}

/// One line a mailbox, lists joined by blanks; what was not read is empty. Of the types that Microsoft keeps,
/// empty means none of them, and `unknown` that it was not read: `None` is a word of the service for lists.
pub fn mailboxes_csv(rows: &[MailboxRow]) -> String {
    let header = [
        "user_principal_name",
        "id",
        "recipient_type",
        "tier",
        "auditing",
        "displayed",
        "effective",
        "log_age",
        "kept_by_microsoft",
        "admin",
        "delegate",
        "owner",
    ];
    let list =
        |list: &Option<Vec<String>>| list.as_ref().map(|list| or_none(&list.join(" "))).unwrap_or_default();
    let kept = |kinds: &Option<Vec<&str>>| {
        kinds.as_ref().map_or_else(|| "unknown".to_owned(), |kinds| kinds.join(" "))
    };
    let records = rows.iter().map(|row| {
        vec![
            row.user_principal_name.clone(),
            row.id.clone(),
            row.recipient_type.clone(),
            row.tier.to_owned(),
            row.auditing.to_owned(),
            row.displayed.to_owned(),
            row.effective.to_owned(),
            row.log_age.clone().unwrap_or_default(),
            kept(&row.kept_by_microsoft),
            list(&row.admin),
            list(&row.delegate),
            list(&row.owner),
        ]
    });
    csv_text(&header, records)
}

/// An empty list that was read is not the same as a list that was not.
fn or_none(text: &str) -> String {
    if text.is_empty() { "None".to_owned() } else { text.to_owned() }
}

/// CSV with a header. A cell that a spreadsheet would run as a formula is quoted with an apostrophe.
pub(super) fn csv_text(header: &[&str], records: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail, and what is written is text.
    let _ = writer.write_record(header);
    for record in records {
        let cells =
            record.into_iter().map(|cell| if starts_formula(&cell) { format!("'{cell}") } else { cell });
        let _ = writer.write_record(cells);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn starts_formula(cell: &str) -> bool {
    cell.len() > 1 && cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    mailboxes: &'a [MailboxRow],
}

/// A JSON document; what was not read is null.
pub fn mailboxes_json(rows: &[MailboxRow]) -> String {
    pretty(&Document { format_version: 1, mailboxes: rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Attribute, SwitchState};
    use crate::report::mailbox_rows;
    use crate::report::sample::{baseline_drift, organization, synced};

    fn rows() -> Vec<MailboxRow> {
        let mut mailboxes = baseline_drift();
        let mut formula = synced(3, "x");
        formula.attributes.insert(Attribute::UserPrincipalName, "=cmd,\"x\"".into());
        formula.log_age = None;
        mailboxes.push(formula);
        mailbox_rows(&mailboxes, &organization(SwitchState::On), None)
    }

    #[test]
    fn the_table_lines_up() {
        let text = mailboxes_text(&rows());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        let column = lines[0].find("AUDITING").unwrap();
        assert!(lines[2][column..].starts_with("explicit"), "{text}");
        assert!(lines[3][column..].starts_with("by-tenant-default"), "{text}");
        assert_eq!(lines[4], "3 mailboxes");
        assert_eq!(mailboxes_text(&[]), "0 mailboxes\n");
    }

    #[test]
    fn csv_is_read_back_as_written_and_runs_no_formula() {
        let text = mailboxes_csv(&rows());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 3);
        assert_eq!(&records[0][0], "'=cmd,\"x\"");
        assert_eq!(&records[0][7], "");
        assert_eq!(&records[1][11], "HardDelete");
        assert_eq!(&records[1][8], "admin delegate");
    }

    #[test]
    fn no_type_that_microsoft_keeps_is_not_the_services_word_none() {
        let mut rows = rows();
        rows[0].kept_by_microsoft = Some(Vec::new());
        rows[0].owner = Some(Vec::new());
        rows[1].kept_by_microsoft = None;
        let text = mailboxes_csv(&rows);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!((&records[0][8], &records[0][11]), ("", "None"));
        assert_eq!(&records[1][8], "unknown");
        let document: serde_json::Value = serde_json::from_str(&mailboxes_json(&rows)).unwrap();
        assert_eq!(document["mailboxes"][0]["kept_by_microsoft"], serde_json::json!([]));
        assert_eq!(document["mailboxes"][1]["kept_by_microsoft"], serde_json::Value::Null);
        let text = mailboxes_text(&rows);
        let lines: Vec<&str> = text.lines().collect();
        let column = lines[0].find("KEPT BY MICROSOFT").unwrap();
        assert!(lines[1][column..].starts_with("- ") && lines[2][column..].starts_with("? "), "{text}");
    }

    #[test]
    fn json_says_null_for_what_was_not_read() {
        let document: serde_json::Value = serde_json::from_str(&mailboxes_json(&rows())).unwrap();
        assert_eq!(document["format_version"], 1);
        assert_eq!(document["mailboxes"][0]["log_age"], serde_json::Value::Null);
        assert_eq!(document["mailboxes"][2]["auditing"], "by_tenant_default");
    }
}
