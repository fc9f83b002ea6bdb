//! A model that is an ONNX graph: raw rows in, answers out.
//!
//! Columns are fed by name, as the conventions of [`crate::onnx`] say. Invariant: what is answered has the
//! signature's shape and only finite numbers; everything else is an error.

use super::error::OnnxError;
use super::program::Program;
use super::read::ValueType;
use super::tensor::{Data, Dtype, Tensor};
use crate::contract::{Artifact, Predict, PredictError};
use domain::time::SECOND;
use domain::{Column, Domain, Field, Kind, OutputKind, Outputs, Schema, Signature, Table, Values};

/// The most numbers that are fed at a time; more rows are answered in chunks.
const CHUNK: usize = 1 << 20;
/// The most rows that are fed at a time.
const CHUNK_ROWS: usize = 4096;

/// A graph with its signature, ready to answer. Cheap to share between threads by reference.
#[derive(Debug)]
pub struct OnnxModel {
    program: Program,
    signature: Signature,
    /// Which of the program's outputs is the answer.
    answer: usize,
}

impl OnnxModel {
    /// Loads a graph and checks that it takes and answers what its signature says.
    pub fn load(artifact: &Artifact) -> Result<OnnxModel, OnnxError> {
        let program = Program::load(&artifact.onnx)?;
        for input in program.inputs() {
            let field = artifact.signature.inputs.field(&input.name);
            let field = field.ok_or_else(|| {
                OnnxError::Signature(format!(
                    "the graph takes `{}`, which is not among the columns",
                    input.name
                ))
            })?;
            check_input(input, &field.kind)?;
        }
        let answer = answer(program.outputs(), &artifact.signature.output)?;
        Ok(OnnxModel { program, signature: artifact.signature.clone(), answer })
    }

    fn feed(&self, rows: &Table) -> Result<Vec<Tensor>, PredictError> {
        self.program.inputs().iter().map(|input| feed(input, rows)).collect()
    }

    fn answer(&self, rows: &Table, into: &mut Vec<f64>) -> Result<(), PredictError> {
        let feeds = self.feed(rows)?;
        let feeds: Vec<&Tensor> = feeds.iter().collect();
        let mut outputs = self.program.run_ordered(&feeds).map_err(graph_error)?;
        let answer = outputs.swap_remove(self.answer);
        let (width, count) = (self.signature.output.width(), rows.rows());
        if answer.len() != count * width || !matches!(answer.shape(), [n] | [n, _] if *n == count) {
            let found = format!("{}{:?}", answer.dtype(), answer.shape());
            return Err(PredictError::Output { found, expected: format!("{count} rows of {width} numbers") });
        }
        let start = into.len();
        match answer.data() {
            Data::F32(v) => into.extend(v.iter().map(|&x| f64::from(x))),
            Data::F64(v) => into.extend(v),
            Data::I64(v) => into.extend(v.iter().map(|&x| x as f64)),
            other => {
                let found = format!("elements of {}", other.dtype());
                return Err(PredictError::Output { found, expected: "numbers".into() });
            }
        }
        match into[start..].iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(i) => {
                let found = format!("{} for row {} of the rows given", into[start + i], i / width);
                Err(PredictError::Output { found, expected: "finite numbers".into() })
            }
        }
    }
}

impl Predict for OnnxModel {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, rows: &Table) -> Result<Outputs, PredictError> {
        let kind = self.signature.output.clone();
        let mut values = Vec::with_capacity(rows.rows() * kind.width());
        let step = (CHUNK / row_size(rows).max(1)).clamp(1, CHUNK_ROWS);
        if rows.rows() <= step {
            self.answer(rows, &mut values)?;
            return Ok(Outputs { kind, values });
        }
        let used = rows.select(|name| self.program.inputs().iter().any(|i| i.name == name));
        for start in (0..rows.rows()).step_by(step) {
            let chunk: Vec<usize> = (start..rows.rows().min(start + step)).collect();
            self.answer(&used.take(&chunk), &mut values)?;
        }
        Ok(Outputs { kind, values })
    }
}

/// How many numbers a row has.
fn row_size(rows: &Table) -> usize {
    let width = |c: &Column| match &c.values {
        Values::Tensor { shape, .. } => shape.iter().product(),
        _ => 1,
    };
    rows.columns().iter().map(width).sum()
}

/// What a graph takes, as far as the file tells: columns in the graph's order. For models made elsewhere.
pub fn signature_of(onnx: &[u8]) -> Result<Schema, OnnxError> {
    let program = Program::load(onnx)?;
    let fields = program.inputs().iter().map(|input| {
        let kind = kind_of(input).ok_or_else(|| {
            OnnxError::Signature(format!("input `{}` is {input}, which no column can hold", input.name))
        })?;
        Ok(Field { name: input.name.clone(), kind, nullable: true, domain: Domain::Any })
    });
    Ok(Schema { fields: fields.collect::<Result<_, _>>()? })
}

/// The kind of column that an input takes.
fn kind_of(input: &ValueType) -> Option<Kind> {
    let row: Option<Vec<usize>> = input.shape.as_ref()?.iter().skip(1).copied().collect();
    let row = row?;
    let single = row.iter().product::<usize>() == 1 && row.len() < 2;
    match input.dtype {
        Dtype::Str if single => Some(Kind::Text),
        Dtype::F32 | Dtype::F64 | Dtype::I64 if single => Some(Kind::Number),
        Dtype::F32 => Some(Kind::Tensor(row)),
        _ => None,
    }
}

fn check_input(input: &ValueType, kind: &Kind) -> Result<(), OnnxError> {
    let dtypes: &[Dtype] = match kind {
        Kind::Number => &[Dtype::F32, Dtype::F64, Dtype::I64],
        Kind::Text => &[Dtype::Str],
        Kind::Time => &[Dtype::I64, Dtype::F64],
        Kind::Tensor(_) => &[Dtype::F32],
    };
    let row = match kind {
        Kind::Tensor(shape) => shape.as_slice(),
        _ => &[1],
    };
    let shape = |rows: usize| [&[rows], row].concat();
    let vector = |rows: usize| row == [1] && input.accepts(input.dtype, &[rows]);
    let fits = dtypes.contains(&input.dtype)
        && (1..=2).all(|rows| vector(rows) || input.accepts(input.dtype, &shape(rows)));
    match fits {
        true => Ok(()),
        false => {
            Err(OnnxError::Signature(format!("column `{}` is a {kind}, the graph takes {input}", input.name)))
        }
    }
}

/// The output that holds the answer: by its name, or the only one that holds floats.
fn answer(outputs: &[ValueType], kind: &OutputKind) -> Result<usize, OnnxError> {
    let name = match kind {
        OutputKind::Probabilities { .. } => "probabilities",
        OutputKind::Value => "value",
        OutputKind::Path { .. } => "forecast",
    };
    if let Some(found) = outputs.iter().position(|o| o.name == name) {
        return Ok(found);
    }
    let floats = |o: &ValueType| matches!(o.dtype, Dtype::F32 | Dtype::F64);
    let mut found = (0..outputs.len()).filter(|&i| floats(&outputs[i]));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => {
            let names: Vec<&str> = outputs.iter().map(|o| o.name.as_str()).collect();
            Err(OnnxError::Signature(format!("no output is called `{name}`; there are {}", names.join(", "))))
        }
    }
}

/// A column as the graph takes it.
fn feed(input: &ValueType, rows: &Table) -> Result<Tensor, PredictError> {
    let column = rows.column(&input.name);
    let column = column.ok_or_else(|| PredictError::MissingColumn(input.name.clone()))?;
    let wrong = || PredictError::Kind {
        name: input.name.clone(),
        found: column.values.kind().to_string(),
        expected: input.to_string(),
    };
    let data = match (&column.values, input.dtype) {
        (Values::Number(v), Dtype::F32) => Data::F32(v.iter().map(|&x| x as f32).collect()),
        (Values::Number(v), Dtype::F64) => Data::F64(v.clone()),
        (Values::Number(v), Dtype::I64) => {
            Data::I64(v.iter().map(|&x| whole(x, input)).collect::<Result<_, _>>()?)
        }
        (Values::Text(v), Dtype::Str) => {
            Data::Str(v.iter().map(|s| s.as_deref().unwrap_or("").into()).collect())
        }
        (Values::Time(v), Dtype::I64) => {
            let seconds = v.iter().map(|t| t.map(|t| t.0.div_euclid(SECOND)));
            Data::I64(seconds.map(|t| t.ok_or_else(|| missing(input))).collect::<Result<_, _>>()?)
        }
        (Values::Time(v), Dtype::F64) => {
            let seconds = v.iter().map(|t| t.map_or(f64::NAN, |t| t.0 as f64 / SECOND as f64));
            Data::F64(seconds.collect())
        }
        (Values::Tensor { data, .. }, Dtype::F32) => Data::F32(data.clone()),
        _ => return Err(wrong()),
    };
    let shape = match &column.values {
        Values::Tensor { shape, .. } => [&[rows.rows()], shape.as_slice()].concat(),
        _ if input.shape.as_ref().is_some_and(|s| s.len() == 1) => vec![rows.rows()],
        _ => vec![rows.rows(), 1],
    };
    Tensor::new(shape, data).ok_or_else(wrong)
}

/// A whole number; a cell that is missing or has a fraction cannot be fed as one.
fn whole(x: f64, input: &ValueType) -> Result<i64, PredictError> {
    match x.fract() == 0.0 && x.abs() < 9.0e15 {
        true => Ok(x as i64),
        false if x.is_nan() => Err(missing(input)),
        false => Err(PredictError::Kind {
            name: input.name.clone(),
            found: format!("{x}"),
            expected: "whole numbers".into(),
        }),
    }
}

fn missing(input: &ValueType) -> PredictError {
    PredictError::Kind {
        name: input.name.clone(),
        found: "a missing cell".into(),
        expected: format!("{input}, which cannot say that a cell is missing"),
    }
}

fn graph_error(error: OnnxError) -> PredictError {
    match error {
        OnnxError::Run { node, op, why } => PredictError::Graph { node: format!("{node} ({op})"), why },
        OnnxError::Input { name, found, expected } => PredictError::Kind { name, found, expected },
        other => PredictError::Graph { node: "graph".into(), why: other.to_string() },
    }
}
