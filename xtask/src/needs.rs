//! What tests and benchmarks need of the machine, installed where it is missing and can be.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run;

/// MariaDB's server, and openssl for its certificate.
pub fn mariadb() -> Result<(), String> {
    package("mariadbd", "mariadb-server")?;
    package("openssl", "openssl")
}

/// The browser in which pages are looked at.
pub fn chromium() -> Result<(), String> {
    package("chromium", "chromium")
}

/// The checker of memory accesses.
pub fn valgrind() -> Result<(), String> {
    package("valgrind", "valgrind")
}

/// A private Python with `packages`, in the target folder.
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

/// Sees to it that `program` can be run, which Debian has in `package`.
fn package(program: &str, package: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    if folders.any(|folder| folder.join(program).is_file()) { Ok(()) } else { debian(package) }
}

fn debian(package: &str) -> Result<(), String> {
    let remedy =
        format!("{package} is needed and could not be installed here; install it and run this again");
    if !Path::new("/usr/bin/apt-get").is_file() {
        return Err(remedy);
    }
    eprintln!("installing {package} from Debian's packages");
    // A service that a package starts by itself is not wanted: tests start their own.
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        run(apt.stdout(std::process::Stdio::null()))
    };
    apt(&["update", "-qq"])
        .and_then(|()| apt(&["install", "-y", "-qq", "--no-install-recommends", package]))
        .map_err(|why| format!("{why}\n{remedy} (as root: apt-get install {package})"))
}
