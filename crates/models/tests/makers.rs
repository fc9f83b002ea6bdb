//! Models made in Python against their makers: each file of `makers/make.py` is imported and answers 1,000 rows
//! as its maker did.

mod pack;

use domain::{Column, Domain, Field, Kind, OutputKind, Outputs, Schema, Table, Task, Values};
use models::import::{Expected, Imported, Told, import, parity, try_out};
use models::onnx::{Data, OnnxModel};
use pack::Pack;
use serde_json::Value;

const PACK: &[u8] = include_bytes!("makers/makers.pack.gz");

/// How many models there must be.
const LEAST: usize = 30;

fn names(value: &Value) -> Vec<String> {
    let list = value.as_array().expect("a list");
    list.iter().map(|v| v.as_str().expect("a text").to_string()).collect()
}

fn table(pack: &Pack, index: &Value, name: &str) -> Table {
    let column = |column: String| {
        let (shape, data) = pack.tensor(&format!("table/{name}/{column}")).into_parts();
        let values = match data {
            Data::F32(v) if shape.len() > 1 => Values::Tensor { shape: shape[1..].to_vec(), data: v },
            Data::F32(v) => Values::Number(v.into_iter().map(f64::from).collect()),
            Data::Str(v) => Values::Text(v.iter().map(|t| Some(t.to_string())).collect()),
            other => panic!("{column} holds {}", other.dtype()),
        };
        Column { name: column, values }
    };
    Table::new(names(&index["tables"][name]).into_iter().map(column).collect())
        .expect("columns of one length")
}

fn expected(case: &Value, rows: &Table) -> Expected {
    let field = |c: &Column| Field {
        name: c.name.clone(),
        kind: match &c.values {
            Values::Tensor { shape, .. } => Kind::Tensor(shape.clone()),
            values => values.kind(),
        },
        nullable: true,
        domain: Domain::Any,
    };
    let columns = Schema { fields: rows.columns().iter().map(field).collect() };
    let told = Told {
        logits: case["told"]["logits"].as_bool().unwrap_or(false),
        divide: case["told"]["divide"].as_f64().map(|x| x as f32),
        ..Told::default()
    };
    match case["classes"].is_null() {
        true => Expected { task: Task::Regression, output: OutputKind::Value, columns, told },
        false => {
            let output = OutputKind::Probabilities { classes: names(&case["classes"]) };
            Expected { task: Task::Classification, output, columns, told }
        }
    }
}

/// Imports and compares; the table's line, and whether it agrees.
fn check(pack: &Pack, index: &Value, case: &Value) -> Result<String, String> {
    let name = case["name"].as_str().expect("a name");
    let rows = table(pack, index, case["table"].as_str().expect("a table"));
    let expect = expected(case, &rows);
    let Imported { artifact, engine, .. } =
        import(pack.bytes(&format!("{name}/model")), &expect).map_err(|e| format!("{name}: {e}"))?;
    let model = OnnxModel::load(&artifact).map_err(|e| format!("{name}: {e}"))?;
    let Data::F32(answers) = pack.tensor(&format!("{name}/answers")).into_parts().1 else { panic!("floats") };
    let values = answers.into_iter().map(f64::from).collect();
    let outputs = Outputs { kind: expect.output.clone(), values };
    let found = parity(&model, &rows, &outputs).map_err(|e| format!("{name}: {e}"))?;
    try_out(&model, &rows).map_err(|e| format!("{name}: {e}"))?;
    let maker = case["maker"].as_str().expect("a maker");
    let line = format!(
        "{name:28} {maker:20} {engine:5} rows {:5}  worst {:8.1e}  differing {:3}",
        found.rows, found.worst, found.differing
    );
    match found.agrees() && found.rows == 1000 {
        true => Ok(line),
        false => Err(line),
    }
}

#[test]
fn models_made_in_python_answer_as_their_makers_do() {
    let pack = Pack::of(PACK);
    let index = pack.json("index.json");
    let cases = index["models"].as_array().expect("models");
    let results: Vec<Result<String, String>> = cases.iter().map(|case| check(&pack, &index, case)).collect();
    let agreeing = results.iter().filter(|r| r.is_ok()).count();
    for line in results.iter().flatten() {
        println!("{line}");
    }
    let wrong: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    println!("{agreeing} of {} models agree with their makers", cases.len());
    assert!(wrong.is_empty(), "{} models differ:\n{wrong:#?}", wrong.len());
    assert!(agreeing >= LEAST, "only {agreeing} models");
}
