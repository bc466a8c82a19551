//! A lone **surrogate**: half of a character, written as an escape such as
//! `\ud83d` without its other half.
//!
//! JSON's grammar allows it, and a writer that cuts text between the halves
//! makes one; Rust's strings and this project's JSON reader have no place for
//! it. A caller could choose text that way, so it must not cost the record.

use std::borrow::Cow;

use memchr::memmem;

/// What stands for what cannot be read, as an escape.
const REPLACEMENT: &str = "\\ufffd";

/// JSON text with every lone surrogate replaced by U+FFFD.
#[must_use]
pub fn without_lone_surrogates(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    if memmem::find(bytes, b"\\ud").is_none() && memmem::find(bytes, b"\\uD").is_none() {
        return Cow::Borrowed(json);
    }
    let mut mended = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        let start = at + found;
        let (first, second) = (escaped_unit(bytes, start), escaped_unit(bytes, start + 6));
        at = match (first, second) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => start + 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.push_str(&json[copied..start]);
                mended.push_str(REPLACEMENT);
                copied = start + REPLACEMENT.len();
                copied
            }
            // Any other escape: a backslash that is escaped itself begins none.
            _ => (start + 2).min(bytes.len()),
        };
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[copied..]);
    Cow::Owned(mended)
}

/// The UTF-16 unit that is escaped here.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_are_replaced_and_whole_characters_stay() {
        for (written, expected) in [
            (r#""\ud83d\ude00 \u00e9 \\ud83d""#, r#""\ud83d\ude00 \u00e9 \\ud83d""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00\uD83D\uDE00\ude00""#, r#""\ufffd\uD83D\uDE00\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\\ud83d\n""#, r#""\\\ufffd\n""#),
            (r#""\ud83"#, r#""\ud83"#),
            (r#""\ud83d\"#, r#""\ufffd\"#),
        ] {
            assert_eq!(without_lone_surrogates(written), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_mended_can_be_read(text in r#"(\\ud8[0-9a]{2}|\\uDc[0-9f]{2}|\\\\|\\"|\\n|\\u00e9|[a-u😀]){0,24}"#) {
            let written = format!("\"{text}\"");
            let mended = without_lone_surrogates(&written);
            let read = serde_json::from_str::<String>(&mended);
            prop_assert!(read.is_ok(), "{} {:?}", mended, read);
            if let Ok(whole) = serde_json::from_str::<String>(&written) {
                prop_assert_eq!(read.unwrap(), whole);
            }
        }
    }
}
