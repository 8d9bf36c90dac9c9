//! Points as a row-major view of a flat slice, and Euclidean distances between them.

use crate::Error;

/// A set of points: a flat slice of finite coordinates, point after point (row-major), and the
/// dimension.
///
/// The coordinates are checked once, so that the algorithms need not check them again. A set of no
/// points is valid.
///
/// ```
/// use clustering::Points;
///
/// let points = Points::new(&[0.0, 0.0, 3.0, 4.0], 2)?;
/// assert_eq!((points.len(), points.dim()), (2, 2));
/// assert_eq!(points.point(1), [3.0, 4.0]);
///
/// // Arrays are flattened without a copy.
/// let rows = [[0.0, 0.0, 1.0], [2.0, 2.0, 2.0]];
/// assert_eq!(Points::new(rows.as_flattened(), 3)?.len(), 2);
/// # Ok::<(), clustering::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Points<'a> {
    values: &'a [f64],
    dim: usize,
}

impl<'a> Points<'a> {
    /// Views `values` as points of `dim` coordinates each.
    ///
    /// # Errors
    /// - [`Error::ZeroDimension`] if `dim` is 0.
    /// - [`Error::Shape`] if the number of values is not a multiple of `dim`.
    /// - [`Error::NotFinite`] if a value is NaN or infinite.
    pub fn new(values: &'a [f64], dim: usize) -> Result<Self, Error> {
        if dim == 0 {
            return Err(Error::ZeroDimension);
        }
        if !values.len().is_multiple_of(dim) {
            return Err(Error::Shape { values: values.len(), dim });
        }
        match values.iter().position(|x| !x.is_finite()) {
            Some(index) => Err(Error::NotFinite { point: index / dim, coordinate: index % dim }),
            None => Ok(Self { values, dim }),
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Coordinates per point, at least 1.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// All coordinates, point after point.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The coordinates of point `index`.
    ///
    /// # Panics
    /// If `index` is not below [`Points::len`], like the indexing of a slice.
    pub fn point(&self, index: usize) -> &'a [f64] {
        &self.values[index * self.dim..][..self.dim]
    }
}

/// Points with a constant dimension, so that the compiler unrolls the loops over
/// coordinates; `D = 0` stands for a dimension known at run time only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a, const D: usize> {
    values: &'a [f64],
    dim: usize,
}

impl<'a, const D: usize> Rows<'a, D> {
    /// `values` hold whole points of `dim` coordinates; `D` is `dim` or 0.
    #[inline(always)]
    pub fn new(values: &'a [f64], dim: usize) -> Self {
        debug_assert!((D == 0 || D == dim) && values.len().is_multiple_of(dim));
        Self { values, dim }
    }

    #[inline(always)]
    pub fn dim(self) -> usize {
        if D == 0 { self.dim } else { D }
    }

    #[inline(always)]
    pub fn len(self) -> usize {
        self.values.len() / self.dim()
    }

    pub fn is_empty(self) -> bool {
        self.values.is_empty()
    }

    #[inline(always)]
    pub fn row(self, index: usize) -> &'a [f64] {
        &self.values[index * self.dim()..][..self.dim()]
    }

    #[inline(always)]
    pub fn iter(self) -> std::slice::ChunksExact<'a, f64> {
        self.values.chunks_exact(self.dim())
    }

    /// Other points of the same dimension.
    #[inline(always)]
    pub fn like<'b>(self, values: &'b [f64]) -> Rows<'b, D> {
        Rows::new(values, self.dim)
    }
}

/// Runs a block with [`Points`] as [`Rows`] of a constant dimension where it is one that the
/// pipeline uses (3 for the cycles of cohorts, 6 for the cycles of modes) or 2, else of a dimension
/// known at run time.
///
/// With a dimension known at run time only, loops over pairs of points take 1.2 times as long and
/// mixtures twice as long (5 dimensions). The results have the same bits.
macro_rules! with_rows {
    ($points:expr, |$rows:ident| $run:expr) => {{
        let points: $crate::Points<'_> = $points;
        match points.dim() {
            2 => with_rows!(points, 2, $rows, $run),
            3 => with_rows!(points, 3, $rows, $run),
            6 => with_rows!(points, 6, $rows, $run),
            _ => with_rows!(points, 0, $rows, $run),
        }
    }};
    ($points:ident, $dim:literal, $rows:ident, $run:expr) => {{
        let $rows = $crate::points::Rows::<$dim>::new($points.values(), $points.dim());
        $run
    }};
}
pub(crate) use with_rows;

/// Euclidean distance, summed in the order of the coordinates: every algorithm sees the same number
/// for a pair.
#[inline(always)]
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    squared_distance(a, b).sqrt()
}

#[inline(always)]
pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in a.iter().zip(b) {
        sum += (x - y) * (x - y);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_shapes_are_errors() {
        assert_eq!(Points::new(&[1.0], 0), Err(Error::ZeroDimension));
        assert_eq!(Points::new(&[1.0; 5], 2), Err(Error::Shape { values: 5, dim: 2 }));
        let infinite = Points::new(&[1.0, 2.0, 3.0, f64::INFINITY], 2);
        assert_eq!(infinite, Err(Error::NotFinite { point: 1, coordinate: 1 }));
        assert!(Points::new(&[], 6).is_ok_and(|points| points.is_empty() && points.dim() == 6));
    }
}
