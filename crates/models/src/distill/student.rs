//! Who may be a student: small networks, small forests, straight lines; for pictures a small convolutional network.

use super::lesson::Lesson;
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::neural::{Cnn, Heat};
use crate::trees::Params;
use crate::zoo::{Bench, Inputs, Learner, Member, Perceptron, Recipe, Transform};

/// What a student is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A model for tables.
    Member(Member),
    /// A model for one column of pictures.
    Pictures(Cnn),
}

/// A student, to be taught.
///
/// - *What it answers.* The probability of each class, by a model small enough for the budget.
/// - *Assumptions.* The teacher's answers say more than the labels: how near the other classes were.
/// - *When it misleads.* Trees hardly gain from a teacher's answers (Tanna et al. 2026): bet on networks. A temperature
///   is for networks; other students learn at 1.
/// - *Source.* Bucila, Caruana and Niculescu-Mizil 2006; Hinton, Vinyals and Dean 2015.
/// - *Checked against.* Its twin that learned from hard labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Student {
    /// What it is called; its twin is called alike.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// At which the teacher is heard; above 0.
    pub temperature: f64,
    /// How much the truth counts beside the teacher, 0 to 1.
    pub hard_share: f64,
}

impl Student {
    /// A perceptron on scaled ln(1 + x), taught with a tenth of the truth at this temperature.
    pub fn perceptron(layers: usize, width: usize, epochs: usize, temperature: f64) -> Student {
        let perceptron = Perceptron { layers, width, epochs, dropout: 0.0 };
        let name = format!("perceptron_{layers}x{width}");
        let member = Member { name: name.clone(), ..Member::perceptron(Transform::Log1p, perceptron) };
        Student { name, kind: Kind::Member(member), temperature, hard_share: 0.1 }
    }

    /// The same network where training drops a share of its numbers, 0 to below 1; others are as they were. A twin on
    /// hard labels needs it, or it learns them by heart and flatters the teacher.
    pub fn dropping(mut self, share: f32) -> Student {
        let dropout = match &mut self.kind {
            Kind::Member(Member { learner: Learner::Perceptron(perceptron), .. }) => &mut perceptron.dropout,
            Kind::Pictures(cnn) => &mut cnn.dropout,
            Kind::Member(_) => return self,
        };
        *dropout = share;
        self.name = format!("{}, dropout {share}", self.name);
        self
    }

    /// Boosted trees of so many rounds and leaves, taught by the teacher alone.
    pub fn trees(rounds: usize, max_leaves: usize) -> Student {
        let params = Params {
            rounds,
            max_leaves,
            learning_rate: (8.0 / rounds as f64).clamp(0.05, 0.3),
            ..Params::default()
        };
        let name = format!("trees_{rounds}x{max_leaves}");
        let learner = Learner::Boosted { params, one_vs_all: false, search: false };
        let kind = Kind::Member(Member::new(&name, Recipe::of(Inputs::Raw), learner));
        Student { name, kind, temperature: 1.0, hard_share: 0.0 }
    }

    /// Logistic regression on scaled ln(1 + x).
    pub fn logistic() -> Student {
        let recipe = Recipe::of(Inputs::Scaled(Transform::Log1p));
        let kind = Kind::Member(Member::new("logistic", recipe, Learner::Logistic { penalty: 1.0 }));
        Student { name: "logistic".into(), kind, temperature: 1.0, hard_share: 0.1 }
    }

    /// A convolutional network of so many channels at first and at most and a dense layer of this width, 0 for none,
    /// taught with a tenth of the truth at this temperature.
    pub fn pictures(
        channels: usize,
        most: usize,
        dense: usize,
        epochs: usize,
        temperature: f64,
    ) -> Student {
        let cnn = Cnn { channels, most, dense, epochs: Some(epochs), dropout: 0.0, ..Cnn::default() };
        let name = format!("cnn_{channels}-{most}x{dense}");
        Student { name, kind: Kind::Pictures(cnn), temperature, hard_share: 0.1 }
    }

    /// The ladder for tables, from a straight line to what is still small; `epochs` for the networks.
    pub fn ladder(epochs: usize) -> Vec<Student> {
        let networks = [(1, 16), (1, 32), (1, 64), (2, 64), (1, 128), (2, 128), (2, 256)];
        let networks = networks.map(|(layers, width)| Student::perceptron(layers, width, epochs, 2.0));
        let trees = [(20, 8), (50, 15), (100, 31)].map(|(rounds, leaves)| Student::trees(rounds, leaves));
        [Student::logistic()].into_iter().chain(networks).chain(trees).collect()
    }

    /// Teaches it; gives its graph.
    pub fn learn(
        &self,
        lesson: &Lesson,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        self.check()?;
        match &self.kind {
            Kind::Pictures(cnn) => {
                let soft = lesson.softened(self.temperature)?;
                cnn.learn(&lesson.hard(), Some((self.heat(), &soft)), seed, progress)
            }
            Kind::Member(member) if matches!(member.learner, Learner::Perceptron(_)) => {
                let (data, heat) = (lesson.hard(), self.heat());
                let soft = lesson.softened(self.temperature)?;
                let mut bench = Bench::new(&self.name, &data, None, seed)?.taught(heat, soft);
                Ok(bench.fit(member, progress)?.artifact())
            }
            Kind::Member(member) => member.fit(&lesson.mixed(self.hard_share), seed, progress),
        }
    }

    fn heat(&self) -> Heat {
        Heat { temperature: self.temperature as f32, hard_share: self.hard_share as f32 }
    }

    fn check(&self) -> Result<(), FitError> {
        let bad = |why: String| Err(crate::supervise::bad(&self.name, why));
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return bad(format!("the temperature is {}, expected a number above 0", self.temperature));
        }
        if !(0.0..=1.0).contains(&self.hard_share) {
            return bad(format!("the share of hard labels is {}, expected 0 to 1", self.hard_share));
        }
        Ok(())
    }
}
