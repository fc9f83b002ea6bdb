//! Operators that turn categories into numbers, and back.

use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::convert;
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// A category as it is looked up. Floats go by their bits, so that NaN is found, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Int(i64),
    Float(u64),
    Str(Arc<str>),
}

fn keys(data: &Data) -> Result<Vec<Key>, String> {
    let float = |x: f64| {
        let x = if x == 0.0 { 0.0 } else { x };
        Key::Float(if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() })
    };
    Ok(match data {
        Data::F32(v) => v.iter().map(|&x| float(x.into())).collect(),
        Data::F64(v) => v.iter().map(|&x| float(x)).collect(),
        Data::I64(v) => v.iter().map(|&x| Key::Int(x)).collect(),
        Data::Str(v) => v.iter().map(|s| Key::Str(s.clone())).collect(),
        Data::Bool(_) => return Err("bool is not a category".into()),
    })
}

/// Where each key stands; the first place of one that stands twice.
fn places(keys: Vec<Key>) -> HashMap<Key, usize> {
    let mut places = HashMap::with_capacity(keys.len());
    for (place, key) in keys.into_iter().enumerate() {
        places.entry(key).or_insert(place);
    }
    places
}

pub(super) fn one_hot(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let zeros = node.flag("zeros", true)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64, Dtype::Str])?;
    let (texts, numbers) = (node.strs("cats_strings")?, node.ints("cats_int64s")?);
    let categories = match dtype {
        Dtype::Str => Data::Str(texts.unwrap_or_default().into_iter().map(Into::into).collect()),
        _ => Data::I64(numbers.unwrap_or_default().to_vec()),
    };
    let width = categories.len();
    if width == 0 {
        return Err(format!("there are no categories for {dtype}"));
    }
    let places = places(keys(&categories)?);
    Kernel::one(Dtype::F32, move |inputs| {
        let t = need(inputs, 0)?;
        let whole;
        let data = match t.data() {
            Data::F32(_) | Data::F64(_) => {
                whole = convert(t.data(), Dtype::I64)?;
                &whole
            }
            same => same,
        };
        let shape = [t.shape(), &[width]].concat();
        let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        let mut out = vec![0.0; count];
        for (row, key) in out.chunks_mut(width).zip(keys(data)?) {
            match places.get(&key) {
                Some(&place) => row[place] = 1.0,
                None if zeros => {}
                None => return Err(format!("{key:?} is not among the categories")),
            }
        }
        tensor(shape, Data::F32(out))
    })
}

/// What categories are mapped to.
struct Mapping {
    places: HashMap<Key, usize>,
    /// One value a place, and at the end the one of unknown categories.
    values: Data,
}

impl Mapping {
    fn new(keys_: &Data, values: Data, default: Data) -> Result<Mapping, String> {
        if keys_.len() != values.len() || default.len() != 1 {
            let (keys, values) = (keys_.len(), values.len());
            return Err(format!("{keys} keys for {values} values and {} defaults", default.len()));
        }
        let values = match (values, default) {
            (Data::F32(v), Data::F32(d)) => Data::F32([v, d].concat()),
            (Data::F64(v), Data::F64(d)) => Data::F64([v, d].concat()),
            (Data::I64(v), Data::I64(d)) => Data::I64([v, d].concat()),
            (Data::Str(v), Data::Str(d)) => Data::Str([v, d].concat()),
            (v, d) => return Err(format!("values of {} with a default of {}", v.dtype(), d.dtype())),
        };
        Ok(Mapping { places: places(keys(keys_)?), values })
    }

    fn run(&self, t: &Tensor) -> Result<Tensor, String> {
        let unknown = self.values.len() - 1;
        let place = |key: Key| self.places.get(&key).copied().unwrap_or(unknown);
        let places = keys(t.data())?.into_iter().map(place);
        let data = match &self.values {
            Data::F32(v) => Data::F32(places.map(|p| v[p]).collect()),
            Data::F64(v) => Data::F64(places.map(|p| v[p]).collect()),
            Data::I64(v) => Data::I64(places.map(|p| v[p]).collect()),
            Data::Bool(v) => Data::Bool(places.map(|p| v[p]).collect()),
            Data::Str(v) => Data::Str(places.map(|p| v[p].clone()).collect()),
        };
        tensor(t.shape().to_vec(), data)
    }
}

fn texts(v: Vec<&str>) -> Data {
    Data::Str(v.into_iter().map(Into::into).collect())
}

/// Keys or values of whichever attribute is there.
fn listed(node: &Node<'_>, what: &str) -> Result<Data, String> {
    let found = [
        node.strs(&format!("{what}_strings"))?.map(texts),
        node.ints(&format!("{what}_int64s"))?.map(|v| Data::I64(v.to_vec())),
        node.floats(&format!("{what}_floats"))?.map(|v| Data::F32(v.to_vec())),
        node.tensor(&format!("{what}_tensor"))?.map(|t| t.into_parts().1),
    ];
    let mut found = found.into_iter().flatten().filter(|d| !d.is_empty());
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(format!("there are no {what}")),
        (Some(_), Some(_)) => Err(format!("the {what} stand in two attributes")),
    }
}

pub(super) fn label_encoder(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    if let Some(classes) = node.strs("classes_strings")? {
        return mapper(node, texts(classes.clone()), Data::I64((0..classes.len() as i64).collect()));
    }
    let (keys, values) = (listed(node, "keys")?, listed(node, "values")?);
    let defaults = [
        node.tensor("default_tensor")?.map(|t| t.into_parts().1),
        Some(Data::Str(vec![node.str("default_string")?.unwrap_or("_Unused").into()])),
        Some(Data::I64(vec![node.int("default_int64")?.unwrap_or(-1)])),
        Some(Data::F32(vec![node.float("default_float")?.unwrap_or(-0.0)])),
        Some(Data::F64(vec![-0.0])),
    ];
    let default = defaults.into_iter().flatten().find(|d| d.dtype() == values.dtype());
    let default = default.ok_or_else(|| format!("values of {} are not supported", values.dtype()))?;
    node.one_of(0, &[keys.dtype()])?;
    let mut mapping = Mapping::new(&keys, values, default)?;
    if node.opset < 4 {
        // before version 4, NaN equals nothing
        mapping.places.remove(&Key::Float(f64::NAN.to_bits()));
    }
    Kernel::one(mapping.values.dtype(), move |inputs| mapping.run(need(inputs, 0)?))
}

pub(super) fn category_mapper(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let names = node.strs("cats_strings")?.ok_or("attribute `cats_strings` is missing")?;
    let numbers = node.ints("cats_int64s")?.ok_or("attribute `cats_int64s` is missing")?;
    mapper(node, texts(names), Data::I64(numbers.to_vec()))
}

/// Texts to whole numbers or back, whichever way the input asks for.
fn mapper(node: &Node<'_>, names: Data, numbers: Data) -> Result<Kernel, String> {
    let unknown_name = Data::Str(vec![node.str("default_string")?.unwrap_or("_Unused").into()]);
    let unknown_number = Data::I64(vec![node.int("default_int64")?.unwrap_or(-1)]);
    let mapping = match node.one_of(0, &[Dtype::Str, Dtype::I64])? {
        Dtype::Str => Mapping::new(&names, numbers, unknown_number)?,
        _ => Mapping::new(&numbers, names, unknown_name)?,
    };
    Kernel::one(mapping.values.dtype(), move |inputs| mapping.run(need(inputs, 0)?))
}
