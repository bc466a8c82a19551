//! An **object key** as S3 writes it into its notifications: URL-encoded, with
//! `+` for a space.

use super::refusal::{Refusal, shown};

/// The key itself.
pub(super) fn decoded(encoded: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let Some((byte, after)) = rest
                    .split_first_chunk::<2>()
                    .and_then(|(two, after)| Some((digit(two[0])? << 4 | digit(two[1])?, after)))
                else {
                    return Err(unfit(encoded));
                };
                bytes.push(byte);
                rest = after;
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| unfit(encoded))
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn unfit(encoded: &str) -> Refusal {
    Refusal::new(format!("the object key {} is not URL-encoded", shown(encoded)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plus_is_a_space_and_a_percent_sign_a_byte() {
        for (encoded, key) in [
            ("AWSLogs/a.json.gz", "AWSLogs/a.json.gz"),
            ("a+b%2Bc", "a b+c"),
            ("%c3%BC/%3D%26", "\u{fc}/=&"),
            ("", ""),
        ] {
            assert_eq!(decoded(encoded).unwrap(), key, "{encoded}");
        }
        for wrong in ["%", "a%2", "%zz", "%+1", "%ff", "%\u{e9}a"] {
            assert!(decoded(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_encoded_form(key in "\\PC{0,40}") {
            let encoded =
                key.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
            prop_assert_eq!(decoded(&encoded).unwrap(), key);
        }
    }
}
