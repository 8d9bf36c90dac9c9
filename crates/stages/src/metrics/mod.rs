//! Intraday metrics of a symbol over windows of minutes, compared with the symbol's own history.
//!
//! ```
//! use bars::{AsOf, Bar, Minute, Series};
//! use stages::metrics::{Params, MetricsPlan};
//!
//! let bar = |i: i64| {
//!     let close = 100.0 + (i as f64 / 9.0).sin();
//!     let time = Minute::new(i).unwrap();
//!     Bar { time, open: close, high: close + 0.1, low: close - 0.1, close, volume: 1.0, trades: None }
//! };
//! let series: Series = (0..3 * 1440).map(bar).collect();
//! let asof = AsOf::close_of(series.ends().unwrap().1);
//! let params = Params { windows: vec!["1h".parse().unwrap()], ..Params::default() }.check().unwrap();
//! let plan = MetricsPlan::new(params, vec![asof], false);
//! let panels = plan.panels(&series);
//! let rows = plan.rows(&"A/USD".parse().unwrap(), Minute::new(0).unwrap(), &panels, Some(&panels));
//! assert_eq!(rows.len(), 1);
//! assert_eq!(rows[0].window(0).coverage(), 1.0);
//! ```

use std::sync::Arc;

use bars::resample::bin;
use bars::{AsOf, Minute, Series, Span, Symbol, Window};

use crate::features::asofs::AsOfs;
use crate::features::baseline::Baselines;
use crate::features::layout::{FeatureLayout, LayoutOptions};
use crate::features::panel::Panel;
use crate::features::table::{FeatureRow, WindowValues};

pub use self::bins::bin_minutes;
pub use self::params::{Params, ValidParams};
pub use self::table::{CATALOG, Intraday};

mod bins;
mod params;
mod table;
mod values;

/// Parameters, as-ofs and the resulting columns of a computation.
#[derive(Debug, Clone)]
pub struct MetricsPlan {
    params: ValidParams,
    asofs: AsOfs,
    layout: FeatureLayout,
}

impl MetricsPlan {
    /// Creates a plan for at least one as-of. `is_imputed` replaces missing values by neutral ones
    /// and adds masks.
    pub fn new(params: ValidParams, asofs: Vec<AsOf>, is_imputed: bool) -> MetricsPlan {
        let options = LayoutOptions { has_baseline: params.months().is_some(), is_imputed };
        let layout = FeatureLayout::new(CATALOG, params.windows(), options);
        MetricsPlan { asofs: AsOfs::new(asofs, params.months()), params, layout }
    }

    /// The columns of the result.
    pub fn layout(&self) -> &FeatureLayout {
        &self.layout
    }

    /// The as-ofs and the spans of their baselines.
    pub fn asofs(&self) -> &AsOfs {
        &self.asofs
    }

    /// The span of the bars that windows and baselines need.
    pub fn span(&self) -> Span {
        let first = self.params.windows().iter().map(|&window| self.span_of(window).start).min();
        Span { start: first.unwrap_or(Minute::MIN), end: self.asofs.end() }
    }

    /// The span of the bars that the windows at the as-ofs need.
    pub fn current_span(&self) -> Span {
        let starts = self.params.windows().iter().map(|&window| self.current_start(window));
        Span { start: starts.min().unwrap_or(Minute::MIN), end: self.asofs.end() }
    }

    fn current_start(&self, window: Window) -> Minute {
        let starts = self.asofs.as_slice().iter().map(|&asof| bucket_before(asof, window));
        starts.min().unwrap_or(Minute::MIN)
    }

    /// The span of the buckets of a window that are needed.
    fn span_of(&self, window: Window) -> Span {
        let current = self.current_start(window);
        let start = self.asofs.reach().map_or(current, |start| start.min(current));
        Span { start, end: self.asofs.end() }
    }

    /// Returns a panel per window with all needed buckets for which `series` has bars.
    pub fn panels(&self, series: &Series) -> Vec<Panel> {
        self.params
            .windows()
            .iter()
            .map(|&window| self.panel(series, window, self.span_of(window)))
            .collect()
    }

    /// Returns a panel per window with the buckets at the as-ofs only.
    pub fn current_panels(&self, series: &Series) -> Vec<Panel> {
        let span = |window| Span { start: self.current_start(window), end: self.asofs.end() };
        self.params
            .windows()
            .iter()
            .map(|&window| self.panel(series, window, span(window)))
            .collect()
    }

    fn panel(&self, series: &Series, window: Window, span: Span) -> Panel {
        let minutes = window.minutes();
        let first = span.start.plus(minutes - 1).floor(window);
        let bars = series.range(Span { start: first, end: span.end.floor(window) });
        let mut panel =
            Panel::with_capacity(window, Intraday::TABLE.len(), bars.len() / minutes as usize);
        let width = bin_minutes(window);
        // Bins are computed bucket by bucket, so that they stay in the L1 cache.
        let (mut bins, mut scratch) = (Series::default(), values::Scratch::default());
        let mut at = bars.start;
        while at < bars.end {
            let start = series.time()[at].floor(window);
            let end = start.plus(minutes);
            let most = bars.end.min(at + minutes as usize);
            let next = at + series.time()[at..most].partition_point(|&time| time < end);
            let coverage = (next - at) as f64 / f64::from(minutes);
            let is_ok = coverage >= self.params.coverage_threshold();
            panel.push(start, coverage, is_ok, |row| {
                if width.minutes() == 1 {
                    values::fill(values::Bins::new(series, at..next), &mut scratch, row);
                } else {
                    bin(series, at..next, width, &mut bins);
                    values::fill(values::Bins::new(&bins, 0..bins.len()), &mut scratch, row);
                }
            });
            at = next;
        }
        panel
    }

    /// Returns the rows of a symbol: one per as-of by which a bar of it has closed. `first` is the
    /// open time of its first bar. `current` provides the windows and `history` the baselines; they
    /// may be the same.
    pub fn rows(
        &self,
        symbol: &Symbol,
        first: Minute,
        current: &[Panel],
        history: Option<&[Panel]>,
    ) -> Vec<FeatureRow> {
        let (catalog, min_n) = (&self.layout.catalog, self.params.min_baseline_n());
        let mut windows: Vec<Snapshots<'_>> = (0..current.len())
            .map(|w| {
                let history = history.map(|panels| Baselines::new(&panels[w], catalog.metrics));
                Snapshots { current: &current[w], history, min_n, last: None }
            })
            .collect();
        let known = self.asofs.as_slice().iter().filter(|&&asof| AsOf::close_of(first) <= asof);
        known
            .map(|&asof| {
                let baseline = self.asofs.baseline(asof);
                let readings = windows
                    .iter_mut()
                    .map(|window| window.at(asof, baseline, &self.layout))
                    .collect();
                FeatureRow::new(&self.layout, symbol.clone(), asof, readings)
            })
            .collect()
    }
}

/// Returns the start of the last bucket of `window` that is complete at `asof`.
pub fn bucket_before(asof: AsOf, window: Window) -> Minute {
    asof.end().floor(window).plus(-window.minutes())
}

/// The values of a window at consecutive as-ofs. In dense panels the longer windows change only at
/// a few of them.
struct Snapshots<'a> {
    current: &'a Panel,
    history: Option<Baselines<'a>>,
    /// Minimum number of values in a baseline.
    min_n: usize,
    last: Option<(Minute, std::ops::Range<usize>, Arc<WindowValues>)>,
}

impl Snapshots<'_> {
    fn at(
        &mut self,
        asof: AsOf,
        baseline: Option<Span>,
        layout: &FeatureLayout,
    ) -> Arc<WindowValues> {
        let start = bucket_before(asof, self.current.window());
        let mut range = 0..0;
        if let (Some(history), Some(span)) = (&mut self.history, baseline) {
            range = history.panel().within(span);
            if self.last.as_ref().is_none_or(|last| last.1 != range) {
                history.slide(range.clone());
            }
        }
        if let Some((last, over, reading)) = &self.last
            && (*last, over) == (start, &range)
        {
            return reading.clone();
        }
        let bucket = self.current.at(start);
        let coverage = bucket.map_or(0.0, |bucket| bucket.coverage);
        let values = bucket.and_then(|bucket| self.current.values(bucket));
        let knots = |metric| self.history.as_ref().and_then(|history| history.knots(metric));
        let reading =
            Arc::new(WindowValues::new(&layout.catalog, coverage, values, knots, self.min_n));
        self.last = Some((start, range, reading.clone()));
        reading
    }
}
