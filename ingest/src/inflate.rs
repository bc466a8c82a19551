//! **Inflating**: the stored bytes of an object to its document, under a cap.
//!
//! gzip and zstd are recognised by their magic numbers; anything else is taken
//! as it is. Exactly one gzip member is read: bytes after it would be accepted
//! by a reader that joins members, but they are not part of what `CloudTrail`
//! signed, so they are an error.

use std::io::Read;

use flate2::bufread::GzDecoder;

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
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Inflates `stored` into `document`, which is cleared first.
///
/// # Errors
/// When the stream is damaged, truncated, too large, or followed by more bytes.
pub(crate) fn document(
    stored: &[u8],
    limits: &Limits,
    document: &mut Vec<u8>,
) -> Result<(), InflateError> {
    document.clear();
    if stored.starts_with(GZIP) {
        let mut decoder = GzDecoder::new(stored);
        read_capped(&mut decoder, limits, document)?;
        let rest = decoder.into_inner();
        return if rest.is_empty() { Ok(()) } else { Err(InflateError::TrailingBytes(rest.len())) };
    }
    if stored.starts_with(ZSTD) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)
            .map_err(|error| InflateError::Damaged(error.to_string()))?
            .single_frame();
        read_capped(&mut decoder, limits, document)?;
        let rest = decoder.finish();
        return if rest.is_empty() { Ok(()) } else { Err(InflateError::TrailingBytes(rest.len())) };
    }
    if stored.len() as u64 > limits.document_bytes_max {
        return Err(InflateError::TooLarge(limits.document_bytes_max));
    }
    document.extend_from_slice(stored);
    Ok(())
}

/// Reads to the end, or one byte past the cap.
fn read_capped(
    reader: &mut impl Read,
    limits: &Limits,
    document: &mut Vec<u8>,
) -> Result<(), InflateError> {
    let cap = limits.document_bytes_max;
    let result = reader.take(cap + 1).read_to_end(document);
    if document.len() as u64 > cap {
        // A bomb's first bytes are no document.
        document.clear();
        return Err(InflateError::TooLarge(cap));
    }
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(InflateError::Truncated)
        }
        Err(error) => Err(InflateError::Damaged(error.to_string())),
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
        let mut buffer = b"old".to_vec();
        (document(stored, &limits, &mut buffer), buffer)
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
