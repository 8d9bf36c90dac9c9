/// Invalid input.
///
/// ```
/// use clustering::{Error, Points};
///
/// let error = Points::new(&[1.0, f64::NAN], 1).unwrap_err();
/// assert_eq!(error, Error::NotFinite { point: 1, coordinate: 0 });
/// assert_eq!(error.to_string(), "coordinate 0 of point 1 is not finite");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The dimension is 0.
    #[error("invalid dimension 0: a point needs at least one coordinate")]
    ZeroDimension,
    /// The number of values is not a multiple of the dimension.
    #[error("{values} values are not a whole number of points of dimension {dim}")]
    Shape {
        /// Number of values.
        values: usize,
        /// Coordinates per point.
        dim: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("coordinate {coordinate} of point {point} is not finite")]
    NotFinite {
        /// Index of the point.
        point: usize,
        /// Index of the coordinate within the point.
        coordinate: usize,
    },
    /// The absolute value of a coordinate exceeds what the algorithm can square and add.
    #[error("coordinate {coordinate} of point {point} exceeds 1e150 in absolute value")]
    TooLarge {
        /// Index of the point.
        point: usize,
        /// Index of the coordinate within the point.
        coordinate: usize,
    },
    /// The dimension differs from the one that was fitted.
    #[error("expected points of dimension {expected}, found {found}")]
    Dimension {
        /// Dimension that was fitted.
        expected: usize,
        /// Dimension of the argument.
        found: usize,
    },
    /// There is not exactly one label per point.
    #[error("{labels} labels for {points} points")]
    LabelCount {
        /// Number of points.
        points: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label is not below the number of components.
    #[error("label {label} of point {point} is out of range: expected a label below {components}")]
    LabelRange {
        /// Index of the point.
        point: usize,
        /// Its label.
        label: usize,
        /// Number of components.
        components: usize,
    },
}
