//! Ranks in each bucket, and how often each symbol is ranked.

use std::fmt;

use bars::{Minute, Symbol, Window};
use indicators::momentum::change_pct;

use super::buckets::{BucketGrid, Buckets, Cell};
use super::params::ValidParams;

/// The quantity that symbols are ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RankKind {
    /// Largest decrease of price.
    Loss,
    /// Largest increase of price.
    Gain,
    /// Largest decrease of volume.
    Drop,
    /// Largest increase of volume.
    Spike,
}

impl RankKind {
    /// All of them.
    pub const ALL: [RankKind; 4] =
        [RankKind::Loss, RankKind::Gain, RankKind::Drop, RankKind::Spike];

    /// Returns whether it is about price (not volume).
    pub fn is_price(self) -> bool {
        matches!(self, RankKind::Loss | RankKind::Gain)
    }

    /// Returns the size of a change for this kind, larger being better; `None` if the change has
    /// the other sign.
    fn size(self, change: Change) -> Option<f64> {
        let value = if self.is_price() { change.price } else { change.volume };
        let size = if matches!(self, RankKind::Loss | RankKind::Drop) { -value } else { value };
        (size > 0.0).then_some(size)
    }
}

/// The suffix in bucket names such as `price_<w>_loss`.
impl fmt::Display for RankKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RankKind::Loss => "loss",
            RankKind::Gain => "gain",
            RankKind::Drop => "drop",
            RankKind::Spike => "spike",
        })
    }
}

/// How often a symbol was ranked, by window and [`RankKind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallies(pub Vec<[u32; 4]>);

impl Tallies {
    /// Number of ranks of one kind over all windows.
    pub fn count(&self, kind: RankKind) -> u32 {
        self.0.iter().map(|window| window[kind as usize]).sum()
    }
}

/// A bucket in which a symbol has at least one rank.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketRank {
    /// The window.
    pub window: Window,
    /// Start of the bucket.
    pub start: Minute,
    /// The symbol.
    pub symbol: Symbol,
    /// Percent change from the last close of the previous used bucket with a bar; NaN if there is
    /// none.
    pub price_change: f64,
    /// Percent change of volume from the bucket just before; NaN if that had no volume.
    pub pct_vol_change: f64,
    /// The bucket's volume.
    pub total_volume: f64,
    /// Rank from 1 for each [`RankKind`].
    pub ranks: [Option<u32>; 4],
}

/// Percent changes of a bucket; NaN if missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) price: f64,
    pub(super) volume: f64,
}

/// Iterates over a symbol's buckets of one window in time order.
#[derive(Debug, Clone, Copy)]
struct Walk {
    /// Close of the last bucket that had a bar; NaN before the first.
    close: f64,
    /// Volume of the bucket just before; NaN if it had no bar or no volume.
    volume: f64,
}

impl Walk {
    const START: Walk = Walk { close: f64::NAN, volume: f64::NAN };

    /// Returns the changes of the next bucket; `None` if it has no bar.
    fn step(&mut self, cell: Cell) -> Option<Change> {
        if !cell.has_bar() {
            self.volume = f64::NAN;
            return None;
        }
        let change = Change {
            price: change_pct(self.close, cell.close),
            volume: change_pct(self.volume, cell.volume),
        };
        self.close = cell.close;
        self.volume = if cell.volume > 0.0 { cell.volume } else { f64::NAN };
        Some(change)
    }
}

/// Returns the changes of the newest bucket with a bar.
pub(super) fn newest_change(cells: &[Cell]) -> Option<Change> {
    let mut walk = Walk::START;
    cells.iter().filter_map(|&cell| walk.step(cell)).last()
}

/// Returns every rank, by window, bucket and symbol, and the tallies of each symbol. `symbols` is
/// ordered by name; ties are ranked in that order.
pub(super) fn rank(
    params: &ValidParams,
    grids: &[BucketGrid],
    symbols: &[(Symbol, Buckets)],
) -> (Vec<BucketRank>, Vec<Tallies>) {
    let mut places = Vec::new();
    let mut tallies = vec![Tallies(vec![[0; 4]; grids.len()]); symbols.len()];
    for (w, grid) in grids.iter().enumerate() {
        let mut walks = vec![Walk::START; symbols.len()];
        let mut changes: Vec<Option<Change>> = vec![None; symbols.len()];
        for bucket in 0..grid.len() {
            for ((walk, change), (_, buckets)) in walks.iter_mut().zip(&mut changes).zip(symbols) {
                *change = walk.step(buckets.windows[w][bucket]);
            }
            let mut ranks = vec![[None; 4]; symbols.len()];
            for kind in RankKind::ALL {
                for (rank, symbol) in (1..).zip(best(kind, &changes, params.top_n())) {
                    ranks[symbol][kind as usize] = Some(rank);
                    tallies[symbol].0[w][kind as usize] += 1;
                }
            }
            for (symbol, ranks) in
                ranks.into_iter().enumerate().filter(|(_, ranks)| ranks.iter().any(Option::is_some))
            {
                let change =
                    changes[symbol].unwrap_or(Change { price: f64::NAN, volume: f64::NAN });
                places.push(BucketRank {
                    window: grid.window,
                    start: grid.start(bucket),
                    symbol: symbols[symbol].0.clone(),
                    price_change: change.price,
                    pct_vol_change: change.volume,
                    total_volume: symbols[symbol].1.windows[w][bucket].volume,
                    ranks,
                });
            }
        }
    }
    (places, tallies)
}

/// Returns the symbols with the `top_n` largest changes of a kind, largest first; ties in symbol
/// order.
fn best(kind: RankKind, changes: &[Option<Change>], top_n: usize) -> Vec<usize> {
    let sizes = changes
        .iter()
        .enumerate()
        .filter_map(|(symbol, change)| Some((kind.size((*change)?)?, symbol)));
    let mut sizes: Vec<(f64, usize)> = sizes.collect();
    let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if sizes.len() > top_n {
        sizes.select_nth_unstable_by(top_n, order);
        sizes.truncate(top_n);
    }
    sizes.sort_unstable_by(order);
    sizes.into_iter().map(|(_, symbol)| symbol).collect()
}
