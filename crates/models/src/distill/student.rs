//! Who may be a student: small networks, small forests, straight lines; for pictures a small convolutional network.

use super::lesson::Lesson;
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::neural::{Cnn, Heat, Told};
use crate::trees::Params;
use crate::zoo::{Bench, Inputs, Learner, Member, Perceptron, Recipe, Transform};

/// At which networks of a ladder hear their teacher: of tables, and of pictures, where more was worse (benches/pictures).
const TEMPERATURES: (f64, f64) = (2.0, 1.0);

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
        // zeros that stay zeros are skipped where a single row is answered
        let recipe = Recipe::of(Inputs::Sparse(Transform::Log1p));
        let member = Member::new(&name, recipe, Learner::Perceptron(perceptron));
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

    /// The same perceptron with so many tenths of its width, 1 to 10; others are as they were.
    pub fn narrower(mut self, tenths: usize) -> Student {
        if let Kind::Member(Member { learner: Learner::Perceptron(perceptron), .. }) = &mut self.kind {
            perceptron.width = (perceptron.width * tenths / 10).max(1);
        }
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

    /// A convolutional network, small by its channels, its room and its dense layer, taught with a tenth of the truth at
    /// this temperature; its name says its size.
    pub fn pictures(cnn: Cnn, temperature: f64) -> Student {
        let Cnn { channels, most, room, dense, .. } = cnn;
        let name = format!("cnn_{channels}-{most}x{dense}");
        let name = if room == Cnn::default().room { name } else { format!("{name}, room {room}") };
        Student { name, kind: Kind::Pictures(cnn), temperature, hard_share: 0.1 }
    }

    /// The ladder for tables, from a straight line to what is still small; `epochs` for the networks.
    pub fn ladder(epochs: usize) -> Vec<Student> {
        let networks = [(1, 16), (1, 32), (1, 64), (2, 64), (1, 128), (2, 128), (2, 256)];
        let networks =
            networks.map(|(layers, width)| Student::perceptron(layers, width, epochs, TEMPERATURES.0));
        let trees = [(20, 8), (50, 15), (100, 31)].map(|(rounds, leaves)| Student::trees(rounds, leaves));
        [Student::logistic()].into_iter().chain(networks).chain(trees).collect()
    }

    /// The ladder for pictures, each of about half of the parameters of the one before; `epochs` for all.
    pub fn picture_ladder(epochs: usize) -> Vec<Student> {
        let plain = Cnn { epochs: Some(epochs), dropout: 0.0, ..Cnn::default() };
        let size = |(channels, most, room, dense)| Cnn { channels, most, room, dense, ..plain };
        let sizes = [(16, 32, 8, 64), (8, 16, 8, 48), (8, 16, 8, 16), (8, 16, 4, 0), (5, 12, 4, 0)];
        sizes.into_iter().map(|at| Student::pictures(size(at), TEMPERATURES.1)).collect()
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
                let (heat, soft) = self.hears(lesson)?;
                let told = Told { heat, soft: &soft, real: lesson.real() };
                cnn.learn(&lesson.hard(), Some(told), seed, progress)
            }
            Kind::Member(member) if self.is_network() => {
                let (data, (heat, soft)) = (lesson.hard(), self.hears(lesson)?);
                let mut bench = Bench::new(&self.name, &data, None, seed)?.taught(heat, soft);
                Ok(bench.fit(member, progress)?.artifact())
            }
            Kind::Member(member) => member.fit(&lesson.mixed(self.hard_share), seed, progress),
        }
    }

    /// Teaches it again and takes a tenth after the other of the numbers between its layers out, as long as `keep` says
    /// yes of the graph that comes of it: how many tenths are left, the graph. Nothing for others than perceptrons.
    ///
    /// - *What it answers.* Is a narrower network as good, when it comes of this one?
    /// - *Assumptions.* What the small weights carry, the others can learn.
    /// - *When it misleads.* A network that is narrow from the start may be as good: compare.
    /// - *Source.* Li et al. 2017; a fifth of the epochs after each step.
    /// - *Checked against.* The ladder's narrower networks.
    pub fn thin(
        &self,
        lesson: &Lesson,
        seed: Seed,
        keep: &mut dyn FnMut(usize, Artifact) -> Result<bool, FitError>,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<(), FitError> {
        self.check()?;
        match &self.kind {
            Kind::Member(member) if self.is_network() => {
                let (data, (heat, soft)) = (lesson.hard(), self.hears(lesson)?);
                let mut bench = Bench::new(&self.name, &data, None, seed)?.taught(heat, soft);
                bench.thin(member, keep, progress)
            }
            _ => Ok(()),
        }
    }

    fn is_network(&self) -> bool {
        matches!(&self.kind, Kind::Member(member) if matches!(member.learner, Learner::Perceptron(_)))
    }

    /// How it learns from a lesson, and the teacher's probabilities at that temperature.
    fn hears(&self, lesson: &Lesson) -> Result<(Heat, Vec<f64>), FitError> {
        let (temperature, hard_share) =
            if lesson.is_taught() { (self.temperature, self.hard_share) } else { (1.0, 1.0) };
        let heat = Heat { temperature: temperature as f32, hard_share: hard_share as f32 };
        Ok((heat, lesson.softened(temperature)?))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{OnnxModel, parameters};
    use stats::sum::mean;
    use testkit::pictures::{Bars, bars};

    fn small(epochs: usize) -> Cnn {
        Cnn { channels: 4, most: 4, dense: 0, dropout: 0.0, epochs: Some(epochs), ..Cnn::default() }
    }

    /// The truth as the teacher says it.
    fn lesson(of: &Bars) -> Lesson {
        let teacher: Vec<f64> = of.truth.iter().flat_map(|&p| [1.0 - p, p]).collect();
        Lesson::new(&of.examples, &teacher).expect("a lesson")
    }

    fn learn(student: &Student, lesson: &Lesson) -> Artifact {
        student.learn(lesson, Seed(1), &mut |_| true).expect("a fit")
    }

    #[test]
    fn a_student_of_pictures_learns_the_truth_from_its_teacher_better_than_from_labels() {
        let (train, test) = (bars(400, 1), bars(1_000, 2));
        let lesson = lesson(&train);
        let far = |student: &Student, lesson: &Lesson| {
            let model = OnnxModel::load(&learn(student, lesson)).expect("our own bytes");
            let said = super::super::answers(&model, &test.examples.rows).expect("answers");
            let off = said.chunks(2).zip(&test.truth).map(|(p, t)| (p[1] - t).abs());
            mean(&off.collect::<Vec<f64>>())
        };
        for temperature in [1.0, 4.0] {
            let student = Student::pictures(small(20), temperature);
            let (soft, hard) = (far(&student, &lesson), far(&student, &lesson.hard_twin()));
            assert!(soft < 0.8 * hard, "at {temperature}: {soft} against {hard}");
        }
    }

    #[test]
    fn who_hears_the_labels_alone_is_the_network_that_learned_them() {
        // enough rows for some to be held back, by which both are calibrated
        let lesson = lesson(&bars(2_100, 1));
        let student = Student { hard_share: 1.0, ..Student::pictures(small(1), 1.0) };
        let plain = small(1).fit(&lesson.hard(), Seed(1), &mut |_| true).expect("a fit");
        assert_eq!(learn(&student, &lesson), plain);
        let warm = Student { temperature: 2.0, hard_share: 0.1, ..student };
        assert_ne!(learn(&warm, &lesson), plain);
    }

    #[test]
    fn the_name_says_the_size() {
        let student = Student::pictures(Cnn { channels: 8, most: 16, dense: 48, ..small(1) }, 2.0);
        assert_eq!(student.name, "cnn_8-16x48");
        assert_eq!(Student::pictures(Cnn { room: 4, ..small(1) }, 2.0).name, "cnn_4-4x0, room 4");
        let dropping = student.dropping(0.3);
        assert_eq!(dropping.name, "cnn_8-16x48, dropout 0.3");
        assert!(matches!(dropping.kind, Kind::Pictures(Cnn { dropout: 0.3, .. })));
        // 8 x 8 pixels are halved once: 4 of 1 channel, 4 of 4 and the answers, two numbers a channel
        let tiny = learn(&Student::pictures(small(1), 1.0), &lesson(&bars(60, 1)));
        let convolutions = 4 * 9 + 4 + 4 * 4 * 9 + 4;
        assert_eq!(parameters(&tiny.onnx).expect("our own bytes"), convolutions + 4 * 16 * 2 + 2 + 2);
    }
}
