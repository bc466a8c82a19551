//! A **pack** of bytes: gzip, zstd and base64, made here so that no product code is trusted with it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame of raw blocks: valid, though nothing is compressed.
pub(crate) fn zstd(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    const BLOCK_BYTES: usize = 64 * 1024;
    let bytes = bytes.as_ref();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd];
    // One segment, with its size in four bytes.
    frame.push(0b1010_0000);
    frame.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    let mut blocks = bytes.chunks(BLOCK_BYTES).peekable();
    while let Some(block) = blocks.next() {
        let last = u32::from(blocks.peek().is_none());
        let header = last | u32::try_from(block.len()).unwrap() << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.extend(block);
    }
    frame
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - group.len()));
        for position in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * position) & 63) as usize];
            text.push(if position <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[test]
fn packing_is_what_others_make_of_it() {
    assert_eq!([base64(b"M"), base64(b"Ma"), base64(b"Man")], ["TQ==", "TWE=", "TWFu"]);
}
