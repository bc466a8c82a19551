//! A **budget**: how much a run may hold in memory, and the sizes that follow
//! from it.
//!
//! What a run holds is bounded whatever the sources are: rows on their way to a
//! file, the files of one commit, and the events known for the hours in hand.
//! All of these shrink in proportion; documents are held whole, so the largest
//! one shrinks too.

use std::num::NonZeroUsize;

use crate::lake::Packing;

/// What a run holds however small its units are: the program, buffers of each
/// thread and of each column, the log of the lake.
const FIXED_BYTES: u64 = 208 << 20;

/// What the sizes of [`MemoryBudget::default`] need on top of that.
const SCALED_BYTES: u64 = 128 << 20;

/// Less cannot be promised.
pub const MEMORY_LIMIT_BYTES_MIN: u64 = 240 << 20;

/// Sizes of what a run holds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryBudget {
    /// Events of one commit, at most: also what a killed run loses.
    pub(crate) unit_events: usize,
    /// Objects of one commit, at most.
    pub(crate) unit_objects: usize,
    /// Rows of a row group, at most.
    pub(crate) row_group_rows: usize,
    /// Keys of known events held before hours are let go.
    pub(crate) known_keys: usize,
    /// Inflated bytes of one document, at most.
    pub(crate) document_bytes_max: u64,
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self {
            unit_events: 250_000,
            unit_objects: 50_000,
            row_group_rows: Packing::FRESH.row_group_rows,
            known_keys: 125_000,
            document_bytes_max: u64::MAX,
        }
    }
}

impl MemoryBudget {
    /// How files of events are packed.
    pub(crate) fn packing(&self) -> Packing {
        Packing { row_group_rows: self.row_group_rows, ..Packing::FRESH }
    }

    /// With commits of so many new events; a little more, since batches stay
    /// whole.
    #[must_use]
    pub fn with_unit_events(self, unit_events: NonZeroUsize) -> Self {
        Self { unit_events: unit_events.get(), ..self }
    }

    /// A budget for a process that may use this many bytes in all; none for
    /// less than [`MEMORY_LIMIT_BYTES_MIN`]. What lies above the default's need
    /// is left free.
    #[must_use]
    pub fn within(limit_bytes: u64) -> Option<Self> {
        if limit_bytes < MEMORY_LIMIT_BYTES_MIN {
            return None;
        }
        let default = Self::default();
        let for_rows = (limit_bytes - FIXED_BYTES).min(SCALED_BYTES);
        let scaled = |size: usize| {
            let size = size as u64 * for_rows / SCALED_BYTES;
            usize::try_from(size).unwrap_or(usize::MAX)
        };
        Some(Self {
            unit_events: scaled(default.unit_events),
            unit_objects: scaled(default.unit_objects),
            row_group_rows: scaled(default.row_group_rows),
            known_keys: scaled(default.known_keys),
            document_bytes_max: limit_bytes / 4,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_shrinks_what_is_held_and_never_widens_it() {
        let default = MemoryBudget::default();
        let small = MemoryBudget::within(250 << 20).unwrap();
        assert!(small.unit_events < default.unit_events / 2);
        assert!(small.row_group_rows < default.row_group_rows / 2);
        let large = MemoryBudget::within(64 << 30).unwrap();
        assert_eq!(large.unit_events, default.unit_events);
        assert_eq!(MemoryBudget::within(200 << 20), None);
    }
}
