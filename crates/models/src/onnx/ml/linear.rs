//! Linear models.

use super::transform::Transform;
use super::{Labels, NUMBERS, best, matrix};
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::{multiply, singles};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// What becomes of the scores of so many rows.
type Finish = Box<dyn Fn(usize, Vec<f32>) -> Result<Vec<Tensor>, String> + Send + Sync>;

/// A linear model taken apart: `x * weights + offsets`, and what becomes of that.
pub(in crate::onnx) struct Scorer {
    /// `[columns, targets]`, turned from the file's order.
    pub weights: Vec<f32>,
    /// One a target.
    pub offsets: Vec<f32>,
    /// How many columns a row must have.
    pub columns: usize,
    /// The element types of the answers.
    pub outputs: Vec<Dtype>,
    /// From the scores of so many rows to the answers.
    pub finish: Finish,
}

impl Scorer {
    fn of(node: &Node<'_>, targets: usize, outputs: Vec<Dtype>, finish: Finish) -> Result<Scorer, String> {
        let coefficients = node.floats("coefficients")?.ok_or("attribute `coefficients` is missing")?;
        let offsets = node.floats("intercepts")?.unwrap_or_default();
        let columns = coefficients.len().checked_div(targets).unwrap_or(0);
        if columns * targets != coefficients.len() || columns == 0 {
            return Err(format!("{} coefficients for {targets} targets", coefficients.len()));
        }
        if !offsets.is_empty() && offsets.len() != targets {
            return Err(format!("{} intercepts for {targets} targets", offsets.len()));
        }
        let weights = (0..columns).flat_map(|c| (0..targets).map(move |t| coefficients[t * columns + c]));
        let offsets = if offsets.is_empty() { vec![0.0; targets] } else { offsets.to_vec() };
        Ok(Scorer { weights: weights.collect(), offsets, columns, outputs, finish })
    }

    /// `LinearRegressor`.
    pub fn regressor(node: &Node<'_>) -> Result<Scorer, String> {
        node.arity(1, 1)?;
        node.one_of(0, &NUMBERS)?;
        let targets = node.int("targets")?.unwrap_or(1);
        let targets = usize::try_from(targets).map_err(|_| format!("{targets} targets"))?;
        let transform = Transform::of(node)?;
        let finish = move |rows, mut out: Vec<f32>| {
            out.chunks_mut(targets).for_each(|row| transform.apply(row));
            Ok(vec![tensor(vec![rows, targets], Data::F32(out))?])
        };
        Scorer::of(node, targets, vec![Dtype::F32], Box::new(finish))
    }

    /// `LinearClassifier`.
    pub fn classifier(node: &Node<'_>) -> Result<Scorer, String> {
        node.arity(1, 1)?;
        node.one_of(0, &NUMBERS)?;
        node.ignore(&["multi_class"]);
        let labels = Labels::of(node, "classlabels_ints")?;
        let targets = node.floats("intercepts")?.map_or(labels.len(), <[f32]>::len);
        if targets != labels.len() && (targets, labels.len()) != (1, 2) {
            return Err(format!("{targets} intercepts for {} classes", labels.len()));
        }
        let transform = Transform::of(node)?;
        if targets == 1 && transform == Transform::Probit {
            return Err("PROBIT of one score for two classes has no meaning".into());
        }
        let outputs = vec![labels.dtype(), Dtype::F32];
        let finish = move |rows, out| label(&labels, transform, targets, rows, out);
        Scorer::of(node, targets, outputs, Box::new(finish))
    }

    fn kernel(self) -> Result<Kernel, String> {
        Kernel::many(self.outputs.clone(), move |inputs| {
            let (rows, scores) = self.scores(need(inputs, 0)?)?;
            (self.finish)(rows, scores)
        })
    }

    /// The scores of all rows, and how many rows there are.
    fn scores(&self, t: &Tensor) -> Result<(usize, Vec<f32>), String> {
        let (rows, columns) = matrix(t)?;
        if columns != self.columns {
            return Err(format!("{columns} columns, expected {}", self.columns));
        }
        let targets = self.offsets.len();
        elements(&[rows, targets]).ok_or_else(|| format!("{rows} rows of {targets} scores are too many"))?;
        let mut out = self.offsets.repeat(rows);
        multiply(&singles(t)?, &self.weights, &mut out, columns, targets);
        Ok((rows, out))
    }
}

/// The label of each row, and its scores made probabilities.
fn label(
    labels: &Labels,
    transform: Transform,
    targets: usize,
    rows: usize,
    mut out: Vec<f32>,
) -> Result<Vec<Tensor>, String> {
    let places: Vec<usize>;
    if targets == 1 {
        places = out.iter().map(|&score| usize::from(score > 0.0)).collect();
        out = out.iter().flat_map(|&score| transform.both(score, true)).collect();
    } else {
        places = out.chunks(targets).map(best).collect();
        out.chunks_mut(targets).for_each(|row| transform.apply(row));
    }
    let scores = tensor(vec![rows, labels.len()], Data::F32(out))?;
    Ok(vec![tensor(vec![rows], labels.at(&places))?, scores])
}

pub(super) fn regressor(node: &Node<'_>) -> Result<Kernel, String> {
    Scorer::regressor(node)?.kernel()
}

pub(super) fn classifier(node: &Node<'_>) -> Result<Kernel, String> {
    Scorer::classifier(node)?.kernel()
}
