//! As-ofs and the spans of their baselines.

use std::ops::Range;

use bars::{AsOf, Minute, Span};

use super::panel::Panel;

/// Distinct as-ofs in ascending order, and the length of their baselines in months, if any.
#[derive(Debug, Clone)]
pub struct AsOfs {
    all: Vec<AsOf>,
    months: Option<u32>,
}

impl AsOfs {
    /// Creates a list from at least one as-of, in any order.
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

    /// The first open time of a bar that no as-of includes.
    pub fn end(&self) -> Minute {
        self.all.last().map_or(Minute::MIN, |asof| asof.end())
    }

    /// Returns the span of the baseline buckets of `asof`; `None` without baselines.
    pub fn baseline(&self, asof: AsOf) -> Option<Span> {
        let months = self.months?;
        Some(Span { start: asof.months_before(months).ceil(), end: asof.end() })
    }

    /// Returns the start of the earliest baseline. Months differ in length, so a later as-of can
    /// reach further back.
    pub fn reach(&self) -> Option<Minute> {
        self.all.iter().filter_map(|&asof| self.baseline(asof)).map(|span| span.start).min()
    }

    /// Returns the indices in `panel` of the baseline buckets of the last as-of.
    pub fn last_buckets(&self, panel: &Panel) -> Range<usize> {
        let span = self.all.last().and_then(|&asof| self.baseline(asof));
        span.map_or(0..0, |span| panel.within(span))
    }
}
