//! A private MariaDB server: its own folder and port, removed when dropped.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

/// The password of the server's user.
pub const PASSWORD: &str = "p@ss:wörd";

/// A running server.
#[derive(Debug)]
pub struct Server {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

/// Returns the path of the server's program: on PATH or where Debian installs it.
fn mariadbd() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("mariadbd")).find(|file| file.is_file())
}

/// Returns whether a server can be started.
pub fn is_installed() -> bool {
    mariadbd().is_some()
}

impl Server {
    /// Starts a server with an empty database `market` and the user `me` with [`PASSWORD`]. Its
    /// system time zone is not UTC, so that code that relies on UTC fails.
    pub fn start() -> Server {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        let made = Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", folder.path().join("data").display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(user())
            // A starting server removes temporary tables, in a shared folder also those of other
            // servers.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("mariadb-install-db runs");
        assert!(
            made.status.success(),
            "mariadb-install-db: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        certificates(folder.path());
        let mut server = Server { folder, port, child: None };
        server.resume();
        server.sql(&format!(
            "CREATE DATABASE market; CREATE USER me@'%' IDENTIFIED BY '{PASSWORD}'; \
             GRANT ALL ON market.* TO me@'%'; GRANT RELOAD, PROCESS, SUPER ON *.* TO me@'%'"
        ));
        server
    }

    /// Starts the server again after [`Server::kill`].
    pub fn resume(&mut self) {
        let folder = self.folder.path();
        let log = File::create(folder.join("log")).expect("a log");
        let child = Command::new(mariadbd().expect("MariaDB is installed"))
            .arg("--no-defaults")
            .arg(format!("--datadir={}", folder.join("data").display()))
            .arg(format!("--socket={}", self.socket().display()))
            .arg(format!("--port={}", self.port))
            .arg(format!("--ssl-cert={}", folder.join("cert.pem").display()))
            .arg(format!("--ssl-key={}", folder.join("key.pem").display()))
            .args([
                "--bind-address=127.0.0.1",
                "--skip-networking=0",
                "--default-time-zone=+05:30",
                "--skip-log-bin",
            ])
            .args([
                "--innodb-buffer-pool-size=256M",
                "--innodb-flush-log-at-trx-commit=2",
                "--max-connections=50",
            ])
            .args(user())
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("mariadbd starts");
        self.child = Some(child);
        let begun = Instant::now();
        while self.root().is_err() {
            let log =
                || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "mariadbd does not answer:\n{}",
                log()
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// Kills the server without warning, like a power failure.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The address of a table in the database, user and password included.
    pub fn address(&self, table: &str) -> String {
        format!("mysql://me:p%40ss%3Aw%C3%B6rd@127.0.0.1:{}/market?table={table}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed the server's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn root(&self) -> mysql::Result<Conn> {
        let options =
            OptsBuilder::new().user(Some("root")).socket(Some(self.socket().to_string_lossy()));
        Conn::new(options.prefer_socket(true))
    }

    /// Runs statements, separated by semicolons, as root.
    pub fn sql(&self, statements: &str) {
        let mut root = self.root().expect("a connection");
        for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
            root.query_drop(statement).unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
    }

    /// Returns the first value of a query.
    pub fn value(&self, query: &str) -> i64 {
        self.root()
            .and_then(|mut root| root.query_first(query))
            .expect("a value")
            .unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The user to run as: MariaDB refuses to run as root without this flag.
fn user() -> Option<&'static str> {
    std::env::var("USER").map_or(true, |user| user == "root").then_some("--user=root")
}

/// Creates an authority, and a certificate for 127.0.0.1 signed by it.
fn certificates(folder: &Path) {
    let make = |arguments: &[&str]| {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ])
            .args(["-days", "30"])
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .expect("openssl runs");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    };
    make(&["-subj", "/CN=testkit", "-keyout", "ca-key.pem", "-out", "ca.pem"]);
    make(
        &[
            &["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-subj", "/CN=localhost"][..],
            &["-addext", "basicConstraints=critical,CA:FALSE"],
            &["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            &["-keyout", "key.pem", "-out", "cert.pem"],
        ]
        .concat(),
    );
}
