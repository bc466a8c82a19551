//! Packing turns a document into a gzip member, always into the same bytes.
//!
//! The header is written by hand, so that no time gets in and one compressor serves all files.

use anyhow::{Context, bail};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// A reused compressor and its output.
#[derive(Debug)]
pub(super) struct Packer {
    compress: Compress,
    packed: Vec<u8>,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self { compress: Compress::new(Compression::fast(), false), packed: Vec::new() }
    }

    /// The gzip of `document`, valid until the next call.
    pub(super) fn pack(&mut self, document: &[u8]) -> anyhow::Result<&[u8]> {
        // Method deflate, no flags, no time, no operating system.
        const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
        self.packed.clear();
        self.packed.extend_from_slice(&HEADER);
        self.packed.reserve(document.len() / 4 + 256);
        self.compress.reset();
        loop {
            let read = self.compress.total_in() as usize;
            let status = self
                .compress
                .compress_vec(&document[read..], &mut self.packed, FlushCompress::Finish)
                .context("compressing a file")?;
            match status {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError if self.packed.len() == self.packed.capacity() => {
                    self.packed.reserve(self.packed.capacity());
                }
                Status::Ok | Status::BufError => bail!("the compressor made no progress"),
            }
        }
        let mut crc = Crc::new();
        crc.update(document);
        self.packed.extend_from_slice(&crc.sum().to_le_bytes());
        self.packed.extend_from_slice(&crc.amount().to_le_bytes());
        Ok(&self.packed)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_packed_unpacks_to_itself() -> anyhow::Result<()> {
        let mut packer = Packer::new();
        for length in [0_usize, 1, 70_000] {
            let document: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(packer.pack(&document)?).read_to_end(&mut unpacked)?;
            assert_eq!(unpacked, document);
        }
        Ok(())
    }
}
