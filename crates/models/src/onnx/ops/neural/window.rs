//! A window that slides over the spatial dimensions of `[N, C, spatial...]`: what convolution and pooling share.
//!
//! Invariant: every size is worked out from bounded numbers, so that nothing overflows.

use crate::onnx::node::Node;

/// The largest kernel, stride, dilation or padding that is taken.
const LARGEST: i64 = 1 << 15;

/// How a window slides, as the node says it.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// The kernel's size, where the node says it.
    pub kernel: Option<Vec<usize>>,
    strides: Option<Vec<usize>>,
    dilations: Option<Vec<usize>>,
    pads: Option<Vec<usize>>,
    auto: Auto,
    ceil: bool,
}

/// Where padding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Auto {
    /// The node's `pads`.
    Not,
    /// None at all.
    Valid,
    /// As much as keeps the size, divided by the stride; an odd one at the end.
    SameUpper,
    /// As before; an odd one at the beginning.
    SameLower,
}

/// One spatial dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    /// The input's size.
    pub input: usize,
    /// The answer's size.
    pub output: usize,
    /// The kernel's size.
    pub kernel: usize,
    /// How far the window moves.
    pub stride: usize,
    /// How far the kernel's elements lie apart.
    pub dilation: usize,
    /// How much is padded before.
    pub begin: usize,
    /// How much is padded after.
    pub end: usize,
}

impl Axis {
    /// How many elements the kernel reaches over.
    pub fn reach(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }
}

impl Window {
    /// Reads a node's settings.
    pub fn of(node: &Node<'_>) -> Result<Window, String> {
        let auto = match node.str("auto_pad")? {
            None | Some("" | "NOTSET") => Auto::Not,
            Some("VALID") => Auto::Valid,
            Some("SAME_UPPER") => Auto::SameUpper,
            Some("SAME_LOWER") => Auto::SameLower,
            Some(other) => return Err(format!("auto_pad `{other}` is not supported")),
        };
        Ok(Window {
            kernel: sizes(node, "kernel_shape", 1)?,
            strides: sizes(node, "strides", 1)?,
            dilations: sizes(node, "dilations", 1)?,
            pads: sizes(node, "pads", 0)?,
            auto,
            ceil: false,
        })
    }

    /// With the answer's size rounded up, as `ceil_mode` asks.
    pub fn rounded(self, ceil: bool) -> Window {
        Window { ceil, ..self }
    }

    /// Whether the node says how much to pad, rather than what to reach.
    pub fn is_explicit(&self) -> bool {
        matches!(self.auto, Auto::Not | Auto::Valid)
    }

    /// The spatial dimensions of an input of these sizes under a kernel of those.
    pub fn axes(&self, sizes: &[usize], kernel: &[usize]) -> Result<Vec<Axis>, String> {
        let mut axes = self.unsized_axes(sizes, kernel)?;
        for (i, axis) in axes.iter_mut().enumerate() {
            self.place(axis).map_err(|why| format!("spatial dimension {i}: {why}"))?;
        }
        Ok(axes)
    }

    /// As [`Window::axes`], with explicit padding only and the answer's size left at 0.
    pub fn unsized_axes(&self, sizes: &[usize], kernel: &[usize]) -> Result<Vec<Axis>, String> {
        let rank = sizes.len();
        if kernel.len() != rank || kernel.contains(&0) || sizes.contains(&0) {
            return Err(format!("a kernel of {kernel:?} does not slide over {sizes:?}"));
        }
        let at = |list: &Option<Vec<usize>>, i: usize, default| list.as_ref().map_or(default, |l| l[i]);
        let right = |list: &Option<Vec<usize>>, n| list.as_ref().is_none_or(|l| l.len() == n);
        if !right(&self.strides, rank) || !right(&self.dilations, rank) || !right(&self.pads, 2 * rank) {
            return Err(format!("strides, dilations or pads do not fit {rank} spatial dimensions"));
        }
        let padded = self.auto == Auto::Not;
        let axis = |i: usize| Axis {
            input: sizes[i],
            output: 0,
            kernel: kernel[i],
            stride: at(&self.strides, i, 1),
            dilation: at(&self.dilations, i, 1),
            begin: if padded { at(&self.pads, i, 0) } else { 0 },
            end: if padded { at(&self.pads, rank + i, 0) } else { 0 },
        };
        Ok((0..rank).map(axis).collect())
    }

    /// Works out padding and size of the answer.
    fn place(&self, axis: &mut Axis) -> Result<(), String> {
        let reach = axis.reach();
        if !self.is_explicit() {
            axis.output = axis.input.div_ceil(axis.stride);
            let total = ((axis.output - 1) * axis.stride + reach).saturating_sub(axis.input);
            let (less, more) = (total / 2, total.div_ceil(2));
            (axis.begin, axis.end) = if self.auto == Auto::SameUpper { (less, more) } else { (more, less) };
            return Ok(());
        }
        let padded = axis.begin + axis.input + axis.end;
        let room = padded.checked_sub(reach);
        let room = room.ok_or_else(|| format!("a window of {reach} is larger than {padded} elements"))?;
        axis.output = 1 + if self.ceil { room.div_ceil(axis.stride) } else { room / axis.stride };
        // a window that begins in the padding at the end does not count
        if self.ceil && (axis.output - 1) * axis.stride >= axis.begin + axis.input {
            axis.output -= 1;
        }
        Ok(())
    }
}

/// A list of sizes from `least` on.
pub(super) fn sizes(node: &Node<'_>, name: &str, least: i64) -> Result<Option<Vec<usize>>, String> {
    let Some(list) = node.ints(name)? else { return Ok(None) };
    match list.iter().find(|x| !(least..=LARGEST).contains(x)) {
        Some(x) => Err(format!("attribute `{name}` holds {x}, expected {least} to {LARGEST}")),
        None => Ok(Some(list.iter().map(|&x| x as usize).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(auto: Auto, ceil: bool, axis: (usize, usize, usize), pads: (usize, usize), output: usize) {
        let (input, kernel, stride) = axis;
        let window = Window {
            kernel: None,
            strides: Some(vec![stride]),
            dilations: None,
            pads: (auto == Auto::Not).then(|| vec![pads.0, pads.1]),
            auto,
            ceil,
        };
        let found = window.axes(&[input], &[kernel]).expect("a window that fits")[0];
        assert_eq!(((found.begin, found.end), found.output), (pads, output));
    }

    #[test]
    fn sizes_are_those_of_the_specification() {
        check(Auto::Not, false, (28, 3, 1), (1, 1), 28);
        check(Auto::Not, false, (28, 2, 2), (0, 0), 14);
        check(Auto::Not, true, (5, 2, 2), (0, 0), 3);
        check(Auto::Not, true, (4, 2, 2), (1, 1), 3);
        check(Auto::SameUpper, false, (5, 2, 1), (0, 1), 5);
        check(Auto::SameLower, false, (5, 2, 1), (1, 0), 5);
        check(Auto::Valid, false, (5, 3, 2), (0, 0), 2);
    }

    #[test]
    fn a_window_larger_than_what_it_slides_over_is_refused() {
        let window =
            Window { kernel: None, strides: None, dilations: None, pads: None, auto: Auto::Not, ceil: true };
        assert!(window.axes(&[2], &[3]).is_err_and(|e| e.contains("larger than 2 elements")));
        assert!(window.axes(&[0], &[1]).is_err_and(|e| e.contains("does not slide")));
    }
}
