//! What a chain of text operators does to one text after the other; `program` finds the chains.
//!
//! Invariant: a row is never wider than the n-grams that its text has, until the end.

use super::ml::{Grams, Scorer, Token, Tokenizer};
use super::node::{Inputs, need, tensor};
use super::tensor::{Data, Dtype, Tensor, elements};

/// A row's columns that are not zero, ascending, with their values.
type Row = Vec<(u32, f32)>;

/// From texts to scores.
pub(super) struct Chain {
    /// Takes texts apart.
    pub tokenizer: Tokenizer,
    /// Counts.
    pub grams: Grams,
    /// What happens to the counts.
    pub stages: Vec<Stage>,
    /// The product at the end; without one, rows are spread out.
    pub product: Option<Product>,
}

/// One change of a row.
pub(super) enum Stage {
    /// Each number by itself.
    Map(Map),
    /// All together.
    Normalise(Norm),
}

/// What a row is divided by.
#[derive(Clone, Copy)]
pub(super) enum Norm {
    /// The sum of sizes.
    L1,
    /// The root of the sum of squares.
    L2,
}

/// A function of a number and of a constant, which is one number or one a column.
pub(super) struct Map {
    function: fn(f32, f32) -> f32,
    constant: Vec<f32>,
}

/// What becomes of the scores of so many rows.
type Finish = Box<dyn Fn(usize, Vec<f32>) -> Result<Vec<Tensor>, String> + Send + Sync>;

/// A product with weights, and what becomes of it.
pub(super) struct Product {
    /// `[columns, targets]`.
    weights: Vec<f32>,
    /// What the sums begin with: one a target.
    start: Vec<f32>,
    /// How many columns a row must have.
    pub columns: usize,
    /// The element types of the answers.
    pub outputs: Vec<Dtype>,
    finish: Finish,
}

impl Map {
    /// An operator of one input.
    pub fn unary(op: &str) -> Option<Map> {
        let function: fn(f32, f32) -> f32 = match op {
            "Identity" => |x, _| x,
            "Log" => |x, _| x.ln(),
            "Sqrt" => |x, _| x.sqrt(),
            "Sign" => |x, _| if x == 0.0 { 0.0 } else { x.signum() },
            "Relu" => |x, _| if x < 0.0 { 0.0 } else { x },
            _ => return None,
        };
        Some(Map { function, constant: vec![0.0] })
    }

    /// An operator of two inputs, one of them constant.
    pub fn binary(op: &str, constant: Vec<f32>, constant_first: bool) -> Option<Map> {
        let function: fn(f32, f32) -> f32 = match (op, constant_first) {
            ("Add", _) => |x, c| x + c,
            ("Mul", _) => |x, c| x * c,
            ("Sub", false) => |x, c| x - c,
            ("Sub", true) => |x, c| c - x,
            ("Div", false) => |x, c| x / c,
            ("Max", false) => |x, c| if x > c || x.is_nan() { x } else { c },
            ("Min", false) => |x, c| if x < c || x.is_nan() { x } else { c },
            _ => return None,
        };
        Some(Map { function, constant })
    }

    /// The function of a number in a column.
    pub fn apply(&self, column: u32, x: f32) -> f32 {
        let constant = match self.constant.as_slice() {
            [one] => *one,
            many => many[column as usize],
        };
        (self.function)(x, constant)
    }
}

impl Stage {
    fn apply(&self, row: &mut Row) {
        match self {
            Stage::Map(map) => row.iter_mut().for_each(|(column, x)| *x = map.apply(*column, *x)),
            Stage::Normalise(norm) => {
                let sizes = row.iter().map(|&(_, x)| f64::from(x));
                let size = match norm {
                    Norm::L1 => sizes.map(f64::abs).sum::<f64>() as f32,
                    Norm::L2 => sizes.map(|x| x * x).sum::<f64>().sqrt() as f32,
                };
                if size != 0.0 {
                    row.iter_mut().for_each(|(_, x)| *x /= size);
                }
            }
        }
    }
}

impl Product {
    /// A product with a matrix `[columns, targets]`, and what is added to each row of it.
    pub fn matrix(weights: Vec<f32>, columns: usize, targets: usize, addend: Option<Vec<f32>>) -> Product {
        let finish = move |rows: usize, mut scores: Vec<f32>| {
            if let Some(addend) = &addend {
                scores.iter_mut().zip(addend.iter().cycle()).for_each(|(x, a)| *x += a);
            }
            Ok(vec![tensor(vec![rows, targets], Data::F32(scores))?])
        };
        let start = vec![0.0; targets];
        Product { weights, start, columns, outputs: vec![Dtype::F32], finish: Box::new(finish) }
    }

    fn add(&self, row: &Row, scores: &mut Vec<f32>) {
        let from = scores.len();
        let targets = self.start.len();
        scores.extend(&self.start);
        for &(column, x) in row {
            let weights = &self.weights[column as usize * targets..(column as usize + 1) * targets];
            scores[from..].iter_mut().zip(weights).for_each(|(s, w)| *s += x * w);
        }
    }
}

impl From<Scorer> for Product {
    fn from(scorer: Scorer) -> Product {
        let Scorer { weights, offsets, columns, outputs, finish } = scorer;
        Product { weights, start: offsets, columns, outputs, finish }
    }
}

impl Chain {
    /// Runs on texts `[N]` or `[N, 1]`.
    pub fn run(&self, inputs: &Inputs<'_>) -> Result<Vec<Tensor>, String> {
        let t = need(inputs, 0)?;
        let Data::Str(texts) = t.data() else { return Err("texts are expected".into()) };
        if !matches!(t.shape(), [_] | [_, 1]) {
            let shape = t.shape();
            return Err(format!(
                "shape {shape:?} has several texts a row, whose n-grams would run into each other"
            ));
        }
        let rows = texts.len();
        match &self.product {
            Some(product) => {
                let targets = product.start.len();
                elements(&[rows, targets])
                    .ok_or_else(|| format!("{rows} rows of {targets} scores are too many"))?;
                let mut scores = Vec::with_capacity(rows * targets);
                texts.iter().for_each(|text| product.add(&self.row(text), &mut scores));
                (product.finish)(rows, scores)
            }
            None => {
                let shape = vec![rows, self.grams.width()];
                let count = elements(&shape).ok_or_else(|| format!("the shape {shape:?} is too large"))?;
                let mut out = vec![0.0; count];
                for (text, out) in texts.iter().zip(out.chunks_mut(self.grams.width())) {
                    self.row(text).into_iter().for_each(|(column, x)| out[column as usize] = x);
                }
                Ok(vec![tensor(shape, Data::F32(out))?])
            }
        }
    }

    fn row(&self, text: &str) -> Row {
        let tokens: Vec<Token> =
            self.tokenizer.tokens(text).into_iter().map(|t| self.grams.token(t)).collect();
        let mut row = self.grams.row(&tokens);
        self.stages.iter().for_each(|stage| stage.apply(&mut row));
        row
    }
}
