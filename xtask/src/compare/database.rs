//! A private MariaDB with a database for each of the two programs: in a temporary folder, on a free
//! port, stopped and removed at the end.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PASSWORD: &str = "secret";

/// A running server.
#[derive(Debug)]
pub struct Database {
    folder: PathBuf,
    port: u16,
    server: Child,
}

/// Returns the server's program, on the path or where Debian puts it.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("mariadbd")).find(|file| file.is_file())
}

impl Database {
    /// Starts a server with a database for each of `sides`; returns `None` if MariaDB is not
    /// installed.
    pub fn start(sides: &[&str]) -> Result<Option<Database>, String> {
        let Some(program) = program() else {
            return Ok(None);
        };
        let folder =
            std::env::temp_dir().join(format!("data-pipeline-compare-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|e| format!("no free port: {e}"))?.port();
        let data = format!("--datadir={}", folder.join("data").display());
        let installed = Command::new("mariadb-install-db")
            .args([
                "--no-defaults",
                &data,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .args(user())
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("cannot run mariadb-install-db: {e}"))?;
        if !installed.status.success() {
            return Err(format!(
                "mariadb-install-db failed: {}",
                String::from_utf8_lossy(&installed.stderr)
            ));
        }
        let log = File::create(folder.join("log"))
            .map_err(|e| format!("cannot write the log of MariaDB: {e}"))?;
        let server = Command::new(program)
            .args(["--no-defaults", &data, &format!("--socket={}", socket(&folder).display())])
            .args([
                &format!("--port={port}"),
                "--bind-address=127.0.0.1",
                "--skip-networking=0",
                "--skip-log-bin",
            ])
            .args(["--default-time-zone=+05:30", "--innodb-flush-log-at-trx-commit=2"])
            .args(user())
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("cannot start mariadbd: {e}"))?;
        let database = Database { folder, port, server };
        let begun = Instant::now();
        while database.sql("SELECT 1").is_err() {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err("MariaDB does not answer".to_owned());
            }
            sleep(Duration::from_millis(100));
        }
        database.sql(&format!("CREATE USER me@'%' IDENTIFIED BY '{PASSWORD}'"))?;
        for side in sides {
            database.sql(&format!(
                "CREATE DATABASE market_{side}; GRANT ALL ON market_{side}.* TO me@'%'"
            ))?;
        }
        Ok(Some(database))
    }

    /// Returns the address of a side's table.
    pub fn address(&self, side: &str, table: &str) -> String {
        format!("mysql://me:{PASSWORD}@127.0.0.1:{}/market_{side}?table={table}", self.port)
    }

    /// Returns the definition and all rows of a side's tables, to be compared.
    pub fn dump(&self, side: &str) -> Result<String, String> {
        let mut dump = String::new();
        for table in self.sql(&format!("SHOW TABLES IN market_{side}"))?.lines() {
            dump += &self.sql(&format!("SHOW CREATE TABLE market_{side}.{table}"))?;
            dump += &self
                .sql(&format!("SELECT * FROM market_{side}.{table} ORDER BY symbol, timestamp"))?;
        }
        Ok(dump)
    }

    fn sql(&self, statements: &str) -> Result<String, String> {
        let output = Command::new("mariadb")
            .args(["--no-defaults", "--user=root", "--batch", "--skip-column-names"])
            .arg(format!("--socket={}", socket(&self.folder).display()))
            .args(["--execute", statements])
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("cannot run mariadb: {e}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Nothing in the folder is needed any more, so the server need not shut down in good order.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("socket")
}

/// MariaDB refuses to run as root unless it is asked to.
fn user() -> Option<&'static str> {
    std::env::var("USER").map_or(true, |user| user == "root").then_some("--user=root")
}
