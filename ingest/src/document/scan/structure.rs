//! The **structure** of a value: its quotes and brackets, found 64 bytes at a
//! time.
//!
//! Quotes are paired over a whole block at once: a byte lies in a string when
//! the quotes before it are odd in number, and that is a running exclusive or
//! over the bits of the block.

use wide::u8x16;

/// Bytes looked at in one step: one bit each in a word.
pub(super) const BLOCK_BYTES: usize = 64;

/// Reads blocks in order; what one block leaves open the next one takes up.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// All ones while the last block ended inside a string.
    in_string: u64,
    /// Whether the last block ended with a backslash that escapes the next byte.
    escaping: bool,
}

impl Structure {
    /// One bit for each byte of the block that is a bracket, or a backslash,
    /// outside of strings.
    pub(super) fn outside_strings(&mut self, block: &[u8; BLOCK_BYTES]) -> u64 {
        let found = Found::in_block(block);
        let quotes = found.quotes & !self.escaped(found.backslashes);
        let strings = running_xor(quotes) ^ self.in_string;
        self.in_string = if strings >> 63 == 1 { u64::MAX } else { 0 };
        (found.brackets | found.backslashes) & !strings
    }

    /// The bytes that a backslash takes the meaning of.
    fn escaped(&mut self, mut backslashes: u64) -> u64 {
        let mut escaped = 0;
        if std::mem::take(&mut self.escaping) {
            escaped = 1;
            backslashes &= !1;
        }
        while backslashes != 0 {
            let at = backslashes.trailing_zeros();
            if at == 63 {
                self.escaping = true;
                break;
            }
            escaped |= 2 << at;
            // A backslash that is escaped itself escapes nothing.
            backslashes &= !(3 << at);
        }
        escaped
    }
}

/// Where the bytes that matter stand in a block.
struct Found {
    quotes: u64,
    backslashes: u64,
    brackets: u64,
}

impl Found {
    fn in_block(block: &[u8; BLOCK_BYTES]) -> Self {
        let mut found = Self { quotes: 0, backslashes: 0, brackets: 0 };
        let (chunks, _) = block.as_chunks::<16>();
        for (index, chunk) in chunks.iter().enumerate() {
            let bytes = u8x16::new(*chunk);
            // `[` and `{` differ in this bit only, as do `]` and `}`.
            let folded = bytes | u8x16::splat(0x20);
            let brackets = folded.simd_eq(u8x16::splat(b'{')) | folded.simd_eq(u8x16::splat(b'}'));
            let shift = 16 * index;
            found.quotes |= bits(bytes.simd_eq(u8x16::splat(b'"'))) << shift;
            found.backslashes |= bits(bytes.simd_eq(u8x16::splat(b'\\'))) << shift;
            found.brackets |= bits(brackets) << shift;
        }
        found
    }
}

fn bits(lanes: u8x16) -> u64 {
    u64::from(lanes.to_bitmask())
}

/// Bit `n` of the result is the exclusive or of the bits up to `n`.
fn running_xor(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}
