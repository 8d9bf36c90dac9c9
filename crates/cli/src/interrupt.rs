//! Signals and panics: remove unfinished files and exit at once.

use std::thread;

use std::sync::LazyLock;

use bars_io::atomic::TempFiles;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Returns the registry of this process's unfinished files.
pub fn temp_files() -> &'static TempFiles {
    static TEMP_FILES: LazyLock<TempFiles> = LazyLock::new(TempFiles::default);
    &TEMP_FILES
}

/// Installs handlers: SIGINT exits with status 130, SIGTERM with 143 and SIGHUP (the terminal was
/// closed) with 129, immediately. Outputs are
/// written to temporary files next to their path, so removing those is all the cleanup there is.
///
/// # Errors
/// The system refuses the thread that waits for signals.
pub fn install() -> bars_io::Result<()> {
    ignore_file_size_signal();
    report_panics();
    let mut handled = vec![SIGINT, SIGTERM];
    if !is_hangup_ignored() {
        handled.push(SIGHUP);
    }
    let Ok(mut signals) = Signals::new(handled) else {
        return Ok(());
    };
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            let _held = temp_files().discard();
            crate::ui::interrupted();
            std::process::exit(128 + signal);
        }
    };
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(wait)
        .map_err(bars_io::Error::thread)?;
    Ok(())
}

/// Whether this process ignores SIGHUP, as under `nohup`; assumed if the system does not list it.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_none_or(|mask| mask & 1 == 1)
}

/// Makes a panic in any thread end the process with an error message instead of a backtrace, unless
/// the panic becomes an error.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if bars_io::panics::is_contained() {
            return;
        }
        let _held = temp_files().discard();
        crate::ui::eprintln_above_progress(&crate::secrets::without_passwords(&format!(
            "error: bug in data-pipeline, please report it: {panic}"
        )));
        std::process::exit(1);
    }));
}

/// Makes a file size limit (`ulimit -f`) fail the write with an error instead of killing the process.
#[cfg(unix)]
fn ignore_file_size_signal() {
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    // If registration fails, the signal keeps its default effect.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, taken);
}

#[cfg(not(unix))]
fn ignore_file_size_signal() {}
