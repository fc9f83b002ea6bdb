//! Which column of a log is the action, the reward, the propensity and the context.

use super::Asked;
use crate::StageError;
use crate::choice::Choice;
use crate::sheet::{Sheet, few};
use domain::{Column, Kind};

/// The parts and who plays them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// What was done.
    pub action: Choice,
    /// What came of it.
    pub reward: Choice,
    /// The probability with which it was drawn.
    pub propensity: Choice,
    /// What the choice may depend on; empty where it depends on nothing.
    pub context: Vec<Choice>,
}

/// A part, and the names that its columns go by.
struct Part {
    one: &'static str,
    many: &'static str,
    words: &'static [&'static str],
}

const ACTION: Part = Part {
    one: "action",
    many: "actions",
    words: &[
        "action",
        "item_id",
        "item",
        "arm",
        "recommendation",
        "choice",
        "treatment",
        "variant",
        "version",
    ],
};
const REWARD: Part = Part {
    one: "reward",
    many: "rewards",
    words: &[
        "reward",
        "click",
        "clicked",
        "converted",
        "conversion",
        "outcome",
        "revenue",
        "response",
        "label",
        "y",
    ],
};
const PROPENSITY: Part = Part { one: "propensity", many: "propensities", words: &PROBABILITIES };
pub(super) const PROBABILITIES: [&str; 7] =
    ["propensity", "propensity_score", "pscore", "probability", "prob", "action_prob", "p"];
const CONTEXTS: [&str; 4] = ["context", "position", "slot", "segment"];

/// A context that is guessed has at most this many values.
const MOST_CONTEXTS: usize = 100;

/// Finds the parts.
pub(super) fn columns(sheet: &Sheet, asked: &Asked) -> Result<Columns, StageError> {
    let named = |name: &Option<String>, option| Choice::named(sheet, name.as_deref(), option);
    let parts =
        [("--action", &asked.action), ("--reward", &asked.reward), ("--propensity", &asked.propensity)];
    let context_named = asked.context.iter().map(|name| ("--context", Some(name)));
    let all: Vec<_> = parts.iter().map(|(o, n)| (*o, n.as_ref())).chain(context_named).collect();
    Choice::distinct(sheet, &all)?;
    let mut taken = asked.context.clone();
    let (action, reward) = (named(&asked.action, "--action")?, named(&asked.reward, "--reward")?);
    let propensity = named(&asked.propensity, "--propensity")?;
    taken.extend([&action, &reward, &propensity].into_iter().flatten().map(|c| c.column.clone()));
    let mut part = |choice: Option<Choice>, what: &Part, usable: &dyn Fn(&Column) -> bool| {
        let free = |c: &Column| !taken.contains(&c.name) && usable(c);
        let choice = choice.or_else(|| Choice::by_name(sheet, what.words, what.many, free));
        taken.extend(choice.iter().map(|c| c.column.clone()));
        choice.ok_or_else(|| unknown(sheet, what.one))
    };
    let number = |c: &Column| c.values.kind() == Kind::Number;
    let name = |c: &Column| matches!(c.values.kind(), Kind::Number | Kind::Text);
    let propensity = part(propensity, &PROPENSITY, &number)?;
    let reward = part(reward, &REWARD, &number)?;
    let action = part(action, &ACTION, &name)?;
    Ok(Columns { context: context(sheet, asked, &taken)?, action, reward, propensity })
}

fn unknown(sheet: &Sheet, what: &str) -> StageError {
    let hint = format!("name it with --{what}; the columns are {}", sheet.names().join(", "));
    sheet.error(format!("no column looks like the {what}"), hint)
}

fn context(sheet: &Sheet, asked: &Asked, taken: &[String]) -> Result<Vec<Choice>, StageError> {
    if !asked.context.is_empty() {
        let named = |name: &String| {
            sheet.column(name, "--context")?;
            Ok(Choice::new(name, "named"))
        };
        return asked.context.iter().map(named).collect();
    }
    let usable = |c: &Column| !taken.contains(&c.name) && few(&c.values, MOST_CONTEXTS).is_some();
    Ok(Choice::by_name(sheet, &CONTEXTS, "contexts", usable).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::csv;

    fn plain() -> Asked {
        Asked { action: None, reward: None, propensity: None, context: Vec::new(), clip: 20.0 }
    }

    #[test]
    fn a_log_of_recommendations_is_understood() {
        let sheet = csv("timestamp,item_id,position,click,propensity_score\n2019-11-24,3,1,0,0.5\n");
        let found = columns(&sheet, &plain()).expect("guesses");
        let names = [&found.action, &found.reward, &found.propensity, &found.context[0]];
        assert_eq!(names.map(|c| c.column.as_str()), ["item_id", "click", "propensity_score", "position"]);
    }

    #[test]
    fn a_part_that_no_column_looks_like_must_be_named() {
        let sheet = csv("item,gain,propensity\n3,1,0.5\n");
        let error = columns(&sheet, &plain()).expect_err("no reward");
        assert_eq!(error.to_string(), "t.csv: no column looks like the reward");
        let asked = Asked { reward: Some("gain".into()), ..plain() };
        assert_eq!(columns(&sheet, &asked).expect("named").reward.why, "named");
    }
}
