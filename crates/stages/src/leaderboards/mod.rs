//! Leaderboards: the symbols that rank most often as gainers, losers, or both.
//!
//! The lookback is divided into disjoint UTC buckets for each window. In each bucket the symbols
//! are ranked by loss, gain, volume drop and volume spike. The boards list the symbols that are
//! ranked most often. The steps, one file each:
//!
//! 1. [`params`]: parameters and their checks.
//! 2. [`buckets`]: last close and total volume per bucket, all that is kept of a symbol.
//! 3. [`ranking`]: ranks in each bucket, and the tallies of each symbol.
//! 4. [`boards`]: the three boards; [`skew`]: differences between a symbol's ranks and those of its
//!    board.
//!
//! [`panel`] shares step 2 between several as-ofs.
//!
//! ```
//! use bars::time::AsOfSpec;
//! use bars::{Closes, Minute};
//! use stages::leaderboards::{Params, LeaderboardsPlan};
//!
//! let asof = "2024-01-02".parse::<AsOfSpec>()?.moment().ok_or("a moment")?;
//! let params = Params { windows: vec!["1h".parse()?], lookback_days: 1, ..Params::default() }.check()?;
//! let plan = LeaderboardsPlan::new(params, asof)?;
//! // One bar at the end of each hour, rising by 1.
//! let mut rising = Closes::default();
//! for hour in 1..=24 {
//!     rising.time.push(Minute::new(i64::from(plan.span().start.index()) + hour * 60 - 1).ok_or("a minute")?);
//!     rising.close.push(100.0 + hour as f64);
//!     rising.volume.push(1.0);
//! }
//! let boards = plan.rank(1, vec![("BTC/USD".parse()?, plan.summarize(&rising))])?;
//! assert_eq!(boards.gainers.coins[0].gains, 23);
//! assert!(boards.losers.coins.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod boards;
pub mod buckets;
pub mod panel;
pub mod params;
pub mod ranking;
pub mod skew;

use bars::{AsOf, Span, Symbol, Window};

use crate::error::{Error, Result};

pub use boards::{Board, Coin};
pub use buckets::Buckets;
pub use panel::{BucketHistory, LeaderboardsPanel};
pub use params::{Params, ValidParams, changes_of};
pub use ranking::{BucketRank, RankKind, Tallies};
pub use skew::{Level, SkewDetail, Tag};

use buckets::BucketGrid;

/// The buckets of every window before an as-of.
#[derive(Debug, Clone)]
pub struct LeaderboardsPlan {
    params: ValidParams,
    asof: AsOf,
    span: Span,
    grids: Vec<BucketGrid>,
    base: BucketGrid,
}

/// The boards and the ranks behind them.
#[derive(Debug, Clone)]
pub struct RankedBoards {
    /// The context of the ranking.
    pub run: Run,
    /// The symbols ranked most often among the gains.
    pub gainers: Board,
    /// The symbols ranked most often among the losses.
    pub losers: Board,
    /// The symbols ranked often among both.
    pub overlaps: Board,
    /// Every rank, by window, bucket and symbol.
    pub places: Vec<BucketRank>,
}

/// The context of a ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The as-of.
    pub asof: AsOf,
    /// The parameters.
    pub params: ValidParams,
    /// Number of symbols with a bar closed by the as-of.
    pub symbols_seen: usize,
    /// Those without a bar in the 24 hours before the as-of.
    pub stale: Vec<Symbol>,
    /// Number of symbols with a bar in a used bucket.
    pub symbols_ranked: usize,
    /// The window of the reported changes: 24h, or else the longest.
    pub changes_of: Window,
}

impl LeaderboardsPlan {
    /// Creates the plan.
    ///
    /// # Errors
    /// A window has no complete bucket in the lookback.
    pub fn new(params: ValidParams, asof: AsOf) -> Result<LeaderboardsPlan> {
        let days = params.lookback_days();
        let span = Span::days_before(asof, days);
        let grid = |&window: &Window| {
            let grid = BucketGrid::new(window, span, params.include_partial());
            let error = || Error::NoCompleteBucket { window, days, asof };
            (grid.len() > 0).then_some(grid).ok_or_else(error)
        };
        let grids = params.windows().iter().map(grid).collect::<Result<_>>()?;
        let base = BucketGrid::new(params.base_window(), span, true);
        Ok(LeaderboardsPlan { params, asof, span, grids, base })
    }

    /// The as-of.
    pub fn asof(&self) -> AsOf {
        self.asof
    }

    /// The parameters.
    pub fn params(&self) -> &ValidParams {
        &self.params
    }

    /// The span of the bars needed from each symbol.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Creates the boards. `seen` is the number of symbols with a bar closed by the as-of;
    /// `symbols` are the candidates, ordered by name, with their buckets from
    /// [`LeaderboardsPlan::summarize`].
    ///
    /// # Errors
    /// No symbol can be ranked.
    pub fn rank(&self, seen: usize, symbols: Vec<(Symbol, Buckets)>) -> Result<RankedBoards> {
        let asof = self.asof;
        let (stale, fresh): (Vec<_>, Vec<_>) =
            symbols.into_iter().partition(|(_, buckets)| !buckets.is_fresh(self.span.end));
        let mut ranked = fresh;
        let stale_names: Vec<Symbol> = stale.iter().map(|(symbol, _)| symbol.clone()).collect();
        if self.params.include_stale() {
            ranked.extend(stale);
            ranked.sort_by(|a, b| a.0.cmp(&b.0));
        }
        if ranked.is_empty() {
            return Err(Error::AllStale { seen, asof });
        }
        let looked_at = ranked.len();
        ranked.retain(|(_, buckets)| buckets.has_bars());
        if ranked.is_empty() {
            return Err(Error::NoBars {
                symbols: looked_at,
                days: self.params.lookback_days(),
                asof,
            });
        }
        let (places, tallies) = ranking::rank(&self.params, &self.grids, &ranked);
        let changes_of = self.params.changes_of();
        let changes = self.grids.iter().position(|grid| grid.window == changes_of).unwrap_or(0);
        let make = |ranking| boards::make(&self.params, ranking, &ranked, &tallies, changes);
        Ok(RankedBoards {
            gainers: make(boards::gainers(&tallies)),
            losers: make(boards::losers(&tallies)),
            overlaps: make(boards::overlaps(&tallies)),
            places,
            run: Run {
                asof: self.asof,
                params: self.params.clone(),
                symbols_seen: seen,
                stale: stale_names,
                symbols_ranked: ranked.len(),
                changes_of,
            },
        })
    }
}
