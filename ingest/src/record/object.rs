//! An **object** of a record, read field by field.
//!
//! What derived readers do, but lenient: a field that stands there twice counts
//! the last time, as it does for every JSON reader, and anything that is no
//! object is an object without fields.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::Text;

/// A struct of which each field knows its names in JSON.
pub(crate) trait Object<'de>: Default {
    /// Takes the value of one field, or passes over it.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Reads any JSON value as an object.
pub(crate) fn read<'de, T: Object<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut object = T::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            object.take(name.get().unwrap_or_default(), &mut map)?;
        }
        Ok(object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

/// Declares a struct that is read as an [`Object`]: each field with its type
/// and its names in JSON.
macro_rules! object {
    (
        $(#[$attribute:meta])*
        $name:ident { $($field:ident: $type:ty = $($key:literal)|+),+ $(,)? }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $type,)+
        }

        impl<'de: 'a, 'a> $crate::record::object::Object<'de> for $name<'a> {
            fn take<A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match name {
                    $($($key)|+ => self.$field = map.next_value()?,)+
                    _ => {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                Ok(())
            }
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::record::object::read(deserializer)
            }
        }
    };
}

pub(crate) use object;

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        /// A pair of fields, for these tests.
        Pair {
            first: Text<'a> = "first" | "First",
            inner: Inner<'a> = "inner",
        }
    }

    object! {
        /// Inside of a pair.
        Inner {
            text: Text<'a> = "text",
        }
    }

    #[test]
    fn a_field_that_stands_there_twice_counts_the_last_time() {
        let pair: Pair<'_> =
            serde_json::from_str(r#"{"first":"a","other":[1,{}],"First":"b","inner":{"text":1}}"#)
                .unwrap();
        assert_eq!(pair.first.get(), Some("b"));
        assert_eq!(pair.inner.text.get(), Some("1"));
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for json in ["null", "7", "-7", "0.5", "true", "\"x\"", "[1,[2]]", "{}"] {
            let text = format!(r#"{{"inner":{json},"first":"a"}}"#);
            let pair: Pair<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!((pair.inner.text.get(), pair.first.get()), (None, Some("a")), "{json}");
        }
    }
}
