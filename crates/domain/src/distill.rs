//! Whether a teacher is worth learning from, and which of its students is handed to the gate.
//!
//! Not the learning (`lifecycle::distill`), nor whether the student ships: that is the gate's business, as for every
//! challenger. Invariant: losses are of rows that neither teacher nor student saw.

use crate::gate::Estimate;
use crate::model::VersionId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A teacher must be better than its best single model by so many standard errors: else serve that model.
pub const WORTH: f64 = 2.0;

/// What the rule is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistillFacts {
    /// The teacher.
    pub teacher: VersionId,
    /// What it loses a row.
    pub loss: Estimate,
    /// The best single model of its first level, by the teacher's own training rows.
    pub single: String,
    /// What that model loses a row above the teacher, on the same rows.
    pub gain: Estimate,
    /// The standard error of the gain.
    pub se: f64,
    /// What the students learned from; nothing where nobody was taught, or before this was kept.
    #[serde(default)]
    pub lesson: LessonFact,
    /// The students that were taught all rows.
    pub students: Vec<StudentFact>,
    /// The most that 99 of 100 requests may take, in microseconds.
    pub p99: Option<f64>,
    /// The most bytes.
    pub bytes: Option<f64>,
    /// What making a student smaller may cost a row; see [`StepFact::pays`].
    #[serde(default)]
    pub tolerance: f64,
}

/// What a lesson was made of, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonFact {
    /// Training rows, with what models said that never saw them.
    pub real: u64,
    /// Bred rows, labelled by the teacher.
    pub bred: u64,
    /// Live rows without an outcome, labelled by the teacher.
    pub live: u64,
    /// Live rows without an outcome that were left out: rows of the table, of entities that were held back, or such as
    /// the teacher cannot read.
    pub aside: u64,
    /// The time of the latest live row: later ones are new to the students.
    pub until: Option<Timestamp>,
}

/// One student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudentFact {
    /// What it is called.
    pub name: String,
    /// What it loses a row.
    pub loss: Estimate,
    /// What its twin loses, which learned the same rows from hard labels.
    pub twin: Option<Estimate>,
    /// The share of the gap between twin and teacher that the student closes; `None` where the twin is no worse than
    /// the teacher.
    pub kept: Option<Estimate>,
    /// Learned numbers.
    pub parameters: u64,
    /// Bytes of its graph.
    pub bytes: u64,
    /// What 99 of 100 requests stay below, in microseconds; `None` where it was not measured.
    pub p99: Option<Estimate>,
    /// What was tried to make it smaller, in this order; what paid is part of all figures above.
    #[serde(default)]
    pub steps: Vec<StepFact>,
}

/// A step that was to make a student smaller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepFact {
    /// What was done.
    pub what: Step,
    /// Bytes of the graph before it.
    pub before: u64,
    /// Bytes of the graph after it.
    pub bytes: u64,
    /// What the result loses a row above the student as it was taught, on the same rows: steps cannot add up to more
    /// than one may cost.
    pub change: Estimate,
}

/// A way to make a student smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Weights as 8-bit integers with a scale for each output.
    Int8,
    /// Only so many tenths of the numbers between a network's layers, which learn on.
    Width(u8),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Int8 => f.write_str("int8"),
            Step::Width(tenths) => write!(f, "width {tenths}/10"),
        }
    }
}

impl StepFact {
    /// Whether it is kept: it saves bytes, and costs no more than `tolerance` at the upper end of its interval.
    pub fn pays(&self, tolerance: f64) -> bool {
        self.bytes < self.before && self.change.high <= tolerance
    }
}

/// What the rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistillDecision {
    /// The teacher is not worth it.
    Refuse(String),
    /// No student is within the budget.
    Nobody(String),
    /// This one goes to the gate.
    Choose {
        /// Its name.
        student: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for LessonFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LessonFact { real, bred, live, aside, .. } = self;
        write!(f, "{real} training rows, {bred} bred and {live} live rows without an outcome")?;
        if *aside > 0 { write!(f, " ({aside} left out)") } else { Ok(()) }
    }
}

/// Decides.
pub fn distill(facts: &DistillFacts) -> DistillDecision {
    let (gain, se, single) = (facts.gain.value, facts.se, &facts.single);
    if gain < WORTH * se || gain <= 0.0 {
        return DistillDecision::Refuse(format!(
            "the teacher is better than `{single}` alone by {gain:.4} a row, less than {WORTH} standard errors of {se:.4}: serve `{single}`"
        ));
    }
    let within = facts.students.iter().filter(|student| over(facts, student).is_none());
    match within.min_by(|a, b| a.loss.value.total_cmp(&b.loss.value)) {
        Some(best) => DistillDecision::Choose { student: best.name.clone(), why: chosen(facts, best) },
        None => {
            let why = facts.students.iter().filter_map(|s| Some(format!("{} {}", s.name, over(facts, s)?)));
            DistillDecision::Nobody(why.collect::<Vec<_>>().join("; "))
        }
    }
}

/// What keeps a student out of the budget.
fn over(facts: &DistillFacts, student: &StudentFact) -> Option<String> {
    if let Some(most) = facts.bytes.filter(|most| student.bytes as f64 > *most) {
        return Some(format!("has {} bytes of {most}", student.bytes));
    }
    let most = facts.p99?;
    match student.p99 {
        None => Some("was not measured".into()),
        Some(p99) if p99.high > most => Some(format!("takes up to {:.0} us of {most:.0}", p99.high)),
        Some(_) => None,
    }
}

fn chosen(facts: &DistillFacts, student: &StudentFact) -> String {
    let kept = student.kept.map_or_else(String::new, |kept| {
        format!(
            ", {:.0}% [{:.0}, {:.0}] of the way from its twin to the teacher",
            100.0 * kept.value,
            100.0 * kept.low,
            100.0 * kept.high
        )
    });
    let p99 =
        student.p99.map_or_else(String::new, |p99| format!(", 99 of 100 requests within {:.0} us", p99.high));
    format!(
        "the best within the budget: loses {:.4} a row where the teacher loses {:.4}{kept}; {} bytes{p99}",
        student.loss.value, facts.loss.value, student.bytes
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(value: f64) -> Estimate {
        Estimate { value, low: value - 0.01, high: value + 0.01, rows: 1000 }
    }

    fn student(name: &str, loss: f64, bytes: u64, p99: Option<f64>) -> StudentFact {
        let p99 = p99.map(|value| Estimate { value, low: value, high: 1.1 * value, rows: 2000 });
        let (twin, kept) = (Some(around(loss + 0.02)), Some(around(0.5)));
        let steps = Vec::new();
        StudentFact { name: name.into(), loss: around(loss), twin, kept, parameters: 1, bytes, p99, steps }
    }

    fn facts(gain: f64, students: Vec<StudentFact>) -> DistillFacts {
        DistillFacts {
            teacher: VersionId("t".into()),
            loss: around(0.45),
            single: "boosted".into(),
            gain: around(gain),
            se: 0.002,
            lesson: LessonFact::default(),
            students,
            p99: Some(1000.0),
            bytes: None,
            tolerance: 0.002,
        }
    }

    #[test]
    fn a_step_pays_where_it_saves_bytes_and_may_cost_little() {
        let step = |bytes, high| {
            let change = Estimate { value: 0.0, low: -0.001, high, rows: 1000 };
            StepFact { what: Step::Int8, before: 100, bytes, change }.pays(0.002)
        };
        assert!(step(30, 0.002));
        assert!(!step(100, 0.001), "nothing is saved");
        assert!(!step(30, 0.0021), "it may cost more");
    }

    #[test]
    fn a_teacher_that_is_no_better_is_refused() {
        let none = distill(&facts(0.003, vec![student("small", 0.5, 10, Some(10.0))]));
        assert!(matches!(&none, DistillDecision::Refuse(why) if why.contains("serve `boosted`")), "{none:?}");
    }

    #[test]
    fn the_best_within_the_budget_is_chosen() {
        let all = vec![
            student("big", 0.46, 900, Some(950.0)),
            student("middle", 0.48, 90, Some(500.0)),
            student("small", 0.52, 9, Some(100.0)),
        ];
        let found = distill(&facts(0.03, all.clone()));
        assert!(
            matches!(&found, DistillDecision::Choose { student, .. } if student == "middle"),
            "{found:?}"
        );
        let tiny = DistillFacts { bytes: Some(10.0), ..facts(0.03, all.clone()) };
        assert!(matches!(distill(&tiny), DistillDecision::Choose { student, .. } if student == "small"));
        let none = distill(&DistillFacts { p99: Some(50.0), ..facts(0.03, all) });
        assert!(
            matches!(&none, DistillDecision::Nobody(why) if why.contains("takes up to 110 us of 50")),
            "{none:?}"
        );
    }

    #[test]
    fn facts_of_before_lessons_were_kept_are_read() {
        let known = facts(0.03, vec![]);
        let mut old = serde_json::to_value(&known).expect("plain data");
        old.as_object_mut().expect("an object").remove("lesson");
        assert_eq!(serde_json::from_value::<DistillFacts>(old).expect("read"), known);
    }

    #[test]
    fn a_lesson_says_what_it_was_made_of() {
        let lesson = LessonFact { real: 9, bred: 4, live: 3, ..LessonFact::default() };
        let said = "9 training rows, 4 bred and 3 live rows without an outcome";
        assert_eq!(lesson.to_string(), said);
        assert_eq!(LessonFact { aside: 2, ..lesson }.to_string(), format!("{said} (2 left out)"));
    }

    #[test]
    fn what_was_not_measured_is_not_within_a_budget() {
        let found = distill(&facts(0.03, vec![student("small", 0.5, 10, None)]));
        assert!(matches!(&found, DistillDecision::Nobody(why) if why.contains("not measured")), "{found:?}");
    }
}
