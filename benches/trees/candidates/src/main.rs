//! The crates that were weighed in docs/decisions/trees.md, on the same folds and settings as the others.
//!
//! usage: tree-candidates EXPORT_FOLDER [ROUNDS]

use forust_ml::GradientBooster;
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::objective::ObjectiveType;
use hessboost::objective::{CustomLoss, GradPair};
use hessboost::prelude::*;
use serde_json::json;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::xgboost::{XGRegressor, XGRegressorParameters};
use std::time::Instant;

type Error = Box<dyn std::error::Error>;

const FOLDS: usize = 5;

/// Features row by row, and classes.
#[derive(Default)]
struct Rows {
    x: Vec<f32>,
    class: Vec<f32>,
}

impl Rows {
    fn width(&self) -> usize {
        self.x.len() / self.class.len()
    }

    fn by_column(&self) -> Vec<f64> {
        let width = self.width();
        (0..width).flat_map(|c| self.x.iter().skip(c).step_by(width)).map(|&x| f64::from(x)).collect()
    }
}

/// A fit and its answers to the test rows: a probability a class, or one of the second class.
type Fit = fn(&Rows, &Rows, usize, usize) -> Result<Vec<f32>, Error>;

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().collect();
    let folder = args.get(1).ok_or("usage: tree-candidates EXPORT_FOLDER [ROUNDS]")?;
    let rounds = args.get(2).map_or(Ok(150), |rounds| rounds.parse())?;
    let trainers: [(&str, &str, Fit); 4] = [
        ("hessboost 0.4.6", "rows", |a, b, k, r| hess(a, b, k, r, 20, 1e-3)),
        ("hessboost 0.4.6", "hessian", |a, b, k, r| hess(a, b, k, r, 1, 1.0)),
        ("forust-ml 0.8.0", "hessian", forust),
        ("smartcore 0.7.0", "depth 5", smart),
    ];
    for (name, classes) in [("otto", 9), ("bank", 1)] {
        let text = std::fs::read_to_string(format!("{folder}/{name}.csv"))?;
        for (trainer, leaves, fit) in trainers {
            // It knows no classes, and one fold takes it most of a minute.
            let folds = if trainer.starts_with("smartcore") { 2 - classes.min(2) } else { FOLDS };
            for fold in 0..folds {
                let (train, test) = read(&text, fold)?;
                let (start, cpu) = (Instant::now(), cpu_seconds()?);
                let answers = fit(&train, &test, classes, rounds)?;
                let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
                let loss = log_loss(&answers, &test.class, classes);
                println!("{name},{trainer},{leaves},{fold},{loss:.5},{wall:.2},{cpu:.2}");
            }
        }
    }
    Ok(())
}

/// The fewest rows of a leaf are asked for by giving each row a group of its own. Softmax is written out with
/// LightGBM's second derivative, as soft targets need it: XGBoost's is twice as large.
fn hess(
    rows: &Rows,
    test: &Rows,
    classes: usize,
    rounds: usize,
    min_data: usize,
    min_hessian: f64,
) -> Result<Vec<f32>, Error> {
    let count = rows.class.len();
    let mut data = DMatrix::from_dense(&rows.x, count, rows.width())?.with_labels(&rows.class)?;
    let mut settings = vec![
        ("objective", json!("binary:logistic")),
        ("tree_method", json!("hist")),
        ("grow_policy", json!("lossguide")),
        ("max_leaves", json!(31)),
        ("max_depth", json!(0)),
        ("eta", json!(0.1)),
        ("lambda", json!(0.0)),
        ("min_child_weight", json!(min_hessian)),
        ("max_bin", json!(255)),
        ("nthread", json!(2)),
    ];
    if min_data > 1 {
        settings.push(("min_child_groups", json!(min_data)));
        data = data.with_split_groups(&(0..count as u64).collect::<Vec<_>>())?;
    }
    let mut params = TrainingParams::from_xgboost(settings)?;
    if classes > 1 {
        let loss = CustomLoss::new("softmax", classes, move |raw, class, _, out| {
            for ((raw, class), out) in raw.chunks(classes).zip(class).zip(out.chunks_mut(classes)) {
                for (k, (p, out)) in softmax(raw).into_iter().zip(out).enumerate() {
                    let truth = f32::from(u8::from(*class == k as f32));
                    let factor = classes as f32 / (classes - 1) as f32;
                    *out = GradPair::new(p - truth, (factor * p * (1.0 - p)).max(1e-16));
                }
            }
        });
        params.objective = hessboost::objective::Objective::custom(loss);
    }
    let model = train(&params, &data, rounds)?;
    let test = DMatrix::from_dense(&test.x, test.class.len(), test.width())?;
    let raw = model.predict(&test, Iterations::Best)?.into_vec();
    Ok(if classes > 1 { raw.chunks(classes).flat_map(softmax).collect() } else { raw })
}

/// One forest a class against the rest, normalised: it has no softmax.
fn forust(train: &Rows, test: &Rows, classes: usize, rounds: usize) -> Result<Vec<f32>, Error> {
    let (x, test_x) = (train.by_column(), test.by_column());
    let mut answers = vec![0f32; test.class.len() * classes];
    for class in 0..classes {
        let positive = if classes == 1 { 1 } else { class };
        let y: Vec<f64> = train.class.iter().map(|&c| f64::from(u8::from(c == positive as f32))).collect();
        let mut booster = GradientBooster::default()
            .set_objective_type(ObjectiveType::LogLoss)
            .set_iterations(rounds)
            .set_learning_rate(0.1)
            .set_max_depth(usize::MAX)
            .set_max_leaves(31)
            .set_nbins(255)
            .set_l2(0.0)
            .set_min_leaf_weight(1.0)
            .set_initialize_base_score(true)
            .set_num_threads(Some(2));
        booster.grow_policy = GrowPolicy::LossGuide;
        booster.fit_unweighted(&forust_ml::data::Matrix::new(&x, y.len(), train.width()), &y, None)?;
        let raw =
            booster.predict(&forust_ml::data::Matrix::new(&test_x, test.class.len(), test.width()), true);
        for (row, raw) in raw.into_iter().enumerate() {
            answers[row * classes + class] = (1.0 / (1.0 + (-raw).exp())) as f32;
        }
    }
    if classes > 1 {
        for row in answers.chunks_mut(classes) {
            let sum: f32 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= sum);
        }
    }
    Ok(answers)
}

/// Squared error on 0 and 1, cut off at 0.001: it has no other loss, no leaves to count and no bins.
fn smart(train: &Rows, test: &Rows, _: usize, rounds: usize) -> Result<Vec<f32>, Error> {
    let matrix = |rows: &Rows| DenseMatrix::new(rows.class.len(), rows.width(), rows.x.clone(), false);
    let params =
        XGRegressorParameters::default().with_n_estimators(rounds).with_max_depth(5).with_learning_rate(0.1);
    let model = XGRegressor::fit(&matrix(train)?, &train.class, params)?;
    Ok(model.predict(&matrix(test)?)?.into_iter().map(|p| (p as f32).clamp(1e-3, 0.999)).collect())
}

fn softmax(raw: &[f32]) -> Vec<f32> {
    let most = raw.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let parts: Vec<f32> = raw.iter().map(|x| (x - most).exp()).collect();
    let sum: f32 = parts.iter().sum();
    parts.into_iter().map(|x| x / sum).collect()
}

fn log_loss(answers: &[f32], class: &[f32], classes: usize) -> f64 {
    let truth = |row: usize| match classes {
        1 if class[row] == 0.0 => 1.0 - f64::from(answers[row]),
        1 => f64::from(answers[row]),
        _ => f64::from(answers[row * classes + class[row] as usize]),
    };
    (0..class.len()).map(|row| -truth(row).max(1e-15).ln()).sum::<f64>() / class.len() as f64
}

/// The rows of `fold,target,features...` under a header: those outside a fold, and those within.
fn read(text: &str, fold: usize) -> Result<(Rows, Rows), Error> {
    let mut parts = (Rows::default(), Rows::default());
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let held_out = cells.next().ok_or("an empty line")?.parse::<usize>()? == fold;
        let rows = if held_out { &mut parts.1 } else { &mut parts.0 };
        rows.class.push(cells.next().ok_or("a line without a target")?.parse()?);
        for cell in cells {
            rows.x.push(cell.parse()?);
        }
    }
    Ok(parts)
}

/// User and system time of this process, in seconds, from Linux's accounting in hundredths of a second.
fn cpu_seconds() -> Result<f64, Error> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut ticks = 0.0;
    for field in after_name.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<f64>()?;
    }
    Ok(ticks / 100.0)
}
