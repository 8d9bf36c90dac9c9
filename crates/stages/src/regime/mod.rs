//! Daily regime features of a symbol over windows of whole days.
//!
//! ```
//! use bars::{AsOf, Bar, Minute, Series};
//! use stages::regime::{Params, RegimePlan};
//!
//! let bar = |i: i64| {
//!     let close = 100.0 + (i as f64 / 999.0).sin();
//!     let time = Minute::new(i).unwrap();
//!     Bar { time, open: close, high: close + 0.1, low: close - 0.1, close, volume: 1.0, trades: None }
//! };
//! let series: Series = (0..40 * 1440).map(bar).collect();
//! let (first, last) = series.ends().unwrap();
//! let params = Params { windows: vec!["7d".parse()?], ..Params::default() }.check()?;
//! let plan = RegimePlan::new(params, vec![AsOf::close_of(last)]);
//! let days = plan.history(&series, first);
//! let rows = plan.rows(&"A/USD".parse()?, first, &days, &plan.panels(&days));
//! assert_eq!(rows.len(), 1);
//! assert!(rows[0].window(0).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use bars::resample::resample;
use bars::{AsOf, Minute, Series, Span, Symbol, Window};

use crate::features::asofs::AsOfs;
use crate::features::baseline::Baselines;
use crate::features::layout::{FeatureLayout, LayoutOptions};
use crate::features::panel::Panel;
use crate::features::table::{FeatureRow, WindowValues};

pub use self::params::{Params, ValidParams};
pub use self::table::{CATALOG, Daily};

mod history;
mod params;
mod table;
mod values;

use history::{CONTEXT, History};

/// Minimum share of a window's days with a bar.
pub const COVERAGE_THRESHOLD: f64 = 0.8;

/// Days read before the first bucket for its averages: [`CONTEXT`] daily bars, and some extra for
/// gaps.
const LEAD_DAYS: i64 = CONTEXT as i64 * 6 / 5;

/// Parameters, as-ofs and the resulting columns of a computation.
#[derive(Debug, Clone)]
pub struct RegimePlan {
    params: ValidParams,
    asofs: AsOfs,
    layout: FeatureLayout,
}

impl RegimePlan {
    /// Creates a plan for the UTC dates of at least one as-of.
    pub fn new(params: ValidParams, asofs: Vec<AsOf>) -> RegimePlan {
        let options = LayoutOptions { has_baseline: params.months().is_some(), is_imputed: true };
        let layout = FeatureLayout::new(CATALOG, params.windows(), options);
        let asofs = AsOfs::new(asofs.into_iter().map(AsOf::midnight), params.months());
        RegimePlan { params, asofs, layout }
    }

    /// The columns of the result.
    pub fn layout(&self) -> &FeatureLayout {
        &self.layout
    }

    /// The as-ofs (00:00 UTC of their dates) and the spans of their baselines.
    pub fn asofs(&self) -> &AsOfs {
        &self.asofs
    }

    /// The first minute of the first bucket that is needed.
    fn start(&self) -> Minute {
        let windows = || self.params.windows().iter();
        let longest = windows().map(|window| window.minutes()).max().unwrap_or(0);
        let current = self.asofs.as_slice().iter().map(|asof| asof.end().plus(-longest)).min();
        current.into_iter().chain(self.asofs.reach()).min().unwrap_or(Minute::MIN)
    }

    /// The span of the bars that are needed, unless [`RegimePlan::needs_more`] returns true.
    pub fn span(&self) -> Span {
        let breakout = i64::from(self.params.breakout_days());
        let start = AsOf::start_of(self.start())
            .plus(-(LEAD_DAYS.max(breakout)) * i64::from(bars::time::DAY));
        Span { start: start.midnight().ceil(), end: self.asofs.end() }
    }

    /// All bars up to the last as-of.
    pub fn whole_span(&self) -> Span {
        Span { start: Minute::MIN, end: self.asofs.end() }
    }

    /// Returns the days of `series`; `first` is the open time of the symbol's first bar, which may
    /// be earlier.
    pub fn history(&self, series: &Series, first: Minute) -> Days {
        Days(History::new(&resample(series, Window::DAY), first, self.params.breakout_days()))
    }

    /// Returns whether, because of gaps, the days before the first bucket are too few to determine
    /// its metrics. Then the whole history must be read. `first` is the open time of the symbol's
    /// first bar.
    pub fn needs_more(&self, days: &Days, first: Minute) -> bool {
        first < self.span().start && !days.0.is_settled_before(self.start())
    }

    /// Returns a panel per window with the epoch-aligned buckets of the baselines.
    pub fn panels(&self, days: &Days) -> Vec<Panel> {
        let end = self.asofs.end();
        let panel = |&window: &Window| {
            let mut panel = Panel::new(window, Daily::TABLE.len());
            let mut start = self.start().plus(window.minutes() - 1).floor(window);
            let mut scratch = values::Scratch::default();
            while self.params.months().is_some() && start.plus(window.minutes()) <= end {
                let found = days.0.within(start, window);
                if !found.is_empty() {
                    let coverage = coverage(found.len(), window);
                    panel.push(start, coverage, coverage >= COVERAGE_THRESHOLD, |row| {
                        values::fill(&days.0, found, &mut scratch, row);
                    });
                }
                start = start.plus(window.minutes());
            }
            panel
        };
        self.params.windows().iter().map(panel).collect()
    }

    /// Returns the rows of a symbol: one per as-of by which a bar of it has closed. `first` is the
    /// open time of its first bar.
    pub fn rows(
        &self,
        symbol: &Symbol,
        first: Minute,
        days: &Days,
        history: &[Panel],
    ) -> Vec<FeatureRow> {
        let metrics = self.layout.catalog.metrics;
        let mut baselines: Vec<Baselines<'_>> =
            history.iter().map(|panel| Baselines::new(panel, metrics)).collect();
        let mut scratch = values::Scratch::default();
        let known = self.asofs.as_slice().iter().filter(|&&asof| AsOf::close_of(first) <= asof);
        known
            .map(|&asof| {
                let readings = baselines.iter_mut().map(|baselines| {
                    let window = baselines.panel().window();
                    if let Some(span) = self.asofs.baseline(asof) {
                        baselines.slide(baselines.panel().within(span));
                    }
                    let found = days.0.within(asof.end().plus(-window.minutes()), window);
                    let coverage = coverage(found.len(), window);
                    let mut row = vec![f64::NAN; metrics.len()];
                    let is_ok = coverage >= COVERAGE_THRESHOLD;
                    if is_ok {
                        values::fill(&days.0, found, &mut scratch, &mut row);
                    }
                    let values = is_ok.then_some(&row[..]);
                    let knots = |metric| baselines.knots(metric);
                    let min_n = self.params.min_baseline_n();
                    Arc::new(WindowValues::new(
                        &self.layout.catalog,
                        coverage,
                        values,
                        knots,
                        min_n,
                    ))
                });
                let readings = readings.collect();
                FeatureRow::new(&self.layout, symbol.clone(), asof, readings)
            })
            .collect()
    }
}

/// The days of a symbol with their moving averages and breakouts.
#[derive(Debug)]
pub struct Days(History);

fn coverage(days: usize, window: Window) -> f64 {
    days as f64 / f64::from(window.minutes() / bars::time::DAY)
}
