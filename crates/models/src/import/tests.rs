//! Graphs as other tools write them, on tables of a few rows.

use super::*;
use crate::onnx::{Attribute, Dtype, GraphBuilder, ML};
use domain::{Column, Domain, Field, Kind, Values};

fn field(name: &str, kind: Kind) -> Field {
    Field { name: name.into(), kind, nullable: true, domain: Domain::Any }
}

fn numbers(names: &[&str]) -> Schema {
    Schema { fields: names.iter().map(|n| field(n, Kind::Number)).collect() }
}

fn classes(names: &[&str], columns: Schema) -> Expected {
    let classes = names.iter().map(|s| s.to_string()).collect();
    let output = OutputKind::Probabilities { classes };
    Expected { task: Task::Classification, output, columns, told: Told::default() }
}

fn value(columns: Schema) -> Expected {
    Expected { task: Task::Regression, output: OutputKind::Value, columns, told: Told::default() }
}

fn table(columns: &[(&str, &[f64])]) -> Table {
    let column =
        |(name, v): &(&str, &[f64])| Column { name: (*name).into(), values: Values::Number(v.to_vec()) };
    Table::new(columns.iter().map(column).collect()).expect("columns of one length")
}

fn answers(imported: &Imported, rows: &Table) -> Vec<f64> {
    let model = OnnxModel::load(&imported.artifact).expect("it was loaded before");
    model.predict(rows).expect("answers").values
}

/// `X [N, 2]`: the second column minus the first, as `variable [N, 1]`.
fn regressor() -> GraphBuilder {
    let mut graph = GraphBuilder::new("sklearn");
    graph.input("X", Dtype::F32, &[2]);
    let weights = vec![("coefficients", vec![-1.0f32, 1.0].into()), ("intercepts", vec![0.0f32].into())];
    graph.node(ML, "LinearRegressor", &["X"], &["variable"], weights).output("variable", Dtype::F32, &[1]);
    graph
}

/// A classifier of the labels `yes` and `no`, in this order, whose answer is a map.
fn classifier(labels: Attribute) -> GraphBuilder {
    let mut graph = GraphBuilder::new("sklearn");
    graph.input("float_input", Dtype::F32, &[1]);
    let settings = vec![
        ("coefficients", vec![2.0f32, -2.0].into()),
        ("intercepts", vec![0.0f32, 0.0].into()),
        ("post_transform", "SOFTMAX".into()),
    ];
    let text = matches!(labels, Attribute::Strs(_));
    let (linear, map) = match text {
        true => ("classlabels_strings", "classlabels_strings"),
        false => ("classlabels_ints", "classlabels_int64s"),
    };
    let all = settings.into_iter().chain([(linear, labels.clone())]).collect();
    graph.node(ML, "LinearClassifier", &["float_input"], &["label", "scores"], all);
    graph.node(ML, "ZipMap", &["scores"], &["output_probability"], vec![(map, labels)]);
    graph.output("label", if text { Dtype::Str } else { Dtype::I64 }, &[]);
    graph.output("output_probability", Dtype::F32, &[2]);
    graph
}

fn strings(v: &[&str]) -> Attribute {
    Attribute::Strs(v.iter().map(|s| s.to_string()).collect())
}

#[track_caller]
fn refused(bytes: &[u8], expect: &Expected, part: &str, hint: &str) {
    let error = import(bytes, expect).expect_err("must be refused");
    assert!(error.to_string().contains(part), "`{error}` does not say `{part}`");
    assert!(error.hint().is_some_and(|h| h.contains(hint)), "{:?} does not say `{hint}`", error.hint());
}

#[test]
fn a_matrix_is_joined_from_columns() {
    let imported = import(&regressor().finish(), &value(numbers(&["a", "b"]))).expect("it fits");
    assert_eq!(answers(&imported, &table(&[("b", &[5.0]), ("a", &[3.0])])), [2.0]);
    let expected = [
        "input `X` is joined from the columns `a`, `b`, in this order",
        "output `variable` answers as `value`",
    ];
    assert_eq!(imported.adapted, expected);
    assert_eq!(imported.found, ["input `X` float[?, 2]", "output `variable` float[?, 1]"]);
    let mut told = value(numbers(&["a", "b", "c"]));
    told.told.features = Some(vec!["c".into(), "a".into()]);
    let imported = import(&regressor().finish(), &told).expect("it fits");
    assert_eq!(answers(&imported, &table(&[("a", &[5.0]), ("c", &[3.0])])), [2.0]);
    assert_eq!(imported.artifact.signature.inputs.fields.len(), 2);
}

#[test]
fn columns_may_be_called_like_values_of_the_graph() {
    let imported = import(&regressor().finish(), &value(numbers(&["variable", "X"]))).expect("it fits");
    assert_eq!(answers(&imported, &table(&[("variable", &[3.0]), ("X", &[4.0])])), [1.0]);
}

#[test]
fn a_matrix_of_another_width_is_refused_with_both_counts() {
    let three = value(numbers(&["a", "b", "c"]));
    let why = "takes 2 numbers a row, there are 3 number columns: `a`, `b`, `c`";
    refused(&regressor().finish(), &three, why, "features");
    let mut twice = value(numbers(&["a", "b"]));
    twice.told.features = Some(vec!["a".into(), "a".into()]);
    refused(&regressor().finish(), &twice, "`a` is listed twice", "once");
}

#[test]
fn a_graph_that_fits_keeps_its_bytes() {
    let mut graph = GraphBuilder::new("ours");
    graph.input("a", Dtype::F32, &[1]);
    graph.node("", "Neg", &["a"], &["value"], vec![]).output("value", Dtype::F32, &[1]);
    let imported = import(&graph.finish(), &value(numbers(&["a"]))).expect("it fits");
    assert_eq!((imported.adapted.len(), imported.artifact.onnx), (0, graph.finish()));
}

#[test]
fn a_map_becomes_a_tensor_in_the_plans_order() {
    let graph = classifier(strings(&["yes", "no"]));
    let imported = import(&graph.finish(), &classes(&["no", "yes"], numbers(&["a"]))).expect("it fits");
    let found = answers(&imported, &table(&[("a", &[1.0])]));
    let yes = 1.0 / (1.0 + (-4.0f64).exp());
    assert!((found[1] - yes).abs() < 1e-6 && (found[0] + yes - 1.0).abs() < 1e-6, "{found:?}");
    assert!(imported.adapted.contains(&"the classes yes, no are put into the plan's order".into()));
    refused(
        &graph.finish(),
        &classes(&["ja", "nein"], numbers(&["a"])),
        "the model's classes are yes, no",
        "classes",
    );
}

#[test]
fn whole_labels_stand_for_the_plans_classes() {
    let graph = classifier(Attribute::Ints(vec![0, 1]));
    let imported = import(&graph.finish(), &classes(&["no", "yes"], numbers(&["a"]))).expect("it fits");
    assert!(
        imported.adapted.contains(&"the model's labels are the plan's classes: 0 is no, 1 is yes".into())
    );
    assert!(answers(&imported, &table(&[("a", &[1.0])]))[0] > 0.9);
}

#[test]
fn a_label_alone_is_taken_only_where_that_is_told() {
    let mut graph = GraphBuilder::new("label");
    graph.input("x", Dtype::F32, &[1]).initializer_f32("zero", &[], vec![0.0]);
    graph.initializer_i64("one", &[], vec![1]).initializer_i64("none", &[], vec![0]);
    let over = graph.op("Greater", &["x", "zero"], vec![]);
    graph.node("", "Where", &[&over, "one", "none"], &["label"], vec![]).output("label", Dtype::I64, &[1]);
    let mut expect = classes(&["no", "yes"], numbers(&["a"]));
    refused(&graph.finish(), &expect, "no output holds floats", "one_hot");
    expect.told.one_hot = true;
    let imported = import(&graph.finish(), &expect).expect("it fits");
    assert_eq!(answers(&imported, &table(&[("a", &[1.0, -1.0])])), [0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn one_probability_and_logits() {
    let mut graph = GraphBuilder::new("torch");
    graph.input("input", Dtype::F32, &[1]);
    graph.node("", "Identity", &["input"], &["output"], vec![]).output("output", Dtype::F32, &[1]);
    let mut expect = classes(&["no", "yes"], numbers(&["a"]));
    let imported = import(&graph.finish(), &expect).expect("it fits");
    assert_eq!(answers(&imported, &table(&[("a", &[0.25])])), [0.75, 0.25]);
    let model = OnnxModel::load(&imported.artifact).expect("it was loaded before");
    let error = try_out(&model, &table(&[("a", &[3.0])])).expect_err("3 is no probability");
    assert!(
        error.to_string().contains("no probabilities") && error.hint().is_some_and(|h| h.contains("logits"))
    );
    expect.told.logits = true;
    let imported = import(&graph.finish(), &expect).expect("it fits");
    assert_eq!(answers(&imported, &table(&[("a", &[0.0])])), [0.5, 0.5]);
}

#[test]
fn images_are_scaled_and_arranged() {
    let mut graph = GraphBuilder::new("keras");
    graph.input("pixels", Dtype::F32, &[2, 2, 3]);
    let axes = Attribute::Ints(vec![1, 2]);
    let mean = graph.op("ReduceMean", &["pixels"], vec![("axes", axes), ("keepdims", 0.into())]);
    graph.node("", "Softmax", &[mean], &["out"], vec![("axis", 1.into())]).output("out", Dtype::F32, &[3]);
    let schema = Schema { fields: vec![field("image", Kind::Tensor(vec![3, 2, 2]))] };
    let mut expect = classes(&["r", "g", "b"], schema);
    expect.told.divide = Some(255.0);
    let imported = import(&graph.finish(), &expect).expect("it fits");
    assert!(imported.adapted.contains(&"column `image` is turned to channels last".into()));
    let data = [[255.0f32; 4], [0.0; 4], [0.0; 4]].concat();
    let image = Column { name: "image".into(), values: Values::Tensor { shape: vec![3, 2, 2], data } };
    let found = answers(&imported, &Table::new(vec![image]).expect("one column"));
    let red = 1f64.exp() / (1f64.exp() + 2.0);
    assert!((found[0] - red).abs() < 1e-6, "{found:?}");
}

#[test]
fn an_image_is_fed_flat_where_the_model_takes_a_list() {
    let mut graph = GraphBuilder::new("mlp");
    graph.input("X", Dtype::F32, &[4]).initializer_f32("w", &[4, 1], vec![1.0, 10.0, 100.0, 1000.0]);
    graph.node("", "MatMul", &["X", "w"], &["out"], vec![]).output("out", Dtype::F32, &[1]);
    let schema = Schema { fields: vec![field("image", Kind::Tensor(vec![1, 2, 2]))] };
    let imported = import(&graph.finish(), &value(schema)).expect("it fits");
    assert!(imported.adapted.contains(&"column `image` of shape [1, 2, 2] is fed as [4]".into()));
    let values = Values::Tensor { shape: vec![1, 2, 2], data: vec![1.0, 2.0, 3.0, 4.0] };
    let image = Column { name: "image".into(), values };
    assert_eq!(answers(&imported, &Table::new(vec![image]).expect("one column")), [4321.0]);
    let other = Schema { fields: vec![field("image", Kind::Tensor(vec![1, 3, 3]))] };
    refused(&graph.finish(), &value(other), "column `image` has shape [1, 3, 3]", "image shape");
}

#[test]
fn whole_numbers_and_texts_are_fed_by_name() {
    let mut graph = GraphBuilder::new("columns");
    graph.input("age", Dtype::I64, &[1]).input("job", Dtype::Str, &[1]);
    let keys = vec![("keys_strings", strings(&["nurse"])), ("values_floats", vec![0.5f32].into())];
    let settings = keys.into_iter().chain([("default_float", 0.0f32.into())]).collect();
    let job = graph.ml("LabelEncoder", &["job"], settings);
    let age = graph.op("Cast", &["age"], vec![("to", 1.into())]);
    graph.node("", "Add", &[age, job], &["predictions"], vec![]).output("predictions", Dtype::F32, &[1]);
    let schema = Schema { fields: vec![field("job", Kind::Text), field("age", Kind::Number)] };
    let imported = import(&graph.finish(), &value(schema)).expect("it fits");
    let texts = Values::Text(vec![Some("nurse".into()), None]);
    let rows = vec![
        Column { name: "job".into(), values: texts },
        Column { name: "age".into(), values: Values::Number(vec![40.0, 41.0]) },
    ];
    assert_eq!(answers(&imported, &Table::new(rows).expect("two columns")), [40.5, 41.0]);
    let wrong = Schema { fields: vec![field("job", Kind::Number), field("age", Kind::Number)] };
    refused(&graph.finish(), &value(wrong), "column `job` is a number, the model takes string", "schema");
    let missing = Schema { fields: vec![field("age", Kind::Number)] };
    refused(
        &graph.finish(),
        &value(missing),
        "input `job` string[?, 1] is not among",
        "name the model's inputs",
    );
}

#[test]
fn one_of_several_outputs_is_named() {
    let mut graph = GraphBuilder::new("two");
    graph.input("a", Dtype::F32, &[1]);
    graph.node("", "Neg", &["a"], &["low"], vec![]).output("low", Dtype::F32, &[1]);
    graph.node("", "Abs", &["a"], &["high"], vec![]).output("high", Dtype::F32, &[1]);
    let mut expect = value(numbers(&["a"]));
    refused(&graph.finish(), &expect, "several outputs hold floats: `low`", "name the output");
    expect.told.answer = Some("low".into());
    let imported = import(&graph.finish(), &expect).expect("it fits");
    assert_eq!(answers(&imported, &table(&[("a", &[2.0])])), [-2.0]);
    expect.told.answer = Some("middle".into());
    refused(&graph.finish(), &expect, "there is no output `middle`", "name one");
}

#[test]
fn a_graph_for_one_row_at_a_time_is_refused() {
    // the row dimension of GraphBuilder is open, so its name is taken out here
    let bytes = regressor().finish();
    let open: Vec<u8> = vec![0x0a, 0x03, 0x12, 0x01, b'N'];
    let at = bytes.windows(5).position(|w| w == open).expect("an open dimension");
    let mut fixed = bytes.clone();
    // a dimension of 3 bytes: value 1, and an empty name left out
    fixed.splice(at..at + 5, [0x0a, 0x03, 0x08, 0x81, 0x00]);
    refused(&fixed, &value(numbers(&["a", "b"])), "made for 1 rows at a time", "dynamic_axes");
}

#[test]
fn parity_names_the_worst_row() {
    let imported = import(&regressor().finish(), &value(numbers(&["a", "b"]))).expect("it fits");
    let model = OnnxModel::load(&imported.artifact).expect("it was loaded before");
    let rows = table(&[("a", &[0.0, 0.0, 0.0]), ("b", &[1.0, 2.0, 3.0]), ("value", &[1.0, 2.5, 3.00001])]);
    let makers = makers_answers(&rows, &OutputKind::Value).expect("a column `value`");
    let found = parity(&model, &rows, &makers).expect("answers");
    assert_eq!((found.rows, found.row, found.differing, found.agrees()), (3, 1, 1, false));
    assert!((found.worst - 0.2).abs() < 1e-9);
    let error =
        makers_answers(&table(&[("a", &[1.0])]), &OutputKind::Value).expect_err("no answers").to_string();
    assert!(error.contains("no column `value` or `expected` of numbers"), "{error}");
}
