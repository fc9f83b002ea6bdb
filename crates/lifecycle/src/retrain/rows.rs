//! Which labelled rows a retrain learns from, with which weights, and which it is judged by.
//!
//! The rule of each row is `domain::review::role`. Invariants: no instant stands on both sides, so that nobody is judged
//! on what is older than what they learned; the audit is on neither side of training.

use crate::live::{self, Live, LiveRow};
use crate::review::{Lesson, Register};
use crate::{Project, StageError};
use domain::{Examples, OutputKind, Source, Timestamp};

/// The labelled rows of live traffic that are known by now, oldest first, and how each came to its label.
pub(super) struct Known<'a> {
    rows: Vec<&'a LiveRow>,
    register: Register,
}

/// What a retrain is made of.
pub(super) struct Parts {
    /// The plan's table and live rows of before `middle`, weighted.
    pub train: Examples,
    /// Rows of `middle` and later, which nobody learned from.
    pub test: Examples,
    /// Those among the former that were drawn for people.
    pub lessons: Vec<Lesson>,
}

/// Rows whose outcome is known by now, as it would be without the delay being cut short.
fn labelled<'a>(project: &Project, live: &'a Live) -> Vec<&'a LiveRow> {
    let until = live.now.map(|now| Timestamp(now.0 - project.plan.retrain.label_delay.0));
    live.rows.iter().filter(|row| until.is_none_or(|until| row.at <= until)).collect()
}

impl<'a> Known<'a> {
    pub fn read(project: &Project, live: &'a Live) -> Result<Known<'a>, StageError> {
        Ok(Known { rows: labelled(project, live), register: Register::read(project)? })
    }

    /// Rows to judge on that are later than a moment.
    pub fn judging(&self, since: Timestamp) -> Vec<&'a LiveRow> {
        let fits = |row: &&LiveRow| row.at > since && self.register.role(row.prediction, row.source).judges;
        self.rows.iter().copied().filter(fits).collect()
    }

    /// The world's outcomes of rows later than a moment.
    pub fn observed(&self, since: Timestamp) -> u64 {
        self.rows.iter().filter(|row| row.source == Source::Observed && row.at > since).count() as u64
    }

    /// People's labels that teach. They come late, so they are counted in all and not by their rows' time.
    pub fn reviewed(&self) -> u64 {
        let teaches = |row: &&&LiveRow| self.register.draw(row.prediction).is_some_and(|d| d.why.teaches());
        self.rows.iter().filter(|row| row.source == Source::Reviewer).filter(teaches).count() as u64
    }

    /// Parts them where half of the rows that may judge, and are later than `since`, lie behind.
    pub fn parts(
        &self,
        project: &Project,
        output: &OutputKind,
        since: Timestamp,
    ) -> Result<Parts, StageError> {
        let table = live::history_rows(project)?;
        let columns = table.rows.schema(0);
        let judging = self.judging(since);
        let middle = judging[judging.len() / 2].at;
        let window = project.plan.retrain.window.0;
        let start = if window > 0 { Timestamp(middle.0 - window) } else { Timestamp(i64::MIN) };
        let (older, weight) = self.teaching(middle);
        let newer: Vec<&LiveRow> = judging.into_iter().filter(|row| row.at >= middle).collect();
        let mut learned = live::examples(project, &older, &columns, output)?;
        learned.weight = weight.iter().any(|weight| *weight != 1.0).then(|| weight.clone());
        let joined = live::joined(&table, &learned, &project.plan.data.source)?;
        let first = joined.at.as_ref().map_or(0, |at| at.partition_point(|t| *t < start));
        let within = older.iter().zip(&weight).filter(|(row, _)| row.at >= start);
        Ok(Parts {
            train: joined.take(&(first..joined.len()).collect::<Vec<_>>()),
            test: live::examples(project, &newer, &columns, output)?,
            lessons: within.filter_map(|(row, weight)| self.lesson(row, *weight)).collect(),
        })
    }

    /// Rows that teach and are earlier than a moment, each with its weight.
    fn teaching(&self, middle: Timestamp) -> (Vec<&'a LiveRow>, Vec<f64>) {
        let weight = |row: &&'a LiveRow| {
            Some((*row, self.register.role(row.prediction, row.source).weight.filter(|_| row.at < middle)?))
        };
        self.rows.iter().filter_map(weight).unzip()
    }

    fn lesson(&self, row: &LiveRow, weight: f64) -> Option<Lesson> {
        let draw = self.register.draw(row.prediction).filter(|draw| draw.why.teaches())?;
        let (why, chance, round) = (draw.why, draw.chance, draw.round);
        Some(Lesson { prediction: row.prediction.to_string(), why, chance, round, weight })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::Draw;
    use domain::review::Why;
    use domain::time::DAY;
    use domain::{Plan, PredictionId};
    use std::fmt::Write;
    use std::sync::Arc;
    use store::{MemoryBlobs, MemoryJournal, MemoryRegistry};

    const PLAN: &str = "name = \"m\"\ntask = \"classification\"\n[data]\nsource = \"rows.csv\"\ntarget = \"y\"\n\
                        time = \"at\"\n[retrain]\nlabel_delay = \"2d\"\n";
    /// Days of the table; live rows come after, one a day.
    const DAYS: i64 = 40;

    fn day(day: i64) -> Timestamp {
        Timestamp((20_000 + day) * DAY)
    }

    fn row(at: i64, source: Source) -> LiveRow {
        let input = serde_json::json!({"at": day(at).to_string(), "x": at});
        LiveRow {
            prediction: PredictionId(at as u128),
            at: day(at),
            version: None,
            input: input.as_object().expect("an object").clone(),
            output: vec![0.5, 0.5],
            truth: "yes".into(),
            source,
        }
    }

    fn project(folder: &std::path::Path) -> Project {
        let mut table = String::from("at,x,y\n");
        (0..DAYS)
            .for_each(|d| writeln!(table, "{},{d},{}", day(d), ["no", "yes"][d as usize % 2]).expect("text"));
        std::fs::write(folder.join("rows.csv"), table).expect("written");
        Project {
            dir: folder.into(),
            plan: Arc::new(Plan::parse(PLAN).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(|| day(0)),
            door: None,
        }
    }

    /// Days 40 to 59: the world tells of every fourth, people of the others; of those one in three is of the audit.
    fn live() -> (Live, Register) {
        let people = |d: &i64| d % 4 != 0;
        let draw = |d: i64| {
            let why = [Why::Audit, Why::Doubted, Why::Novel][d as usize % 3];
            (
                PredictionId(d as u128),
                Draw { why, chance: if why == Why::Novel { 0.02 } else { 0.25 }, round: 0 },
            )
        };
        let source = |d: i64| if people(&d) { Source::Reviewer } else { Source::Observed };
        let rows = (DAYS..DAYS + 20).map(|d| row(d, source(d))).collect();
        let live = Live { rows, now: Some(day(DAYS + 20)), unlabelled: 0 };
        (live, (DAYS..DAYS + 20).filter(people).map(draw).collect())
    }

    #[test]
    fn labels_weigh_one_over_their_chance_and_the_audit_is_never_trained_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let (live, register) = live();
        let project = project(folder.path());
        let known = Known { rows: labelled(&project, &live), register: register.clone() };
        assert_eq!(known.rows.len(), 19, "the last day is too fresh");
        let output = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
        let Parts { train, test, lessons } =
            known.parts(&project, &output, day(DAYS - 1)).expect("two sides");
        // 40, 44, 48, 52, 56 by the world; 42, 45, 51, 54, 57 of the audit
        let judged: Vec<i64> = [52, 54, 56, 57].into_iter().collect();
        assert_eq!(test.at.expect("times"), [51].into_iter().chain(judged).map(day).collect::<Vec<_>>());
        let at = train.at.expect("times");
        assert!(at.iter().all(|at| *at < day(51)), "nothing that judges is older than what was learned");
        let weight = |d: i64| {
            at.iter().position(|at| *at == day(d)).map(|row| train.weight.as_ref().expect("weights")[row])
        };
        assert_eq!([weight(0), weight(40), weight(44)], [Some(1.0); 3], "the table, and the world");
        assert_eq!([weight(43), weight(46), weight(49)], [Some(4.0); 3], "doubted");
        assert_eq!([weight(41), weight(47), weight(50)], [Some(20.0); 3], "novel, and not 50 times");
        assert_eq!([weight(42), weight(45)], [None; 2], "audited");
        assert_eq!((train.rows.rows(), lessons.len(), known.reviewed()), (49, 6, 9));
        let taught = |d: i64| lessons.iter().find(|l| l.prediction == PredictionId(d as u128).to_string());
        assert_eq!(taught(47).map(|l| (l.why, l.chance, l.weight)), Some((Why::Novel, 0.02, 20.0)));
    }

    #[test]
    fn a_window_cuts_lessons_as_well() {
        let folder = tempfile::tempdir().expect("a folder");
        let (live, register) = live();
        let mut project = project(folder.path());
        project.plan = Arc::new(Plan::parse(&format!("{PLAN}window = \"5d\"\n")).expect("a plan"));
        let known = Known { rows: labelled(&project, &live), register };
        let output = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
        let parts = known.parts(&project, &output, day(DAYS - 1)).expect("two sides");
        assert_eq!(parts.train.at.expect("times"), [46, 47, 48, 49, 50].map(day));
        assert_eq!(parts.lessons.len(), 4);
    }
}
