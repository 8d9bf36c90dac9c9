//! The values of a table's metrics, bucket by bucket of one window.

use bars::{Minute, Span, Window};

use crate::stats::finite;

/// A bucket that has a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Its first minute.
    pub start: Minute,
    /// Share of its time for which there are bars, 0 to 1.
    pub coverage: f64,
    /// The place of its values, where it is covered well enough to have any.
    row: Option<u32>,
}

/// The metrics of a symbol over the buckets of a window, in time order. A value that is missing is
/// NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    window: Window,
    width: usize,
    buckets: Vec<Bucket>,
    values: Vec<f64>,
}

impl Panel {
    /// An empty panel of a window and `width` metrics.
    pub fn new(window: Window, width: usize) -> Panel {
        Panel::with_capacity(window, width, 0)
    }

    /// The same with room for `buckets`.
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

    /// Adds a bucket after the others; `fill` is given a row for its values where it is covered
    /// well enough.
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

    /// The values of a bucket; `None` where it is not covered well enough.
    pub fn values(&self, bucket: &Bucket) -> Option<&[f64]> {
        let at = bucket.row? as usize * self.width;
        self.values.get(at..at + self.width)
    }

    /// The bucket that starts at `start`, if it has a bar.
    pub fn at(&self, start: Minute) -> Option<&Bucket> {
        self.buckets
            .binary_search_by_key(&start, |bucket| bucket.start)
            .ok()
            .map(|i| &self.buckets[i])
    }

    /// Places of the buckets that lie wholly within `span`.
    pub fn within(&self, span: Span) -> std::ops::Range<usize> {
        let from = self.buckets.partition_point(|bucket| bucket.start < span.start);
        let to = self
            .buckets
            .partition_point(|bucket| bucket.start.plus(self.window.minutes()) <= span.end);
        from..to.max(from)
    }
}
