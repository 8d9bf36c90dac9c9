//! Code shared by tests and benchmarks. It panics like a test, with the reason.

pub mod browser;
pub mod hostile_mysql;
pub mod http;
pub mod mariadb;
pub mod npz;
pub mod program;

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

/// The folder of real data and golden numbers: `DATA_PIPELINE_SHARED`, or `../shared` next to the
/// repository.
pub fn shared() -> Option<PathBuf> {
    let next_to_repository = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path =
        std::env::var_os("DATA_PIPELINE_SHARED").map_or_else(next_to_repository, PathBuf::from);
    path.join("golden").is_dir().then_some(path)
}

/// Returns whether the variable `name` is 1: then a missing requirement is a failure.
pub fn is_required(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value == "1")
}

/// A Python with pandas, polars and DuckDB: `DATA_PIPELINE_PYTHON`, which `cargo xtask test` sets.
pub fn python() -> Option<PathBuf> {
    std::env::var_os("DATA_PIPELINE_PYTHON").map(PathBuf::from)
}

/// A requirement of a test that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The shared folder; `DATA_PIPELINE_REQUIRE_SHARED=1` makes its absence a failure.
    Shared,
    /// MariaDB's programs; `DATA_PIPELINE_REQUIRE_MARIADB=1` makes their absence a failure.
    MariaDb,
    /// A Python with pandas, polars and DuckDB, given by `DATA_PIPELINE_PYTHON`.
    Python,
    /// valgrind; `DATA_PIPELINE_REQUIRE_VALGRIND=1` makes its absence a failure.
    Valgrind,
    /// Chromium; `DATA_PIPELINE_REQUIRE_CHROMIUM=1` makes its absence a failure.
    Chromium,
    /// Permission to mount a small disk, which root usually has.
    Mount,
}

impl Need {
    fn is_met(self) -> bool {
        match self {
            Need::Shared => shared().is_some() || is_required("DATA_PIPELINE_REQUIRE_SHARED"),
            Need::Python => python().is_some(),
            Need::Valgrind => has_valgrind() || is_required("DATA_PIPELINE_REQUIRE_VALGRIND"),
            Need::Chromium => {
                browser::is_installed() || is_required("DATA_PIPELINE_REQUIRE_CHROMIUM")
            }
            Need::Mount => can_mount(),
            Need::MariaDb => {
                mariadb::is_installed() || is_required("DATA_PIPELINE_REQUIRE_MARIADB")
            }
        }
    }
}

/// Mounts a disk of 64 kB at `folder`.
pub fn mount_small(folder: &Path) -> bool {
    let mut mount = std::process::Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder);
    mount.output().is_ok_and(|output| output.status.success())
}

fn has_valgrind() -> bool {
    std::process::Command::new("valgrind")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn can_mount() -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mounted = mount_small(folder.path());
    mounted
        && std::process::Command::new("umount")
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success())
}

/// A test that is ignored if one of its requirements is missing.
pub fn trial(name: &str, needs: &[Need], test: impl FnOnce() + Send + 'static) -> Trial {
    let ignored = !needs.iter().all(|need| need.is_met());
    let run = move || {
        test();
        Ok::<(), Failed>(())
    };
    Trial::test(name, run).with_ignored_flag(ignored)
}
