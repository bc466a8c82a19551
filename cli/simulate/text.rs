//! Text is what files are made of: bytes that grow, written by hand because that is where the time goes.

use std::io::Write as _;

/// Growing text: bytes, since digits are written by hand.
pub(super) type Text = Vec<u8>;

pub(super) fn put(out: &mut Text, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn put_field(out: &mut Text, before: &str, value: &str) {
    put(out, before);
    put(out, value);
}

/// Appends a field unless it is empty, which means absent.
pub(super) fn put_optional(out: &mut Text, before: &str, value: &str, after: &str) {
    if !value.is_empty() {
        put_field(out, before, value);
        put(out, after);
    }
}

pub(super) fn put_clock(out: &mut Text, second: u32) {
    let pair = |number: u32| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
    let ([h1, h2], [m1, m2], [s1, s2]) =
        (pair(second / 3600), pair(second / 60 % 60), pair(second % 60));
    out.extend_from_slice(&[b'T', h1, h2, b':', m1, m2, b':', s1, s2]);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the lowest `digits` hexadecimal digits of `number`.
pub(super) fn put_hex(out: &mut Text, number: u64, digits: u32) {
    for digit in (0..digits).rev() {
        out.push(HEX[(number >> (digit * 4)) as usize & 15]);
    }
}

/// Appends a UUID in its usual spelling.
pub(super) fn put_uuid(out: &mut Text, id: u128) {
    let mut text = [b'-'; 36];
    let mut at = 0;
    for digit in 0..32 {
        if matches!(digit, 8 | 12 | 16 | 20) {
            at += 1;
        }
        text[at] = HEX[(id >> (124 - digit * 4)) as usize & 15];
        at += 1;
    }
    out.extend_from_slice(&text);
}

/// A UUID in its usual spelling.
pub(super) fn uuid_text(id: u128) -> String {
    let mut text = Text::new();
    put_uuid(&mut text, id);
    String::from_utf8_lossy(&text).into_owned()
}

/// Appends formatted text; writing to memory cannot fail.
pub(super) fn put_format(out: &mut Text, arguments: std::fmt::Arguments<'_>) {
    let _infallible = out.write_fmt(arguments);
}
