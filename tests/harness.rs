//! A **harness** runs `keytrail` in a temporary folder, as a user would from a shell.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) mod answering;
pub(crate) mod killing;
pub(crate) mod lake;
pub(crate) mod pack;
pub(crate) mod python;
pub(crate) mod receiver;
pub(crate) mod record;
pub(crate) mod tree;
pub(crate) mod watch;

/// A run that takes longer hangs: it is killed, so that it holds up nobody.
const RUN_SECONDS_MAX: u64 = 1_200;

/// A temporary folder: everything that a test reads and writes.
#[derive(Debug)]
pub(crate) struct Here {
    folder: TempDir,
    variables: Vec<(String, String)>,
    lake: String,
}

/// What one run of `keytrail` said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Here {
    pub(crate) fn new() -> Self {
        // Always in the same place: text is wrapped by the length of its path.
        let folder = tempfile::Builder::new().prefix("keytrail-test-").tempdir_in("/tmp").unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        let lake = folder.path().join("lake").display().to_string();
        Self { folder, variables: Vec::new(), lake }
    }

    /// Sets an environment variable for every run from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Uses another lake than the folder `lake` from now on.
    pub(crate) fn set_lake(&mut self, lake: impl Into<String>) {
        self.lake = lake.into();
    }

    pub(crate) fn lake(&self) -> &str {
        &self.lake
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// `keytrail` with a clean environment. There is no instance to ask for credentials.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = self.clean(env!("CARGO_BIN_EXE_keytrail"));
        command.args(arguments);
        command
    }

    /// A shell script that runs `keytrail` with these arguments where it says `"$@"`.
    pub(crate) fn command_in<S: AsRef<OsStr>>(
        &self,
        script: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = self.clean("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_keytrail")]).args(arguments);
        command
    }

    fn clean(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("NO_COLOR", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `keytrail` to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Said {
        self.finish(self.command(arguments).spawn().unwrap())
    }

    /// Runs `keytrail` with bytes on its standard input.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Said {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A process that stops reading is no failure of the test.
        let writing = thread::spawn(move || stdin.write_all(&input));
        let said = self.finish(child);
        let _ = writing.join().unwrap();
        said
    }

    /// Arguments of an ingest into the lake that ends with a JSON summary.
    pub(crate) fn ingest_arguments(&self, sources: &[&str]) -> Vec<String> {
        let head = ["ingest", "--format", "json", "--lake", &self.lake];
        head.iter().chain(sources).map(|&word| word.to_owned()).collect()
    }

    /// Ingests, and returns the summary. All must go well.
    #[track_caller]
    pub(crate) fn ingest(&self, sources: &[&str]) -> Value {
        self.run(self.ingest_arguments(sources)).summary(0)
    }

    /// Arguments of a compaction of the lake that ends with a JSON summary.
    pub(crate) fn compact_arguments(&self) -> [&str; 5] {
        ["compact", "--format", "json", "--lake", &self.lake]
    }

    /// Compacts, and returns the summary. All must go well.
    #[track_caller]
    pub(crate) fn compact(&self) -> Value {
        self.run(self.compact_arguments()).summary(0)
    }

    /// Starts an ingest and leaves it running.
    pub(crate) fn start_ingest(&self, sources: &[&str]) -> Child {
        self.command(self.ingest_arguments(sources)).spawn().unwrap()
    }

    /// What a started run said in the end.
    pub(crate) fn finish(&self, mut child: Child) -> Said {
        let (stdout, stderr) =
            (listen(child.stdout.take().unwrap()), listen(child.stderr.take().unwrap()));
        let deadline = Instant::now() + Duration::from_secs(RUN_SECONDS_MAX);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
            }
            thread::sleep(Duration::from_millis(3));
        };
        let text = |heard: thread::JoinHandle<Vec<u8>>| {
            self.scrub(&String::from_utf8(heard.join().unwrap()).unwrap())
        };
        Said { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The rows of a query, as JSON objects.
    #[track_caller]
    pub(crate) fn sql(&self, query: &str) -> Vec<Value> {
        let said = self.run(["sql", "--lake", &self.lake, "--format", "ndjson", query]);
        assert_eq!(said.code, Some(0), "{query}\n{said}");
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one number that a query returns.
    #[track_caller]
    pub(crate) fn number(&self, query: &str) -> i64 {
        let rows = self.sql(query);
        let row = rows[0].as_object().unwrap();
        row.values().next().unwrap().as_i64().unwrap()
    }

    /// The same text in whatever folder the test runs.
    fn scrub(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "[HERE]")
    }
}

/// Reads to the end, beside whoever waits for the process.
fn listen(mut output: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

impl Said {
    /// The JSON summary of an ingest that ended with this exit code.
    #[track_caller]
    pub(crate) fn summary(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Everything said, but for how long it took.
    pub(crate) fn without_speed(&self) -> String {
        let said = self.to_string();
        let lines: Vec<&str> = said.lines().filter(|line| !line.ends_with(" records/s")).collect();
        lines.join("\n")
    }

    /// The lines of standard error with this word in them.
    pub(crate) fn complaints_about(&self, word: &str) -> String {
        let lines: Vec<&str> = self.stderr.lines().filter(|line| line.contains(word)).collect();
        lines.join("\n")
    }
}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("killed".to_owned(), |code| code.to_string());
        writeln!(formatter, "exit code: {code}")?;
        writeln!(formatter, "----- stdout -----\n{}", self.stdout)?;
        write!(formatter, "----- stderr -----\n{}", self.stderr)
    }
}

/// A count of a summary.
#[track_caller]
pub(crate) fn count(summary: &Value, name: &str) -> u64 {
    summary[name].as_u64().unwrap_or_else(|| panic!("no count {name} in {summary:#}"))
}
