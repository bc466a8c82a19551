//! **Contexts**: how many different encryption contexts there were, in bounded
//! space.
//!
//! The smallest 64 of evenly spread hashes: with fewer contexts the number is
//! exact, with more it is estimated from how close together the smallest lie
//! (standard error 1/sqrt(62), 13 %). Such sketches merge by taking the smallest
//! of both, whatever was counted twice.

use std::collections::BTreeSet;

use twox_hash::XxHash64;

/// Hashes kept.
pub(super) const HASHES_MAX: usize = 64;

/// The smallest hashes of the contexts seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contexts {
    smallest: BTreeSet<u64>,
}

impl Contexts {
    /// Takes in one context: its pairs in any order.
    pub(super) fn add(&mut self, pairs: &mut [(&str, &str)], buffer: &mut Vec<u8>) {
        pairs.sort_unstable();
        buffer.clear();
        for &mut (key, value) in pairs {
            for text in [key, value] {
                buffer.extend_from_slice(&(text.len() as u64).to_le_bytes());
                buffer.extend_from_slice(text.as_bytes());
            }
        }
        let hash = XxHash64::oneshot(0, buffer);
        if self.smallest.len() < HASHES_MAX {
            self.smallest.insert(hash);
        } else if self.smallest.last().is_some_and(|last| hash < *last)
            && self.smallest.insert(hash)
        {
            self.smallest.pop_last();
        }
    }

    /// The hashes as they are stored, ascending; none without contexts.
    pub(super) fn stored(&self) -> Option<Vec<String>> {
        if self.smallest.is_empty() {
            return None;
        }
        Some(self.smallest.iter().map(|hash| format!("{hash:016x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(names: impl Iterator<Item = u32>) -> Contexts {
        let mut contexts = Contexts::default();
        for name in names {
            let name = name.to_string();
            contexts.add(&mut [("b", &name), ("a", "1")], &mut Vec::new());
        }
        contexts
    }

    #[test]
    fn the_order_of_pairs_and_of_contexts_does_not_matter() {
        let mut turned = Contexts::default();
        turned.add(&mut [("a", "1"), ("b", "7")], &mut Vec::new());
        assert_eq!(turned, sketch([7].into_iter()));
        assert_eq!(sketch(0..500), sketch((0..500).rev()));
    }

    #[test]
    fn few_are_all_kept_and_many_are_bounded() {
        assert_eq!(sketch(0..10).stored().unwrap().len(), 10);
        assert_eq!(sketch((0..10).chain(0..10)).stored().unwrap().len(), 10);
        assert_eq!(sketch(0..10_000).stored().unwrap().len(), HASHES_MAX);
        assert_eq!(Contexts::default().stored(), None);
    }

    #[test]
    fn many_can_be_estimated() {
        let stored = sketch(0..10_000).stored().unwrap();
        let last = u64::from_str_radix(stored.last().unwrap(), 16).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let estimate = 63.0 / (last as f64 / u64::MAX as f64);
        assert!((6_000.0..16_000.0).contains(&estimate), "{estimate}");
    }
}
