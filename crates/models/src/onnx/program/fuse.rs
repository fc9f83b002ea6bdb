//! Documents to scores without the matrix of all n-grams between them: the nodes from a `Tokenizer` to the
//! product with weights run as one step, row by row, on the few n-grams that a text has.
//!
//! Not an optimiser of graphs: one shape is known, which skl2onnx and the trainers here write. Invariant: the
//! answers are those of the nodes one by one, bit for bit, since skipping zeros changes no sum. What does not
//! keep zeros zero ends the chain, and the rest of the graph gets the full matrix.

use super::search::{Found, Search, Weights, replace, row};
use super::{Loader, Step};
use crate::onnx::chain::{Chain, Map, Norm, Product, Stage};
use crate::onnx::ml::{Grams, Scorer, Tokenizer};
use crate::onnx::node::Kernel;
use crate::onnx::proto;
use crate::onnx::tensor::Dtype;

/// Steps with their nodes, and the most columns of n-grams that one spreads out.
type Fused<'a> = (Vec<Step>, Vec<&'a proto::Node>, usize);

impl<'a> Loader<'a> {
    /// Puts chains together; `nodes` are those of the steps, `kept` the slots that are answered. Gives the
    /// steps with their nodes, and the most columns of n-grams that a step still spreads out.
    pub(super) fn fuse(
        &self,
        mut steps: Vec<Step>,
        mut nodes: Vec<&'a proto::Node>,
        kept: &[usize],
    ) -> Fused<'a> {
        let search = Search::new(&steps, &nodes, self, kept);
        let first = (0..steps.len()).filter(|&i| steps[i].op == "Tokenizer");
        let found = first.filter_map(|i| search.from(i)).collect();
        replace(&mut steps, &mut nodes, found);
        let widest = nodes.iter().map(|node| columns(node)).max().unwrap_or(0);
        (steps, nodes, widest)
    }
}

/// The columns that a node counts n-grams in.
fn columns(node: &proto::Node) -> usize {
    let indexes = node.attribute.iter().find(|a| a.name.as_deref() == Some("ngram_indexes"));
    indexes.and_then(|a| a.ints.iter().max()).map_or(0, |&most| most as usize + 1)
}

impl Search<'_, '_> {
    /// The chain that begins at this step, if one does.
    fn from(&self, first: usize) -> Option<Found> {
        let input = self.steps[first].inputs.first().copied().flatten()?;
        let tokenizer = Tokenizer::of(&self.node(first, Dtype::Str).ok()?).ok()?;
        let mut members = vec![first];
        let mut at = self.next(first)?;
        if self.steps[at].op == "Flatten" {
            let axis = self.node(at, Dtype::Str).ok()?.int("axis").ok()?;
            axis.is_none_or(|axis| axis == 1).then_some(())?;
            members.push(at);
            at = self.next(at)?;
        }
        (self.steps[at].op == "TfIdfVectorizer").then_some(())?;
        let grams = Grams::of(&self.node(at, Dtype::Str).ok()?).ok()?;
        tokenizer.is_plain(|token| grams.token(token).is_some()).then_some(())?;
        members.push(at);
        let width = grams.width();
        let mut chain = Chain { tokenizer, grams, stages: vec![], product: None };
        let mut outputs = vec![Dtype::F32];
        self.stages(&mut members, &mut chain.stages, width);
        let last = *members.last().expect("it was just filled");
        if let Some((index, product)) = self.next(last).and_then(|i| Some((i, self.product(i, width)?))) {
            members.push(index);
            outputs = product.outputs.clone();
            chain.product = Some(product);
        }
        let kernel = Kernel::many(outputs, move |inputs| chain.run(inputs)).ok()?;
        Some(Found { members, input, kernel })
    }

    /// Follows the nodes that treat each row's numbers by themselves, to the last after which zeros are zeros.
    fn stages(&self, members: &mut Vec<usize>, stages: &mut Vec<Stage>, width: usize) {
        let (mut path, mut seen) = (members.clone(), Vec::new());
        let mut zeros = vec![0f32; width];
        while let Some(index) = path.last().and_then(|&last| self.next(last)) {
            let kept = zeros.iter().all(|&z| z == 0.0);
            let stage = match self.norm(index) {
                Some(norm) if kept => Stage::Normalise(norm),
                Some(_) => return,
                None => match self.map(index, width) {
                    Some(map) => Stage::Map(map),
                    None => return,
                },
            };
            if let Stage::Map(map) = &stage {
                (0u32..).zip(&mut zeros).for_each(|(column, z)| *z = map.apply(column, *z));
            }
            path.push(index);
            seen.push(stage);
            if zeros.iter().all(|&z| z == 0.0) {
                zeros.fill(0.0);
                members.clone_from(&path);
                stages.append(&mut seen);
            }
        }
    }

    fn norm(&self, step: usize) -> Option<Norm> {
        (self.steps[step].op == "Normalizer").then_some(())?;
        match self.node(step, Dtype::F32).ok()?.str("norm").ok()?? {
            "L1" => Some(Norm::L1),
            "L2" => Some(Norm::L2),
            _ => None,
        }
    }

    fn map(&self, step: usize, width: usize) -> Option<Map> {
        let op = self.steps[step].op.as_str();
        match self.steps[step].inputs.len() {
            1 => Map::unary(op),
            2 => {
                let (left, right) = (self.constant(step, 0), self.constant(step, 1));
                let constant = row(left.or(right)?, width)?;
                Map::binary(op, constant.to_vec(), left.is_some())
            }
            _ => None,
        }
    }

    fn product(&self, step: usize, width: usize) -> Option<Product> {
        let product = match self.steps[step].op.as_str() {
            "LinearClassifier" => Scorer::classifier(&self.node(step, Dtype::F32).ok()?).ok()?.into(),
            "LinearRegressor" => Scorer::regressor(&self.node(step, Dtype::F32).ok()?).ok()?.into(),
            "MatMul" | "Gemm" => {
                let Weights { matrix, inputs, outputs, addend } = self.weights(step)?;
                Product::matrix(matrix, inputs, outputs, addend)
            }
            _ => return None,
        };
        (product.columns == width).then_some(product)
    }
}
