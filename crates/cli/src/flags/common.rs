//! Flags that every command accepts.

use std::path::PathBuf;

use clap::Args;

/// Flags that every command accepts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common flags")]
pub struct Common {
    /// Print errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Increase verbosity (-v, -vv).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Number of threads [default: all cores]; results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Log file [default: pipeline.log in the output folder or the working directory, see
    /// docs/conventions.md].
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Configuration file [default: data-pipeline.toml in the working directory, if it exists].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Do not write a log file.
    #[arg(long, global = true, conflicts_with = "log_file")]
    pub no_log_file: bool,
}

impl Common {
    /// Returns the verbosity: -1 quiet, 0 normal, 1 and 2 verbose.
    pub fn verbosity(&self) -> i8 {
        if self.quiet { -1 } else { self.verbose.min(2) as i8 }
    }

    /// Sets the size of the global thread pool.
    ///
    /// # Errors
    /// The system refuses this number of threads.
    pub fn set_threads(&self) -> anyhow::Result<()> {
        let threads = self.threads.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(|e| {
            let many = self.threads.map_or_else(|| "one per core".to_owned(), |n| n.to_string());
            anyhow::anyhow!(
                "cannot start the threads ({many}): {e}; use fewer with --threads, or raise the limit on memory or processes"
            )
        })
    }
}
