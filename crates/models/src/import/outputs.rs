//! A graph's outputs as the answer that the plan asks for.

use super::Expected;
use super::error::ImportError;
use crate::onnx::{Attribute, Data, Dtype, Edit, ML, Side, Tensor, ValueType};
use domain::OutputKind;

/// Names under which regressors answer, in the order in which they are looked for.
const NUMBERS: [&str; 6] = ["value", "variable", "predictions", "forecast", "target", "output"];
/// Names under which classifiers answer probabilities.
const SHARES: [&str; 5] =
    ["probabilities", "output_probability", "probability", "probability_tensor", "class_probabilities"];

/// Adds the answer behind the graph.
pub(super) fn adapt(
    edit: &mut Edit,
    outputs: &[ValueType],
    expect: &Expected,
    adapted: &mut Vec<String>,
) -> Result<(), ImportError> {
    match &expect.output {
        OutputKind::Value => number(edit, chosen(outputs, expect, &NUMBERS)?, ("value", 1), adapted),
        OutputKind::Path { horizon } => {
            number(edit, chosen(outputs, expect, &NUMBERS)?, ("forecast", *horizon), adapted)
        }
        OutputKind::Probabilities { classes } => {
            let shares = match chosen(outputs, expect, &SHARES) {
                Ok(output) => output,
                Err(error) => return label(edit, outputs, expect, classes, error, adapted),
            };
            probabilities(edit, shares, expect, classes, adapted)
        }
    }
}

fn refused(why: String, hint: &str) -> ImportError {
    ImportError::Outputs { why, hint: hint.into() }
}

fn is_float(output: &ValueType) -> bool {
    matches!(output.dtype, Dtype::F32 | Dtype::F64)
}

/// The output that answers: as told, the only one of floats, or the first of these names.
fn chosen<'a>(
    outputs: &'a [ValueType],
    expect: &Expected,
    names: &[&str],
) -> Result<&'a ValueType, ImportError> {
    let list = || outputs.iter().map(|o| format!("`{}` {o}", o.name)).collect::<Vec<_>>().join(", ");
    if let Some(told) = &expect.told.answer {
        let found = outputs.iter().find(|o| o.name == *told);
        let why = || format!("there is no output `{told}`; there are {}", list());
        return found.ok_or_else(|| refused(why(), "name one of the model's outputs"));
    }
    let floats: Vec<&ValueType> = outputs.iter().filter(|o| is_float(o)).collect();
    match floats[..] {
        [one] => Ok(one),
        [] => Err(refused(
            format!("no output holds floats; there are {}", list()),
            "export the model with its probabilities (zipmap=False), or say that its label is enough (one_hot)",
        )),
        _ => {
            let named = names.iter().find_map(|name| floats.iter().find(|o| o.name == *name));
            let why = || format!("several outputs hold floats: {}", list());
            named.copied().ok_or_else(|| refused(why(), "name the output that answers"))
        }
    }
}

/// Dimensions beyond the first, where they are told.
fn row(output: &ValueType) -> Option<Vec<Option<usize>>> {
    output.shape.as_ref().map(|s| s.iter().skip(1).copied().collect())
}

fn width(output: &ValueType) -> Option<usize> {
    row(output)?.into_iter().try_fold(1usize, |n, d| n.checked_mul(d?))
}

fn list(edit: &mut Edit, v: Vec<i64>) -> String {
    edit.constant(&Tensor::new(vec![v.len()], Data::I64(v)).expect("as many as there are"))
}

/// Numbers under the name that they have here.
fn number(
    edit: &mut Edit,
    output: &ValueType,
    (name, wanted): (&str, usize),
    adapted: &mut Vec<String>,
) -> Result<(), ImportError> {
    if let Some(found) = width(output).filter(|&w| w != wanted) {
        let why = format!("output `{}` is {output}: {found} numbers a row, expected {wanted}", output.name);
        return Err(refused(why, "name the output that answers"));
    }
    let as_is = output.name == name && row(output).is_some_and(|r| r.len() == 1);
    let inner = edit.inner(&output.name);
    let shape = list(edit, vec![-1, wanted as i64]);
    edit.node(Side::After, ("", "Reshape"), &[&inner, &shape], name, vec![]);
    edit.output(name, output.dtype, &[wanted]);
    if !as_is {
        adapted.push(format!("output `{}` answers as `{name}`", output.name));
    }
    Ok(())
}

/// One probability a class, in the plan's order.
fn probabilities(
    edit: &mut Edit,
    output: &ValueType,
    expect: &Expected,
    classes: &[String],
    adapted: &mut Vec<String>,
) -> Result<(), ImportError> {
    let count = classes.len();
    let producer = edit.producer(&output.name);
    let map = producer.clone().filter(|p| p.op == "ZipMap");
    let mut inner = edit.inner(&output.name);
    if let Some(map) = &map {
        edit.remove_producer(&output.name);
        inner = edit.inner(&map.input);
        adapted.push(format!("the map `{}` answers as a tensor", output.name));
    }
    let single = width(output) == Some(1) && count == 2;
    if let Some(found) = width(output).filter(|&w| w != count && !single) {
        let why = format!(
            "output `{}` is {output}: {found} numbers a row for {count} classes: {}",
            output.name,
            classes.join(", ")
        );
        return Err(refused(
            why,
            "name the output that holds the probabilities, or check the plan's classes",
        ));
    }
    if expect.told.logits {
        let (op, settings) = match single {
            true => ("Sigmoid", vec![]),
            false => ("Softmax", vec![("axis", Attribute::Int(1))]),
        };
        inner = edit.op(Side::After, op, &[&inner], settings);
        adapted.push(format!("{op} makes probabilities of the logits `{}`", output.name));
    }
    if single {
        inner = both(edit, &inner, output.dtype);
        adapted.push(format!("`{}` is taken as the probability of the second class", output.name));
    }
    let labels = map.and_then(|m| m.labels).or_else(|| edit.classifier_labels());
    let order = order(labels, expect, classes, adapted)?;
    let name = "probabilities";
    if order.iter().copied().ne(0..count as i64) {
        let order = list(edit, order);
        inner = edit.op(Side::After, "Gather", &[&inner, &order], vec![("axis", Attribute::Int(1))]);
    }
    let shape = list(edit, vec![-1, count as i64]);
    edit.node(Side::After, ("", "Reshape"), &[&inner, &shape], name, vec![]);
    edit.output(name, output.dtype, &[count]);
    if output.name != name {
        adapted.push(format!("output `{}` answers as `{name}`", output.name));
    }
    Ok(())
}

/// `[1 - p, p]`.
fn both(edit: &mut Edit, p: &str, dtype: Dtype) -> String {
    let one = match dtype {
        Dtype::F64 => Data::F64(vec![1.0]),
        _ => Data::F32(vec![1.0]),
    };
    let one = edit.constant(&Tensor::new(vec![], one).expect("a scalar"));
    let column = list(edit, vec![-1, 1]);
    let p = edit.op(Side::After, "Reshape", &[p, &column], vec![]);
    let rest = edit.op(Side::After, "Sub", &[&one, &p], vec![]);
    edit.op(Side::After, "Concat", &[&rest, &p], vec![("axis", Attribute::Int(1))])
}

/// For each of the plan's classes, where the model has it.
fn order(
    labels: Option<(Vec<String>, bool)>,
    expect: &Expected,
    classes: &[String],
    adapted: &mut Vec<String>,
) -> Result<Vec<i64>, ImportError> {
    let same: Vec<i64> = (0..classes.len() as i64).collect();
    let listed = |v: &[String]| v.join(", ");
    let (labels, whole) = match (&expect.told.classes, labels) {
        (Some(told), _) => (told.clone(), false),
        (None, Some(labels)) => labels,
        (None, None) => {
            adapted.push(format!("the file names no classes; they are taken as {}", listed(classes)));
            return Ok(same);
        }
    };
    let place = |class: &String| labels.iter().position(|l| l == class || as_bool(l) == Some(class.as_str()));
    let places: Option<Vec<i64>> = classes.iter().map(|c| place(c).map(|p| p as i64)).collect();
    match places.filter(|_| labels.len() == classes.len()) {
        Some(places) => {
            if places != same {
                adapted.push(format!("the classes {} are put into the plan's order", listed(&labels)));
            }
            Ok(places)
        }
        None if whole
            && labels.iter().zip(&same).all(|(l, i)| *l == i.to_string())
            && labels.len() == classes.len() =>
        {
            let pairs = labels.iter().zip(classes).map(|(l, c)| format!("{l} is {c}"));
            adapted.push(format!(
                "the model's labels are the plan's classes: {}",
                listed(&pairs.collect::<Vec<_>>())
            ));
            Ok(same)
        }
        None => Err(refused(
            format!("the model's classes are {}, the plan's are {}", listed(&labels), listed(classes)),
            "give the model's classes under the plan's names, in the model's order (classes)",
        )),
    }
}

/// Python's and the world's names for truth values.
fn as_bool(label: &str) -> Option<&'static str> {
    match label {
        "True" => Some("true"),
        "False" => Some("false"),
        _ => None,
    }
}

/// A label as probabilities of 0 and 1, where that was asked for.
fn label(
    edit: &mut Edit,
    outputs: &[ValueType],
    expect: &Expected,
    classes: &[String],
    error: ImportError,
    adapted: &mut Vec<String>,
) -> Result<(), ImportError> {
    let label = outputs.iter().find(|o| matches!(o.dtype, Dtype::Str | Dtype::I64));
    let (Some(label), true) = (label, expect.told.one_hot) else { return Err(error) };
    let found = edit.classifier_labels();
    let texts = label.dtype == Dtype::Str;
    let names = found.map_or_else(|| default_labels(texts, classes), |(names, _)| names);
    let order = order(Some((names.clone(), !texts)), expect, classes, adapted)?;
    let cats: Vec<String> = order.iter().map(|&i| names[i as usize].clone()).collect();
    let cats = match texts {
        true => ("cats_strings", Attribute::Strs(cats)),
        false => ("cats_int64s", Attribute::Ints(cats.iter().filter_map(|c| c.parse().ok()).collect())),
    };
    let flat = list(edit, vec![-1]);
    let inner = edit.inner(&label.name);
    let flat = edit.op(Side::After, "Reshape", &[&inner, &flat], vec![]);
    edit.node(Side::After, (ML, "OneHotEncoder"), &[&flat], "probabilities", vec![cats]);
    edit.output("probabilities", Dtype::F32, &[classes.len()]);
    adapted.push(format!("the label `{}` is answered as a probability of 1", label.name));
    Ok(())
}

/// What a classifier answers that names no classes: the plan's names, or whole numbers from 0 on.
fn default_labels(texts: bool, classes: &[String]) -> Vec<String> {
    match texts {
        true => classes.to_vec(),
        false => (0..classes.len()).map(|i| i.to_string()).collect(),
    }
}
