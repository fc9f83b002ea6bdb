//! Pairing the elements of two tensors, with numpy's broadcasting.

use super::strided::strided;
use crate::onnx::tensor::elements;

/// The shape that two shapes broadcast to.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let dimension = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    let mut out = Vec::with_capacity(rank);
    for i in 0..rank {
        out.push(match (dimension(a, i), dimension(b, i)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return Err(format!("shapes {a:?} and {b:?} do not broadcast")),
        });
    }
    match elements(&out) {
        Some(_) => Ok(out),
        None => Err(format!("shapes {a:?} and {b:?} broadcast to {out:?}, which is too large")),
    }
}

/// The strides with which a tensor of `shape` is read as one of `out`: 0 where it is repeated.
pub(super) fn broadcast_strides(shape: &[usize], out: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; out.len()];
    let mut step = 1;
    for i in (0..shape.len()).rev() {
        if shape[i] != 1 {
            strides[out.len() - shape.len() + i] = step;
        }
        step *= shape[i] as isize;
    }
    strides
}

/// Applies `f` to all pairs.
pub(in crate::onnx) fn zip<A: Clone, B: Clone, O>(
    (a, a_shape): (&[A], &[usize]),
    (b, b_shape): (&[B], &[usize]),
    f: impl Fn(&A, &B) -> O,
) -> Result<(Vec<usize>, Vec<O>), String> {
    let shape = broadcast(a_shape, b_shape)?;
    let values = if a_shape == b_shape {
        a.iter().zip(b).map(|(x, y)| f(x, y)).collect()
    } else if b.len() == 1 && a_shape == shape {
        a.iter().map(|x| f(x, &b[0])).collect()
    } else if a_shape == shape && a_shape.ends_with(b_shape) && !b.is_empty() {
        a.chunks(b.len()).flat_map(|row| row.iter().zip(b)).map(|(x, y)| f(x, y)).collect()
    } else {
        let a = strided(a, 0, &shape, &broadcast_strides(a_shape, &shape));
        let b = strided(b, 0, &shape, &broadcast_strides(b_shape, &shape));
        a.iter().zip(&b).map(|(x, y)| f(x, y)).collect()
    };
    Ok((shape, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: (&[i64], &[usize]), b: (&[i64], &[usize]), shape: &[usize], values: &[i64]) {
        assert_eq!(zip(a, b, |x, y| 10 * x + y), Ok((shape.to_vec(), values.to_vec())));
    }

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        check((&[1, 2], &[2]), (&[3, 4], &[2]), &[2], &[13, 24]);
        check((&[1, 2], &[2]), (&[3], &[]), &[2], &[13, 23]);
        check((&[3], &[]), (&[1, 2], &[2]), &[2], &[31, 32]);
        check((&[1, 2, 3, 4], &[2, 2]), (&[5, 6], &[2]), &[2, 2], &[15, 26, 35, 46]);
        check((&[1, 2], &[2, 1]), (&[5, 6], &[1, 2]), &[2, 2], &[15, 16, 25, 26]);
        check((&[1, 2], &[2, 1]), (&[5, 6], &[2]), &[2, 2], &[15, 16, 25, 26]);
        check((&[], &[0, 1]), (&[5, 6], &[2]), &[0, 2], &[]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        assert!(broadcast(&[2], &[3]).is_err_and(|e| e.contains("do not broadcast")));
        assert!(broadcast(&[1 << 20, 1], &[1, 1 << 20]).is_err_and(|e| e.contains("too large")));
    }
}
