//! Tests of distillation: lessons without leaks, bred rows that could be, students that learn what they are told.

use super::*;
use crate::contract::{Predict, Seed};
use crate::ensemble::{Memory, Preset};
use crate::onnx::OnnxModel;
use domain::{Column, Examples, Table, Target, Values};
use testkit::mixed;

fn untimed(rows: usize, seed: u64) -> Examples {
    Examples { at: None, ..mixed::classes(rows, seed).examples }
}

/// The truth as the teacher says it.
fn teacher(rows: usize, seed: u64) -> Vec<f64> {
    mixed::classes(rows, seed).truth.iter().flat_map(|&p| [1.0 - p, p]).collect()
}

fn counts() -> Table {
    let column = |name: &str, of: fn(usize) -> f64| Column {
        name: name.into(),
        values: Values::Number((0..200).map(of).collect()),
    };
    Table::new(vec![column("a", |i| (i % 7) as f64), column("b", |i| i as f64 / 3.0)]).expect("two columns")
}

fn numbers<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    match &table.column(name).expect("a column").values {
        Values::Number(cells) => cells,
        other => panic!("{} is {}", name, other.kind()),
    }
}

#[test]
fn bred_rows_stay_within_what_was_seen() {
    for breed in [Breed::Spunge, Breed::Munge] {
        let rows = breed.rows(&counts(), 1000, Seed(1)).expect("bred");
        assert_eq!(rows.rows(), 1000);
        assert_eq!(rows, breed.rows(&counts(), 1000, Seed(1)).expect("bred"), "equal seeds");
        assert!(numbers(&rows, "a").iter().all(|x| x.fract() == 0.0 && (0.0..=6.0).contains(x)));
        let b = numbers(&rows, "b");
        assert!(b.iter().all(|x| (0.0..=199.0 / 3.0).contains(x)));
        assert!(breed.rows(&counts().take(&[]), 10, Seed(1)).expect("none").rows() == 0);
    }
}

#[test]
fn spunge_changes_a_tenth_and_munge_stays_near() {
    let (all, rows) = (counts(), spunge(&counts(), 200, Seed(2)));
    let changed = numbers(&rows, "b").iter().zip(numbers(&all, "b")).filter(|(x, y)| x != y).count();
    assert!((20..60).contains(&changed), "{changed}: a tenth anew, a tenth moved");
    let near = munge(&counts(), 200, Seed(2)).expect("bred");
    let far =
        numbers(&near, "b").iter().zip(numbers(&all, "b")).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    assert!(far < 20.0, "{far}");
}

#[test]
fn lessons_mix_and_twins_forget_the_teacher() {
    let data = untimed(10, 1);
    let lesson = Lesson::new(&data, &teacher(10, 1)).expect("a lesson");
    let bred = lesson.clone().with(&data.rows, &[0.4, 0.6].repeat(10), 0.5).expect("more rows");
    assert_eq!((bred.len(), bred.take(&[9, 10]).len()), (20, 2));
    let Target::Soft { probability, .. } = bred.hard_twin().mixed(0.0).target else { panic!("soft") };
    assert!(probability.iter().all(|&p| p == 0.0 || p == 1.0), "no trace of soft labels");
    assert_eq!(probability[20..22], [0.0, 1.0]);
    let turned = bred.take(&[10, 0]).hard_twin().take(&[1, 0]).mixed(0.0);
    let Target::Soft { probability: both, .. } = turned.target else { panic!("soft") };
    assert_eq!(both, [&probability[..2], &probability[20..22]].concat(), "rows may be taken in any order");
    let Target::Soft { probability: truth, .. } = lesson.hard().target else { panic!("soft") };
    let Target::Soft { probability: half, .. } = lesson.mixed(0.5).target else { panic!("soft") };
    assert!((half[0] - 0.5 * (truth[0] + teacher(10, 1)[0])).abs() < 1e-12);
    let error = Lesson::new(&data, &[0.5; 4]).expect_err("too few").to_string();
    assert_eq!(error, "cannot fit `student`: the teacher says 4 numbers of 10 rows and 2 classes");
}

#[test]
fn a_student_learns_the_truth_from_its_teacher_better_than_from_labels() {
    let (data, test) = (untimed(600, 1), mixed::classes(1500, 2));
    let lesson = Lesson::new(&data, &teacher(600, 1)).expect("a lesson");
    let far = |student: &Student, lesson: &Lesson| {
        let artifact = student.learn(lesson, Seed(1), &mut |_| true).expect("a fit");
        let model = OnnxModel::load(&artifact).expect("our own bytes");
        let said = answers(&model, &test.examples.rows).expect("answers");
        let off = said.chunks(2).zip(&test.truth).map(|(p, t)| (p[1] - t).abs()).sum::<f64>();
        off / test.truth.len() as f64
    };
    // Enough looks for noisy labels to be learned by heart, which is what a teacher saves from.
    for student in [Student::perceptron(1, 16, 40, 2.0), Student::trees(20, 8)] {
        let (soft, hard) = (far(&student, &lesson), far(&student, &lesson.hard_twin()));
        assert!(soft < hard, "{}: {soft} against {hard}", student.name);
    }
    let cold = Student { temperature: 0.0, ..Student::logistic() };
    assert!(cold.learn(&lesson, Seed(1), &mut |_| true).is_err());
}

#[test]
fn a_twin_is_the_network_that_learned_the_labels_whatever_the_student_s_temperature() {
    let data = untimed(200, 1);
    let lesson = Lesson::new(&data, &teacher(200, 1)).expect("a lesson");
    let student = Student::perceptron(1, 8, 4, 2.0);
    let learn =
        |student: &Student, lesson: &Lesson| student.learn(lesson, Seed(1), &mut |_| true).expect("a fit");
    let Kind::Member(member) = &student.kind else { panic!("a network of a table") };
    let plain = member.learn(&lesson.hard(), Seed(1), &mut |_| true).expect("a fit").artifact();
    assert_eq!(learn(&student, &lesson.hard_twin()), plain);
    assert_ne!(learn(&student, &lesson), plain);
}

#[test]
fn bred_rows_are_labelled_by_an_ensemble_without_their_fold() {
    let (data, stack, shelf) = (untimed(240, 1), Preset::Tiny.stack(), Memory::default());
    let stacked = stack.fit_on(&data, Seed(1), &shelf, &mut |_, _| true).expect("a fit");
    let parts = (&stack, &stacked);
    let bred =
        label_bred(parts, &data, (Breed::Spunge, 0.5), Seed(1), &shelf, &mut |_, _| true).expect("bred");
    assert_eq!((bred.len(), bred.iter().map(|b| b.0.rows()).sum::<usize>()), (3, 120));
    let without = stack.without(&data, Seed(1), 2, &shelf, &mut |_, _| true).expect("a fit");
    let model = OnnxModel::load(&without).expect("our own bytes");
    assert_eq!(model.predict(&bred[2].0).expect("answers").values, bred[2].1);
}

#[test]
fn halving_finds_a_good_student_within_the_budget() {
    let all = untimed(900, 3);
    let (learn, guard) = Guard::hold_back(&all, 3, Seed(1)).expect("rows to hold back");
    assert!(guard.rows().iter().all(|row| !learn.contains(row)));
    assert_eq!(guard.examples().len() + learn.len(), 900);
    let said = teacher(900, 3);
    let said: Vec<f64> = learn.iter().flat_map(|&r| [said[2 * r], said[2 * r + 1]]).collect();
    let lesson = Lesson::new(&all.take(&learn), &said).expect("a lesson");
    let students = [
        Student::logistic(),
        Student::trees(2, 2),
        Student::trees(15, 8),
        Student::perceptron(1, 8, 4, 2.0),
        Student::perceptron(2, 64, 4, 2.0),
    ];
    let plan = Halving { first: 0.5, factor: 2.0, least: 2 };
    let mut bytes = |student: &Student, artifact: &crate::Artifact| {
        (student.name != "perceptron_2x64").then_some(artifact.onnx.len() as f64)
    };
    let tried =
        halve(&students, &lesson, &guard, plan, Seed(1), &mut bytes, &mut |_| true).expect("a search");
    assert_eq!(tried.len(), 3, "half of five");
    assert!(tried.is_sorted_by(|a, b| a.loss <= b.loss) && tried.iter().all(|t| t.share == 1.0));
    assert!(tried.iter().all(|t| t.student.name != "perceptron_2x64"), "over the budget");
    assert_ne!(tried[0].student.name, "trees_2x2");
    assert!(tried.iter().all(|t| t.losses.len() == guard.rows().len() && t.parameters > 0 && t.cost > 0.0));
}

#[test]
fn a_network_is_made_thinner_as_long_as_it_is_wanted() {
    let data = untimed(300, 1);
    let lesson = Lesson::new(&data, &teacher(300, 1)).expect("a lesson");
    let learned = |student: &Student| student.learn(&lesson, Seed(1), &mut |_| true).expect("a fit");
    let thin = |student: &Student, least: usize| {
        let mut seen = Vec::new();
        let mut keep = |tenths: usize, artifact: crate::Artifact| {
            seen.push((tenths, crate::onnx::parameters(&artifact.onnx).expect("our own bytes")));
            Ok(tenths > least)
        };
        student.thin(&lesson, Seed(1), &mut keep, &mut |_| true).expect("steps");
        seen
    };
    let student = Student::perceptron(2, 20, 5, 2.0);
    let seen = thin(&student, 7);
    assert_eq!(seen.iter().map(|s| s.0).collect::<Vec<_>>(), [9, 8, 7], "7 was one too far");
    let whole = crate::onnx::parameters(&learned(&student).onnx).expect("our own bytes");
    let parameters: Vec<usize> = [whole].into_iter().chain(seen.iter().map(|s| s.1)).collect();
    // 20 numbers are 18, 16 and 14: each layer loses the weights of 2, of their inputs and of their outputs
    let of = |width: usize| width * width + 2 * width + width * 2;
    let inputs = (whole - parameters[1] - (of(20) - of(18))) / 2;
    assert!(
        parameters
            .windows(2)
            .zip([(20, 18), (18, 16), (16, 14)])
            .all(|(p, (wide, narrow))| { p[0] - p[1] == (wide - narrow) * inputs + of(wide) - of(narrow) }),
        "{parameters:?}"
    );
    assert_eq!(thin(&student, 0).len(), 9, "a tenth stays");
    assert!(thin(&Student::trees(5, 4), 0).is_empty() && thin(&Student::logistic(), 0).is_empty());
}

#[test]
fn a_student_of_mostly_empty_columns_answers_what_its_graph_does() {
    let mut data = untimed(300, 1);
    let empty = (0..300).map(|i| if i % 5 == 0 { f64::from(i) } else { 0.0 }).collect();
    let mut columns = data.rows.columns().to_vec();
    columns.push(Column { name: "rare".into(), values: Values::Number(empty) });
    data.rows = Table::new(columns).expect("one more column");
    let Kind::Member(member) = Student::perceptron(1, 8, 3, 1.0).kind else { panic!("a network of a table") };
    let learned = member.learn(&data, Seed(1), &mut |_| true).expect("a fit");
    let model = OnnxModel::load(&learned.artifact()).expect("our own bytes");
    let (own, graph) =
        (learned.probabilities(&data.rows).expect("answers"), answers(&model, &data.rows).expect("answers"));
    assert!(own.iter().zip(&graph).all(|(a, b)| (a - b).abs() < 1e-5));
}
