//! Lists the SQL of `queries/` so that it can be compiled in: a new detection is
//! a new file, not a change to a list.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // Asked when it runs: a build folder that several clones share keeps this
    // program from one of them.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?;
    let root = Path::new(&manifest).join("../queries");
    let mut code = String::new();
    for (constant, folder) in [("VIEWS", "views"), ("DETECTIONS", "detections")] {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files: Vec<_> = fs::read_dir(&folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
            .collect();
        files.sort();
        let _ = writeln!(code, "pub(crate) const {constant}: &[(&str, &str)] = &[");
        for file in files {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let _ =
                writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string());
        }
        code.push_str("];\n");
    }
    for (constant, file) in
        [("ATTACK", "attack.csv"), ("CONTROLS", "controls.csv"), ("GROUPS", "groups.csv")]
    {
        let file = root.join(file).display().to_string();
        println!("cargo::rerun-if-changed={file}");
        let _ = writeln!(code, "pub(crate) const {constant}: &str = include_str!({file:?});");
    }
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(Path::new(&out).join("queries.rs"), code)
}
