//! A **scan**: where a JSON value ends, found without reading what is in it.
//!
//! This runs over every byte of every document, kept or not, so it looks at
//! quotes and brackets only.

use memchr::memchr2;

mod structure;

use structure::{BLOCK_BYTES, Structure};

/// Deepest nesting followed. `CloudTrail` records stay under 20.
const DEPTH_MAX: u32 = 128;

/// Why a value has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanError {
    /// The document ends first.
    Truncated,
    /// A bracket closes what was not opened, or a backslash stands outside of
    /// strings.
    Unbalanced,
    /// Nested deeper than any record; the value ends here all the same.
    TooDeep(usize),
}

/// One past the last byte of the value that starts at `start`.
pub(crate) fn value_end(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    match bytes.get(start) {
        None => Err(ScanError::Truncated),
        Some(b'{' | b'[') => nested_end(bytes, start),
        Some(b'"') => string_end(bytes, start),
        Some(_) => {
            let rest = &bytes[start..];
            let length = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
                .unwrap_or(rest.len());
            Ok(start + length)
        }
    }
}

/// The same for a value that may be nested too deeply to be read.
pub(crate) fn whole_end(bytes: &[u8], start: usize) -> Option<usize> {
    match value_end(bytes, start) {
        Ok(end) | Err(ScanError::TooDeep(end)) => Some(end),
        Err(ScanError::Truncated | ScanError::Unbalanced) => None,
    }
}

/// One past the closing quote of the string that starts at `start`.
pub(crate) fn string_end(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    let mut at = start + 1;
    loop {
        let rest = bytes.get(at..).ok_or(ScanError::Truncated)?;
        let found = at + memchr2(b'"', b'\\', rest).ok_or(ScanError::Truncated)?;
        if bytes[found] == b'"' {
            return Ok(found + 1);
        }
        at = found + 2;
    }
}

/// One past the bracket that closes the one at `start`.
fn nested_end(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    let mut structure = Structure::default();
    let mut nesting = Nesting::default();
    let mut at = start;
    loop {
        let mut padded = [0; BLOCK_BYTES];
        let rest = bytes.get(at..).unwrap_or_default();
        let block = match rest.first_chunk::<BLOCK_BYTES>() {
            Some(block) => block,
            None if rest.is_empty() => return Err(ScanError::Truncated),
            None => {
                padded[..rest.len()].copy_from_slice(rest);
                &padded
            }
        };
        let mut found = structure.outside_strings(block);
        while found != 0 {
            let index = found.trailing_zeros() as usize;
            found &= found - 1;
            if nesting.take(block[index])? {
                return nesting.end(at + index + 1);
            }
        }
        at += BLOCK_BYTES;
    }
}

/// Brackets that are open.
#[derive(Default)]
struct Nesting {
    /// One bit a level: set for a list, clear for an object.
    lists: u128,
    depth: u32,
    deepest: u32,
}

impl Nesting {
    /// Takes one byte that stands outside of strings; true when it closes the
    /// outermost bracket.
    fn take(&mut self, byte: u8) -> Result<bool, ScanError> {
        match byte {
            b'{' | b'[' => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
                // Deeper than a record the kinds no longer matter, the count does.
                if self.depth <= DEPTH_MAX {
                    self.lists = (self.lists << 1) | u128::from(byte == b'[');
                }
            }
            b'}' | b']' => {
                if self.depth <= DEPTH_MAX {
                    if (self.lists & 1 == 1) != (byte == b']') {
                        return Err(ScanError::Unbalanced);
                    }
                    self.lists >>= 1;
                }
                self.depth -= 1;
            }
            // A backslash has no business here.
            _ => return Err(ScanError::Unbalanced),
        }
        Ok(self.depth == 0)
    }

    fn end(&self, end: usize) -> Result<usize, ScanError> {
        if self.deepest > DEPTH_MAX { Err(ScanError::TooDeep(end)) } else { Ok(end) }
    }
}

/// The first byte at or after `start` that is not white space.
pub(crate) fn skip_space(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start
        + rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
            .unwrap_or(rest.len())
}

/// The fields of the object that starts at `start`: key (as written, without
/// quotes) and where its value starts and ends. Ends early at damage.
pub(crate) fn fields(bytes: &[u8], start: usize) -> impl Iterator<Item = (&[u8], usize, usize)> {
    let mut at = start + 1;
    std::iter::from_fn(move || {
        at = skip_space(bytes, at);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(bytes, at).ok()?;
        let key = &bytes[at + 1..key_end - 1];
        let colon = skip_space(bytes, key_end);
        if bytes.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_space(bytes, colon + 1);
        // A value that never ends is still handed out: a truncated document
        // holds good records.
        let end = whole_end(bytes, value).unwrap_or(bytes.len());
        at = end;
        Some((key, value, end))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brackets_and_quotes_inside_strings_do_not_count() {
        let text = br#"{"a":"}]\"{","b":[{"c":1},"\\"]} tail"#;
        assert_eq!(value_end(text, 0), Ok(text.len() - 5));
    }

    #[test]
    fn damage_is_named() {
        assert_eq!(value_end(b"{\"a\":1", 0), Err(ScanError::Truncated));
        assert_eq!(value_end(b"{\"a", 0), Err(ScanError::Truncated));
        assert_eq!(value_end(b"{\"a\\", 0), Err(ScanError::Truncated));
        assert_eq!(value_end(b"{]", 0), Err(ScanError::Unbalanced));
        let deep = "[".repeat(1_000) + &"]".repeat(1_000);
        assert_eq!(value_end(deep.as_bytes(), 0), Err(ScanError::TooDeep(2_000)));
        assert_eq!(value_end(&[b'['; 1_000], 0), Err(ScanError::Truncated));
    }

    /// The same, one byte after the other.
    fn plain_end(bytes: &[u8]) -> Option<usize> {
        let (mut open, mut in_string, mut at) = (Vec::new(), false, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if in_string => at += 1,
                b'\\' => return None,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                bracket @ (b'{' | b'[') => open.push(bracket),
                bracket @ (b'}' | b']') => {
                    // Closing brackets come two after their opening ones.
                    if open.pop() != Some(bracket - 2) {
                        return None;
                    }
                    if open.is_empty() {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    proptest! {
        #[test]
        fn blocks_find_the_end_that_single_bytes_find(text in "[\\[{][x\\[\\]{}\"\\\\]{0,300}", filling in 0..130_usize) {
            // Moves what follows over the borders of blocks.
            let text = format!("{}{}{}", &text[..1], "x".repeat(filling), &text[1..]);
            prop_assert_eq!(value_end(text.as_bytes(), 0).ok(), plain_end(text.as_bytes()));
        }

        #[test]
        fn any_bytes_are_scanned_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(end) = value_end(&bytes, 0) {
                prop_assert!(end <= bytes.len());
            }
            let found: Vec<_> = fields(&bytes, 0).collect();
            prop_assert!(found.len() <= bytes.len());
        }

        #[test]
        fn the_end_agrees_with_a_json_parser(text in "[a-z\\[\\]{}\"\\\\]{0,20}", number in any::<i64>()) {
            let value = serde_json::json!({"t": text, "n": [number, {"t": text}]});
            let written = value.to_string();
            prop_assert_eq!(value_end(written.as_bytes(), 0), Ok(written.len()));
        }
    }
}
