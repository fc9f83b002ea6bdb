//! A network and its students on Fashion-MNIST: log loss, accuracy and likeness of students of a tenth and a hundredth of
//! its parameters, taught by it at several temperatures and, as twins, by the labels alone; each with its parameters,
//! bytes and microseconds for a single picture.
//!
//! All figures are on the 10,000 test pictures, which nothing was fitted to or chosen by. A student hears of a training
//! picture only what a network said that had not seen it. What was fitted and measured is kept, so that a run goes on
//! where the last one stopped.
//!
//! usage: pictures DATA OUT [--rows N] [--epochs N] [--seeds N]

mod measure;
mod rows;
#[path = "../otto/shelf.rs"]
mod shelf;
mod table;
mod teacher;

use domain::Examples;
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
/// The share of numbers that a second twin drops: one that learned labels by heart would flatter the teacher.
const DROPPED: f32 = 0.3;

fn main() -> Done<()> {
    let Some(settings) = Settings::of(std::env::args().skip(1))? else {
        eprintln!("pictures: nothing to measure without a folder; see benches/pictures/run.sh");
        return Ok(());
    };
    let parts = (read(&settings.data, "train", settings.rows)?, read(&settings.data, "t10k", usize::MAX)?);
    let (Some(train), Some(test)) = parts else {
        println!("pictures: skipped, since {} has no IDX files of Fashion-MNIST", settings.data.display());
        return Ok(());
    };
    // Times of one thread, whatever else the machine has.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let shelf = Folder::open(&settings.out.join("shelf"))?;
    let file = settings.out.join(format!("results-{}x{}.csv", train.len(), settings.epochs));
    let mut results = Results::open(file)?;
    let teacher = Teacher::fit(&train, &test, &shelf, &mut results)?;
    let lesson = Lesson::new(&train, &teacher.out_of_fold)?;
    for seed in 0..settings.seeds {
        let class = Class { lesson: &lesson, hard: lesson.hard_twin(), test: &test, teacher: &teacher, seed };
        for cnn in sizes(settings.epochs) {
            class.teach(cnn, &mut results)?;
        }
    }
    table::print(&results)
}

/// About a tenth and a hundredth of the teacher's parameters.
fn sizes(epochs: usize) -> [Cnn; 2] {
    let plain = Cnn { epochs: Some(epochs), dropout: 0.0, ..Cnn::default() };
    let tenth = Cnn { channels: 8, most: 16, dense: 48, ..plain };
    let hundredth = Cnn { channels: 5, most: 12, room: 4, dense: 0, ..plain };
    [tenth, hundredth]
}

/// Students of one seed.
struct Class<'a> {
    lesson: &'a Lesson,
    hard: Lesson,
    test: &'a Examples,
    teacher: &'a Teacher,
    seed: u64,
}

impl Class<'_> {
    /// The twins, then the student at every temperature.
    fn teach(&self, cnn: Cnn, results: &mut Results) -> Done<()> {
        let plain = Student::pictures(cnn, 1.0);
        let name = plain.name.clone();
        self.fit(&name, "hard", &plain, &self.hard, results)?;
        self.fit(&name, "hard, dropout", &plain.dropping(DROPPED), &self.hard, results)?;
        for temperature in TEMPERATURES {
            let student = Student::pictures(cnn, temperature);
            self.fit(&name, &format!("T={temperature}"), &student, self.lesson, results)?;
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
