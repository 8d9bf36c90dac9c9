//! Leaderboards at several as-ofs: each symbol is aggregated once for all of them.
//!
//! Buckets are aligned to the epoch, so a complete bucket is the same at every as-of. Only a bucket
//! that a lookback cuts, used with `include_partial`, is computed for each as-of.
//!
//! ```
//! use bars::time::AsOfSpec;
//! use bars::{Closes, Minute};
//! use stages::leaderboards::{LeaderboardsPanel, Params};
//!
//! let midnight = "2024-01-02".parse::<AsOfSpec>()?.moment().ok_or("a moment")?;
//! let asofs = [midnight, midnight.plus(60), midnight.plus(120)];
//! let params = Params { lookback_days: 1, windows: vec!["1h".parse()?], ..Params::default() }.check()?;
//! let panel = LeaderboardsPanel::new(&params, &asofs)?;
//! let mut bars = Closes::default();
//! for minute in panel.span().start.index()..panel.span().end.index() {
//!     bars.time.push(Minute::new(minute.into()).ok_or("a minute")?);
//!     bars.close.push(f64::from(minute % 97) + 1.0);
//!     bars.volume.push(1.0);
//! }
//! let history = panel.summarize(&bars);
//! for (index, plan) in panel.plans().iter().enumerate() {
//!     let (shared, own) = (panel.buckets(index, &history), plan.summarize(&bars));
//!     assert!(shared.cells().eq(own.cells()) && shared.last() == own.last());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use bars::{AsOf, Closes, Minute, Span};

use super::buckets::{BucketGrid, Buckets, Cell, bars_within, last_of, sum_bars};
use super::{LeaderboardsPlan, ValidParams};
use crate::error::Result;

/// The buckets of every window before each of several as-ofs.
#[derive(Debug, Clone)]
pub struct LeaderboardsPanel {
    plans: Vec<LeaderboardsPlan>,
    span: Span,
    /// The buckets that any lookback touches, per window.
    grids: Vec<BucketGrid>,
    base: BucketGrid,
}

/// The buckets of one symbol at every as-of of a [`LeaderboardsPanel`].
#[derive(Debug, Clone)]
pub struct BucketHistory {
    windows: Vec<Box<[Cell]>>,
    asofs: Vec<AsOfBuckets>,
}

/// What differs between the as-ofs.
#[derive(Debug, Clone)]
struct AsOfBuckets {
    /// Open time of the last bar in the lookback.
    last: Option<Minute>,
    /// The buckets that the lookback cuts: index of the window, index in the grid of the as-of.
    cut: Box<[(usize, usize, Cell)]>,
}

impl LeaderboardsPanel {
    /// Creates the plans of `asofs`, ascending.
    ///
    /// # Errors
    /// A window has no complete bucket in the lookback of an as-of.
    pub fn new(params: &ValidParams, asofs: &[AsOf]) -> Result<LeaderboardsPanel> {
        let plan = |&asof: &AsOf| LeaderboardsPlan::new(params.clone(), asof);
        let plans: Vec<LeaderboardsPlan> = asofs.iter().map(plan).collect::<Result<_>>()?;
        let span = Span {
            start: plans.first().map_or(Minute::MAX, |plan| plan.span.start),
            end: plans.last().map_or(Minute::MAX, |plan| plan.span.end),
        };
        let grid = |&window| BucketGrid::new(window, span, true);
        let grids = params.windows().iter().map(grid).collect();
        let base = BucketGrid::new(params.base_window(), span, true);
        Ok(LeaderboardsPanel { plans, span, grids, base })
    }

    /// The plan of each as-of.
    pub fn plans(&self) -> &[LeaderboardsPlan] {
        &self.plans
    }

    /// The span of the bars needed from each symbol, for all as-ofs together.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Number of buckets that [`LeaderboardsPanel::summarize`] keeps of each symbol if the lookbacks
    /// from `first` to `last` are those of `asofs` as-ofs. A bucket takes 16 bytes.
    pub fn buckets_kept(params: &ValidParams, first: AsOf, last: AsOf, asofs: usize) -> usize {
        let span =
            Span { start: Span::days_before(first, params.lookback_days()).start, end: last.end() };
        let of_window = |&window| BucketGrid::new(window, span, true).len();
        params.windows().iter().map(of_window).sum::<usize>() + 2 * asofs
    }

    /// Aggregates a symbol's bars within [`LeaderboardsPanel::span`].
    pub fn summarize(&self, bars: &Closes) -> BucketHistory {
        let windows = sum_bars(&self.base, &self.grids, bars, bars_within(bars, self.span));
        let at = |plan: &LeaderboardsPlan| AsOfBuckets {
            last: last_of(bars, &bars_within(bars, plan.span)),
            cut: plan.cut_buckets(bars).into_boxed_slice(),
        };
        BucketHistory { windows, asofs: self.plans.iter().map(at).collect() }
    }

    /// Returns the buckets of a symbol at the as-of at `index`: those of
    /// [`LeaderboardsPlan::summarize`].
    pub fn buckets(&self, index: usize, history: &BucketHistory) -> Buckets {
        let (plan, at) = (&self.plans[index], &history.asofs[index]);
        let grids = plan.grids.iter().zip(&self.grids);
        let mut windows: Vec<Box<[Cell]>> = grids
            .zip(&history.windows)
            .map(|((grid, whole), cells)| Box::from(&cells[grid.range_in(whole)]))
            .collect();
        for &(window, bucket, cell) in &at.cut {
            windows[window][bucket] = cell;
        }
        Buckets { windows, last: at.last }
    }
}

impl LeaderboardsPlan {
    /// Aggregates the bars of the used buckets that the lookback cuts.
    fn cut_buckets(&self, bars: &Closes) -> Vec<(usize, usize, Cell)> {
        let mut cut = Vec::new();
        for (window, grid) in self.grids.iter().enumerate() {
            // Buckets are adjacent, so only the first and the last can be cut.
            let last = grid.len() - 1;
            for index in [0].into_iter().chain((last > 0).then_some(last)) {
                cut.extend(self.cut_bucket(grid, index, bars).map(|cell| (window, index, cell)));
            }
        }
        cut
    }

    /// Aggregates the bars of a used bucket; `None` if it is complete.
    fn cut_bucket(&self, grid: &BucketGrid, index: usize, bars: &Closes) -> Option<Cell> {
        let whole = grid.bucket(index);
        let (start, end) = (whole.start.max(self.span.start), whole.end.min(self.span.end));
        let span = Span { start, end };
        if span == whole {
            return None;
        }
        let base = BucketGrid::new(self.base.window, span, true);
        let window = [BucketGrid::new(grid.window, span, true)];
        let cells = sum_bars(&base, &window, bars, bars_within(bars, span));
        cells.first()?.first().copied()
    }
}
