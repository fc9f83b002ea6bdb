//! Operators on values worked by hand: what the conformance cases find, these explain.

use models::onnx::{Attribute, Data, Dtype, GraphBuilder, ML, OnnxError, Program, Tensor};

fn floats(shape: &[usize], v: &[f32]) -> Tensor {
    Tensor::new(shape.to_vec(), Data::F32(v.to_vec())).expect("as many as the shape says")
}

fn wholes(shape: &[usize], v: &[i64]) -> Tensor {
    Tensor::new(shape.to_vec(), Data::I64(v.to_vec())).expect("as many as the shape says")
}

fn texts(shape: &[usize], v: &[&str]) -> Tensor {
    Tensor::new(shape.to_vec(), Data::Str(v.iter().map(|&s| s.into()).collect())).expect("as above")
}

fn truths(shape: &[usize], v: &[bool]) -> Tensor {
    Tensor::new(shape.to_vec(), Data::Bool(v.to_vec())).expect("as above")
}

fn strings(v: &[&str]) -> Attribute {
    Attribute::Strs(v.iter().map(|s| s.to_string()).collect())
}

/// Runs one node whose first input is fed; the others are constants.
fn run(
    domain: &str,
    op: &str,
    inputs: &[Tensor],
    attributes: Vec<(&str, Attribute)>,
    output: Dtype,
) -> Result<Tensor, OnnxError> {
    let mut graph = GraphBuilder::new(op);
    let row: Vec<usize> = inputs[0].shape().iter().skip(1).copied().collect();
    graph.input("in0", inputs[0].dtype(), &row);
    let names: Vec<String> = (0..inputs.len()).map(|i| format!("in{i}")).collect();
    for (name, tensor) in names.iter().zip(inputs).skip(1) {
        graph.initializer(name, tensor);
    }
    graph.node(domain, op, &names, &["out"], attributes).output("out", output, &[]);
    let program = Program::load(&graph.finish())?;
    let mut answers = program.run(&[("in0", inputs[0].clone())])?;
    Ok(answers.swap_remove(0).1)
}

#[track_caller]
fn check(domain: &str, op: &str, inputs: &[Tensor], attributes: Vec<(&str, Attribute)>, expected: Tensor) {
    assert_eq!(run(domain, op, inputs, attributes, expected.dtype()), Ok(expected), "{op}");
}

#[track_caller]
fn fails(domain: &str, op: &str, inputs: &[Tensor], attributes: Vec<(&str, Attribute)>, part: &str) {
    let error = run(domain, op, inputs, attributes, Dtype::F32).expect_err("must fail").to_string();
    assert!(error.contains(part), "`{error}` does not say `{part}`");
}

#[test]
fn arithmetic() {
    let a = || floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let row = || floats(&[2], &[10.0, 20.0]);
    check("", "Add", &[a(), row()], vec![], floats(&[2, 2], &[11.0, 22.0, 13.0, 24.0]));
    check("", "Sub", &[a(), row()], vec![], floats(&[2, 2], &[-9.0, -18.0, -7.0, -16.0]));
    check("", "Mul", &[a(), row()], vec![], floats(&[2, 2], &[10.0, 40.0, 30.0, 80.0]));
    check("", "Div", &[a(), floats(&[], &[2.0])], vec![], floats(&[2, 2], &[0.5, 1.0, 1.5, 2.0]));
    check("", "Pow", &[a(), floats(&[], &[2.0])], vec![], floats(&[2, 2], &[1.0, 4.0, 9.0, 16.0]));
    check("", "Max", &[a(), floats(&[], &[2.5])], vec![], floats(&[2, 2], &[2.5, 2.5, 3.0, 4.0]));
    check("", "Min", &[a(), floats(&[], &[2.5])], vec![], floats(&[2, 2], &[1.0, 2.0, 2.5, 2.5]));
}

#[test]
fn whole_numbers_divide_towards_zero_and_never_by_it() {
    let a = || wholes(&[2], &[7, -7]);
    check("", "Div", &[a(), wholes(&[], &[2])], vec![], wholes(&[2], &[3, -3]));
    check("", "Mod", &[a(), wholes(&[], &[3])], vec![], wholes(&[2], &[1, 2]));
    check("", "Mod", &[a(), wholes(&[], &[3])], vec![("fmod", 1.into())], wholes(&[2], &[1, -1]));
    fails("", "Div", &[floats(&[1], &[1.0]), wholes(&[], &[1])], vec![], "input 1 is int64, expected float");
    let by_zero = run("", "Div", &[a(), wholes(&[], &[0])], vec![], Dtype::I64).expect_err("by zero");
    assert!(by_zero.to_string().contains("divided by zero"));
    let least = wholes(&[1], &[i64::MIN]);
    check("", "Div", &[least, wholes(&[], &[-1])], vec![], wholes(&[1], &[i64::MIN]));
}

#[test]
fn comparisons_and_choices() {
    let a = || floats(&[3], &[1.0, 2.0, f32::NAN]);
    let two = || floats(&[], &[2.0]);
    check("", "Less", &[a(), two()], vec![], truths(&[3], &[true, false, false]));
    check("", "GreaterOrEqual", &[a(), two()], vec![], truths(&[3], &[false, true, false]));
    check("", "Equal", &[a(), two()], vec![], truths(&[3], &[false, true, false]));
    check("", "IsNaN", &[a()], vec![], truths(&[3], &[false, false, true]));
    let pick = [truths(&[2], &[true, false]), texts(&[2], &["a", "b"]), texts(&[], &["none"])];
    check("", "Where", &pick, vec![], texts(&[2], &["a", "none"]));
}

#[test]
fn elements_one_by_one() {
    let x = || floats(&[4], &[-1.5, -0.0, 0.5, 2.5]);
    check("", "Relu", &[x()], vec![], floats(&[4], &[0.0, -0.0, 0.5, 2.5]));
    check("", "Abs", &[x()], vec![], floats(&[4], &[1.5, 0.0, 0.5, 2.5]));
    check("", "Floor", &[x()], vec![], floats(&[4], &[-2.0, -0.0, 0.0, 2.0]));
    check("", "Round", &[x()], vec![], floats(&[4], &[-2.0, -0.0, 0.0, 2.0]));
    check("", "Sigmoid", &[floats(&[1], &[0.0])], vec![], floats(&[1], &[0.5]));
    check("", "Sqrt", &[floats(&[1], &[6.25])], vec![], floats(&[1], &[2.5]));
    let limits = [x(), floats(&[], &[-1.0]), floats(&[], &[1.0])];
    check("", "Clip", &limits, vec![], floats(&[4], &[-1.0, -0.0, 0.5, 1.0]));
}

#[test]
fn casts() {
    let to = |code: i64| vec![("to", code.into())];
    check("", "Cast", &[floats(&[2], &[-2.7, 1.0])], to(7), wholes(&[2], &[-2, 1]));
    check("", "Cast", &[wholes(&[1], &[-3])], to(8), texts(&[1], &["-3"]));
    check("", "Cast", &[texts(&[2], &["1.5", "-2"])], to(1), floats(&[2], &[1.5, -2.0]));
    fails("", "Cast", &[texts(&[1], &["tall"])], to(1), "`tall` is not a number");
}

#[test]
fn shapes() {
    let x = || floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let same = |shape: &[usize]| floats(shape, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    check("", "Reshape", &[x(), wholes(&[2], &[-1, 2])], vec![], same(&[3, 2]));
    check("", "Reshape", &[x(), wholes(&[3], &[0, 1, 3])], vec![], same(&[2, 1, 3]));
    fails("", "Reshape", &[x(), wholes(&[1], &[4])], vec![], "shape [2, 3] cannot become [4]");
    check("", "Unsqueeze", &[x(), wholes(&[1], &[1])], vec![], same(&[2, 1, 3]));
    check("", "Flatten", &[x()], vec![("axis", 0.into())], same(&[1, 6]));
    check("", "Transpose", &[x()], vec![], floats(&[3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    check("", "Shape", &[x()], vec![], wholes(&[2], &[2, 3]));
    let joined = floats(&[2, 4], &[1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0, 8.0]);
    check("", "Concat", &[x(), floats(&[2, 1], &[9.0, 8.0])], vec![("axis", 1.into())], joined);
    let cut = [x(), wholes(&[1], &[-1]), wholes(&[1], &[i64::MIN]), wholes(&[1], &[1]), wholes(&[1], &[-2])];
    check("", "Slice", &cut, vec![], floats(&[2, 2], &[3.0, 1.0, 6.0, 4.0]));
    let picked = floats(&[2, 2], &[3.0, 1.0, 6.0, 4.0]);
    check("", "Gather", &[x(), wholes(&[2], &[-1, 0])], vec![("axis", 1.into())], picked);
    fails("", "Gather", &[x(), wholes(&[1], &[3])], vec![("axis", 1.into())], "index 3 of 3 elements");
    let tiled = floats(&[1, 4], &[1.0, 2.0, 1.0, 2.0]);
    check("", "Tile", &[floats(&[1, 2], &[1.0, 2.0]), wholes(&[2], &[1, 2])], vec![], tiled);
}

#[test]
fn reductions() {
    let x = || floats(&[2, 3], &[1.0, 5.0, 3.0, 4.0, 2.0, 6.0]);
    let axis = || wholes(&[1], &[1]);
    check("", "ReduceSum", &[x(), axis()], vec![("keepdims", 0.into())], floats(&[2], &[9.0, 12.0]));
    let rows = || vec![("axes", Attribute::Ints(vec![0]))];
    check("", "ReduceMean", &[x()], rows(), floats(&[1, 3], &[2.5, 3.5, 4.5]));
    check("", "ReduceMax", &[x()], rows(), floats(&[1, 3], &[4.0, 5.0, 6.0]));
    check("", "ReduceMin", &[x()], vec![("keepdims", 0.into())], floats(&[], &[1.0]));
    check("", "ArgMax", &[x()], vec![("axis", 1.into())], wholes(&[2, 1], &[1, 2]));
    check("", "CumSum", &[x(), wholes(&[], &[1])], vec![], floats(&[2, 3], &[1.0, 6.0, 9.0, 4.0, 6.0, 12.0]));
}

#[test]
fn products() {
    let a = || floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let b = || floats(&[2, 3], &[1.0, 0.0, 2.0, 0.0, 1.0, 3.0]);
    check("", "MatMul", &[a(), b()], vec![], floats(&[2, 3], &[1.0, 2.0, 8.0, 3.0, 4.0, 18.0]));
    let settings = || vec![("alpha", 2.0.into()), ("transA", 1.into())];
    let c = floats(&[3], &[1.0, 1.0, 1.0]);
    check("", "Gemm", &[a(), b(), c], settings(), floats(&[2, 3], &[3.0, 7.0, 23.0, 5.0, 9.0, 33.0]));
    fails("", "MatMul", &[a(), floats(&[3, 1], &[0.0; 3])], vec![], "do not multiply");
}

#[test]
fn softmax_adds_up_to_one() {
    check("", "Softmax", &[floats(&[1, 2], &[1000.0, 1000.0])], vec![], floats(&[1, 2], &[0.5, 0.5]));
    let column = floats(&[2, 1], &[3.0, 3.0]);
    check("", "Softmax", &[column], vec![("axis", 0.into())], floats(&[2, 1], &[0.5, 0.5]));
}

#[test]
fn preprocessing() {
    let x = || floats(&[2, 2], &[1.0, f32::NAN, 3.0, 4.0]);
    let scaled = vec![("offset", vec![1.0f32, 2.0].into()), ("scale", vec![2.0f32].into())];
    check(ML, "Scaler", &[floats(&[1, 2], &[3.0, 4.0])], scaled, floats(&[1, 2], &[4.0, 4.0]));
    let fill =
        vec![("imputed_value_floats", vec![8.0f32, 9.0].into()), ("replaced_value_float", f32::NAN.into())];
    check(ML, "Imputer", &[x()], fill, floats(&[2, 2], &[1.0, 9.0, 3.0, 4.0]));
    let norm = vec![("norm", "L2".into())];
    check(ML, "Normalizer", &[floats(&[1, 2], &[3.0, 4.0])], norm, floats(&[1, 2], &[0.6, 0.8]));
    let categories = || vec![("cats_strings", strings(&["a", "b"]))];
    let jobs = || texts(&[3, 1], &["b", "c", "a"]);
    check(ML, "OneHotEncoder", &[jobs()], categories(), floats(&[3, 1, 2], &[0.0, 1.0, 0.0, 0.0, 1.0, 0.0]));
    let strict = categories().into_iter().chain([("zeros", 0.into())]).collect();
    fails(ML, "OneHotEncoder", &[jobs()], strict, "is not among the categories");
    let mapping = vec![("keys_strings", strings(&["a", "b"])), ("values_int64s", vec![10, 20].into())];
    check(ML, "LabelEncoder", &[jobs()], mapping, wholes(&[3, 1], &[20, -1, 10]));
    let short = vec![("keys_strings", strings(&["a", "b"])), ("values_floats", vec![1.0f32].into())];
    fails(ML, "LabelEncoder", &[jobs()], short, "2 keys for 1 values");
}

#[test]
fn linear_models() {
    let x = || floats(&[2, 2], &[1.0, 2.0, 3.0, -1.0]);
    let line = vec![("coefficients", vec![2.0f32, 1.0].into()), ("intercepts", vec![0.5f32].into())];
    check(ML, "LinearRegressor", &[x()], line, floats(&[2, 1], &[4.5, 5.5]));
    let wrong = vec![("coefficients", vec![2.0f32, 1.0, 3.0].into()), ("intercepts", vec![0.5f32].into())];
    fails(ML, "LinearRegressor", &[x()], wrong, "2 columns, expected 3");
}
