//! Habitual gainers, losers and two-way movers of a market.
//!
//! The lookback is cut into disjoint UTC buckets of each window. In each bucket the biggest losses,
//! gains, volume drops and volume spikes take a place; who takes places most often is habitual. The
//! steps, a file each:
//!
//! 1. [`params`]: what is asked for, checked once.
//! 2. [`buckets`]: a symbol's bars into last close and total volume per bucket; only this is kept
//!    of a market.
//! 3. [`ranking`]: places in each bucket, and the tallies of each symbol.
//! 4. [`boards`]: the three boards; [`skew`]: how a symbol's places differ from those of its board.
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
pub mod params;
pub mod ranking;
pub mod skew;

use bars::{AsOf, Span, Symbol, Window};

use crate::error::{Error, Result};

pub use boards::{Board, Coin};
pub use buckets::Buckets;
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

/// The boards, and the places behind them.
#[derive(Debug, Clone)]
pub struct RankedBoards {
    /// What was looked at.
    pub run: Run,
    /// Those with most places among the gains.
    pub gainers: Board,
    /// Those with most places among the losses.
    pub losers: Board,
    /// Those with many of both.
    pub overlaps: Board,
    /// Every place that was taken, by window, bucket and symbol.
    pub places: Vec<BucketRank>,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The as-of.
    pub asof: AsOf,
    /// The parameters.
    pub params: ValidParams,
    /// Symbols with a bar closed by the as-of.
    pub symbols_seen: usize,
    /// Those of them without a bar in the day before it.
    pub stale: Vec<Symbol>,
    /// Symbols with a bar in a used bucket.
    pub symbols_ranked: usize,
    /// The window of the changes shown: a day, or else the longest.
    pub changes_of: Window,
}

impl LeaderboardsPlan {
    /// Lays the buckets out.
    ///
    /// # Errors
    /// Where a window has no complete bucket in the lookback.
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

    /// The bars that are needed of each symbol.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Makes the boards. `seen` is the number of symbols with a bar closed by the as-of; `symbols`
    /// are those that may be ranked, in the order of their names, with what
    /// [`LeaderboardsPlan::summarize`] kept of each.
    ///
    /// # Errors
    /// Where nobody can be ranked.
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
