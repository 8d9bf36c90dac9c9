//! The three boards.

use bars::Symbol;

use super::buckets::Buckets;
use super::params::ValidParams;
use super::ranking::{RankKind, Tallies, newest_change};
use super::skew::{self, SkewDetail, Tag};

/// A board: its symbols in order, and how they differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// The symbols in board order.
    pub coins: Vec<Coin>,
    /// Unusual shares, in board order, then by bucket name.
    pub skew_details: Vec<SkewDetail>,
}

/// A symbol on a board.
#[derive(Debug, Clone, PartialEq)]
pub struct Coin {
    /// The symbol.
    pub symbol: Symbol,
    /// The number that orders the board: gains, losses, or on the overlaps the smaller of gains /
    /// most gains and losses / most losses.
    pub score: f64,
    /// Percent change of price in its newest used bucket of 24h (or the longest window); NaN if
    /// missing.
    pub price_change: f64,
    /// Percent change of volume in the same bucket; NaN if missing.
    pub pct_vol_change: f64,
    /// Number of ranks among the gains.
    pub gains: u32,
    /// Number of ranks among the losses.
    pub losses: u32,
    /// Tags for the kind of mover.
    pub tags: Vec<Tag>,
}

/// A score per symbol; only symbols with a score above zero can be on the board.
pub(super) type Scores = Vec<f64>;

pub(super) fn gainers(tallies: &[Tallies]) -> Scores {
    tallies.iter().map(|tallies| tallies.count(RankKind::Gain).into()).collect()
}

pub(super) fn losers(tallies: &[Tallies]) -> Scores {
    tallies.iter().map(|tallies| tallies.count(RankKind::Loss).into()).collect()
}

/// Scores min(gains / most gains, losses / most losses).
pub(super) fn overlaps(tallies: &[Tallies]) -> Scores {
    let share = |scores: Scores| {
        let most = scores.iter().copied().fold(0.0, f64::max);
        scores.into_iter().map(move |score| if most > 0.0 { score / most } else { 0.0 })
    };
    share(gainers(tallies))
        .zip(share(losers(tallies)))
        .map(|(gains, losses)| gains.min(losses))
        .collect()
}

/// Returns the board of the `top_n` symbols by score; ties are ordered by name. `changes` is the
/// index of the window of the newest change that is reported.
pub(super) fn make(
    params: &ValidParams,
    scores: Scores,
    symbols: &[(Symbol, Buckets)],
    tallies: &[Tallies],
    changes: usize,
) -> Board {
    let mut order: Vec<usize> = (0..scores.len()).filter(|&i| scores[i] > 0.0).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order.truncate(params.top_n());
    let names: Vec<&Symbol> = order.iter().map(|&i| &symbols[i].0).collect();
    let of_board: Vec<&Tallies> = order.iter().map(|&i| &tallies[i]).collect();
    let skew = skew::skew(params.windows(), &names, &of_board);
    let coins = order.iter().zip(skew.tags).map(|(&i, tags)| {
        let (symbol, buckets) = &symbols[i];
        let newest = newest_change(&buckets.windows[changes]);
        Coin {
            symbol: symbol.clone(),
            score: scores[i],
            price_change: newest.map_or(f64::NAN, |change| change.price),
            pct_vol_change: newest.map_or(f64::NAN, |change| change.volume),
            gains: tallies[i].count(RankKind::Gain),
            losses: tallies[i].count(RankKind::Loss),
            tags,
        }
    });
    Board { coins: coins.collect(), skew_details: skew.details }
}
