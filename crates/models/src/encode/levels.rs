//! Which texts of a column are told apart.
//!
//! Invariant: the levels depend on how often each text stands in the column and on nothing else; ties go by
//! the alphabet.

use super::{MAX_ONE_HOT, MAX_RANKED, MIN_LEVEL_ROWS, Style};
use std::collections::BTreeMap;

/// The levels, and whether they are to be ranked. One-hot levels are sorted; ranked ones go from rare to
/// frequent, so that the place from 1 is the rank.
pub(crate) fn learn(cells: &[Option<String>], style: Style) -> Result<(Vec<String>, bool), String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in cells {
        *counts.entry(cell.as_deref().unwrap_or("")).or_default() += 1;
    }
    if counts.len() == 1 {
        let only = counts.keys().next().expect("there is one");
        return Err(if only.is_empty() {
            "every cell is missing".into()
        } else {
            format!("every cell is `{only}`")
        });
    }
    if counts.len() > MAX_ONE_HOT && counts.len() * 2 > cells.len() {
        return Err(format!("{} different texts in {} rows look like ids", counts.len(), cells.len()));
    }
    let mut levels: Vec<(usize, &str)> = counts.into_iter().map(|(text, rows)| (rows, text)).collect();
    levels.retain(|&(rows, _)| rows >= MIN_LEVEL_ROWS);
    if levels.is_empty() {
        return Err(format!("no text stands in {MIN_LEVEL_ROWS} rows or more"));
    }
    levels.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let rank = style == Style::Trees && levels.len() > MAX_ONE_HOT;
    levels.truncate(if rank { MAX_RANKED } else { MAX_ONE_HOT });
    let mut texts: Vec<String> = levels.into_iter().map(|(_, text)| text.to_string()).collect();
    if rank {
        texts.reverse();
    } else {
        texts.sort();
    }
    Ok((texts, rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(counts: &[(&str, usize)]) -> Vec<Option<String>> {
        let cell = |text: &str| (!text.is_empty()).then(|| text.to_string());
        counts.iter().flat_map(|&(text, rows)| std::iter::repeat_n(cell(text), rows)).collect()
    }

    fn check(counts: &[(&str, usize)], expect: Result<&[&str], &str>) {
        let found = learn(&cells(counts), Style::Linear).map(|(levels, _)| levels);
        assert_eq!(found, expect.map(|l| l.iter().map(|s| s.to_string()).collect()).map_err(str::to_string));
    }

    #[test]
    fn rare_texts_are_not_told_apart_and_missing_is_a_level() {
        check(&[("b", 9), ("a", 5), ("rare", 4), ("", 6)], Ok(&["", "a", "b"]));
        check(&[("a", 4), ("b", 4)], Err("no text stands in 5 rows or more"));
        check(&[("a", 40)], Err("every cell is `a`"));
        check(&[("", 40)], Err("every cell is missing"));
    }

    #[test]
    fn ids_are_left_out() {
        let names: Vec<String> = (0..100).map(|i| format!("id {i}")).collect();
        let ids: Vec<(&str, usize)> = names.iter().map(|n| (n.as_str(), 1)).collect();
        check(&ids, Err("100 different texts in 100 rows look like ids"));
    }

    #[test]
    fn many_levels_are_cut_for_sums_and_ranked_for_trees() {
        let names: Vec<String> = (0..100).map(|i| format!("{i:03}")).collect();
        let many: Vec<(&str, usize)> = names.iter().zip(5..).map(|(n, rows)| (n.as_str(), rows)).collect();
        let (one_hot, ranked) = learn(&cells(&many), Style::Linear).expect("frequent levels");
        assert_eq!((one_hot.len(), one_hot[0].as_str(), ranked), (MAX_ONE_HOT, "036", false));
        let (levels, ranked) = learn(&cells(&many), Style::Trees).expect("frequent levels");
        assert_eq!(
            (levels.len(), levels[0].as_str(), levels[99].as_str(), ranked),
            (100, "000", "099", true)
        );
    }
}
