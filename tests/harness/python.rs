//! **Python**: the environment with other people's software that `tests/run` makes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

/// The interpreter of that environment.
pub(crate) fn interpreter() -> PathBuf {
    let Some(path) = std::env::var_os("KEYTRAIL_TEST_PYTHON") else {
        panic!(
            "KEYTRAIL_TEST_PYTHON is not set: run tests/run, which installs what this test needs"
        );
    };
    path.into()
}

/// A script of this folder.
pub(crate) fn script(name: &str) -> Command {
    let mut command = Command::new(interpreter());
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name));
    command
}

/// An S3 server. It ends with the last test that holds it.
#[derive(Debug)]
pub(crate) struct S3Server {
    process: Process,
    pub(crate) endpoint: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

/// AWS services in memory. They end with the last test that holds them.
#[derive(Debug)]
pub(crate) struct AwsServer {
    process: Process,
    pub(crate) endpoint: String,
}

/// A script that answers each line of JSON with another one, until it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    conversation: Mutex<Conversation>,
    /// Where it listens.
    pub(crate) greeting: Value,
}

#[derive(Debug)]
struct Conversation {
    child: Child,
    /// `None` once the server was told to end.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl S3Server {
    /// The server, started when no other test has one running.
    pub(crate) fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<S3Server>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *running = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own.
    pub(crate) fn start() -> Self {
        let process = Process::start(script("s3_server.py"));
        let text = |name: &str| process.greeting[name].as_str().unwrap().to_owned();
        Self {
            endpoint: text("endpoint"),
            access_key: text("access_key"),
            secret_key: text("secret_key"),
            process,
        }
    }

    pub(crate) fn make_bucket(&self, bucket: &str) {
        self.ask(&json!({"bucket": bucket}));
    }

    /// Uploads a folder.
    pub(crate) fn put(&self, folder: &Path, bucket: &str, prefix: &str) {
        self.ask(&json!({"put": folder, "bucket": bucket, "prefix": prefix}));
    }

    /// Carries out another command of the script.
    pub(crate) fn ask(&self, command: &Value) -> Value {
        self.process.ask(command)
    }
}

impl AwsServer {
    /// The server, started when no other test has one running.
    pub(crate) fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<AwsServer>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *running = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own.
    pub(crate) fn start() -> Self {
        let process = Process::start(script("aws_server.py"));
        Self { endpoint: process.greeting["endpoint"].as_str().unwrap().to_owned(), process }
    }

    /// Calls an operation, by the names of boto3.
    pub(crate) fn call(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        self.ask(&json!({"service": service, "call": operation, "arguments": arguments}))
    }

    /// Carries out another command of the script.
    pub(crate) fn ask(&self, command: &Value) -> Value {
        self.process.ask(command)
    }
}

impl Process {
    pub(crate) fn start(mut script: Command) -> Self {
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut conversation = Conversation { child, stdin, stdout };
        let greeting = conversation.answer();
        Self { conversation: Mutex::new(conversation), greeting }
    }

    pub(crate) fn ask(&self, command: &Value) -> Value {
        let mut conversation = self.conversation.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(conversation.stdin.as_ref().unwrap(), "{command}").unwrap();
        conversation.answer()
    }
}

impl Conversation {
    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("a script failed: its message is above"))
    }
}

impl Drop for Conversation {
    /// The script ends what it started when its input closes.
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ended = self.child.wait();
    }
}
