//! The differences between the two snapshot stages, `state` and `regime`.

use bars::{AsOf, Symbol, Window};
use bars_io::{Entry, Source};
use serde::{Deserialize, Serialize};
use stages::features::asofs::AsOfs;
use stages::features::layout::FeatureLayout;
use stages::features::panel::Panel;
use stages::features::table::FeatureRow;
use stages::metrics::bucket_before;
use stages::{metrics, regime};

use crate::scratch_series::SpareSeries;

/// A stage that describes symbols at as-ofs.
pub trait SnapshotStage: Sync + Sized {
    /// `state` or `regime`: the name of the command, of the files and of the default folder.
    const NAME: &'static str;
    /// The stage at some as-ofs.
    type Plan: Sync;

    /// The same stage without baselines.
    fn without_baseline(&self) -> Self;
    /// The windows, ascending.
    fn windows(&self) -> &[Window];
    /// The default as-of for the close of the newest bar.
    fn default_asof(&self, newest: AsOf) -> AsOf;
    /// Normalizes a moment to an as-of: `regime` uses midnight of its date.
    fn asof(&self, moment: AsOf) -> AsOf;
    /// The first as-of that can use a bar closing at `first`.
    fn first_asof(&self, first: AsOf) -> AsOf;
    /// Calendar months of the baselines; `None` without baselines.
    fn months(&self) -> Option<u32>;
    /// Start and end of a window at an as-of.
    fn bucket(&self, window: Window, asof: AsOf) -> (AsOf, AsOf);
    /// The stage at `asofs`, ascending, at least one.
    fn plan(&self, asofs: Vec<AsOf>) -> Self::Plan;
    /// The columns of the result.
    fn layout(plan: &Self::Plan) -> &FeatureLayout;
    /// The as-ofs of a plan.
    fn asofs(plan: &Self::Plan) -> &AsOfs;
    /// Computes one symbol. Results have the name `symbol`; bars are read under that of `entry`.
    ///
    /// # Errors
    /// If the source cannot be read.
    fn compute(
        plan: &Self::Plan,
        source: &dyn Source,
        symbol: &Symbol,
        entry: &Entry,
        spare: &SpareSeries,
    ) -> bars_io::Result<SymbolSnapshots>;
}

/// What a stage computes for one symbol.
#[derive(Debug)]
pub struct SymbolSnapshots {
    /// A row per as-of by which a bar has closed.
    pub rows: Vec<FeatureRow>,
    /// A panel per window, from which the baselines come.
    pub panels: Vec<Panel>,
}

/// Intraday features, as a snapshot without missing values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State(pub metrics::ValidParams);

impl SnapshotStage for State {
    const NAME: &'static str = "state";
    type Plan = metrics::MetricsPlan;

    fn without_baseline(&self) -> State {
        State(self.0.clone().without_baseline())
    }

    fn windows(&self) -> &[Window] {
        self.0.windows()
    }

    /// The earliest window end: by then the last bucket of every window is complete.
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

    fn plan(&self, asofs: Vec<AsOf>) -> metrics::MetricsPlan {
        metrics::MetricsPlan::new(self.0.clone(), asofs, true)
    }

    fn layout(plan: &metrics::MetricsPlan) -> &FeatureLayout {
        plan.layout()
    }

    fn asofs(plan: &metrics::MetricsPlan) -> &AsOfs {
        plan.asofs()
    }

    fn compute(
        plan: &metrics::MetricsPlan,
        source: &dyn Source,
        symbol: &Symbol,
        entry: &Entry,
        spare: &SpareSeries,
    ) -> bars_io::Result<SymbolSnapshots> {
        let panels =
            spare.with_prices(source, &entry.symbol, plan.span(), |series| plan.panels(series))?;
        let rows = plan.rows(symbol, entry.first, &panels, Some(&panels));
        Ok(SymbolSnapshots { rows, panels })
    }
}

/// Daily features, as a snapshot without missing values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Regime(pub regime::ValidParams);

impl SnapshotStage for Regime {
    const NAME: &'static str = "regime";
    type Plan = regime::RegimePlan;

    fn without_baseline(&self) -> Regime {
        Regime(self.0.clone().without_baseline())
    }

    fn windows(&self) -> &[Window] {
        self.0.windows()
    }

    fn default_asof(&self, newest: AsOf) -> AsOf {
        newest.midnight()
    }

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

    fn plan(&self, asofs: Vec<AsOf>) -> regime::RegimePlan {
        regime::RegimePlan::new(self.0.clone(), asofs)
    }

    fn layout(plan: &regime::RegimePlan) -> &FeatureLayout {
        plan.layout()
    }

    fn asofs(plan: &regime::RegimePlan) -> &AsOfs {
        plan.asofs()
    }

    fn compute(
        plan: &regime::RegimePlan,
        source: &dyn Source,
        symbol: &Symbol,
        entry: &Entry,
        spare: &SpareSeries,
    ) -> bars_io::Result<SymbolSnapshots> {
        let read = |span| {
            spare.with_prices(source, &entry.symbol, span, |series| {
                plan.history(series, entry.first)
            })
        };
        let mut days = read(plan.span())?;
        if plan.needs_more(&days, entry.first) {
            days = read(plan.whole_span())?;
        }
        let panels = plan.panels(&days);
        let rows = plan.rows(symbol, entry.first, &days, &panels);
        Ok(SymbolSnapshots { rows, panels })
    }
}
