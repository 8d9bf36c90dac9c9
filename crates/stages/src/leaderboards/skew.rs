//! How the ranks of a board's symbols differ from those of the board.
//!
//! Each symbol's tallies become a vector of shares over the buckets (`price_1h_gain` and so on)
//! that occur on the board. The mean vector is the centroid. The deviation of a share from the
//! centroid, in percent of it, is `heavy`, `moderate` or `slight` if its absolute value is at or
//! above the 95th, 75th or 50th percentile of all absolute deviations of the board.

use std::collections::BTreeSet;
use std::fmt;

use bars::{Symbol, Window};

use super::ranking::{RankKind, Tallies};
use crate::stats::{mean_and_std, percentile};

/// An unusual share of a symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct SkewDetail {
    /// The symbol.
    pub symbol: Symbol,
    /// The bucket's name, such as `price_1h_gain`.
    pub bucket: String,
    /// Level of the deviation.
    pub level: Level,
    /// Deviation from the centroid, in percent of it.
    pub deviation_pct: f64,
}

/// Level of a deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// At or above the 95th percentile of the board's deviations.
    Heavy,
    /// At or above the 75th.
    Moderate,
    /// At or above the 50th.
    Slight,
}

impl Level {
    const ALL: [(Level, f64); 3] =
        [(Level::Heavy, 95.0), (Level::Moderate, 75.0), (Level::Slight, 50.0)];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Heavy => "heavy",
            Level::Moderate => "moderate",
            Level::Slight => "slight",
        })
    }
}

/// Kind of mover; a symbol can have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// More than 1.5 times as many volume ranks as price ranks.
    VolMover,
    /// More than 1.5 times as many ranks in the shorter half of the windows as in the longer half.
    ShortTerm,
    /// The reverse.
    LongTerm,
    /// Closer to the centroid than the board's mean distance plus one standard deviation.
    Balanced,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Tag::VolMover => "Vol Mover",
            Tag::ShortTerm => "Short-Term",
            Tag::LongTerm => "Long-Term",
            Tag::Balanced => "Balanced",
        })
    }
}

/// The result of [`skew`]: tags by symbol, and details in board order, then by bucket.
pub(super) struct Skew {
    pub(super) tags: Vec<Vec<Tag>>,
    pub(super) details: Vec<SkewDetail>,
}

/// Compares the symbols of a board, given in board order with their tallies.
pub(super) fn skew(windows: &[Window], symbols: &[&Symbol], tallies: &[&Tallies]) -> Skew {
    let buckets = buckets(windows, tallies);
    let shares: Vec<Vec<f64>> = tallies.iter().map(|tallies| shares(&buckets, tallies)).collect();
    let centroid: Vec<f64> = (0..buckets.len())
        .map(|b| shares.iter().map(|share| share[b]).sum::<f64>() / shares.len() as f64)
        .collect();
    let deviation = |share: f64, center: f64| {
        if center == 0.0 { 0.0 } else { (share - center) / center * 100.0 }
    };
    let deviations: Vec<Vec<f64>> = shares
        .iter()
        .map(|share| share.iter().zip(&centroid).map(|(&s, &c)| deviation(s, c)).collect())
        .collect();

    let mut sorted: Vec<f64> = deviations.iter().flatten().map(|d| d.abs()).collect();
    sorted.sort_by(f64::total_cmp);
    let level = |deviation: f64| {
        let reaches = |(_, percent): &&(Level, f64)| {
            deviation.abs() >= percentile(&sorted, *percent) * (1.0 - 1e-12)
        };
        if deviation == 0.0 {
            None
        } else {
            Level::ALL.iter().find(reaches).map(|(level, _)| *level)
        }
    };
    let mut details = Vec::new();
    for (&symbol, deviations) in symbols.iter().zip(&deviations) {
        for (bucket, &deviation_pct) in buckets.iter().zip(deviations) {
            if let Some(level) = level(deviation_pct) {
                details.push(SkewDetail {
                    symbol: symbol.clone(),
                    bucket: bucket.name.clone(),
                    level,
                    deviation_pct,
                });
            }
        }
    }

    let distance = |share: &Vec<f64>| {
        share.iter().zip(&centroid).map(|(s, c)| (s - c).powi(2)).sum::<f64>().sqrt()
    };
    let distances: Vec<f64> = shares.iter().map(distance).collect();
    // Rounding must not decide: on a board of two symbols both are exactly at the limit, and
    // neither is below it.
    let near = if distances.is_empty() { 0.0 } else { limit(&distances) * (1.0 - 1e-12) };
    let tags = tallies
        .iter()
        .zip(distances)
        .map(|(tallies, distance)| tags(tallies, distance < near))
        .collect();
    Skew { tags, details }
}

/// Mean plus one standard deviation.
fn limit(distances: &[f64]) -> f64 {
    let (mean, std) = mean_and_std(distances);
    mean + std
}

/// A kind of rank in a window that occurs on a board.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Bucket {
    name: String,
    window: usize,
    kind: RankKind,
}

/// Lists those that occur, ordered by name.
fn buckets(windows: &[Window], tallies: &[&Tallies]) -> Vec<Bucket> {
    let mut buckets = BTreeSet::new();
    for (at, window) in windows.iter().enumerate() {
        for kind in RankKind::ALL {
            if tallies.iter().any(|tallies| tallies.0[at][kind as usize] > 0) {
                let name =
                    format!("{}_{window}_{kind}", if kind.is_price() { "price" } else { "vol" });
                buckets.insert(Bucket { name, window: at, kind });
            }
        }
    }
    buckets.into_iter().collect()
}

fn shares(buckets: &[Bucket], tallies: &Tallies) -> Vec<f64> {
    let total: u32 = tallies.0.iter().flatten().sum();
    buckets
        .iter()
        .map(|bucket| f64::from(tallies.0[bucket.window][bucket.kind as usize]) / f64::from(total))
        .collect()
}

fn tags(tallies: &Tallies, is_near: bool) -> Vec<Tag> {
    let more = |a: u32, b: u32| f64::from(a) > 1.5 * f64::from(b);
    let price = tallies.count(RankKind::Loss) + tallies.count(RankKind::Gain);
    let volume = tallies.count(RankKind::Drop) + tallies.count(RankKind::Spike);
    // With an odd number of windows the middle one counts for neither half.
    let half = tallies.0.len() / 2;
    let sum = |windows: &[[u32; 4]]| windows.iter().flatten().sum::<u32>();
    let (short, long) = (sum(&tallies.0[..half]), sum(&tallies.0[tallies.0.len() - half..]));
    [
        (more(volume, price), Tag::VolMover),
        (more(short, long), Tag::ShortTerm),
        (more(long, short), Tag::LongTerm),
        (is_near, Tag::Balanced),
    ]
    .into_iter()
    .filter_map(|(holds, tag)| holds.then_some(tag))
    .collect()
}
