//! Runs the program like a user.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::Duration;

/// How long a program on a terminal may print nothing.
const SILENCE: Duration = Duration::from_secs(60);

/// A folder to run the program in, without environment variables that affect it.
#[derive(Debug)]
pub struct TestDir {
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// Output and exit status of a run.
#[derive(Debug)]
pub struct Run {
    /// Exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// Asserts that the run succeeded.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert_eq!(self.status, Some(0), "out:\n{}\nerr:\n{}", self.out, self.err);
        self
    }

    /// Asserts that the run failed with `status`, printed each of `words`, and did not panic.
    #[track_caller]
    pub fn fails(self, status: i32, words: &[&str]) -> Run {
        assert_eq!(self.status, Some(status), "out:\n{}\nerr:\n{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.prints(words)
    }

    /// Asserts that the run printed each of `words` to standard error.
    #[track_caller]
    pub fn prints(self, words: &[&str]) -> Run {
        for word in words {
            assert!(self.err.contains(word), "'{word}' is not in:\n{}", self.err);
        }
        self
    }
}

impl TestDir {
    /// Creates a folder for runs of `program`.
    pub fn new(program: &str) -> TestDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        TestDir { program: program.into(), folder }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file to the folder and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// Reads a file in the folder.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Reads a text file in the folder.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    /// Returns a command that runs the program in the folder.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.path()).stdin(std::process::Stdio::null());
        // A proxy would intercept connections to loopback.
        let proxies =
            ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
        let database = ["DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME", "OHLCVT_TABLE"];
        for name in database.into_iter().chain(proxies) {
            command.env_remove(name);
        }
        command
    }

    /// Runs the program with `args` in the folder.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Run {
        finish(self.command(args))
    }

    /// Runs the program with `args`, in the shell's syntax, on a terminal `columns` wide. `answers`
    /// are prompts and the answers to them. `out` holds all that the terminal shows.
    #[track_caller]
    pub fn run_on_terminal(&self, args: &str, columns: u16, answers: &[(&str, &str)]) -> Run {
        // A terminal without rows has no known size.
        let shell = format!("stty rows 50 cols {columns}; exec {} {args}", self.program.display());
        let mut command = self.command(&[] as &[&str]);
        let environment: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        command = Command::new("script");
        command.current_dir(self.path()).args(["-qec", &shell, "/dev/null"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        for name in environment {
            command.env_remove(name);
        }
        let mut child = command.spawn().expect("script, of util-linux");
        let mut stdin = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        let (terminal, chunks) = mpsc::channel();
        std::thread::spawn(move || {
            let mut stdout = stdout;
            let mut buffer = [0; 4096];
            while let Ok(read) = stdout.read(&mut buffer)
                && read > 0
                && terminal.send(buffer[..read].to_vec()).is_ok()
            {}
        });
        let mut out = Vec::new();
        for (prompt, answer) in answers {
            let from = out.len();
            // Each answer is typed after its prompt: before that the terminal would echo it.
            while !String::from_utf8_lossy(&out[from..]).contains(prompt) {
                let Ok(more) = chunks.recv_timeout(SILENCE) else {
                    let _ = child.kill();
                    panic!("no prompt \"{prompt}\" in:\n{}", String::from_utf8_lossy(&out));
                };
                out.extend(more);
            }
            // The prompt appears shortly before the echo is turned off.
            sleep(Duration::from_millis(200));
            writeln!(stdin, "{answer}").expect("the terminal's input");
        }
        while let Ok(more) = chunks.recv_timeout(SILENCE) {
            out.extend(more);
        }
        let status = child.wait().expect("the program ends").code();
        let out = String::from_utf8_lossy(&out).replace("\r\n", "\n");
        Run { status, out, err: String::new() }
    }

    /// Returns every file below `folder` with its content, by relative path, without the log.
    pub fn tree(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.file(folder);
        let mut files = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().is_some_and(|name| name != "pipeline.log") {
                    let name = path.strip_prefix(&root).expect("below the root").to_owned();
                    files.insert(name, std::fs::read(&path).expect("a file"));
                }
            }
        }
        files
    }
}

/// Runs a command to completion.
pub fn finish(mut command: Command) -> Run {
    let output: Output = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
