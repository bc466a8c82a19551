//! The **queries**: the SQL of `queries/`, compiled in.

include!(concat!(env!("OUT_DIR"), "/queries.rs"));
