//! Which column is the unit, the arm, the exposure, the time, and which are outcomes.
//!
//! Named ones first; the others are guessed, each with its reason. Invariant: no column plays two parts.

use super::Asked;
use super::arms::looks_like_arms;
use super::outcome;
use crate::StageError;
use crate::choice::{Choice, Fit, fit};
use crate::sheet::{Labels, Sheet, few};
use domain::{Column, Kind, Values};

/// The parts and who plays them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Who was assigned; where there is none, every row is a unit of its own.
    pub unit: Option<Choice>,
    /// What the unit was assigned to.
    pub arm: Choice,
    /// What the unit was shown, which must agree with the arm.
    pub exposure: Option<Choice>,
    /// When.
    pub time: Option<Choice>,
    /// What came of it; at least one.
    pub outcomes: Vec<Choice>,
}

const UNITS: [&str; 14] = [
    "unit", "user", "userid", "uid", "customer", "client", "visitor", "player", "account", "device",
    "patient", "session", "cookie", "id",
];
const ARMS: [&str; 13] = [
    "arm",
    "group",
    "variant",
    "variation",
    "version",
    "treatment",
    "bucket",
    "condition",
    "experiment",
    "cohort",
    "assignment",
    "branch",
    "test",
];
const TIMES: [&str; 6] = ["timestamp", "time", "date", "datetime", "day", "ts"];

/// More distinct values than this make no arm.
const MOST_ARMS: usize = 10;
/// The share of rows on which an exposure must agree with the arm to be one.
const NEARLY_ALL: f64 = 0.9;

/// Finds the parts.
pub(super) fn columns(sheet: &Sheet, asked: &Asked) -> Result<Columns, StageError> {
    let parts = [
        ("--unit", &asked.unit),
        ("--arm", &asked.arm),
        ("--exposure", &asked.exposure),
        ("--time", &asked.time),
    ];
    let outcomes_named = asked.outcomes.iter().map(|name| ("--outcome", Some(name)));
    let named: Vec<_> = parts.iter().map(|(o, n)| (*o, n.as_ref())).chain(outcomes_named).collect();
    Choice::distinct(sheet, &named)?;
    let mut taken = asked.outcomes.clone();
    let named = |name: &Option<String>, option| Choice::named(sheet, name.as_deref(), option);
    let (unit, arm) = (named(&asked.unit, "--unit")?, named(&asked.arm, "--arm")?);
    let (exposure, time) = (named(&asked.exposure, "--exposure")?, named(&asked.time, "--time")?);
    taken.extend([&unit, &arm, &exposure, &time].into_iter().flatten().map(|c| c.column.clone()));
    let mut free = |choice: Option<Choice>, guess: &dyn Fn(&[String]) -> Option<Choice>| {
        let choice = choice.or_else(|| guess(&taken));
        taken.extend(choice.iter().map(|c| c.column.clone()));
        choice
    };
    let arm = free(arm, &|taken| guess_arm(sheet, taken)).ok_or_else(|| no_arm(sheet))?;
    let time = free(time, &|taken| guess_time(sheet, taken));
    let unit = free(unit, &|taken| guess_unit(sheet, taken));
    let exposure = free(exposure, &|taken| guess_exposure(sheet, &arm.column, taken));
    let outcomes = outcomes(sheet, asked, &taken)?;
    Ok(Columns { unit, arm, exposure, time, outcomes })
}

fn no_arm(sheet: &Sheet) -> StageError {
    let hint = format!("name it with --arm; the columns are {}", sheet.names().join(", "));
    sheet.error("no column looks like the arm that a unit was assigned to", hint)
}

/// By its name, or by values such as `control`; failing both, the only column of two words.
fn guess_arm(sheet: &Sheet, taken: &[String]) -> Option<Choice> {
    let free = |c: &&Column| !taken.contains(&c.name);
    let mut best: Option<(u32, Choice)> = None;
    let mut pairs = Vec::new();
    for column in sheet.table.columns().iter().filter(free) {
        let Some(values) = few(&column.values, MOST_ARMS) else { continue };
        let text = column.values.kind() == Kind::Text;
        if text && values.len() == 2 {
            pairs.push(column);
        }
        let named = fit(&column.name, &ARMS).0;
        let spoken = text && looks_like_arms(&values);
        let score = 2 * named as u32 + 3 * u32::from(spoken) + u32::from(values.len() == 2);
        let why = match (named > Fit::None, spoken) {
            (true, true) => {
                format!("its name is one that arms go by, and its values are {}", values.join(", "))
            }
            (true, false) => "its name is one that arms go by".into(),
            (false, true) => format!("its values are {}", values.join(", ")),
            (false, false) => continue,
        };
        if best.as_ref().is_none_or(|(s, _)| score > *s) {
            best = Some((score, Choice::new(&column.name, why)));
        }
    }
    let only = || match pairs[..] {
        [one] => Some(Choice::new(&one.name, "it is the only column of two words")),
        _ => None,
    };
    best.map(|(_, choice)| choice).or_else(only)
}

fn guess_time(sheet: &Sheet, taken: &[String]) -> Option<Choice> {
    let usable = |c: &Column| !taken.contains(&c.name) && c.values.kind() == Kind::Time;
    let by_name = Choice::by_name(sheet, &TIMES, "times", usable);
    let first = || sheet.table.columns().iter().find(|c| usable(c));
    by_name.or_else(|| first().map(|c| Choice::new(&c.name, "it holds dates or instants")))
}

/// An id has many values; a group of users, say, has few.
fn guess_unit(sheet: &Sheet, taken: &[String]) -> Option<Choice> {
    let usable = |c: &Column| {
        let whole = match &c.values {
            Values::Number(v) => v.iter().all(|x| x.is_nan() || x.fract() == 0.0),
            Values::Text(_) => true,
            Values::Time(_) | Values::Tensor { .. } => false,
        };
        !taken.contains(&c.name) && whole && few(&c.values, MOST_ARMS).is_none()
    };
    Choice::by_name(sheet, &UNITS, "units", usable)
}

/// A column of words that says the same as the arm in nearly all rows.
fn guess_exposure(sheet: &Sheet, arm: &str, taken: &[String]) -> Option<Choice> {
    let arms = Labels::of(&sheet.table.column(arm)?.values);
    let columns = sheet.table.columns().iter();
    let words = columns.filter(|c| c.values.kind() == Kind::Text && !taken.contains(&c.name));
    words.filter(|c| few(&c.values, MOST_ARMS).is_some()).find_map(|column| {
        let agreed = agreement(&arms, &Labels::of(&column.values))?;
        let why = format!("it agrees with `{arm}` in {:.1}% of rows", 100.0 * agreed);
        (agreed >= NEARLY_ALL).then(|| Choice::new(&column.name, why))
    })
}

/// The share of rows whose exposure is the commonest of its arm, of the two commonest arms; `None` where
/// both share one.
fn agreement(arms: &Labels, shown: &Labels) -> Option<f64> {
    let (usual, counts) = (usual(arms, shown), arms.counts());
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&arm| std::cmp::Reverse(counts[arm]));
    let [first, second, ..] = order[..] else { return None };
    if usual[first] == usual[second] {
        return None;
    }
    let pairs = || arms.codes.iter().zip(&shown.codes).filter_map(|(a, s)| Some(((*a)? as usize, (*s)?)));
    let compared = || pairs().filter(|(a, _)| *a == first || *a == second);
    let agreed = compared().filter(|(a, s)| usual[*a] == Some(*s)).count();
    Some(agreed as f64 / compared().count().max(1) as f64)
}

/// For each arm the exposure that it mostly comes with.
pub(super) fn usual(arms: &Labels, shown: &Labels) -> Vec<Option<u32>> {
    let mut counts = vec![vec![0u64; shown.names.len()]; arms.names.len()];
    for (arm, shown) in arms.codes.iter().zip(&shown.codes) {
        if let (Some(arm), Some(shown)) = (arm, shown) {
            counts[*arm as usize][*shown as usize] += 1;
        }
    }
    let most = |counts: &Vec<u64>| {
        let place = counts.iter().enumerate().rev().max_by_key(|(_, count)| **count)?.0;
        u32::try_from(place).ok()
    };
    counts.iter().map(most).collect()
}

fn outcomes(sheet: &Sheet, asked: &Asked, taken: &[String]) -> Result<Vec<Choice>, StageError> {
    if !asked.outcomes.is_empty() {
        let named = |name: &String| {
            sheet.column(name, "--outcome")?;
            Ok(Choice::new(name, "named"))
        };
        return asked.outcomes.iter().map(named).collect();
    }
    let free = sheet.table.columns().iter().filter(|c| !taken.contains(&c.name));
    let guessed: Vec<Choice> =
        free.filter_map(|c| Some(Choice::new(&c.name, outcome::looks_like_one(c)?))).collect();
    if guessed.is_empty() {
        let hint = "an outcome is a number, or yes and no; name it with --outcome";
        return Err(sheet.error("no column looks like an outcome", hint));
    }
    Ok(guessed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::csv;

    fn guessed(text: &str) -> Columns {
        columns(&csv(text), &Asked::default()).expect("guesses")
    }

    fn name(choice: &Option<Choice>) -> Option<&str> {
        choice.as_ref().map(|c| c.column.as_str())
    }

    /// Twelve visits whose page follows the group in all but one.
    fn visits() -> String {
        let row = |i: usize| {
            let treated = i % 2 == 1;
            let group = if treated { "treatment" } else { "control" };
            let page = if treated && i != 3 { "new_page" } else { "old_page" };
            format!(
                "{},2017-01-{:02} 10:00:00,{group},{page},{}\n",
                900 + i,
                1 + i,
                usize::from(i.is_multiple_of(3))
            )
        };
        let rows: Vec<String> = (0..12).map(row).collect();
        format!("user_id,timestamp,group,landing_page,converted\n{}", rows.concat())
    }

    #[test]
    fn visits_to_a_page_are_understood() {
        let found = guessed(&visits());
        assert_eq!((name(&found.unit), name(&found.time)), (Some("user_id"), Some("timestamp")));
        assert_eq!((found.arm.column.as_str(), name(&found.exposure)), ("group", Some("landing_page")));
        assert_eq!(found.outcomes.len(), 1);
        assert_eq!(found.exposure.expect("an exposure").why, "it agrees with `group` in 91.7% of rows");
    }

    #[test]
    fn two_words_make_an_arm_only_where_nothing_else_does() {
        assert_eq!(guessed("blue,x\nu,1\nv,2\n").arm.why, "it is the only column of two words");
        let error = columns(&csv("blue,red,x\nu,p,1\nv,q,2\n"), &Asked::default()).expect_err("two such");
        assert_eq!(error.hint().expect("a hint"), "name it with --arm; the columns are blue, red, x");
    }

    #[test]
    fn a_named_column_is_no_longer_guessed_for_another_part() {
        let asked = Asked { outcomes: vec!["landing_page".into()], ..Asked::default() };
        let found = columns(&csv(&visits()), &asked).expect("guesses");
        assert_eq!((found.exposure, found.outcomes[0].why.as_str()), (None, "named"));
    }
}
