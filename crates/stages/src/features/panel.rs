//! The values of a table's metrics per bucket of one window.

use bars::{Minute, Span, Window};

use crate::stats::finite;

/// A bucket with at least one bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Its first minute.
    pub start: Minute,
    /// Share of its minutes that have a bar, 0 to 1.
    pub coverage: f64,
    /// Index of its values; `None` if the coverage is too low.
    row: Option<u32>,
}

/// The metrics of a symbol over the buckets of a window, in time order. Missing values are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    window: Window,
    width: usize,
    buckets: Vec<Bucket>,
    values: Vec<f64>,
}

impl Panel {
    /// Creates an empty panel for a window and `width` metrics.
    pub fn new(window: Window, width: usize) -> Panel {
        Panel::with_capacity(window, width, 0)
    }

    /// Creates an empty panel with room for `buckets`.
    pub fn with_capacity(window: Window, width: usize, buckets: usize) -> Panel {
        Panel {
            window,
            width,
            buckets: Vec::with_capacity(buckets),
            values: Vec::with_capacity(buckets * width),
        }
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The buckets, ascending.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// Appends a bucket. If its coverage is sufficient (`is_ok`), `fill` receives a row for its
    /// values.
    pub fn push(
        &mut self,
        start: Minute,
        coverage: f64,
        is_ok: bool,
        fill: impl FnOnce(&mut [f64]),
    ) {
        let row = is_ok.then(|| {
            let at = self.values.len();
            self.values.resize(at + self.width, f64::NAN);
            fill(&mut self.values[at..]);
            for value in &mut self.values[at..] {
                *value = finite(*value);
            }
            u32::try_from(at / self.width.max(1)).unwrap_or(u32::MAX)
        });
        self.buckets.push(Bucket { start, coverage, row });
    }

    /// Returns the values of a bucket; `None` if its coverage is too low.
    pub fn values(&self, bucket: &Bucket) -> Option<&[f64]> {
        let at = bucket.row? as usize * self.width;
        self.values.get(at..at + self.width)
    }

    /// Returns the bucket that starts at `start`, if it has a bar.
    pub fn at(&self, start: Minute) -> Option<&Bucket> {
        self.buckets
            .binary_search_by_key(&start, |bucket| bucket.start)
            .ok()
            .map(|i| &self.buckets[i])
    }

    /// Returns the indices of the buckets that lie completely within `span`.
    pub fn within(&self, span: Span) -> std::ops::Range<usize> {
        let from = self.buckets.partition_point(|bucket| bucket.start < span.start);
        let to = self
            .buckets
            .partition_point(|bucket| bucket.start.plus(self.window.minutes()) <= span.end);
        from..to.max(from)
    }
}
