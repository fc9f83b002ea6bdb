//! Support vector machines, as libsvm computes them: in double precision from single-precision vectors.
//!
//! A classifier must hold its pairwise sigmoids (`prob_a`, `prob_b`): without them its scores are votes whose
//! meaning differs between makers.

use super::transform::Transform;
use super::{Labels, NUMBERS, matrix};
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::singles;
use crate::onnx::tensor::{Data, Dtype, elements};

/// The most multiplications that one run may take.
const MAX_WORK: usize = 1 << 36;

/// How two rows are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Likeness {
    Linear,
    Poly { gamma: f64, offset: f64, degree: f64 },
    Rbf { gamma: f64 },
    Sigmoid { gamma: f64, offset: f64 },
}

impl Likeness {
    fn of(node: &Node<'_>) -> Result<Likeness, String> {
        let params = node.floats("kernel_params")?.unwrap_or_default();
        let at = |i: usize| f64::from(params.get(i).copied().unwrap_or(0.0));
        let (gamma, offset, degree) = (at(0), at(1), at(2));
        Ok(match node.str("kernel_type")?.unwrap_or("LINEAR") {
            "LINEAR" => Likeness::Linear,
            "POLY" => Likeness::Poly { gamma, offset, degree },
            "RBF" => Likeness::Rbf { gamma },
            "SIGMOID" => Likeness::Sigmoid { gamma, offset },
            other => return Err(format!("there is no kernel_type `{other}`")),
        })
    }

    fn between(self, x: &[f32], y: &[f32]) -> f64 {
        let dot = || x.iter().zip(y).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        match self {
            Likeness::Linear => dot(),
            Likeness::Poly { gamma, offset, degree } => (gamma * dot() + offset).powf(degree),
            Likeness::Rbf { gamma } => {
                let apart = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
                (-gamma * x.iter().zip(y).map(apart).sum::<f64>()).exp()
            }
            Likeness::Sigmoid { gamma, offset } => (gamma * dot() + offset).tanh(),
        }
    }
}

/// Support vectors, and how rows are compared with them.
struct Vectors {
    likeness: Likeness,
    rows: Vec<f32>,
    columns: usize,
}

impl Vectors {
    fn of(node: &Node<'_>, count: usize) -> Result<Vectors, String> {
        let rows = node.floats("support_vectors")?.unwrap_or_default().to_vec();
        let columns = rows.len().checked_div(count).unwrap_or(0);
        if columns == 0 || columns * count != rows.len() {
            return Err(format!("{} numbers do not make {count} support vectors", rows.len()));
        }
        Ok(Vectors { likeness: Likeness::of(node)?, rows, columns })
    }

    fn check(&self, rows: usize, columns: usize) -> Result<(), String> {
        if columns != self.columns {
            return Err(format!("{columns} columns, expected {}", self.columns));
        }
        match rows.checked_mul(self.rows.len()) {
            Some(work) if work <= MAX_WORK => Ok(()),
            _ => Err(format!("{rows} rows are too many at a time")),
        }
    }

    fn compare(&self, x: &[f32]) -> Vec<f64> {
        self.rows.chunks(self.columns).map(|v| self.likeness.between(x, v)).collect()
    }
}

fn wide(v: Option<&[f32]>) -> Vec<f64> {
    v.unwrap_or_default().iter().map(|&x| f64::from(x)).collect()
}

pub(super) fn regressor(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &NUMBERS)?;
    let coefficients = wide(node.floats("coefficients")?);
    let offset = match node.floats("rho")? {
        Some([rho]) => f64::from(*rho),
        other => return Err(format!("`rho` has {} entries, expected 1", other.map_or(0, <[f32]>::len))),
    };
    let supports = node.int("n_supports")?.unwrap_or(0);
    let one_class = node.flag("one_class", false)?;
    let transform = Transform::of(node)?;
    if supports <= 0 || supports as usize != coefficients.len() {
        return Err(format!("{} coefficients for {supports} support vectors", coefficients.len()));
    }
    let vectors = Vectors::of(node, coefficients.len())?;
    Kernel::one(Dtype::F32, move |inputs| {
        let t = need(inputs, 0)?;
        let (rows, columns) = matrix(t)?;
        vectors.check(rows, columns)?;
        let x = singles(t)?;
        let value = |row: &[f32]| {
            let likes = vectors.compare(row);
            let sum = likes.iter().zip(&coefficients).map(|(k, c)| k * c).sum::<f64>() + offset;
            match one_class {
                true if sum > 0.0 => 1.0,
                true => -1.0,
                false => sum as f32,
            }
        };
        let mut out: Vec<f32> = x.chunks(columns.max(1)).map(value).collect();
        out.chunks_mut(1).for_each(|row| transform.apply(row));
        tensor(vec![rows, 1], Data::F32(out))
    })
}

/// A classifier of every pair of classes.
struct Pairs {
    vectors: Vectors,
    /// The first support vector of each class, and how many there are.
    spans: Vec<(usize, usize)>,
    coefficients: Vec<f64>,
    rho: Vec<f64>,
    prob_a: Vec<f64>,
    prob_b: Vec<f64>,
}

impl Pairs {
    fn of(node: &Node<'_>, classes: usize) -> Result<Pairs, String> {
        let counts = node.ints("vectors_per_class")?.unwrap_or_default();
        let counts: Option<Vec<usize>> = counts.iter().map(|&c| usize::try_from(c).ok()).collect();
        let counts = counts.ok_or("a class has fewer than 0 support vectors")?;
        let total = counts.iter().try_fold(0usize, |sum, &c| sum.checked_add(c)).ok_or("too many vectors")?;
        let mut start = 0;
        let span = |&count: &usize| {
            start += count;
            (start - count, count)
        };
        let pairs = Pairs {
            vectors: Vectors::of(node, total)?,
            spans: counts.iter().map(span).collect(),
            coefficients: wide(node.floats("coefficients")?),
            rho: wide(node.floats("rho")?),
            prob_a: wide(node.floats("prob_a")?),
            prob_b: wide(node.floats("prob_b")?),
        };
        if pairs.prob_a.is_empty() {
            return Err(
                "without prob_a and prob_b its scores are no probabilities; fit it with probability=True"
                    .into(),
            );
        }
        let number = classes * (classes - 1) / 2;
        let lists = [&pairs.rho, &pairs.prob_a, &pairs.prob_b];
        let sound = pairs.spans.len() == classes
            && pairs.coefficients.len() == (classes - 1) * total
            && lists.iter().all(|l| l.len() == number);
        match sound {
            true => Ok(pairs),
            false => Err(format!("its lists do not fit {classes} classes and {total} support vectors")),
        }
    }

    /// For each pair of classes, the score of the first against the second.
    fn scores(&self, likes: &[f64]) -> Vec<(usize, usize, f64)> {
        let total = likes.len();
        let part = |row: usize, (start, count): (usize, usize)| {
            let coefficients = &self.coefficients[row * total + start..][..count];
            coefficients.iter().zip(&likes[start..start + count]).map(|(c, k)| c * k).sum::<f64>()
        };
        let classes = self.spans.len();
        let pairs = (0..classes).flat_map(|i| (i + 1..classes).map(move |j| (i, j)));
        let score = |(at, (i, j)): (usize, (usize, usize))| {
            (i, j, part(j - 1, self.spans[i]) + part(i, self.spans[j]) + self.rho[at])
        };
        pairs.enumerate().map(score).collect()
    }

    /// The class with the most votes, the first of equal ones, and the probabilities of all.
    fn answer(&self, likes: &[f64]) -> (usize, Vec<f64>) {
        let classes = self.spans.len();
        let mut votes = vec![0; classes];
        let mut shares = vec![vec![0.0; classes]; classes];
        for (at, (i, j, score)) in self.scores(likes).into_iter().enumerate() {
            votes[if score > 0.0 { i } else { j }] += 1;
            let margin = score * self.prob_a[at] + self.prob_b[at];
            let share = (1.0 / (1.0 + margin.exp())).clamp(1e-7, 1.0 - 1e-7);
            shares[i][j] = share;
            shares[j][i] = 1.0 - share;
        }
        let best = (1..classes).fold(0, |best, i| if votes[i] > votes[best] { i } else { best });
        (best, couple(&shares))
    }
}

/// Class probabilities from pairwise ones: Wu, Lin and Weng (2004), as libsvm iterates it. It stops early, for two
/// classes as well, and its answers are what makers call theirs.
fn couple(r: &[Vec<f64>]) -> Vec<f64> {
    let k = r.len();
    let mut q = vec![vec![0.0; k]; k];
    for t in 0..k {
        for j in (0..k).filter(|&j| j != t) {
            q[t][t] += r[j][t] * r[j][t];
            q[t][j] = -r[j][t] * r[t][j];
        }
    }
    let mut p = vec![1.0 / k as f64; k];
    for _ in 0..k.max(100) {
        let mut qp: Vec<f64> = q.iter().map(|row| row.iter().zip(&p).map(|(a, b)| a * b).sum()).collect();
        let mut pqp: f64 = p.iter().zip(&qp).map(|(a, b)| a * b).sum();
        if qp.iter().map(|x| (x - pqp).abs()).fold(0.0, f64::max) < 0.005 / k as f64 {
            break;
        }
        for t in 0..k {
            let step = (pqp - qp[t]) / q[t][t];
            p[t] += step;
            pqp = (pqp + step * (step * q[t][t] + 2.0 * qp[t])) / ((1.0 + step) * (1.0 + step));
            for j in 0..k {
                qp[j] = (qp[j] + step * q[t][j]) / (1.0 + step);
                p[j] /= 1.0 + step;
            }
        }
    }
    p
}

pub(super) fn classifier(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &NUMBERS)?;
    let labels = Labels::of(node, "classlabels_ints")?;
    let transform = Transform::of(node)?;
    let pairs = Pairs::of(node, labels.len())?;
    if transform != Transform::None {
        return Err("a post_transform of probabilities has no meaning".into());
    }
    Kernel::many(vec![labels.dtype(), Dtype::F32], move |inputs| {
        let t = need(inputs, 0)?;
        let (rows, columns) = matrix(t)?;
        pairs.vectors.check(rows, columns)?;
        elements(&[rows, labels.len()]).ok_or_else(|| format!("{rows} rows are too many at a time"))?;
        let x = singles(t)?;
        let answers: Vec<(usize, Vec<f64>)> =
            x.chunks(columns.max(1)).map(|row| pairs.answer(&pairs.vectors.compare(row))).collect();
        let places: Vec<usize> = answers.iter().map(|(best, _)| *best).collect();
        let scores = answers.iter().flat_map(|(_, p)| p.iter().map(|&x| x as f32)).collect();
        Ok(vec![
            tensor(vec![rows], labels.at(&places))?,
            tensor(vec![rows, labels.len()], Data::F32(scores))?,
        ])
    })
}
