//! The moments from which a run looks back, and how far their baselines reach.

use std::ops::Range;

use bars::{AsOf, Minute, Span};

use super::panel::Panel;

/// As-ofs, ascending, each once; and the months of their baselines, if they have any.
#[derive(Debug, Clone)]
pub struct AsOfs {
    all: Vec<AsOf>,
    months: Option<u32>,
}

impl AsOfs {
    /// The given as-ofs, of which there must be one, in whatever order.
    pub fn new(asofs: impl IntoIterator<Item = AsOf>, months: Option<u32>) -> AsOfs {
        let mut all: Vec<AsOf> = asofs.into_iter().collect();
        all.sort();
        all.dedup();
        AsOfs { all, months }
    }

    /// The as-ofs.
    pub fn as_slice(&self) -> &[AsOf] {
        &self.all
    }

    /// The first open time of which no bar counts for any of them.
    pub fn end(&self) -> Minute {
        self.all.last().map_or(Minute::MIN, |asof| asof.end())
    }

    /// Where the buckets of an as-of's baselines lie; `None` where it has none.
    pub fn baseline(&self, asof: AsOf) -> Option<Span> {
        let months = self.months?;
        Some(Span { start: asof.months_before(months).ceil(), end: asof.end() })
    }

    /// Where the first baseline begins. Months are of different lengths: a later as-of can reach
    /// further back.
    pub fn reach(&self) -> Option<Minute> {
        self.all.iter().filter_map(|&asof| self.baseline(asof)).map(|span| span.start).min()
    }

    /// The buckets that the baselines of the last as-of are over, as places in `panel`.
    pub fn last_buckets(&self, panel: &Panel) -> Range<usize> {
        let span = self.all.last().and_then(|&asof| self.baseline(asof));
        span.map_or(0..0, |span| panel.within(span))
    }
}
