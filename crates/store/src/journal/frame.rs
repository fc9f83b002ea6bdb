//! A segment: a header, then frames, each of which is one append.
//!
//! ```text
//! header = "incjrnl\n" format:4 0:4
//! frame  = "FRAM" length:4 crc:4 payload        crc = CRC-32 of length and payload
//! ```
//! Numbers are little-endian. An append is synced before the next one begins, so after a power cut only the
//! last frame can be torn. A frame that does not check is therefore torn when no whole frame stands behind it,
//! and damage when one does. Bits that rot within the very last frame look like a torn one.

use std::ops::Range;

/// The header of the newest format. Formats differ in the kinds of entries, not in frames.
pub(super) const HEADER: [u8; 16] = *b"incjrnl\n\x02\0\0\0\0\0\0\0";

/// The newest format that is known here.
pub(super) const FORMAT: u32 = 2;

const MARK: &[u8; 4] = b"FRAM";
/// The bytes of a frame before its payload.
pub(super) const HEAD: usize = 12;

/// What stands in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frames {
    /// Where each payload stands.
    pub payloads: Vec<Range<usize>>,
    /// Where the last whole frame ends; what stands behind is torn.
    pub end: usize,
}

/// Why a segment cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A frame in the middle does not check.
    Damaged { offset: usize },
    /// It does not begin as a segment does.
    Header,
    /// A format of a later incumbent.
    Newer(u32),
}

/// A frame of some payload; `None` where it is longer than 4 GiB.
pub(super) fn frame(payload: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(payload.len()).ok()?.to_le_bytes();
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.extend(MARK);
    bytes.extend(length);
    bytes.extend(checksum(length, payload).to_le_bytes());
    bytes.extend(payload);
    Some(bytes)
}

/// The frames of a segment from its start.
pub(super) fn parse(bytes: &[u8]) -> Result<Frames, Fault> {
    match check_header(bytes) {
        Ok(true) => parse_from(bytes, HEADER.len()),
        Ok(false) => Ok(Frames { payloads: Vec::new(), end: 0 }),
        Err(fault) => Err(fault),
    }
}

/// The frames of a segment from some offset, which must be the end of a frame or of the header.
pub(super) fn parse_from(bytes: &[u8], start: usize) -> Result<Frames, Fault> {
    let (mut payloads, mut end) = (Vec::new(), start);
    while let Some(payload) = whole_frame(bytes, end) {
        end = payload.end;
        payloads.push(payload);
    }
    let later = (end + 1..bytes.len()).find(|&offset| whole_frame(bytes, offset).is_some());
    match later {
        Some(_) => Err(Fault::Damaged { offset: end }),
        None => Ok(Frames { payloads, end }),
    }
}

/// Whether there is a header. A header that was never written whole is a torn one.
fn check_header(bytes: &[u8]) -> Result<bool, Fault> {
    let Some(head) = bytes.get(..HEADER.len()) else {
        let known = (1..=FORMAT).map(header).any(|header| header.starts_with(bytes));
        let torn = known || bytes.iter().all(|&b| b == 0);
        return if torn { Ok(false) } else { Err(Fault::Header) };
    };
    if head.iter().all(|&b| b == 0) {
        return match parse_from(bytes, HEADER.len()) {
            Ok(frames) if frames.payloads.is_empty() => Ok(false),
            _ => Err(Fault::Damaged { offset: 0 }),
        };
    }
    let format = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    match head[..8] == HEADER[..8] {
        true if format > FORMAT => Err(Fault::Newer(format)),
        true if format > 0 && head == header(format) => Ok(true),
        _ => Err(Fault::Header),
    }
}

fn header(format: u32) -> [u8; 16] {
    let mut header = HEADER;
    header[8..12].copy_from_slice(&format.to_le_bytes());
    header
}

/// Where the payload stands of a frame that begins here and checks.
fn whole_frame(bytes: &[u8], offset: usize) -> Option<Range<usize>> {
    let head = bytes.get(offset..offset + HEAD)?;
    if &head[..4] != MARK {
        return None;
    }
    let length: [u8; 4] = head[4..8].try_into().ok()?;
    let expected = u32::from_le_bytes(head[8..12].try_into().ok()?);
    let place = offset + HEAD..offset + HEAD + u32::from_le_bytes(length) as usize;
    let payload = bytes.get(place.clone())?;
    (checksum(length, payload) == expected).then_some(place)
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length);
    crc.update(payload);
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(payloads: &[Vec<u8>]) -> Vec<u8> {
        let frames = payloads.iter().flat_map(|p| frame(p).expect("short"));
        HEADER.into_iter().chain(frames).collect()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
        parse(bytes).map(|frames| frames.payloads.into_iter().map(|p| bytes[p].to_vec()).collect())
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 1..6)
    }

    proptest! {
        #[test]
        fn a_segment_that_is_cut_off_gives_the_frames_before(payloads in payloads(), cut in 0.0..1.0) {
            let whole = segment(&payloads);
            let cut = (cut * whole.len() as f64) as usize;
            let found = read(&whole[..cut]).expect("torn at most");
            prop_assert_eq!(&found[..], &payloads[..found.len()]);
            let next = segment(&payloads[..(found.len() + 1).min(payloads.len())]);
            prop_assert!(found.len() == payloads.len() || cut < next.len(), "no whole frame is passed over");
        }

        #[test]
        fn a_changed_byte_is_never_taken_for_another_payload(payloads in payloads(), place in 0.0..1.0, bit in 0..8_u8) {
            let mut bytes = segment(&payloads);
            let place = (place * (bytes.len() - 1) as f64) as usize;
            bytes[place] ^= 1_u8 << bit;
            let last = segment(&payloads[..payloads.len() - 1]).len();
            match read(&bytes) {
                Ok(found) => {
                    prop_assert_eq!(found, &payloads[..payloads.len() - 1], "only the last may be lost");
                    prop_assert!(place >= last, "a change in the middle is damage");
                }
                Err(_) => prop_assert!(place < last, "a change at the end is a torn frame"),
            }
        }
    }

    #[test]
    fn damage_is_told_with_its_offset() {
        let mut bytes = segment(&[vec![1; 10], vec![2; 10], vec![3; 10]]);
        bytes[16 + 22 + 15] ^= 1;
        assert_eq!(read(&bytes), Err(Fault::Damaged { offset: 16 + 22 }));
    }

    #[test]
    fn other_files_and_later_formats_are_refused() {
        assert_eq!(read(b"time,level,message\n"), Err(Fault::Header));
        let mut later = segment(&[]);
        later[8] = 3;
        assert_eq!(read(&later), Err(Fault::Newer(3)));
        later[8] = 0;
        assert_eq!(read(&later), Err(Fault::Header));
    }

    #[test]
    fn a_header_that_was_never_written_is_an_empty_segment() {
        for bytes in [&[][..], &HEADER[..7], &[0; 16], &[0; 300]] {
            assert_eq!(read(bytes), Ok(Vec::new()));
        }
    }
}
