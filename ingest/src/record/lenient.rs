//! A **lenient** value: one field of a record, read as what it means rather
//! than as what type it has this time.
//!
//! CloudTrail writes booleans as strings, numbers as strings, and documents
//! redacted by hand put either where the other belongs. A field of an odd type
//! must not cost the record.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Most entries kept of one object; the record's JSON text has them all.
const ENTRIES_MAX: usize = 1_000;

/// Text, borrowed from the document unless it has escapes. A number or boolean
/// is kept as its text; null, an object or a list is absent.
#[derive(Debug, Default, Clone)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, if there is any. Empty text counts as absent.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// As a boolean, from `true` or `"true"`.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.0.as_deref()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// As an integer.
    pub(crate) fn integer(&self) -> Option<i64> {
        self.0.as_deref()?.parse().ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_owned()))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(if value { "true" } else { "false" }))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

/// A list of texts; a single text counts as a list of one.
#[derive(Debug, Default)]
pub(crate) struct TextList<'a>(pub(crate) Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for TextList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(if raw.starts_with('[') {
            Self(serde_json::from_str(raw).map_err(D::Error::custom)?)
        } else {
            let one: Text<'de> = serde_json::from_str(raw).map_err(D::Error::custom)?;
            Self(Vec::from_iter(one.0.is_some().then_some(one)))
        })
    }
}

/// An object of texts in the order written; anything else is absent.
#[derive(Debug, Default)]
pub(crate) struct TextMap<'a>(pub(crate) Option<Vec<(Text<'a>, Text<'a>)>>);

impl TextMap<'_> {
    /// The entries, if the field was an object.
    pub(crate) fn entries(&self) -> Option<impl Iterator<Item = (&str, Option<&str>)>> {
        let entries = self.0.as_ref()?;
        Some(
            entries
                .iter()
                .map(|(key, value)| (key.0.as_deref().unwrap_or_default(), value.0.as_deref())),
        )
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TextMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = TextMap<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(TextMap(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(TextMap(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(TextMap(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(TextMap(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(TextMap(None))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(TextMap(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(TextMap(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(Text<'de>, Text<'de>)> = Vec::new();
                while let Some((key, value)) = access.next_entry::<Text<'de>, Text<'de>>()? {
                    // Arrow and Delta maps have each key once; the last one
                    // wins, as it does for every JSON reader.
                    match entries.iter().position(|(known, _)| known.0 == key.0) {
                        Some(index) => entries[index].1 = value,
                        None if entries.len() < ENTRIES_MAX => entries.push((key, value)),
                        None => {}
                    }
                }
                Ok(TextMap(Some(entries)))
            }
        }
        deserializer.deserialize_any(MapVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        let text: Text<'_> = serde_json::from_str(json).unwrap();
        text.get().map(str::to_owned)
    }

    #[test]
    fn any_scalar_is_text_and_anything_else_is_absent() {
        assert_eq!(read(r#""a\"b""#).as_deref(), Some("a\"b"));
        assert_eq!(read("7").as_deref(), Some("7"));
        assert_eq!(read("true").as_deref(), Some("true"));
        for absent in ["null", "\"\"", "[1,[2]]", r#"{"a":{"b":1}}"#] {
            assert_eq!(read(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_string_boolean_is_a_boolean() {
        let text: Text<'_> = serde_json::from_str(r#""true""#).unwrap();
        assert_eq!(text.flag(), Some(true));
        let text: Text<'_> = serde_json::from_str("false").unwrap();
        assert_eq!(text.flag(), Some(false));
    }

    #[test]
    fn a_map_keeps_each_key_once_and_its_last_value() {
        let map: TextMap<'_> = serde_json::from_str(r#"{"a":"1","b":2,"a":"3"}"#).unwrap();
        let entries: Vec<_> = map.entries().unwrap().collect();
        assert_eq!(entries, [("a", Some("3")), ("b", Some("2"))]);
    }
}
