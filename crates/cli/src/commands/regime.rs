//! `data-pipeline regime`

use std::path::PathBuf;

use bars::{AsOf, Symbol, Window};
use bars_io::{Entry, Source};
use clap::Args;
use stages::features::asofs::AsOfs;
use stages::features::layout::Layout;
use stages::regime::{Daily, Params, Plan, ValidParams};

use super::prices::with_prices;
use super::snapshots::{self, SnapshotFlags, Stage, Study};
use super::standing::Pick;
use crate::output::table::Format;
use crate::ui::Usage;

/// Flags of `regime`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The windows, whole days.
    #[arg(long, value_name = "LIST", default_value = "3d,7d,14d,30d,90d", allow_hyphen_values = true)]
    pub windows: String,
    /// Calendar days over which a close is the highest or lowest.
    #[arg(long, value_name = "DAYS", default_value_t = 20, allow_negative_numbers = true)]
    pub breakout_lookback_days: u32,
    /// Calendar months of the baselines.
    #[arg(long, value_name = "N", default_value_t = 12, allow_negative_numbers = true)]
    pub months: u32,
    /// The folder of the snapshots: a partition dt=YYYY-MM-DD for each date.
    #[arg(long, value_name = "DIR", default_value = "data/regime")]
    pub out: PathBuf,
    /// Time from one snapshot of a panel to the next, whole days.
    #[arg(long, value_name = "WINDOW", default_value = "1d", requires = "from")]
    pub every: Window,
    /// Also write the panel behind the baselines: a row per symbol, window and bucket (.parquet or .csv).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_baseline", "from", "dry_run"])]
    pub series_output: Option<PathBuf>,
    /// What is shared with state.
    #[command(flatten)]
    pub snapshots: SnapshotFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let params = Params {
        windows: Window::parse_list(&flags.windows).map_err(|e| Usage(format!("--windows: {e}")))?,
        breakout_days: flags.breakout_lookback_days,
        months: (!flags.snapshots.no_baseline).then_some(flags.months),
    };
    let regime = Regime(params.check().map_err(|e| Usage(e.to_string()))?);
    if flags.every.in_days().is_none() {
        return Err(Usage(format!(
            "--every {} is not a whole number of days; a regime is of a date",
            flags.every
        ))
        .into());
    }
    if let Some(place) = &flags.series_output {
        Format::check(place)?;
    }
    snapshots::run(&regime, &flags.snapshots, &flags.out, flags.every, flags.series_output.as_deref())
}

struct Regime(ValidParams);

impl Stage for Regime {
    const NAME: &'static str = "regime";
    const PICKS: &'static [Pick] = &[
        Pick { title: "change %", metric: Daily::Roc as usize, scale: 1.0, digits: 2 },
        Pick { title: "volatility %", metric: Daily::RvClose as usize, scale: 100.0, digits: 2 },
        Pick { title: "ADX", metric: Daily::Adx as usize, scale: 1.0, digits: 0 },
        Pick { title: "breakouts up %", metric: Daily::BreakoutHiShare as usize, scale: 100.0, digits: 0 },
    ];
    const SHOWN: Window = Window::MONTH;
    type Plan = Plan;

    fn without_baseline(&self) -> Regime {
        Regime(self.0.clone().without_baseline())
    }

    fn windows(&self) -> &[Window] {
        self.0.windows()
    }

    fn default_asof(&self, newest: AsOf) -> AsOf {
        newest.midnight()
    }

    /// The regime of a moment is that of its date.
    fn asof(&self, moment: AsOf) -> AsOf {
        moment.midnight()
    }

    fn first_asof(&self, first: AsOf) -> AsOf {
        let midnight = first.midnight();
        if midnight == first { first } else { midnight.plus(i64::from(bars::time::DAY)) }
    }

    fn months(&self) -> Option<u32> {
        self.0.months()
    }

    fn bucket(&self, window: Window, asof: AsOf) -> (AsOf, AsOf) {
        (asof.plus(-i64::from(window.minutes())), asof)
    }

    fn plan(&self, asofs: Vec<AsOf>) -> Plan {
        Plan::new(self.0.clone(), asofs)
    }

    fn asofs(plan: &Plan) -> &AsOfs {
        plan.asofs()
    }

    fn layout(plan: &Plan) -> &Layout {
        plan.layout()
    }

    fn study(plan: &Plan, source: &dyn Source, symbol: &Symbol, entry: &Entry) -> bars_io::Result<Study> {
        let read =
            |span| with_prices(source, &entry.symbol, span, |series| plan.history(series, entry.first));
        let mut days = read(plan.span())?;
        if plan.needs_more(&days, entry.first) {
            days = read(plan.whole_span())?;
        }
        let panels = plan.panels(&days);
        let rows = plan.rows(symbol, entry.first, &days, &panels);
        Ok(Study { rows, panels })
    }
}
