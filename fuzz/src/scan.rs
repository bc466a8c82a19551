//! **Scanning**: the end of a value, found 64 bytes at a time and byte by byte,
//! and records handed on only as the JSON that they are.

use serde::de::IgnoredAny;

/// Deepest nesting that is followed.
const DEPTH_MAX: usize = 128;

pub(crate) fn run(text: &[u8]) {
    if let Some(b'{' | b'[') = text.first() {
        assert_eq!(ingest::fuzz::value_end(text), plain_end(text));
    }
    let mut records = 0_usize;
    let (_, skipped) = ingest::fuzz::split(text, |record| {
        let json = serde_json::from_slice::<IgnoredAny>(record).is_ok();
        records += usize::from(json);
        if json {
            assert_eq!(record.first(), Some(&b'{'), "a record is an object");
        }
        json
    });
    // Text inside text shrinks from level to level.
    assert!(records <= text.len() / 2, "{records} records");
    assert!(skipped <= text.len() as u64 + 1, "{skipped} skipped");
}

/// One past the last byte of a list or an object.
fn plain_end(text: &[u8]) -> Option<usize> {
    let (mut open, mut deepest, mut in_string, mut escaped) = (Vec::new(), 0, false, false);
    for (index, &byte) in text.iter().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'\\' => return None,
            b'{' | b'[' => open.push(byte),
            b'}' | b']' => {
                // Closing brackets come two after their opening ones.
                let fits = open.pop() == Some(byte - 2);
                // Deeper than a record their kinds no longer matter.
                if !fits && open.len() < DEPTH_MAX {
                    return None;
                }
            }
            _ => {}
        }
        deepest = deepest.max(open.len());
        if open.is_empty() {
            return (deepest <= DEPTH_MAX).then_some(index + 1);
        }
    }
    None
}
