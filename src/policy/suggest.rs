//! "Did you mean": the known word nearest to an unknown one.

/// The candidate that the word most likely stands for, if one is near enough to be worth saying.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    // Comparing costs the product of both lengths, and nothing that long is a slip of the keyboard.
    if folded.is_empty() || folded.len() > 64 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= tolerance(folded.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

const fn tolerance(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_wrong_case_are_recognised_and_other_words_are_not() {
        let known = ["HardDelete", "SoftDelete", "Send", "SendAs"];
        assert_eq!(suggest("HardDelte", known), Some("HardDelete"));
        assert_eq!(suggest("harddelete", known), Some("HardDelete"));
        assert_eq!(suggest("Snd", known), Some("Send"));
        assert_eq!(suggest("Frobnicate", known), None);
        assert_eq!(suggest("", known), None);
    }
}
