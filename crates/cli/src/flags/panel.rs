//! The as-ofs of a panel of `leaderboards` and `imf-stage`.

use bars::Window;
use bars::time::AsOfSpec;
use clap::Args;
use pipeline::panel::PanelRange;

/// The as-ofs of a panel.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Panel")]
pub struct PanelFlags {
    /// First evaluation time of a panel: a table over many evaluation times, with one partition
    /// dt=YYYY-MM-DD per date.
    #[arg(long, value_name = "TIME", value_parser = super::values::asof, requires = "to", conflicts_with_all = ["asof", "shard"])]
    pub from: Option<AsOfSpec>,
    /// Last evaluation time of a panel (inclusive), or `latest`.
    #[arg(long, value_name = "TIME", value_parser = super::values::asof, requires = "from")]
    pub to: Option<AsOfSpec>,
    /// Time between the evaluation times of a panel.
    #[arg(long, value_name = "WINDOW", default_value = "1d", requires = "from")]
    pub every: Window,
    /// Allow more than one as-of of a panel after the newest bar.
    #[arg(long, requires = "from")]
    pub allow_future: bool,
}

impl PanelFlags {
    /// Returns the as-ofs, or `None` if no panel is wanted.
    pub fn range(&self) -> Option<PanelRange> {
        let (from, to) = self.from.zip(self.to)?;
        Some(PanelRange { from, to, every: self.every, allow_future: self.allow_future })
    }
}

/// What to do about flags of a panel without `--from`.
pub const WITHOUT_FROM: &str = "give the times of a panel with --from and --to, or drop its flags";

/// Returns what to do about `flag`, which cannot be used with `--from`.
pub fn remedy(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "--asof" => "--from, --to and --every give the as-ofs of a panel; drop --asof",
        "--shard" => {
            "divide a panel by dates: run it for parts of the dates with --from and --to, into the same folder"
        }
        "--cohort-format" => {
            "a panel has no cohort files; drop --cohort-format, or write them at one as-of with --asof"
        }
        _ => return None,
    })
}
