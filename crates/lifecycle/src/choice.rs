//! Which column plays which part: the one that was named, or a guess that says why.
//!
//! Guesses go by names that such columns go by. Invariant: a column that was named is taken, or it is an
//! error; it is never guessed past.

use crate::StageError;
use crate::sheet::Sheet;
use domain::Column;

/// A column and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The column.
    pub column: String,
    /// Why, in words.
    pub why: String,
}

/// How well a name fits one of the words that such columns go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Not at all.
    None,
    /// One part of it is such a word, as in `test_group`.
    Part,
    /// It is such a word.
    Whole,
}

impl Choice {
    pub(crate) fn new(column: &str, why: impl Into<String>) -> Choice {
        Choice { column: column.into(), why: why.into() }
    }

    /// The column that was named with `option`.
    pub(crate) fn named(
        sheet: &Sheet,
        name: Option<&str>,
        option: &str,
    ) -> Result<Option<Choice>, StageError> {
        let Some(name) = name else { return Ok(None) };
        sheet.column(name, option)?;
        Ok(Some(Choice::new(name, "named")))
    }

    /// Refuses a column that was named for two parts.
    pub(crate) fn distinct(sheet: &Sheet, named: &[(&str, Option<&String>)]) -> Result<(), StageError> {
        for (place, (option, name)) in named.iter().enumerate() {
            let earlier = named[..place].iter().find(|(_, other)| name.is_some() && other == name);
            if let (Some((other, _)), Some(name)) = (earlier, name) {
                let found = format!("column `{name}` is named twice, with {other} and {option}");
                return Err(sheet.error(found, "a column plays one part"));
            }
        }
        Ok(())
    }

    /// The column whose name fits best; between equals the one whose word stands first in the list.
    pub(crate) fn by_name(
        sheet: &Sheet,
        words: &[&str],
        parts: &str,
        usable: impl Fn(&Column) -> bool,
    ) -> Option<Choice> {
        let columns = sheet.table.columns().iter().filter(|c| usable(c));
        let fits = columns.filter_map(|column| {
            let (fit, place) = fit(&column.name, words);
            (fit > Fit::None).then_some((fit, std::cmp::Reverse(place), column))
        });
        // `max_by_key` takes the last of equals, and the first column is wanted
        let mut fits: Vec<_> = fits.collect();
        fits.reverse();
        let (.., column) = fits.into_iter().max_by_key(|(fit, place, _)| (*fit, *place))?;
        Some(Choice::new(&column.name, format!("its name is one that {parts} go by")))
    }
}

/// How well a name fits, and the place of the word in the list.
pub(crate) fn fit(name: &str, words: &[&str]) -> (Fit, usize) {
    let name = name.to_lowercase().replace(['-', ' ', '.'], "_");
    if let Some(place) = words.iter().position(|w| *w == name) {
        return (Fit::Whole, place);
    }
    let parts: Vec<&str> = name.split('_').collect();
    match words.iter().position(|w| parts.contains(w)) {
        Some(place) => (Fit::Part, place),
        None => (Fit::None, words.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::csv;

    #[test]
    fn whole_names_go_before_parts_and_earlier_words_before_later_ones() {
        let sheet = csv("test_group,variant,group\na,b,c\n");
        let guess = |words: &[&str]| Choice::by_name(&sheet, words, "arms", |_| true).map(|c| c.column);
        assert_eq!(guess(&["group", "variant"]).as_deref(), Some("group"));
        assert_eq!(guess(&["test", "variant"]).as_deref(), Some("variant"));
        assert_eq!(guess(&["test"]).as_deref(), Some("test_group"));
        assert_eq!(guess(&["arm"]), None);
    }

    #[test]
    fn a_column_plays_one_part() {
        let sheet = csv("group\na\n");
        let (group, other) = ("group".to_string(), "other".to_string());
        let distinct = |named: &[(&str, Option<&String>)]| Choice::distinct(&sheet, named).is_ok();
        assert!(distinct(&[
            ("--unit", None),
            ("--arm", Some(&group)),
            ("--time", None),
            ("--outcome", Some(&other))
        ]));
        assert!(!distinct(&[("--unit", Some(&group)), ("--arm", None), ("--outcome", Some(&group))]));
    }

    #[test]
    fn a_named_column_must_be_there() {
        let sheet = csv("group\na\n");
        assert!(Choice::named(&sheet, Some("grup"), "--arm").is_err());
        let named = Choice::named(&sheet, Some("group"), "--arm").expect("it is there");
        assert_eq!(named, Some(Choice::new("group", "named")));
    }
}
