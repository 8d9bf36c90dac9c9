//! Ctrl-C and its kin, and bugs: remove what is half-written and go, at once.

use std::thread;

use std::sync::LazyLock;

use bars_io::atomic::TempFiles;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The unfinished files of this process.
pub fn temp_files() -> &'static TempFiles {
    static TEMP_FILES: LazyLock<TempFiles> = LazyLock::new(TempFiles::default);
    &TEMP_FILES
}

/// From here on an interrupt ends the process with status 130 (143 for a termination) within
/// moments. Every output is written beside its place, so nothing but those files has to be cleared
/// away, and no work has to be asked to stop.
pub fn install() {
    ignore_file_size_signal();
    tell_of_bugs();
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _held = temp_files().discard();
            crate::ui::interrupted();
            std::process::exit(128 + signal);
        }
    });
}

/// A panic is a bug of ours: it ends the process at once, from whatever thread, with a sentence
/// instead of a trace.
fn tell_of_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        let _held = temp_files().discard();
        crate::ui::eprintln_above_progress(&format!(
            "error: this is a bug of data-pipeline, please report it: {panic}"
        ));
        std::process::exit(1);
    }));
}

/// A limit on file size (`ulimit -f`) shall be an error that can be told, not a signal that kills.
#[cfg(unix)]
fn ignore_file_size_signal() {
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    // Where it cannot be taken the signal does what it always did.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, taken);
}

#[cfg(not(unix))]
fn ignore_file_size_signal() {}
