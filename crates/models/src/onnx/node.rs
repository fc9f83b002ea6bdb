//! What an operator sees of a node while a graph is loaded, and what it makes of it: a kernel.
//!
//! Everything that can be checked is checked here, once: settings, number and types of inputs. Invariant: a
//! setting that no operator asked for is refused, since ignoring it could change the answer.

use super::engine::Engine;
use super::proto;
use super::read;
use super::tensor::{Data, Dtype, Tensor};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// A node, as its operator sees it at load time.
pub(super) struct Node<'a> {
    /// The version of the operator's set.
    pub opset: i64,
    /// Who computes the graph's products.
    pub engine: Engine,
    /// One entry an input; `None` for one left out.
    pub inputs: Vec<Option<Operand<'a>>>,
    /// How many outputs the node names.
    pub outputs: usize,
    attributes: BTreeMap<&'a str, &'a proto::Attribute>,
    read: RefCell<BTreeSet<String>>,
}

/// What is known of an input at load time.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    /// What its elements will be.
    pub dtype: Dtype,
    /// Its value, when it is a constant.
    pub constant: Option<&'a Tensor>,
}

/// The tensors that a kernel is given: as many as the node has inputs, `None` for one left out.
pub(super) type Inputs<'a> = [Option<&'a Tensor>];

/// A run of a kernel.
type Run = dyn Fn(&Inputs<'_>) -> Result<Vec<Tensor>, String> + Send + Sync;

/// A node made ready to run.
pub(super) struct Kernel {
    /// What the elements of its outputs are.
    pub outputs: Vec<Dtype>,
    /// Computes the outputs. An error says what was wrong with the values.
    pub run: Box<Run>,
}

impl Kernel {
    /// A kernel of one output.
    pub fn one(
        dtype: Dtype,
        run: impl Fn(&Inputs<'_>) -> Result<Tensor, String> + Send + Sync + 'static,
    ) -> Result<Kernel, String> {
        Ok(Kernel { outputs: vec![dtype], run: Box::new(move |inputs| Ok(vec![run(inputs)?])) })
    }

    /// A kernel of several outputs.
    pub fn many(
        outputs: Vec<Dtype>,
        run: impl Fn(&Inputs<'_>) -> Result<Vec<Tensor>, String> + Send + Sync + 'static,
    ) -> Result<Kernel, String> {
        Ok(Kernel { outputs, run: Box::new(run) })
    }
}

/// The input of this index, which the load has found to be there.
pub(super) fn need<'a>(inputs: &Inputs<'a>, index: usize) -> Result<&'a Tensor, String> {
    optional(inputs, index).ok_or_else(|| format!("input {index} is missing"))
}

/// The input of this index, if there is one.
pub(super) fn optional<'a>(inputs: &Inputs<'a>, index: usize) -> Option<&'a Tensor> {
    inputs.get(index).copied().flatten()
}

/// A tensor of a computed shape; says what went wrong when it is too large.
pub(super) fn tensor(shape: Vec<usize>, data: Data) -> Result<Tensor, String> {
    let (shown, found) = (format!("{shape:?}"), data.len());
    Tensor::new(shape, data).ok_or_else(|| format!("{found} elements do not make a tensor of shape {shown}"))
}

impl<'a> Node<'a> {
    /// A node of this message. Fails when a setting stands twice.
    pub fn new(
        proto: &'a proto::Node,
        (opset, engine): (i64, Engine),
        inputs: Vec<Option<Operand<'a>>>,
    ) -> Result<Node<'a>, String> {
        let mut attributes = BTreeMap::new();
        for attribute in &proto.attribute {
            let name = attribute.name.as_deref().unwrap_or_default();
            if attributes.insert(name, attribute).is_some() {
                return Err(format!("attribute `{name}` stands twice"));
            }
        }
        Ok(Node { opset, engine, inputs, outputs: proto.output.len(), attributes, read: RefCell::default() })
    }

    /// Fails when there are settings that nobody asked for.
    pub fn all_read(&self) -> Result<(), String> {
        let read = self.read.borrow();
        match self.attributes.keys().find(|name| !read.contains(**name)) {
            Some(name) => Err(format!("attribute `{name}` is not supported")),
            None => Ok(()),
        }
    }

    /// Settings that do not change the answer.
    pub fn ignore(&self, names: &[&str]) {
        self.read.borrow_mut().extend(names.iter().map(|n| n.to_string()));
    }

    /// Fails unless the node has from `least` to `most` inputs, and none of the first `least` is left out.
    pub fn arity(&self, least: usize, most: usize) -> Result<(), String> {
        let found = self.inputs.len();
        let there = self.inputs.iter().take(least).all(Option::is_some);
        match (least..=most).contains(&found) && there {
            true => Ok(()),
            false if least == most => Err(format!("{least} inputs are needed, it has {found}")),
            false => Err(format!("{least} to {most} inputs are needed, it has {found}")),
        }
    }

    /// Whether input `index` is there.
    pub fn has(&self, index: usize) -> bool {
        self.inputs.get(index).is_some_and(Option::is_some)
    }

    /// The element type of input `index`.
    pub fn dtype(&self, index: usize) -> Result<Dtype, String> {
        let operand = self.inputs.get(index).copied().flatten();
        operand.map(|o| o.dtype).ok_or_else(|| format!("input {index} is missing"))
    }

    /// The element type of input `index`, which must be one of these.
    pub fn one_of(&self, index: usize, allowed: &[Dtype]) -> Result<Dtype, String> {
        let found = self.dtype(index)?;
        if allowed.contains(&found) {
            return Ok(found);
        }
        let allowed = allowed.iter().map(Dtype::to_string).collect::<Vec<_>>().join(" or ");
        Err(format!("input {index} is {found}, expected {allowed}"))
    }

    /// Fails when an input from `first` on is there and not of this element type.
    pub fn rest_are(&self, first: usize, dtype: Dtype) -> Result<(), String> {
        let there = (first..self.inputs.len()).filter(|&i| self.has(i));
        there.into_iter().try_for_each(|i| self.one_of(i, &[dtype]).map(|_| ()))
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<Option<i64>, String> {
        self.attribute(name, 2)?.map(|a| a.i.ok_or_else(|| empty(name))).transpose()
    }

    /// A number.
    pub fn float(&self, name: &str) -> Result<Option<f32>, String> {
        self.attribute(name, 1)?.map(|a| a.f.ok_or_else(|| empty(name))).transpose()
    }

    /// A text.
    pub fn str(&self, name: &str) -> Result<Option<&'a str>, String> {
        let Some(attribute) = self.attribute(name, 3)? else { return Ok(None) };
        read::text(attribute.s.as_deref().ok_or_else(|| empty(name))?).map(Some)
    }

    /// Whole numbers.
    pub fn ints(&self, name: &str) -> Result<Option<&'a [i64]>, String> {
        Ok(self.attribute(name, 7)?.map(|a| a.ints.as_slice()))
    }

    /// Numbers.
    pub fn floats(&self, name: &str) -> Result<Option<&'a [f32]>, String> {
        Ok(self.attribute(name, 6)?.map(|a| a.floats.as_slice()))
    }

    /// Texts.
    pub fn strs(&self, name: &str) -> Result<Option<Vec<&'a str>>, String> {
        let Some(attribute) = self.attribute(name, 8)? else { return Ok(None) };
        attribute.strings.iter().map(|b| read::text(b)).collect::<Result<_, _>>().map(Some)
    }

    /// A constant.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>, String> {
        let Some(attribute) = self.attribute(name, 4)? else { return Ok(None) };
        let proto = attribute.t.as_ref().ok_or_else(|| empty(name))?;
        read::tensor(proto).map(Some).map_err(|why| format!("attribute `{name}`: {why}"))
    }

    /// A yes or no, written as 1 or 0.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, String> {
        Ok(self.int(name)?.map_or(default, |i| i != 0))
    }

    fn attribute(&self, name: &str, code: i32) -> Result<Option<&'a proto::Attribute>, String> {
        let Some(attribute) = self.attributes.get(name).copied() else { return Ok(None) };
        self.read.borrow_mut().insert(name.to_string());
        if attribute.ref_attr_name.as_deref().is_some_and(|r| !r.is_empty()) {
            return Err(format!("attribute `{name}` refers to a function's parameter"));
        }
        match attribute.r#type {
            Some(found) if found == code => Ok(Some(attribute)),
            found => Err(format!("attribute `{name}` has type {}, expected {code}", found.unwrap_or(0))),
        }
    }
}

fn empty(name: &str) -> String {
    format!("attribute `{name}` has no value")
}

#[cfg(test)]
mod tests {
    use super::super::build::Attribute;
    use super::*;

    fn node(attributes: Vec<proto::Attribute>) -> proto::Node {
        proto::Node { attribute: attributes, ..Default::default() }
    }

    #[test]
    fn an_attribute_that_no_one_asked_for_is_refused() {
        let proto = node(vec![Attribute::Int(1).proto("axis")]);
        let node = Node::new(&proto, (17, Engine::Own), vec![]).expect("one attribute");
        assert_eq!(node.all_read(), Err("attribute `axis` is not supported".into()));
        assert_eq!(node.int("axis"), Ok(Some(1)));
        assert_eq!(node.all_read(), Ok(()));
    }

    #[test]
    fn an_attribute_of_another_type_is_refused() {
        let proto = node(vec![Attribute::Float(1.0).proto("axis")]);
        let node = Node::new(&proto, (17, Engine::Own), vec![]).expect("one attribute");
        assert!(node.int("axis").is_err_and(|e| e.contains("has type 1, expected 2")));
    }

    #[test]
    fn an_attribute_may_stand_once() {
        let proto = node(vec![Attribute::Int(1).proto("axis"), Attribute::Int(2).proto("axis")]);
        assert!(Node::new(&proto, (17, Engine::Own), vec![]).is_err_and(|e| e.contains("twice")));
    }
}
