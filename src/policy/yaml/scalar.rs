//! What other YAML readers make of a text without quotes. The policy language takes every scalar as
//! it is written; this says where somebody else's reader would not.

/// What another reader, of YAML 1.1 or 1.2, makes of the unquoted text where that changes it; none if
/// the text stays itself. Numbers that print as they are written stay themselves.
pub fn other_reading(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "on" | "true" => return Some("true"),
        "n" | "no" | "off" | "false" => return Some("false"),
        "~" | "null" => return Some("nothing"),
        ".nan" | ".inf" | "-.inf" | "+.inf" => return Some("a number"),
        _ => {}
    }
    is_changed_number(text).then_some("another number")
}

fn is_changed_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let signed_plus = text.starts_with('+');
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    let lower = digits.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("0x") {
        return !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit() || c == '_');
    }
    if let Some(rest) = lower.strip_prefix("0o").or_else(|| lower.strip_prefix("0b")) {
        return !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '_');
    }
    // Sexagesimal: 12:30 is 750 to a reader of YAML 1.1.
    if lower.contains(':') {
        return lower.split(':').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    }
    let plain: String = lower.chars().filter(|c| *c != '_').collect();
    if plain.parse::<f64>().is_err() {
        return false;
    }
    let is_integer = plain.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = plain.len() > 1 && plain.starts_with('0') && is_integer;
    signed_plus || leading_zero || plain.len() != lower.len() || (!is_integer && !prints_alike(&plain))
}

/// Whether a decimal fraction prints again as it was written: 1.5 does, 1.10 and 1e3 do not.
fn prints_alike(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_change_is_known() {
        for text in
            ["NO", "no", "on", "Off", "y", "true", "~", "007", "0x1F", "0o17", "1_000", "12:30", "1e3"]
        {
            assert!(other_reading(text).is_some(), "{text}");
        }
        for text in ["1.10", "+5", ".5", "0.0", ".inf"] {
            assert!(other_reading(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_stays_itself_is_left_alone() {
        for text in
            ["Norway", "IE", "0", "42", "-7", "1.5", "v1.10", "2027-01-31", "180d", "10.0.0.1", "a:1", ""]
        {
            assert_eq!(other_reading(text), None, "{text}");
        }
        for text in ["9feb45ad-0cc9-43dc-a609-2110e2216c15", "0xyz", "12:ab", "_", "1:"] {
            assert_eq!(other_reading(text), None, "{text}");
        }
    }
}
