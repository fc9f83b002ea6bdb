//! A trained pipeline, and two weeks of traffic through it.

use super::fault::{Answer, Fault, Kind, Label, Real, Source};
use super::pipeline::{Draw, ENTITIES, People, Raw, along, broken, chance, features, served};
use crate::diagnose::{Reference, Traffic, traffic};
use crate::version::{Version, keep, trained_on};
use crate::{Project, StageError, live};
use domain::diagnosis::Change;
use domain::time::{DAY, HOUR, SECOND};
use domain::{
    Event, Examples, Origin, Outcome, Outputs, Plan, Prediction, PredictionId, ServedBy, Target, Timestamp,
};
use models::linear::Logistic;
use models::{Fit, Seed};
use serde_json::{Map, Value};
use std::sync::Arc;
use store::{Entry, Journal, MemoryBlobs, MemoryJournal, MemoryRegistry};

const PLAN: &str = r#"
name = "pipeline"
task = "classification"
[data]
source = "none.csv"
target = "y"
entity = "person"
[watch]
window = "7d"
[retrain]
label_delay = "1d"
"#;
/// Rows of training, of the reference, and of two weeks.
const ROWS: (usize, usize, usize) = (4000, 4000, 6000);
/// How long the traffic goes on.
const SPAN: i64 = 14 * DAY;
/// The beginning of training, the reference and the traffic.
const BEGIN: (i64, i64, i64) = (20_000 * DAY, 20_020 * DAY, 20_040 * DAY);
/// The share of rows whose outcome becomes known, and of these that several people label.
const KNOWN: (f64, f64) = (0.6, 0.15);

/// A trained pipeline.
pub(crate) struct World {
    project: Project,
    pub version: Version,
    /// Another version, which served before.
    older: Version,
    pub reference: Reference,
}

/// Traffic, ready to be looked at.
pub(crate) struct Lived {
    pub project: Project,
    pub traffic: Traffic,
    pub kpi: Option<Change>,
}

impl World {
    pub fn new(seed: u64) -> Result<World, StageError> {
        let project = Project {
            dir: "nowhere".into(),
            plan: Arc::new(Plan::parse(PLAN).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(|| Timestamp(BEGIN.2)),
            door: None,
        };
        let draw = &mut Draw::new(seed);
        let train = examples(BEGIN.0, ROWS.0, draw);
        let half = train.take(&(0..ROWS.0 / 4).collect::<Vec<_>>());
        let baseline =
            fit(&project, &models::baseline::Prior, &train, Origin::Baseline { name: "prior".into() })?;
        let trained = || Origin::Trained { trainer: "logistic".into() };
        let older = fit(&project, &Logistic::default(), &half, trained())?;
        let version = fit(&project, &Logistic::default(), &train, trained())?;
        let fallback = vec![older.id.clone(), baseline.id];
        project.record(&[Event::Deployed { incumbent: version.id.clone(), fallback }])?;
        let tested = examples(BEGIN.1, ROWS.1, draw);
        let reference = Reference::of(&project, &version, &tested, "rows before".into())?;
        Ok(World { project, version, older, reference })
    }

    /// Two weeks of traffic.
    pub fn live(&self, fault: Option<&Fault>, seed: u64) -> Result<Lived, StageError> {
        let mut draw = Draw::new(seed ^ 0x5EED_0000_0000);
        let onset = self.onset(fault, &mut draw);
        let mut days = Days { fault, onset, draw, people: None, before: vec![None; ENTITIES as usize] };
        let asked: Vec<Asked> = days.asked();
        let answers = self.answers(fault, onset, &asked)?;
        let journal = MemoryJournal::default();
        let entries: Vec<Entry> = asked
            .iter()
            .zip(&answers)
            .enumerate()
            .flat_map(|(place, (asked, answer))| self.entries(fault, onset, place, asked, answer))
            .collect();
        journal.append(&entries)?;
        let project = Project { journal: Arc::new(journal), ..self.project.clone() };
        let traffic = traffic::read(&project, &self.version.id)?;
        let fewer = matches!(fault.map(|f| f.kind), Some(Kind::Real(Real::FewerSales)));
        let kpi = Change {
            before: 1.0,
            now: if fewer { 0.8 } else { 1.0 },
            p: if fewer { 1e-6 } else { 0.7 },
            since: None,
        };
        Ok(Lived { project, traffic, kpi: Some(kpi) })
    }

    /// When the fault begins: in the middle of the two weeks, or before them.
    fn onset(&self, fault: Option<&Fault>, draw: &mut Draw) -> i64 {
        match fault.map(|f| f.kind) {
            Some(Kind::Real(Real::FlipFromStart)) => BEGIN.2,
            _ => BEGIN.2 + ((5.0 + 4.0 * draw.unit()) * DAY as f64) as i64,
        }
    }

    /// What is answered, by the version or by what a fault has put in its place.
    fn answers(
        &self,
        fault: Option<&Fault>,
        onset: i64,
        asked: &[Asked],
    ) -> Result<Vec<Vec<f64>>, StageError> {
        let cells: Vec<&Map<String, Value>> = asked.iter().map(|a| &a.input).collect();
        let rows = live::table(&cells, &self.version.model.signature().inputs);
        let right = self.version.answer(&rows)?;
        let Some(Kind::Answer(kind)) = fault.map(|f| f.kind) else { return Ok(each(&right)) };
        let older = self.older.answer(&rows)?;
        let wrong = |row: usize| match kind {
            Answer::OtherVersion => older.row(row).to_vec(),
            Answer::Transposed => right.row(row).iter().rev().copied().collect(),
            Answer::Rounded => right.row(row).iter().map(|p| (p * 10.0).round() / 10.0).collect(),
            Answer::Shifted => right.row(row.saturating_sub(1)).to_vec(),
            Answer::Constant => vec![0.5, 0.5],
        };
        let began = |row: usize| asked[row].raw.at.0 >= onset;
        Ok((0..asked.len())
            .map(|row| if began(row) { wrong(row) } else { right.row(row).to_vec() })
            .collect())
    }

    fn entries(
        &self,
        fault: Option<&Fault>,
        onset: i64,
        place: usize,
        asked: &Asked,
        answer: &[f64],
    ) -> Vec<Entry> {
        let (at, id) = (asked.raw.at, PredictionId::new(asked.raw.at, 0, 1, place as u64));
        let mut input = asked.input.clone();
        along(&asked.raw, &mut input);
        let prediction = Entry::Prediction(Prediction {
            id,
            at,
            version: self.version.id.clone(),
            served_by: ServedBy::Intended,
            unit: None,
            assignment: None,
            input: Value::Object(input).to_string(),
            output: answer.to_vec(),
            latency_us: 300,
        });
        let told = asked.labels.iter().enumerate().filter(|_| in_time(fault, onset, asked));
        let outcome = |(order, yes): (usize, &bool)| {
            let value = if *yes { "yes" } else { "no" }.to_string();
            let at = Timestamp(at.0 + 12 * HOUR + order as i64 * SECOND);
            Entry::Outcome(Outcome { prediction: id, at, value, source: domain::Source::Observed })
        };
        std::iter::once(prediction).chain(told.map(outcome)).collect()
    }
}

/// Whether a row's labels arrive at all before anybody looks.
fn in_time(fault: Option<&Fault>, onset: i64, asked: &Asked) -> bool {
    let late = matches!(fault.map(|f| f.kind), Some(Kind::Label(Label::Late))) && asked.raw.at.0 >= onset;
    asked.known && !(late && asked.luck < 0.7)
}

/// One row as it is asked.
struct Asked {
    raw: Raw,
    input: Map<String, Value>,
    known: bool,
    /// Decides whether a label is late.
    luck: f64,
    /// What people say was true, one or several of them.
    labels: Vec<bool>,
}

/// The days as they pass.
struct Days<'a> {
    fault: Option<&'a Fault>,
    onset: i64,
    draw: Draw,
    people: Option<People>,
    before: Vec<Option<Raw>>,
}

impl Days<'_> {
    fn asked(&mut self) -> Vec<Asked> {
        self.people = Some(People::new(&mut self.draw));
        let mut all: Vec<Asked> = Vec::with_capacity(ROWS.2);
        while all.len() < ROWS.2 {
            let at = moment(BEGIN.2, SPAN, ROWS.2, all.len());
            let repeats = self.at(at, Kind::Source(Source::Repeated)) && self.draw.unit() < 0.12;
            let asked = match all.last() {
                // the same event again, at its own time
                Some(last) if repeats => self.ask(last.raw.clone()),
                _ => {
                    let event = self.event(at);
                    self.ask(event)
                }
            };
            all.push(asked);
        }
        all
    }

    /// Whether this fault is there at this moment.
    fn at(&self, at: Timestamp, kind: Kind) -> bool {
        at.0 >= self.onset && self.fault.is_some_and(|f| f.kind == kind)
    }

    /// How much of a change of the world has come.
    fn come(&self, at: Timestamp) -> Option<(Real, f64)> {
        let Some(Kind::Real(kind)) = self.fault.map(|f| f.kind) else { return None };
        let share = match kind {
            // over eight days, from the fourth on
            Real::SlowShift | Real::SlowFlip => {
                ((at.0 - BEGIN.2 - 3 * DAY) as f64 / (8 * DAY) as f64).clamp(0.0, 1.0)
            }
            _ => f64::from(at.0 >= self.onset),
        };
        Some((kind, share))
    }

    fn event(&mut self, at: Timestamp) -> Raw {
        let come = self.come(at);
        let people = self.people.as_mut().expect("people come first");
        let raw = people.event(at, &mut self.draw, come);
        match self.fault.map(|f| f.kind) {
            Some(Kind::Source(kind)) if at.0 >= self.onset => broken(kind, raw, &mut self.draw),
            _ => raw,
        }
    }

    fn ask(&mut self, raw: Raw) -> Asked {
        let before = self.before[raw.entity as usize].replace(raw.clone());
        let input = match self.fault.map(|f| f.kind) {
            Some(Kind::Serving(kind)) if raw.at.0 >= self.onset => served(kind, &raw, before.as_ref()),
            _ => features(&raw),
        };
        let flip = match self.come(raw.at) {
            Some((Real::Flip | Real::SlowFlip | Real::FlipFromStart, share)) => share,
            _ => 0.0,
        };
        let truth = self.draw.unit() < chance(&raw, flip);
        let (known, luck) = (self.draw.unit() < KNOWN.0, self.draw.unit());
        let people = if self.draw.unit() < KNOWN.1 { 2 } else { 1 };
        let disputed = self.at(raw.at, Kind::Label(Label::Disputed));
        let wrong = if disputed { 0.25 } else { 0.01 };
        let labels =
            (0..people).map(|_| truth != (people > 1 || disputed) & (self.draw.unit() < wrong)).collect();
        Asked { raw, input, known, luck, labels }
    }
}

/// The `place`-th of `count` moments, evenly spread.
fn moment(begin: i64, span: i64, count: usize, place: usize) -> Timestamp {
    Timestamp(begin + span / SECOND / count as i64 * SECOND * place as i64)
}

fn each(outputs: &Outputs) -> Vec<Vec<f64>> {
    (0..outputs.rows()).map(|row| outputs.row(row).to_vec()).collect()
}

/// Labelled rows without a fault.
fn examples(begin: i64, rows: usize, draw: &mut Draw) -> Examples {
    let mut people = People::new(draw);
    let events: Vec<Raw> =
        (0..rows).map(|row| people.event(moment(begin, SPAN, rows, row), draw, None)).collect();
    let inputs: Vec<Map<String, Value>> = events.iter().map(features).collect();
    let index = events.iter().map(|raw| u32::from(draw.unit() < chance(raw, 0.0))).collect();
    let schema = domain::Schema { fields: schema() };
    Examples {
        rows: live::table(&inputs.iter().collect::<Vec<_>>(), &schema),
        target: Target::Class { classes: vec!["no".into(), "yes".into()], index },
        weight: None,
        at: Some(events.iter().map(|raw| raw.at).collect()),
        entity: Some(events.iter().map(|raw| raw.entity).collect()),
    }
}

fn schema() -> Vec<domain::Field> {
    use domain::{Domain, Field, Kind};
    let field = |name: &str, kind| Field { name: name.into(), kind, nullable: true, domain: Domain::Any };
    let numbers = ["height", "weight", "age", "visits", "balance"].map(|name| field(name, Kind::Number));
    let texts = ["colour", "region"].map(|name| field(name, Kind::Text));
    numbers.into_iter().chain(texts).chain([field("seen", Kind::Time)]).collect()
}

fn fit(project: &Project, fit: &dyn Fit, rows: &Examples, origin: Origin) -> Result<Version, StageError> {
    let artifact = fit.fit(rows, Seed(1), &mut |_| true)?;
    keep(project, &artifact, origin, trained_on("simulated", rows), &rows.rows)
}
