//! What ingest is measured against.
//!
//! ```text
//! keytrail-bench floor TREE          list, open, read and inflate all log files
//! keytrail-bench crates TREE RUNS    inflate and parse them with different crates
//! keytrail-bench proxy HOST:PORT MS  forward HTTP, each request that much later
//! ```
//!
//! Each prints JSON. `bench/run` builds and runs them.

use anyhow::{Context as _, bail};

mod cost;
mod fields;
mod files;
mod floor;
mod inflate;
mod parse;
mod proxy;
#[cfg(feature = "zlib-ng")]
mod zlib_ng;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["floor", tree] => println!("{}", floor::measure(tree.as_ref())?),
        ["crates", tree, runs] => println!("{}", crates(tree.as_ref(), runs.parse()?)?),
        ["proxy", upstream, delay] => {
            proxy::serve(upstream.parse().context("HOST:PORT")?, delay.parse().context("MS")?)?;
        }
        _ => bail!("usage: keytrail-bench floor TREE | crates TREE RUNS | proxy HOST:PORT MS"),
    }
    Ok(())
}

/// Every candidate on the same files, which are in memory.
fn crates(tree: &std::path::Path, runs: usize) -> anyhow::Result<serde_json::Value> {
    let mut stored = Vec::new();
    for path in files::log_files(tree)? {
        let mut bytes = Vec::new();
        files::read(&path, &mut bytes)?;
        stored.push(bytes);
    }
    let documents = inflate::documents(&stored)?;
    Ok(serde_json::json!({
        "files": stored.len(),
        "stored_bytes": files::bytes(&stored),
        "inflated_bytes": files::bytes(&documents),
        "inflate": inflate::compare(&stored, runs)?,
        "parse": parse::compare(&documents, runs)?,
    }))
}
