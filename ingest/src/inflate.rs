//! **Inflating**: the stored bytes of an object to its document, under a cap.
//!
//! gzip and zstd are recognised by their magic numbers; anything else is taken
//! as it is. Exactly one gzip member is read: bytes after it would be accepted
//! by a reader that joins members, but they are not part of what `CloudTrail`
//! signed, so they are an error.
//!
//! A whole gzip member is inflated in one go, which is fastest. When that does
//! not work out, a streaming reader finds out why, and what can be saved.

use std::io::Read;

use flate2::bufread::GzDecoder;
use libdeflater::Decompressor;
use memchr::memmem;

/// Bounds on what is taken from outside.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most stored bytes of one object.
    pub object_bytes_max: u64,
    /// Most inflated bytes of one document.
    pub document_bytes_max: u64,
    /// Most bytes of one record.
    pub record_bytes_max: usize,
}

impl Default for Limits {
    /// Above anything `CloudTrail` writes: a log file holds at most 50 MB
    /// compressed, a record at most 1 MB.
    fn default() -> Self {
        Self {
            object_bytes_max: 256 << 20,
            document_bytes_max: 256 << 20,
            record_bytes_max: 8 << 20,
        }
    }
}

/// Why an object did not inflate. What had been inflated by then is in the
/// buffer and is still read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// The compressed stream is damaged.
    #[error("damaged compression: {0}")]
    Damaged(String),
    /// The stream ends early.
    #[error("compressed stream ends early: the object is truncated")]
    Truncated,
    /// The document is larger than the cap.
    #[error("inflates to more than {0} bytes; raise --max-document-bytes to read it")]
    TooLarge(u64),
    /// There is something behind the stream.
    #[error("{0} bytes after the end of the compressed stream")]
    TrailingBytes(usize),
}

const GZIP: &[u8] = &[0x1f, 0x8b];
/// The flag, in a gzip member's fourth byte, of a header with its own checksum.
const GZIP_HEADER_CHECKSUM: u8 = 0x02;
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Deflate makes at most this many bytes of one.
const DEFLATE_RATIO_MAX: usize = 1032;

/// A buffer that one huge object made huge is given back.
const BUFFER_KEPT_BYTES: usize = 32 << 20;

/// Inflates objects one after the other, into a buffer that it keeps.
pub(crate) struct Inflater {
    whole: Decompressor,
    buffer: Vec<u8>,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { whole: Decompressor::new(), buffer: Vec::new() }
    }

    /// The document in `stored`, or as much of it as there is and why no more:
    /// the stream is damaged, truncated, too large, or followed by more bytes.
    pub(crate) fn document<'a>(
        &'a mut self,
        stored: &'a [u8],
        limits: &Limits,
    ) -> (&'a [u8], Result<(), InflateError>) {
        if self.buffer.len() > BUFFER_KEPT_BYTES {
            self.buffer.truncate(BUFFER_KEPT_BYTES);
            self.buffer.shrink_to_fit();
        }
        if stored.starts_with(GZIP) {
            if let Some(length) = self.whole_gzip(stored, limits) {
                return (&self.buffer[..length], Ok(()));
            }
            let result = stream_gzip(stored, limits, &mut self.buffer);
            return (&self.buffer, result);
        }
        if stored.starts_with(ZSTD) {
            let result = stream_zstd(stored, limits, &mut self.buffer);
            return (&self.buffer, result);
        }
        if stored.len() as u64 > limits.document_bytes_max {
            return (&[], Err(InflateError::TooLarge(limits.document_bytes_max)));
        }
        (stored, Ok(()))
    }

    /// Inflates a gzip member that is whole, alone, and as long as its last four
    /// bytes say; its checksum is verified. libdeflate passes over the checksum
    /// that a header may have, so such a member is left to the streaming reader.
    fn whole_gzip(&mut self, stored: &[u8], limits: &Limits) -> Option<usize> {
        if stored.get(3)? & GZIP_HEADER_CHECKSUM != 0 {
            return None;
        }
        let (before, ending) = stored.split_last_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*ending)).ok()?;
        // A length that cannot be is not worth a buffer.
        let possible = length / DEFLATE_RATIO_MAX <= stored.len();
        if !possible || length as u64 > limits.document_bytes_max {
            return None;
        }
        // A member that ended earlier would have had its length there.
        if memmem::find(&stored[..before.len() + 3], ending).is_some() {
            return None;
        }
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        let inflated = self.whole.gzip_decompress(stored, &mut self.buffer[..length]);
        (inflated == Ok(length)).then_some(length)
    }
}

fn stream_gzip(stored: &[u8], limits: &Limits, document: &mut Vec<u8>) -> Result<(), InflateError> {
    let mut decoder = GzDecoder::new(stored);
    read_capped(&mut decoder, limits, document)?;
    match decoder.into_inner().len() {
        0 => Ok(()),
        rest => Err(InflateError::TrailingBytes(rest)),
    }
}

fn stream_zstd(stored: &[u8], limits: &Limits, document: &mut Vec<u8>) -> Result<(), InflateError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)
        .map_err(|error| InflateError::Damaged(error.to_string()))?
        .single_frame();
    read_capped(&mut decoder, limits, document)?;
    match decoder.finish().len() {
        0 => Ok(()),
        rest => Err(InflateError::TrailingBytes(rest)),
    }
}

/// A reader that meets damage gives nothing of that read, so reads are short:
/// what stands before the damage is to be saved.
const READ_BYTES: usize = 1024;

/// Reads to the end, or past the cap.
fn read_capped(
    reader: &mut impl Read,
    limits: &Limits,
    document: &mut Vec<u8>,
) -> Result<(), InflateError> {
    document.clear();
    let cap = limits.document_bytes_max;
    let mut part = [0; READ_BYTES];
    loop {
        match reader.read(&mut part) {
            Ok(0) => return Ok(()),
            Ok(length) => document.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(InflateError::Truncated);
            }
            Err(error) => return Err(InflateError::Damaged(error.to_string())),
        }
        if document.len() as u64 > cap {
            // A bomb's first bytes are no document.
            document.clear();
            return Err(InflateError::TooLarge(cap));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(stored: &[u8], cap: u64) -> (Result<(), InflateError>, Vec<u8>) {
        let limits = Limits { document_bytes_max: cap, ..Limits::default() };
        let mut inflater = Inflater::new();
        inflater.document(&gzip(&[b'x'; 500]), &limits).1.unwrap();
        let (document, result) = inflater.document(stored, &limits);
        (result, document.to_vec())
    }

    #[test]
    fn gzip_zstd_and_plain_bytes_are_told_apart() {
        let text = b"{\"Records\":[]}".repeat(50);
        let zstd = zstd::stream::encode_all(&text[..], 1).unwrap();
        for stored in [gzip(&text), zstd, text.clone()] {
            assert_eq!(inflate(&stored, 10_000), (Ok(()), text.clone()));
        }
    }

    #[test]
    fn a_truncated_stream_yields_what_there_is_and_an_error() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let stored = gzip(&text);
        let (result, read) = inflate(&stored[..stored.len() / 2], 10_000_000);
        assert_eq!(result, Err(InflateError::Truncated));
        assert!(!read.is_empty() && text.starts_with(&read));
    }

    #[test]
    fn what_stands_before_the_damage_is_read_whatever_was_read_before() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut stored = gzip(&text);
        let middle = stored.len() / 2;
        stored[middle..middle + 100].fill(0xff);
        let (mut decoder, mut expected, mut byte) = (GzDecoder::new(&stored[..]), Vec::new(), [0]);
        while let Ok(1) = decoder.read(&mut byte) {
            expected.push(byte[0]);
        }
        let mut inflater = Inflater::new();
        let limits = Limits::default();
        for before in [0, 1 << 20] {
            inflater.document(&gzip(&vec![0; before]), &limits).1.unwrap();
            let (read, result) = inflater.document(&stored, &limits);
            assert!(matches!(result, Err(InflateError::Damaged(_))), "{result:?}");
            assert!(expected.starts_with(read));
            assert!(read.len() + READ_BYTES >= expected.len(), "{} {}", read.len(), expected.len());
        }
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let (result, read) = inflate(&gzip(&vec![0; 1_000_000]), 1_000);
        assert_eq!(result, Err(InflateError::TooLarge(1_000)));
        assert!(read.is_empty());
    }

    #[test]
    fn bytes_after_the_stream_are_an_error() {
        let mut stored = gzip(b"{}");
        stored.extend(gzip(b"{}"));
        let (result, read) = inflate(&stored, 1_000);
        assert!(matches!(result, Err(InflateError::TrailingBytes(_))));
        assert_eq!(read, b"{}");
    }

    #[test]
    fn a_length_that_is_not_true_is_not_believed() {
        let mut stored = gzip(b"{\"Records\":[]}");
        let end = stored.len();
        for length in [0_u32, 13, 15, 1 << 20, u32::MAX] {
            stored[end - 4..].copy_from_slice(&length.to_le_bytes());
            let (result, read) = inflate(&stored, 1 << 30);
            assert!(matches!(result, Err(InflateError::Damaged(_))), "{length}");
            assert_eq!(read, b"{\"Records\":[]}");
        }
    }

    #[test]
    fn a_header_that_fails_its_own_checksum_is_damage() {
        let plain = gzip(b"{}");
        let header = [0x1f, 0x8b, 8, GZIP_HEADER_CHECKSUM, 0, 0, 0, 0, 0, 0xff];
        let mut crc = flate2::Crc::new();
        crc.update(&header);
        let sum = u16::try_from(crc.sum() & 0xffff).unwrap();
        for (sum, good) in [(sum, true), (!sum, false)] {
            let stored = [&header[..], &sum.to_le_bytes(), &plain[10..]].concat();
            let (result, read) = inflate(&stored, 1_000);
            if good {
                assert_eq!((result, read), (Ok(()), b"{}".to_vec()));
            } else {
                assert!(matches!(result, Err(InflateError::Damaged(_))), "{result:?}");
            }
        }
    }

    #[test]
    fn a_huge_document_does_not_keep_its_buffer() {
        let mut inflater = Inflater::new();
        let limits = Limits::default();
        inflater.document(&gzip(&vec![0; 2 * BUFFER_KEPT_BYTES]), &limits).1.unwrap();
        inflater.document(&gzip(b"{}"), &limits).1.unwrap();
        assert!(inflater.buffer.capacity() <= BUFFER_KEPT_BYTES);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), magic in 0..3) {
            if magic > 0 {
                bytes.splice(0..0, if magic == 1 { GZIP } else { ZSTD }.iter().copied());
            }
            let (_, read) = inflate(&bytes, 10_000);
            prop_assert!(read.len() <= 10_000);
        }
    }
}
