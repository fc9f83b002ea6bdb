//! The pixels of a PNG or JPEG file, by way of their decoders.
//!
//! Neither decoder is asked for pixels before its header was weighed.

use super::{ImageError, ImageShape, MAX_BYTES, MAX_PIXELS};
use std::io::Cursor;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Decoded pixels, row by row, the samples of a pixel side by side.
pub(super) struct Raster {
    pub width: usize,
    pub height: usize,
    /// 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
    samples: usize,
    /// Whether a sample has 16 bits, the high byte first.
    wide: bool,
    bytes: Vec<u8>,
}

/// What a file begins with.
enum Format {
    Png,
    Jpeg,
}

/// What the PNG decoder may hold beside the pixels, such as colour profiles.
const PNG_EXTRAS: usize = 1 << 24;
const PNG: &str = "PNG";
const JPEG: &str = "JPEG";
const JPEG_END: [u8; 2] = [0xFF, 0xD9];

/// The shape that a file's header tells.
pub(super) fn header(bytes: &[u8]) -> Result<ImageShape, ImageError> {
    match format(bytes)? {
        Format::Png => {
            let reader = png_reader(bytes)?;
            let (height, width) = (reader.info().height as usize, reader.info().width as usize);
            Ok(ImageShape { channels: channels(reader.output_color_type().0.samples()), height, width })
        }
        Format::Jpeg => {
            let (decoder, width, height) = jpeg_decoder(bytes)?;
            let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
            Ok(ImageShape { channels: if grey { 1 } else { 3 }, height, width })
        }
    }
}

impl Raster {
    /// Decodes a file.
    pub fn decode(bytes: &[u8]) -> Result<Raster, ImageError> {
        match format(bytes)? {
            Format::Png => decode_png(bytes),
            Format::Jpeg => decode_jpeg(bytes),
        }
    }

    /// Writes one row into `line`, `channels` times `width` numbers, channel by channel.
    pub fn line(&self, row: usize, channels: usize, line: &mut [f32]) {
        let size = self.samples * if self.wide { 2 } else { 1 };
        let pixels = &self.bytes[row * self.width * size..(row + 1) * self.width * size];
        for (x, pixel) in pixels.chunks_exact(size).enumerate() {
            let (first, last) = (self.sample(pixel, 0), if self.samples < 3 { 0 } else { 2 });
            match (channels, last) {
                (1, 0) => line[x] = first,
                (1, _) => {
                    line[x] = 0.299 * first + 0.587 * self.sample(pixel, 1) + 0.114 * self.sample(pixel, 2)
                }
                (_, 0) => (0..channels).for_each(|c| line[c * self.width + x] = first),
                _ => (0..channels).for_each(|c| line[c * self.width + x] = self.sample(pixel, c)),
            }
        }
    }

    fn sample(&self, pixel: &[u8], at: usize) -> f32 {
        match self.wide {
            false => f32::from(pixel[at]),
            true => f32::from(u16::from_be_bytes([pixel[2 * at], pixel[2 * at + 1]])) / 257.0,
        }
    }
}

fn format(bytes: &[u8]) -> Result<Format, ImageError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImageError::Bytes(bytes.len()));
    }
    let other = |found: &str| Err(ImageError::Format(found.into()));
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Format::Png),
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        [] => other("no bytes"),
        [b'G', b'I', b'F', b'8', ..] => other("a GIF"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => other("a WebP picture"),
        [b'B', b'M', ..] => other("a BMP picture"),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => other("a TIFF picture"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => other("a HEIC or AVIF picture, or a film"),
        _ => {
            let head: Vec<String> = bytes.iter().take(4).map(|b| format!("{b:02X}")).collect();
            Err(ImageError::Format(format!("{} bytes that begin with {}", bytes.len(), head.join(" "))))
        }
    }
}

fn weigh(width: usize, height: usize) -> Result<(), ImageError> {
    match width.checked_mul(height) {
        Some(1..=MAX_PIXELS) => Ok(()),
        _ => Err(ImageError::Pixels { width, height }),
    }
}

fn channels(samples: usize) -> usize {
    if samples < 3 { 1 } else { 3 }
}

fn png_reader(bytes: &[u8]) -> Result<png::Reader<Cursor<&[u8]>>, ImageError> {
    let broken = |e: png::DecodingError| ImageError::Broken { format: PNG, why: e.to_string() };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: PNG_EXTRAS });
    decoder.set_transformations(png::Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(broken)?;
    weigh(info.width as usize, info.height as usize)?;
    decoder.read_info().map_err(broken)
}

fn decode_png(bytes: &[u8]) -> Result<Raster, ImageError> {
    let broken = |why: String| ImageError::Broken { format: PNG, why };
    let mut reader = png_reader(bytes)?;
    let size = reader.output_buffer_size().ok_or_else(|| broken("its size overflows".into()))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(|e| broken(e.to_string()))?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if (frame.width as usize, frame.height as usize) != (width, height) {
        return Err(broken("its first frame is smaller than its header says".into()));
    }
    let wide = frame.bit_depth == png::BitDepth::Sixteen;
    Ok(Raster { width, height, samples: frame.color_type.samples(), wide, bytes: pixels })
}

type Jpeg<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

fn jpeg_decoder(bytes: &[u8]) -> Result<(Jpeg<'_>, usize, usize), ImageError> {
    let broken = |why: String| ImageError::Broken { format: JPEG, why };
    // Strict: without it, what is cut off comes back as grey pixels.
    let options =
        DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| broken(e.to_string()))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| broken("it has no size".into()))?;
    weigh(width, height)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let space = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    Ok((decoder, width, height))
}

fn decode_jpeg(bytes: &[u8]) -> Result<Raster, ImageError> {
    let (mut decoder, width, height) = jpeg_decoder(bytes)?;
    let broken = |why: String| ImageError::Broken { format: JPEG, why };
    // The decoder does not miss the last few blocks.
    if !bytes.windows(2).any(|pair| pair == JPEG_END) {
        return Err(broken("its end is missing".into()));
    }
    let pixels = decoder.decode().map_err(|e| broken(e.to_string()))?;
    let samples = pixels.len() / (width * height);
    if !matches!(samples, 1 | 3) || pixels.len() != samples * width * height {
        return Err(broken(format!("it gave {} samples for {width} x {height} pixels", pixels.len())));
    }
    Ok(Raster { width, height, samples, wide: false, bytes: pixels })
}
