//! A **parameter**: a value that a detection leaves to its user, with a default.

use serde::{Deserialize, Serialize};
use toml::Value;

use super::bind::micros_of;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// A number.
    Integer(i64),
    /// A duration such as `90d`, or plain text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

impl Parameter {
    /// Reads a value given on the command line in the form of the default.
    #[must_use]
    pub fn like_default(&self, text: &str) -> Option<Self> {
        match self {
            Self::Integer(_) => Some(Self::Integer(text.parse().ok()?)),
            Self::Text(_) => self.text_like_default(text),
            Self::List(_) if text.is_empty() => Some(Self::List(Vec::new())),
            Self::List(_) => Some(Self::List(text.split(',').map(str::to_owned).collect())),
        }
    }

    /// Takes a value of a configuration if it has the form of the default.
    #[must_use]
    pub fn value_like_default(&self, value: &Value) -> Option<Self> {
        match (self, value) {
            (Self::Integer(_), Value::Integer(number)) => Some(Self::Integer(*number)),
            (Self::Text(_), Value::String(text)) => self.text_like_default(text),
            (Self::List(_), Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map(Self::List),
            _ => None,
        }
    }

    /// A duration stays a duration, and plain text must not become one: they are
    /// bound as different types.
    fn text_like_default(&self, text: &str) -> Option<Self> {
        let same = self.micros().is_some() == micros_of(text).is_some();
        same.then(|| Self::Text(text.to_owned()))
    }

    /// What a value must be, in words.
    #[must_use]
    pub fn form(&self) -> &'static str {
        match self {
            Self::Integer(_) => "a whole number",
            Self::Text(_) if self.micros().is_some() => "a duration such as \"90d\" or \"12h\"",
            Self::Text(_) => "a text that is no duration",
            Self::List(_) => "a list of texts",
        }
    }

    /// Length of a duration, microseconds.
    pub(crate) fn micros(&self) -> Option<i64> {
        match self {
            Self::Text(text) => micros_of(text),
            _ => None,
        }
    }

    /// The value as it stands in a header.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::List(items) => Value::from(items.clone()).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_the_form_of_its_default() {
        let (number, span, word, list) = (
            Parameter::Integer(3),
            Parameter::Text("90d".to_owned()),
            Parameter::Text("Finance".to_owned()),
            Parameter::List(Vec::new()),
        );
        assert_eq!(number.like_default("5"), Some(Parameter::Integer(5)));
        assert_eq!(span.like_default("12h"), Some(Parameter::Text("12h".to_owned())));
        assert_eq!(list.like_default(""), Some(Parameter::List(Vec::new())));
        for (default, wrong) in [(&number, "many"), (&span, "soon"), (&word, "90d")] {
            assert_eq!(default.like_default(wrong), None, "{wrong}");
        }
        assert_eq!(number.value_like_default(&Value::from("5")), None);
        assert_eq!(list.value_like_default(&Value::from(vec![1])), None);
        assert_eq!(
            list.value_like_default(&Value::from(vec!["a"])),
            Some(Parameter::List(vec!["a".to_owned()]))
        );
    }
}
