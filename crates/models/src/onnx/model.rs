//! A model that is an ONNX graph: raw rows in, answers out.
//!
//! Columns are fed by name, as the conventions of [`crate::onnx`] say. Invariant: what is answered has the
//! signature's shape and only finite numbers; everything else is an error.

use super::engine::Engine;
use super::error::OnnxError;
use super::feed::feed;
use super::program::{Join, Program};
use super::read::ValueType;
use super::tensor::{Data, Dtype, Tensor};
use crate::contract::{Artifact, Predict, PredictError};
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
    /// Where the signature has each of the program's inputs.
    places: Vec<usize>,
}

impl OnnxModel {
    /// Loads a graph and checks that it takes and answers what its signature says.
    pub fn load(artifact: &Artifact) -> Result<OnnxModel, OnnxError> {
        let program = Program::load(&artifact.onnx)?;
        let fields = &artifact.signature.inputs.fields;
        let mut places = Vec::with_capacity(program.inputs().len());
        for input in program.inputs() {
            let place = fields.iter().position(|field| field.name == input.name);
            let place = place.ok_or_else(|| {
                OnnxError::Signature(format!(
                    "the graph takes `{}`, which is not among the columns",
                    input.name
                ))
            })?;
            check_input(input, &fields[place].kind)?;
            places.push(place);
        }
        let answer = answer(program.outputs(), &artifact.signature.output)?;
        Ok(OnnxModel { program, signature: artifact.signature.clone(), answer, places })
    }

    /// Which engine computes it, chosen when it was loaded.
    pub fn engine(&self) -> Engine {
        self.program.engine()
    }

    /// Columns that the graph only puts side by side are fed as one matrix.
    fn run(&self, rows: &Table) -> Result<Vec<Tensor>, PredictError> {
        let joined = self.program.joins().iter().map(|join| self.join(join, rows));
        let Some(joined) = joined.collect::<Option<Vec<Tensor>>>() else {
            let feeds = self.program.inputs().iter().map(|input| feed(input, rows));
            let feeds: Vec<Tensor> = feeds.collect::<Result<_, _>>()?;
            let feeds: Vec<&Tensor> = feeds.iter().collect();
            return self.program.run_ordered(&feeds).map_err(graph_error);
        };
        let others =
            self.program.inputs().iter().enumerate().filter(|(place, _)| self.program.is_alone(*place));
        let others = others.map(|(place, input)| Ok((place, feed(input, rows)?)));
        let others: Vec<(usize, Tensor)> = others.collect::<Result<_, PredictError>>()?;
        self.program.run_joined(&joined, &others).map_err(graph_error)
    }

    /// How many rows are fed at a time.
    fn step(&self, rows: &Table) -> usize {
        if rows.rows() <= 1 {
            return 1;
        }
        let width = row_size(rows).max(self.program.widest()).max(1);
        (CHUNK / width).clamp(1, CHUNK_ROWS)
    }

    /// The matrix of a join; `None` where a column is not there or holds no numbers.
    fn join(&self, join: &Join, rows: &Table) -> Option<Tensor> {
        let (count, width) = (rows.rows(), join.inputs.len());
        let mut cells = vec![0.0f32; count * width];
        for (place, &input) in join.inputs.iter().enumerate() {
            let Values::Number(column) = &self.column(input, rows)?.values else { return None };
            for (row, &x) in column.iter().enumerate() {
                cells[row * width + place] = x as f32;
            }
        }
        Tensor::new(vec![count, width], Data::F32(cells))
    }

    /// An input's column, sought first where the signature has it.
    fn column<'t>(&self, input: usize, rows: &'t Table) -> Option<&'t Column> {
        let name = &self.program.inputs()[input].name;
        let there = rows.columns().get(self.places[input]).filter(|column| column.name == *name);
        there.or_else(|| rows.column(name))
    }

    fn answer(&self, rows: &Table, into: &mut Vec<f64>) -> Result<(), PredictError> {
        let mut outputs = self.run(rows)?;
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
        let step = self.step(rows);
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

fn graph_error(error: OnnxError) -> PredictError {
    match error {
        OnnxError::Run { node, op, why } => PredictError::Graph { node: format!("{node} ({op})"), why },
        OnnxError::Input { name, found, expected } => PredictError::Kind { name, found, expected },
        other => PredictError::Graph { node: "graph".into(), why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Attribute, GraphBuilder, ML};
    use domain::{Task, Timestamp};

    fn field(name: &str, kind: Kind) -> Field {
        Field { name: name.into(), kind, nullable: true, domain: Domain::Any }
    }

    fn artifact(graph: &GraphBuilder, fields: Vec<Field>, output: OutputKind) -> Artifact {
        let signature = Signature { task: Task::Regression, inputs: Schema { fields }, output };
        Artifact { onnx: graph.finish(), signature }
    }

    fn column(name: &str, values: Values) -> Column {
        Column { name: name.into(), values }
    }

    /// Age plus 10 for clerks, plus the mean of an image, plus the days since 1970.
    fn mixed() -> Artifact {
        let mut graph = GraphBuilder::new("mixed");
        graph.input("age", Dtype::F32, &[1]).input("job", Dtype::Str, &[1]);
        graph.input("seen", Dtype::I64, &[1]).input("image", Dtype::F32, &[2, 2]);
        let keys = vec![("keys_strings", vec!["clerk".to_string(), String::new()].into())];
        let values = vec![("values_floats", vec![10.0f32, -1.0].into()), ("default_float", 0.0.into())];
        let job = graph.ml("LabelEncoder", &["job"], keys.into_iter().chain(values).collect());
        let seconds = graph.op("Cast", &["seen"], vec![("to", 1.into())]);
        graph.initializer_f32("day", &[1], vec![86_400.0]);
        let days = graph.op("Div", &[seconds.as_str(), "day"], vec![]);
        let axes = Attribute::Ints(vec![1, 2]);
        let mean = graph.op("ReduceMean", &["image"], vec![("axes", axes), ("keepdims", 0.into())]);
        graph.initializer_i64("last", &[1], vec![1]);
        let mean = graph.op("Unsqueeze", &[mean.as_str(), "last"], vec![]);
        graph.node("", "Sum", &["age", &job, &days, &mean], &["value"], vec![]);
        graph.output("value", Dtype::F32, &[1]);
        let fields = vec![
            field("age", Kind::Number),
            field("job", Kind::Text),
            field("seen", Kind::Time),
            field("image", Kind::Tensor(vec![2, 2])),
            field("unused", Kind::Number),
        ];
        artifact(&graph, fields, OutputKind::Value)
    }

    fn mixed_rows(rows: usize) -> Table {
        let day = domain::time::DAY;
        Table::new(vec![
            column(
                "image",
                Values::Tensor { shape: vec![2, 2], data: (0..4 * rows).map(|x| x as f32).collect() },
            ),
            column("age", Values::Number((0..rows).map(|x| x as f64).collect())),
            column("job", Values::Text((0..rows).map(|i| (i % 2 == 0).then(|| "clerk".into())).collect())),
            column("seen", Values::Time((0..rows as i64).map(|x| Some(Timestamp(x * day))).collect())),
        ])
        .expect("columns of one length")
    }

    #[test]
    fn raw_columns_of_every_kind_are_fed_by_name() {
        let model = OnnxModel::load(&mixed()).expect("a sound graph");
        // age + job + days + mean of the image: 0 + 10 + 0 + 1.5, then 1 - 1 + 1 + 5.5
        assert_eq!(model.predict(&mixed_rows(2)).expect("answers").values, [11.5, 6.5]);
    }

    #[test]
    fn rows_beyond_a_chunk_answer_as_they_do_alone() {
        let model = OnnxModel::load(&mixed()).expect("a sound graph");
        let rows = mixed_rows(CHUNK_ROWS + 3);
        let together = model.predict(&rows).expect("answers");
        for row in [0, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 2] {
            assert_eq!(model.predict(&rows.take(&[row])).expect("answers").values, together.row(row));
        }
    }

    #[test]
    fn no_rows_give_no_answers() {
        let model = OnnxModel::load(&mixed()).expect("a sound graph");
        assert_eq!(model.predict(&mixed_rows(0)).expect("answers").values, [0.0; 0]);
    }

    #[test]
    fn a_missing_column_and_a_wrong_kind_are_named() {
        let model = OnnxModel::load(&mixed()).expect("a sound graph");
        let error = |rows: &Table| model.predict(rows).expect_err("must fail").to_string();
        assert_eq!(error(&mixed_rows(1).select(|n| n != "job")), "column `job` is missing");
        let texts = Table::new(vec![column("age", Values::Text(vec![None]))]).expect("one column");
        assert_eq!(error(&texts), "column `age` holds text, expected float[?, 1]");
        let never = Values::Time(vec![None]);
        let rows = mixed_rows(1).select(|n| n != "seen");
        let rows = rows.columns().iter().cloned().chain([column("seen", never)]).collect();
        let rows = Table::new(rows).expect("columns of one length");
        assert!(error(&rows).starts_with("column `seen` holds a missing cell"));
    }

    #[test]
    fn a_graph_that_does_not_fit_its_signature_is_refused() {
        let mut wrong = mixed();
        wrong.signature.inputs.fields.remove(0);
        let error = OnnxModel::load(&wrong).expect_err("age is not there").to_string();
        assert!(error.contains("takes `age`, which is not among the columns"), "{error}");
        let mut wrong = mixed();
        wrong.signature.inputs.fields[0].kind = Kind::Text;
        let error = OnnxModel::load(&wrong).expect_err("age is text").to_string();
        assert!(error.contains("column `age` is a text, the graph takes float"), "{error}");
    }

    #[test]
    fn answers_of_another_width_and_infinite_ones_are_refused() {
        let mut graph = GraphBuilder::new("log");
        graph.input("x", Dtype::F32, &[1]);
        graph.node("", "Log", &["x"], &["value"], vec![]).output("value", Dtype::F32, &[1]);
        let rows = |x: f64| Table::new(vec![column("x", Values::Number(vec![x]))]).expect("one column");
        let value = artifact(&graph, vec![field("x", Kind::Number)], OutputKind::Value);
        let model = OnnxModel::load(&value).expect("a sound graph");
        let error = model.predict(&rows(0.0)).expect_err("the logarithm of 0").to_string();
        assert_eq!(error, "the model answered -inf for row 0 of the rows given, expected finite numbers");
        let path = artifact(&graph, vec![field("x", Kind::Number)], OutputKind::Path { horizon: 3 });
        let model = OnnxModel::load(&path).expect("the only float output");
        let error = model.predict(&rows(1.0)).expect_err("one number for three").to_string();
        assert_eq!(error, "the model answered float[1, 1], expected 1 rows of 3 numbers");
    }

    #[test]
    fn a_map_of_probabilities_is_an_answer() {
        let mut graph = GraphBuilder::new("map");
        graph.input("x", Dtype::F32, &[2]);
        let labels = || vec![("classlabels_strings", vec!["a".to_string(), "b".into()].into())];
        let scores = graph.op("Softmax", &["x"], vec![]);
        graph.node(ML, "ZipMap", &[scores], &["probabilities"], labels());
        graph.output("probabilities", Dtype::F32, &[2]);
        let output = OutputKind::Probabilities { classes: vec!["a".into(), "b".into()] };
        let model = artifact(&graph, vec![field("x", Kind::Tensor(vec![2]))], output);
        let model = OnnxModel::load(&model).expect("a sound graph");
        let x = Values::Tensor { shape: vec![2], data: vec![0.0, 0.0] };
        let rows = Table::new(vec![column("x", x)]).expect("one column");
        assert_eq!(model.predict(&rows).expect("answers").values, [0.5, 0.5]);
    }

    #[test]
    fn what_a_graph_takes_is_read_from_it() {
        let schema = signature_of(&mixed().onnx).expect("a sound graph");
        let kinds: Vec<(&str, &Kind)> = schema.fields.iter().map(|f| (f.name.as_str(), &f.kind)).collect();
        let image = Kind::Tensor(vec![2, 2]);
        // a graph cannot tell a time from another whole number
        let expected =
            [("age", &Kind::Number), ("job", &Kind::Text), ("seen", &Kind::Number), ("image", &image)];
        assert_eq!(kinds, expected);
    }
}
