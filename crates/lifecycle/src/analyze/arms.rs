//! Which values of the arm's column are compared, and which of them is the control.
//!
//! Two arms, always: more are an error unless two of them were named or the others are strays. Invariant:
//! place 0 is the control, place 1 the treatment.

use super::Asked;
use crate::StageError;
use crate::sheet::{Labels, Sheet, did_you_mean};

/// The two arms and where each row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arms {
    /// The control and the treatment.
    pub names: [String; 2],
    /// Why the first one is the control.
    pub why: String,
    /// Each row's place.
    pub seats: Vec<Seat>,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// Its arm is missing.
    Missing,
    /// Its arm is neither of the two.
    Unknown,
    /// 0 for the control, 1 for the treatment.
    Arm(usize),
}

const CONTROLS: [&str; 12] = [
    "control",
    "ctrl",
    "a",
    "old",
    "baseline",
    "incumbent",
    "champion",
    "placebo",
    "current",
    "off",
    "0",
    "false",
];
const TREATMENTS: [&str; 12] = [
    "treatment",
    "treated",
    "test",
    "b",
    "new",
    "challenger",
    "variant",
    "variation",
    "experiment",
    "on",
    "1",
    "true",
];

/// Values beyond the two commonest that are at most this share of the rows are strays, not arms.
const STRAYS: f64 = 0.01;

/// Whether these are words that arms go by, among them `control` or the like.
pub(super) fn looks_like_arms(values: &[String]) -> bool {
    let lower: Vec<String> = values.iter().map(|v| v.to_lowercase()).collect();
    let known = |v: &&String| CONTROLS.contains(&v.as_str()) || TREATMENTS.contains(&v.as_str());
    lower.iter().any(|v| CONTROLS.contains(&v.as_str())) && lower.iter().filter(known).count() >= 2
}

/// Decides on the two arms.
pub(super) fn arms(sheet: &Sheet, column: &str, labels: &Labels, asked: &Asked) -> Result<Arms, StageError> {
    let (control, treatment) = (
        find(sheet, labels, &asked.control, "--control")?,
        find(sheet, labels, &asked.treatment, "--treatment")?,
    );
    let (pair, why) = match (control, treatment) {
        (Some(c), Some(t)) if c == t => {
            let found = format!("--control and --treatment both name `{}`", labels.names[c]);
            return Err(sheet.error(found, "name two different arms"));
        }
        (Some(c), Some(t)) => ([c, t], "named".to_string()),
        (c, t) => ordered(&two(sheet, column, labels, c.or(t))?, c, t, labels),
    };
    let seat = |code: &Option<u32>| match code {
        None => Seat::Missing,
        Some(code) => pair.iter().position(|p| *p == *code as usize).map_or(Seat::Unknown, Seat::Arm),
    };
    let seats = labels.codes.iter().map(seat).collect();
    Ok(Arms { names: pair.map(|p| labels.names[p].clone()), why, seats })
}

fn find(
    sheet: &Sheet,
    labels: &Labels,
    name: &Option<String>,
    option: &str,
) -> Result<Option<usize>, StageError> {
    let Some(name) = name else { return Ok(None) };
    let known: Vec<&str> = labels.names.iter().take(20).map(String::as_str).collect();
    let missing =
        || sheet.error(format!("no arm `{name}`, which {option} names"), did_you_mean(name, &known));
    labels.names.iter().position(|n| n == name).map(Some).ok_or_else(missing)
}

/// The two commonest values, or the one named and the commonest other; the rest must be strays.
fn two(sheet: &Sheet, column: &str, labels: &Labels, named: Option<usize>) -> Result<[usize; 2], StageError> {
    let counts = labels.counts();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&place| (named != Some(place), std::cmp::Reverse(counts[place])));
    let (total, rest) = (counts.iter().sum::<u64>(), order.iter().skip(2).map(|&p| counts[p]).sum::<u64>());
    match order[..] {
        [] => Err(sheet.error(format!("column {column} is empty"), "name the arm's column with --arm")),
        [only] => {
            let found = format!("column {column} has the single arm `{}`", labels.names[only]);
            Err(sheet.error(found, "two arms are compared; is another column the arm? name it with --arm"))
        }
        [first, second, ..] if rest as f64 <= STRAYS * total as f64 => Ok([first, second]),
        _ => {
            let shown = order.iter().take(6).map(|&p| format!("{} ({})", labels.names[p], counts[p]));
            let found = format!(
                "column {column} has {} arms: {}; a comparison is of two",
                order.len(),
                shown.collect::<Vec<_>>().join(", ")
            );
            Err(sheet
                .error(found, "name two of them with --control and --treatment; the others are set aside"))
        }
    }
}

/// Which of the two is the control, and why.
fn ordered(
    pair: &[usize; 2],
    control: Option<usize>,
    treatment: Option<usize>,
    labels: &Labels,
) -> ([usize; 2], String) {
    let [first, second] = *pair;
    let other = |named: usize| if named == first { second } else { first };
    if let Some(control) = control {
        return ([control, other(control)], "named".into());
    }
    if let Some(treatment) = treatment {
        return (
            [other(treatment), treatment],
            format!("`{}` was named as the treatment", labels.names[treatment]),
        );
    }
    let sounds = |place: usize| CONTROLS.contains(&labels.names[place].to_lowercase().as_str());
    match (sounds(first), sounds(second)) {
        (true, false) => (*pair, "its name is one that controls go by".into()),
        (false, true) => ([second, first], "its name is one that controls go by".into()),
        _ => {
            let control = if labels.names[first] <= labels.names[second] { first } else { second };
            ([control, other(control)], "the first of the two in the alphabet".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::csv;

    fn check(values: &[&str], asked: &Asked) -> Result<(String, String), String> {
        let sheet = csv(&format!("group\n{}\n", values.join("\n")));
        let labels = Labels::of(&sheet.table.columns()[0].values);
        arms(&sheet, "group", &labels, asked)
            .map(|a| (a.names.join(" "), a.why))
            .map_err(|e| format!("{e}; {}", e.hint().unwrap_or_default()))
    }

    fn asked(control: Option<&str>, treatment: Option<&str>) -> Asked {
        let own = |name: Option<&str>| name.map(String::from);
        Asked { control: own(control), treatment: own(treatment), ..Asked::default() }
    }

    #[test]
    fn the_control_is_named_or_known_by_its_name_or_first() {
        let names = |values: &[&str], asked: &Asked| check(values, asked).expect("two arms").0;
        assert_eq!(names(&["treatment", "control"], &asked(None, None)), "control treatment");
        assert_eq!(names(&["gate_40", "gate_30"], &asked(None, None)), "gate_30 gate_40");
        assert_eq!(names(&["gate_40", "gate_30"], &asked(Some("gate_40"), None)), "gate_40 gate_30");
        assert_eq!(names(&["gate_40", "gate_30"], &asked(None, Some("gate_30"))), "gate_40 gate_30");
    }

    #[test]
    fn anything_but_two_arms_is_refused() {
        let plain = asked(None, None);
        assert!(check(&["a", "a"], &plain).expect_err("one arm").contains("the single arm `a`"));
        let error = check(&["a", "b", "c"], &plain).expect_err("three arms");
        assert!(error.contains("3 arms: a (1), b (1), c (1)") && error.contains("--treatment"), "{error}");
        assert_eq!(check(&["a", "b", "c"], &asked(Some("c"), Some("a"))).expect("two named").0, "c a");
        assert!(check(&["a", "b"], &asked(Some("d"), None)).expect_err("no such").contains("no arm `d`"));
        assert!(check(&["a", "b"], &asked(Some("a"), Some("a"))).expect_err("same").contains("both name"));
    }

    #[test]
    fn strays_are_no_arms() {
        let mut values = vec!["control"; 100];
        values.extend(vec!["treatment"; 100]);
        values.push("contrl");
        let sheet = csv(&format!("group\n{}\n", values.join("\n")));
        let labels = Labels::of(&sheet.table.columns()[0].values);
        let found = arms(&sheet, "group", &labels, &Asked::default()).expect("two arms and a stray");
        assert_eq!((found.seats[200], found.seats[100]), (Seat::Unknown, Seat::Arm(1)));
    }
}
