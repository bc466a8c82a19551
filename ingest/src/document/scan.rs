//! A **scan**: where a JSON value ends, found without reading what is in it.
//!
//! This runs over every byte of every document, kept or not, so it looks at
//! quotes and brackets only.

use memchr::memchr2;

/// Deepest nesting followed. `CloudTrail` records stay under 20.
const DEPTH_MAX: u32 = 128;

/// Why a value has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanError {
    /// The document ends first.
    Truncated,
    /// A bracket closes what was not opened.
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

/// Bytes that matter outside strings.
const MATTERS: [bool; 256] = {
    let mut table = [false; 256];
    table[b'"' as usize] = true;
    table[b'{' as usize] = true;
    table[b'}' as usize] = true;
    table[b'[' as usize] = true;
    table[b']' as usize] = true;
    table
};

fn nested_end(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    // One bit a level: set for a list, clear for an object.
    let mut lists: u128 = 0;
    let (mut depth, mut deepest): (u32, u32) = (0, 0);
    let mut at = start;
    loop {
        while !MATTERS[*bytes.get(at).ok_or(ScanError::Truncated)? as usize] {
            at += 1;
        }
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            opening @ (b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
                // Deeper than a record the kinds no longer matter, the count does.
                if depth <= DEPTH_MAX {
                    lists = (lists << 1) | u128::from(opening == b'[');
                }
            }
            closing => {
                if depth <= DEPTH_MAX {
                    if (lists & 1 == 1) != (closing == b']') {
                        return Err(ScanError::Unbalanced);
                    }
                    lists >>= 1;
                }
                depth -= 1;
                if depth == 0 {
                    let end = at + 1;
                    return if deepest > DEPTH_MAX {
                        Err(ScanError::TooDeep(end))
                    } else {
                        Ok(end)
                    };
                }
            }
        }
        at += 1;
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
        let end = value_end(bytes, value).unwrap_or(bytes.len());
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

    proptest! {
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
