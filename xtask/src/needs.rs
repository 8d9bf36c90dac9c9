//! Installs the programs that tests and benchmarks need and that are missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{READERS, run};

/// Installs all that the tests need and returns the private Python. What is there already is left
/// as it is.
pub fn setup() -> Result<PathBuf, String> {
    mariadb()?;
    valgrind()?;
    strace()?;
    chromium()?;
    python(READERS)
}

/// Installs MariaDB's server, and openssl for its certificate.
pub fn mariadb() -> Result<(), String> {
    package("mariadbd", "mariadb-server")?;
    package("openssl", "openssl")
}

/// Installs the browser in which tests open pages.
pub fn chromium() -> Result<(), String> {
    package("chromium", "chromium")
}

/// Installs the checker of memory accesses.
pub fn valgrind() -> Result<(), String> {
    package("valgrind", "valgrind")
}

/// Installs the program that kills others at a given system call.
pub fn strace() -> Result<(), String> {
    package("strace", "strace")
}

/// Creates a Python environment in the target folder, installs `packages` into it, and returns its
/// interpreter.
pub fn python(packages: &[&str]) -> Result<PathBuf, String> {
    package("python3", "python3")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python");
    let python = folder.join("bin/python");
    if !python.is_file() {
        let make = || run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        if make().is_err() {
            debian("python3-venv")?;
            make()?;
        }
    }
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(packages))?;
    Ok(python)
}

/// Installs the Debian package `package` if `program` is missing.
fn package(program: &str, package: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    if folders.any(|folder| folder.join(program).is_file()) { Ok(()) } else { debian(package) }
}

fn debian(package: &str) -> Result<(), String> {
    let remedy = format!(
        "{package} is missing and cannot be installed from here: install it and run this again"
    );
    if !Path::new("/usr/bin/apt-get").is_file() {
        return Err(remedy);
    }
    eprintln!("installing the Debian package {package}");
    // Runlevel 1 keeps a package from starting its service: tests start their own.
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        run(apt.stdout(std::process::Stdio::null()))
    };
    apt(&["update", "-qq"])
        .and_then(|()| apt(&["install", "-y", "-qq", "--no-install-recommends", package]))
        .map_err(|why| format!("{why}\n{remedy} (as root: apt-get install {package})"))
}
