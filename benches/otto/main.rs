//! A teacher and its students on the Otto challenge: log loss of the prior, of each member, of the ensemble, and of
//! students taught with hard labels, with the teacher's, and with the teacher's on bred rows beside; each with its
//! parameters, bytes and microseconds for a single row.
//!
//! Every loss is on rows that nothing was fitted to or chosen by. Reads `otto.csv`, which `run.sh` exports; keeps
//! what was fitted in `shelf` beside it and every line of the table in a file of results, so that a run goes on where
//! the last one stopped.
//!
//! usage: otto FOLDER [--preset otto|medium|small|tiny] [--quick] [--teacher] [--rows N] [--bred N]

mod measure;
mod rows;
mod shelf;
mod table;

use domain::Examples;
use measure::{Figures, Results};
use models::distill::{Breed, Lesson, Student, label_bred};
use models::ensemble::{Stack, Stacked};
use models::onnx::narrow;
use models::{Artifact, Seed};
use rows::{Settings, read};
use shelf::Folder;
use std::error::Error;

type Done<T> = Result<T, Box<dyn Error>>;

const SEED: Seed = Seed(20_261_124);
/// The test rows are every fifth.
const FOLDS: usize = 5;
/// Fits of a student, each from a start of its own.
const SEEDS: u64 = 5;
/// Looks at every row that a network gets.
const EPOCHS: usize = 30;
/// The network that is also taught without bred rows, and made thinner.
const MIDDLE: (usize, usize) = (2, 256);

fn main() -> Done<()> {
    let Some(settings) = Settings::of(std::env::args().skip(1))? else {
        eprintln!("otto: nothing to measure without a folder; see benches/otto/run.sh");
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global()?;
    let data = read(&settings.folder.join("otto.csv"), settings.rows)?;
    let mut results = Results::open(&settings.folder, settings.preset, data.len())?;
    for fold in 0..if settings.quick { 1 } else { FOLDS } {
        let (test, train): (Vec<usize>, Vec<usize>) = (0..data.len()).partition(|row| row % FOLDS == fold);
        let split = Split { train: data.take(&train), test: data.take(&test), fold };
        split.run(&settings, &mut results)?;
    }
    results.print();
    table::gaps(&results)?;
    Ok(())
}

/// One division into rows to fit on and rows to score on.
struct Split {
    train: Examples,
    test: Examples,
    fold: usize,
}

impl Split {
    fn run(&self, settings: &Settings, results: &mut Results) -> Done<()> {
        let shelf = Folder::open(&settings.folder.join("shelf"))?;
        let stack = settings.preset.stack();
        let stacked = stack.fit_on(&self.train, SEED, &shelf, &mut tell(self.fold))?;
        results.put(self.fold, "prior", Figures::prior(&self.train, &self.test)?)?;
        for (scored, artifact) in stacked.members.iter().zip(&stacked.artifacts) {
            self.line(results, &format!("member {}", scored.name), artifact)?;
            let name = format!("member {}, out of fold", scored.name);
            results.put(self.fold, &name, Figures::loss_only(scored.log_loss))?;
        }
        self.line(results, "ensemble", &stacked.artifact)?;
        results.put(self.fold, "ensemble, out of fold", Figures::loss_only(stacked.log_loss))?;
        if settings.teacher {
            return Ok(());
        }
        let plain = Lesson::new(&self.train, &stacked.out_of_fold)?;
        let lessons = [("hard", plain.hard_twin()), ("soft", plain.clone())];
        self.teach(results, &[network(MIDDLE)], &lessons, 1)?;
        let more = self.bred(&stack, &stacked, &plain, (&shelf, settings.bred))?;
        let (hard, soft) = match settings.bred {
            1.0 => ("hard, bred".to_string(), "soft, bred".to_string()),
            times => (format!("hard, bred x{times}"), format!("soft, bred x{times}")),
        };
        self.teach(results, &students(), &[(&hard, more.hard_twin()), (&soft, more.clone())], SEEDS)?;
        self.thin(results, &soft, &more)
    }

    /// Teaches students by every lesson. The first seed tells with how much dropout one learns best; the others go on so.
    fn teach(
        &self,
        results: &mut Results,
        students: &[Student],
        lessons: &[(&str, Lesson)],
        seeds: u64,
    ) -> Done<()> {
        for student in students {
            for (how, lesson) in lessons {
                let ways = ways(student);
                let mut losses = Vec::new();
                for way in &ways {
                    losses.push(self.learn(results, way, how, lesson, 0)?);
                }
                let better = (0..ways.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0);
                // Who has no dropout draws nothing: every seed would be the first.
                for seed in 1..if ways.len() > 1 { seeds } else { 1 } {
                    self.learn(results, &ways[better], how, lesson, seed)?;
                }
            }
        }
        Ok(())
    }

    fn learn(
        &self,
        results: &mut Results,
        student: &Student,
        how: &str,
        lesson: &Lesson,
        seed: u64,
    ) -> Done<f64> {
        let name = format!("student {}; {how}; seed {seed}", student.name);
        if let Some(figures) = results.get(self.fold, &name) {
            return Ok(figures.loss);
        }
        let artifact = student.learn(lesson, Seed(SEED.0 + seed), &mut |_| true)?;
        let figures = Figures::of(&artifact, &self.test)?;
        if let Some(onnx) = narrow(&artifact.onnx)?.filter(|_| seed == 0 && how.starts_with("soft, bred")) {
            let narrowed = Artifact { onnx, signature: artifact.signature };
            self.line(results, &format!("int8 of {}, {how}", student.name), &narrowed)?;
        }
        results.put(self.fold, &name, figures)?;
        Ok(figures.loss)
    }

    /// A network with ever fewer numbers between its layers, half of them at least.
    fn thin(&self, results: &mut Results, how: &str, lesson: &Lesson) -> Done<()> {
        let name = |tenths: usize| format!("width {}% of {}, {how}", 10 * tenths, network(MIDDLE).name);
        if results.has(self.fold, &name(5)) {
            return Ok(());
        }
        let mut graphs = Vec::new();
        let mut keep = |tenths: usize, artifact: Artifact| {
            graphs.push((tenths, artifact));
            Ok(tenths > 5)
        };
        network(MIDDLE).thin(lesson, SEED, &mut keep, &mut |_| true)?;
        graphs.iter().try_for_each(|(tenths, artifact)| self.line(results, &name(*tenths), artifact))
    }

    fn line(&self, results: &mut Results, name: &str, artifact: &Artifact) -> Done<()> {
        if !results.has(self.fold, name) {
            results.put(self.fold, name, Figures::of(artifact, &self.test)?)?;
        }
        Ok(())
    }

    /// So many bred rows for each real one, together at half the weight of the real ones.
    fn bred(
        &self,
        stack: &Stack,
        stacked: &Stacked,
        plain: &Lesson,
        (shelf, times): (&Folder, f64),
    ) -> Done<Lesson> {
        let parts = (stack, stacked);
        let mut lesson = plain.clone();
        for (rows, said) in
            label_bred(parts, &self.train, (Breed::Munge, times), SEED, shelf, &mut tell(self.fold))?
        {
            lesson = lesson.with(&rows, &said, 0.5 / times.max(1.0))?;
        }
        Ok(lesson)
    }
}

/// From a ten-thousandth to a tenth of a big teacher's bytes.
fn students() -> Vec<Student> {
    let small = [(1, 64), (2, 128), (1, 512), MIDDLE].map(network);
    let others = [Student::logistic(), Student::trees(100, 31), Student::trees(600, 63)];
    small.into_iter().chain(others).collect()
}

fn network((layers, width): (usize, usize)) -> Student {
    Student::perceptron(layers, width, EPOCHS, 2.0)
}

/// A network learns with and without dropout: a twin on hard labels is compared at its best way.
fn ways(student: &Student) -> Vec<Student> {
    let mut ways = vec![student.clone()];
    let dropping = [0.3, 0.5].map(|share| student.clone().dropping(share));
    ways.extend(dropping.into_iter().filter(|way| way.name != student.name));
    ways
}

/// Tells on stderr what is being fitted, once each.
fn tell(fold: usize) -> impl FnMut(f64, &str) -> bool {
    let mut last = String::new();
    move |share, what| {
        if what != last {
            eprintln!("fold {fold}: {:3.0}% {what}", 100.0 * share);
            last = what.to_string();
        }
        true
    }
}
