//! Fewer numbers between layers: those that carry least are taken out, and the rest learns on.
//!
//! Not single weights: a matrix with holes is as slow and as large as a full one; a narrower matrix is neither.

use super::network::{Layer, Network};
use std::ops::Range;

/// A network and its parameters.
pub(super) type Weighted = (Network, Vec<f32>);

/// A network of dense layers with fewer numbers between them: of each layer but the last those `kept` that carry most.
///
/// - *What it answers.* Nearly what it was, until too many are gone.
/// - *Assumptions.* A number carries as much as its weights are large, in and out: inputs are of one size.
/// - *When it misleads.* Two numbers that undo each other both look large. The rest has to learn on.
/// - *Source.* Li et al. 2017 (pruning by the size of filters), with the weights after it counted as well.
/// - *Checked against.* A network where some carry nothing: it answers the same without them.
pub(super) fn thin(network: &Network, parameters: &[f32], inputs: usize, kept: usize) -> Weighted {
    let dense: Vec<_> = network.layers.iter().filter_map(dense).collect();
    let mut coming: Vec<usize> = (0..inputs).collect();
    let mut left = Network::new(inputs);
    let mut numbers = Vec::new();
    let mut place = 0;
    for layer in &network.layers {
        left = match layer {
            Layer::Dense(now) => {
                let outputs = match dense.get(place + 1) {
                    Some(next) => carriers(parameters, (now, next), kept),
                    None => (0..now.outputs).collect(),
                };
                let weight = |i: usize, o: usize| parameters[now.weights.start + i * now.outputs + o];
                numbers.extend(coming.iter().flat_map(|&i| outputs.iter().map(move |&o| weight(i, o))));
                numbers.extend(outputs.iter().map(|&o| parameters[now.bias.start + o]));
                place += 1;
                let wide = left.dense(outputs.len());
                coming = outputs;
                wide
            }
            Layer::Relu => left.relu(),
            Layer::Dropout(share) => left.dropout(*share),
            Layer::Conv(_) | Layer::Pool(_) => return (network.clone(), parameters.to_vec()),
        };
    }
    (left, numbers)
}

fn dense(layer: &Layer) -> Option<&super::dense::Dense> {
    match layer {
        Layer::Dense(dense) => Some(dense),
        _ => None,
    }
}

/// The numbers between two layers that carry most, in their order.
fn carriers(
    parameters: &[f32],
    (now, next): (&super::dense::Dense, &super::dense::Dense),
    kept: usize,
) -> Vec<usize> {
    let size = |weights: &Range<usize>, places: &mut dyn Iterator<Item = usize>| -> f32 {
        places.map(|i| parameters[weights.start + i].powi(2)).sum::<f32>().sqrt()
    };
    let carried = |o: usize| {
        let into = size(&now.weights, &mut (0..now.inputs).map(|i| i * now.outputs + o));
        into * size(&next.weights, &mut (0..next.outputs).map(|k| o * next.outputs + k))
    };
    let mut order: Vec<(usize, f32)> = (0..now.outputs).map(|o| (o, carried(o))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut most: Vec<usize> = order.into_iter().take(kept.max(1)).map(|(o, _)| o).collect();
    most.sort_unstable();
    most
}

#[cfg(test)]
mod tests {
    use super::super::product::Products;
    use super::*;

    #[test]
    fn what_carries_nothing_goes_first_and_nothing_changes() {
        let network = Network::new(3).dense(5).relu().dropout(0.2).dense(4).relu().dense(2);
        let mut parameters = network.start(7);
        let Some(Layer::Dense(first)) = network.layers.first() else {
            panic!("it begins with a dense layer")
        };
        // numbers 1 and 4 of the first layer have no weights into them, and no bias
        for o in [1, 4] {
            (0..3).for_each(|i| parameters[first.weights.start + i * 5 + o] = 0.0);
        }
        let second = network.layers.iter().filter_map(dense).nth(1).expect("a second layer").weights.clone();
        (0..5).for_each(|i| parameters[second.start + i * 4 + 2] = 0.0);
        let x = vec![0.3, -1.2, 0.8, 1.5, 0.1, -0.4];
        let answers = |of: &Weighted| of.0.answers(&Products::new(), &of.1, x.clone(), 2);
        let whole = (network.clone(), parameters.clone());
        let thinner = thin(&network, &parameters, 3, 3);
        assert_eq!(thinner.0.parameters(), 3 * 3 + 3 + 3 * 3 + 3 + 3 * 2 + 2);
        assert_eq!(thinner.1.len(), thinner.0.parameters());
        for (a, b) in answers(&whole).iter().zip(answers(&thinner)) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        let narrowest = thin(&network, &parameters, 3, 0);
        assert_eq!(narrowest.1.len(), 3 + 1 + 1 + 1 + 2 + 2, "one number stays between layers");
    }
}
