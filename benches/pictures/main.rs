//! A network and its students on Fashion-MNIST: log loss, accuracy and likeness of students of a tenth and a hundredth of
//! its parameters, taught by it at several temperatures and, as twins, by the labels alone; each with its parameters,
//! bytes and microseconds for a single picture.
//!
//! All figures are on the 10,000 test pictures, which nothing was fitted to or chosen by. A student hears of a training
//! picture only what a network said that had not seen it. What was fitted and measured is kept, so that a run goes on
//! where the last one stopped.
//!
//! usage: pictures DATA OUT [--rows N] [--looks N] [--epochs N] [--seeds N]

mod measure;
mod rows;
#[path = "../otto/shelf.rs"]
mod shelf;
mod table;
mod teacher;

use domain::{Examples, Table};
use measure::{Figures, Line, Results};
use models::Seed;
use models::distill::{Lesson, Student};
use models::neural::Cnn;
use rows::{Settings, read};
use shelf::Folder;
use std::error::Error;
use teacher::Teacher;

type Done<T> = Result<T, Box<dyn Error>>;

const SEED: Seed = Seed(20_261_126);
/// At which students hear their teacher.
const TEMPERATURES: [f64; 4] = [1.0, 2.0, 4.0, 8.0];
/// The share of numbers that a second twin of the larger size drops: one that learned labels by heart would flatter the
/// teacher. The smaller one cannot, and loses by it.
const DROPPED: f32 = 0.3;

fn main() -> Done<()> {
    let Some(settings) = Settings::of(std::env::args().skip(1))? else {
        eprintln!("pictures: nothing to measure without a folder; see benches/pictures/run.sh");
        return Ok(());
    };
    let Some(parts) = Parts::read(&settings)? else {
        println!("pictures: skipped, since {} has no IDX files of Fashion-MNIST", settings.data.display());
        return Ok(());
    };
    // Times of one thread, whatever else the machine has.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let shelf = Folder::open(&settings.out.join("shelf"))?;
    let file = settings.out.join(format!(
        "results-{}x{}-{}.csv",
        parts.train.len(),
        settings.looks,
        settings.epochs
    ));
    let mut results = Results::open(file)?;
    let teacher = Teacher::fit(&parts, settings.looks, &shelf, &mut results)?;
    let lesson = Lesson::new(&parts.train, &teacher.out_of_fold)?;
    let more = lesson.clone().with(&parts.more, &teacher.more, 1.0)?;
    let class = |seed| Class { lesson: &lesson, more: &more, test: &parts.test, teacher: &teacher, seed };
    let sizes = sizes(settings.epochs);
    for seed in 0..settings.seeds {
        for (cnn, dropped) in sizes {
            class(seed).teach(cnn, dropped, &mut results)?;
        }
    }
    for seed in 0..settings.seeds {
        for (cnn, dropped) in sizes {
            class(seed).try_more(Cnn { dropout: dropped, ..cnn }, &mut results)?;
        }
    }
    table::print(&results)
}

/// The pictures.
struct Parts {
    train: Examples,
    /// As many other training pictures, without their labels.
    more: Table,
    test: Examples,
}

impl Parts {
    fn read(settings: &Settings) -> Done<Option<Parts>> {
        let read = |part: &str, most, after| read(&settings.data, part, most, after);
        let found = (
            read("train", settings.rows, 0)?,
            read("train", settings.rows, 1)?,
            read("t10k", usize::MAX, 0)?,
        );
        let (Some(train), Some(more), Some(test)) = found else { return Ok(None) };
        Ok(Some(Parts { train, more: more.rows, test }))
    }
}

/// About a tenth and a hundredth of the teacher's parameters, and what each may drop in training.
fn sizes(epochs: usize) -> [(Cnn, f32); 2] {
    let plain = Cnn { epochs: Some(epochs), dropout: 0.0, ..Cnn::default() };
    let tenth = Cnn { channels: 8, most: 16, dense: 48, ..plain };
    let hundredth = Cnn { channels: 5, most: 12, room: 4, dense: 0, ..plain };
    [(tenth, DROPPED), (hundredth, 0.0)]
}

/// Students of one seed.
struct Class<'a> {
    lesson: &'a Lesson,
    /// With pictures that have no labels beside.
    more: &'a Lesson,
    test: &'a Examples,
    teacher: &'a Teacher,
    seed: u64,
}

impl Class<'_> {
    /// The twins, then the student at every temperature.
    fn teach(&self, cnn: Cnn, dropped: f32, results: &mut Results) -> Done<()> {
        let plain = Student::pictures(cnn, 1.0);
        let name = plain.name.clone();
        let hard = self.lesson.hard_twin();
        self.fit(&name, "hard", &plain, &hard, results)?;
        if dropped > 0.0 {
            self.fit(&name, "hard, dropout", &plain.dropping(dropped), &hard, results)?;
        }
        for temperature in TEMPERATURES {
            let student = Student::pictures(cnn, temperature);
            self.fit(&name, &format!("T={temperature}"), &student, self.lesson, results)?;
        }
        Ok(())
    }

    /// What else might help: to count the truth more, and pictures without labels. On more pictures each is looked at
    /// less often, so that all learn for as long.
    fn try_more(&self, cnn: Cnn, results: &mut Results) -> Done<()> {
        let half = Student { hard_share: 0.5, ..Student::pictures(cnn, 2.0) };
        let name = half.name.clone();
        self.fit(&name, "T=2, half the truth", &half, self.lesson, results)?;
        let looks = cnn.epochs.map(|epochs| epochs * self.lesson.len() / self.more.len());
        let cnn = Cnn { epochs: looks, ..cnn };
        self.fit(&name, "hard, more", &Student::pictures(cnn, 1.0), &self.more.hard_twin(), results)?;
        for temperature in &TEMPERATURES[..3] {
            let student = Student::pictures(cnn, *temperature);
            self.fit(&name, &format!("T={temperature}, more"), &student, self.more, results)?;
        }
        Ok(())
    }

    fn fit(
        &self,
        name: &str,
        how: &str,
        student: &Student,
        lesson: &Lesson,
        results: &mut Results,
    ) -> Done<()> {
        if results.has(self.seed, name, how) {
            return Ok(());
        }
        let artifact = student.learn(lesson, Seed(SEED.0 + self.seed), &mut |_| true)?;
        let figures = Figures::of(&artifact, self.test, &self.teacher.test)?;
        results.put(Line { seed: self.seed, model: name.into(), how: how.into(), figures })
    }
}
