//! The three boards.

use bars::Symbol;

use super::buckets::Buckets;
use super::params::ValidParams;
use super::ranking::{RankKind, Tallies, newest_change};
use super::skew::{self, SkewDetail, Tag};

/// A board: its symbols in order, and how they differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// The symbols, first place first.
    pub coins: Vec<Coin>,
    /// What is unusual about them, in board order, then bucket.
    pub skew_details: Vec<SkewDetail>,
}

/// A symbol on a board.
#[derive(Debug, Clone, PartialEq)]
pub struct Coin {
    /// The symbol.
    pub symbol: Symbol,
    /// Percent change of price in its newest used bucket of a day (or the longest window); NaN
    /// where missing.
    pub price_change: f64,
    /// The same of volume.
    pub pct_vol_change: f64,
    /// Places among the gains.
    pub gains: u32,
    /// Places among the losses.
    pub losses: u32,
    /// What kind of mover it is.
    pub tags: Vec<Tag>,
}

/// A score for each symbol; only those above zero may stand on the board.
pub(super) type Scores = Vec<f64>;

pub(super) fn gainers(tallies: &[Tallies]) -> Scores {
    tallies.iter().map(|tallies| tallies.count(RankKind::Gain).into()).collect()
}

pub(super) fn losers(tallies: &[Tallies]) -> Scores {
    tallies.iter().map(|tallies| tallies.count(RankKind::Loss).into()).collect()
}

/// min(gains / most gains, losses / most losses).
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

/// The `top_n` symbols by score, of equals the first by name. `changes` is the place of the window
/// whose newest change is shown.
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
            price_change: newest.map_or(f64::NAN, |change| change.price),
            pct_vol_change: newest.map_or(f64::NAN, |change| change.volume),
            gains: tallies[i].count(RankKind::Gain),
            losses: tallies[i].count(RankKind::Loss),
            tags,
        }
    });
    Board { coins: coins.collect(), skew_details: skew.details }
}
