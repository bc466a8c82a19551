//! **Output**: data on stdout in the form asked for, talk on stderr.

pub(crate) mod answer;
pub(crate) mod export;
pub(crate) mod findings;
pub(crate) mod life;
pub(crate) mod listing;
pub(crate) mod progress;
pub(crate) mod text;
