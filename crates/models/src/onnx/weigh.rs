//! Counting a file's messages before any of them is decoded.
//!
//! A message of two bytes becomes a struct of hundreds, so that a small file could ask for gigabytes. This
//! walks the wire format without allocating. Not a validator: what it cannot follow, the decoder refuses.

/// The most messages (nodes, attributes, tensors, dimensions) that a file may hold.
const MAX_MESSAGES: usize = 1 << 18;

/// Which fields of a message hold messages, and what those look like.
struct Layout(&'static [(u64, &'static Layout)]);

static LEAF: Layout = Layout(&[]);
static TENSOR: Layout = Layout(&[(13, &LEAF)]);
static SHAPE: Layout = Layout(&[(1, &LEAF)]);
static TENSOR_TYPE: Layout = Layout(&[(2, &SHAPE)]);
static TYPE: Layout = Layout(&[(1, &TENSOR_TYPE)]);
static VALUE_INFO: Layout = Layout(&[(2, &TYPE)]);
static ATTRIBUTE: Layout = Layout(&[(5, &TENSOR)]);
static NODE: Layout = Layout(&[(5, &ATTRIBUTE)]);
static GRAPH: Layout = Layout(&[(1, &NODE), (5, &TENSOR), (11, &VALUE_INFO), (12, &VALUE_INFO)]);
static MODEL: Layout = Layout(&[(7, &GRAPH), (8, &LEAF), (14, &LEAF)]);

/// Says why a file's messages are too many or broken.
pub(super) fn weigh(bytes: &[u8]) -> Result<(), String> {
    let mut left = MAX_MESSAGES;
    walk(bytes, &MODEL, &mut left)
}

fn walk(mut bytes: &[u8], layout: &Layout, left: &mut usize) -> Result<(), String> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let skipped = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes)?,
            5 => 4,
            other => return Err(format!("wire type {other} is not used by ONNX")),
        };
        let (inside, rest) = usize::try_from(skipped)
            .ok()
            .and_then(|n| bytes.split_at_checked(n))
            .ok_or_else(|| format!("a field of {skipped} bytes, but {} are left", bytes.len()))?;
        bytes = rest;
        let message = layout.0.iter().find(|(field, _)| *field == key >> 3);
        if let (Some((_, layout)), 2) = (message, key & 7) {
            *left = left.checked_sub(1).ok_or_else(|| format!("more than {MAX_MESSAGES} messages"))?;
            walk(inside, layout, left)?;
        }
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or("it ends in the middle of a number")?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("a number of more than ten bytes".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` empty nodes in a graph.
    fn nodes(count: usize) -> Vec<u8> {
        let graph = [0x0A, 0x00].repeat(count);
        let mut length = graph.len();
        let mut file = vec![0x3A];
        while length >= 0x80 {
            file.push((length & 0x7F) as u8 | 0x80);
            length >>= 7;
        }
        file.push(length as u8);
        file.extend(graph);
        file
    }

    #[test]
    fn a_file_of_nothing_but_empty_nodes_is_refused() {
        assert_eq!(weigh(&nodes(MAX_MESSAGES - 1)), Ok(()));
        assert!(weigh(&nodes(MAX_MESSAGES)).is_err_and(|e| e.contains("more than")));
    }

    #[test]
    fn lengths_beyond_the_end_are_refused() {
        let error = weigh(&[0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]);
        assert!(error.is_err_and(|e| e.contains("are left")));
        assert!(weigh(&[0x3A]).is_err_and(|e| e.contains("ends in the middle")));
        assert!(weigh(&[0x80; 11]).is_err_and(|e| e.contains("ten bytes")));
    }
}
