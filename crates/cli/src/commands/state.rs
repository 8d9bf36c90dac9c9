//! `data-pipeline state`

use std::path::PathBuf;

use bars::{AsOf, Symbol, Window};
use bars_io::{Entry, Source};
use clap::Args;
use stages::features::asofs::AsOfs;
use stages::features::layout::Layout;
use stages::metrics::{Params, Plan, ValidParams, bucket_before};

use super::intraday::{PICKS, windows};
use super::prices::with_prices;
use super::snapshots::{self, SnapshotFlags, Stage, Study};
use super::standing::Pick;
use crate::ui::Usage;

/// Flags of `state`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The windows.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h", allow_hyphen_values = true)]
    pub windows: String,
    /// Add the window 72h.
    #[arg(long)]
    pub enable_72h: bool,
    /// The share of a window's minutes that must be there for it to have metrics, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, allow_negative_numbers = true)]
    pub coverage_threshold: f64,
    /// Calendar months of the baselines.
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub months: u32,
    /// The folder of the snapshots: a partition dt=YYYY-MM-DD for each date.
    #[arg(long, value_name = "DIR", default_value = "data/state")]
    pub out: PathBuf,
    /// Time from one snapshot of a panel to the next.
    #[arg(long, value_name = "WINDOW", default_value = "1h", requires = "from")]
    pub every: Window,
    /// What is shared with regime.
    #[command(flatten)]
    pub snapshots: SnapshotFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let params = Params {
        windows: windows(&flags.windows, flags.enable_72h)?,
        coverage_threshold: flags.coverage_threshold,
        months: (!flags.snapshots.no_baseline).then_some(flags.months),
    };
    let state = State(params.check().map_err(|e| Usage(e.to_string()))?);
    snapshots::run(&state, &flags.snapshots, &flags.out, flags.every, None)
}

struct State(ValidParams);

impl Stage for State {
    const NAME: &'static str = "state";
    const PICKS: &'static [Pick] = PICKS;
    const SHOWN: Window = Window::DAY;
    type Plan = Plan;

    fn without_baseline(&self) -> State {
        State(self.0.clone().without_baseline())
    }

    fn windows(&self) -> &[Window] {
        self.0.windows()
    }

    /// The smallest window end: by then every window's last bucket was complete.
    fn default_asof(&self, newest: AsOf) -> AsOf {
        let ends = self.windows().iter().map(|&window| AsOf::start_of(newest.end().floor(window)));
        ends.min().unwrap_or(newest)
    }

    fn asof(&self, moment: AsOf) -> AsOf {
        moment
    }

    fn first_asof(&self, first: AsOf) -> AsOf {
        first
    }

    fn months(&self) -> Option<u32> {
        self.0.months()
    }

    fn bucket(&self, window: Window, asof: AsOf) -> (AsOf, AsOf) {
        let start = bucket_before(asof, window);
        (AsOf::start_of(start), AsOf::start_of(start.plus(window.minutes())))
    }

    fn plan(&self, asofs: Vec<AsOf>) -> Plan {
        Plan::new(self.0.clone(), asofs, true)
    }

    fn asofs(plan: &Plan) -> &AsOfs {
        plan.asofs()
    }

    fn layout(plan: &Plan) -> &Layout {
        plan.layout()
    }

    fn study(plan: &Plan, source: &dyn Source, symbol: &Symbol, entry: &Entry) -> bars_io::Result<Study> {
        let panels = with_prices(source, &entry.symbol, plan.span(), |series| plan.panels(series))?;
        let rows = plan.rows(symbol, entry.first, &panels, Some(&panels));
        Ok(Study { rows, panels })
    }
}
