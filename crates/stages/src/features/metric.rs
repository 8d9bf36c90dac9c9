//! Metric descriptions as data: name, kind, transform, neutral value, baseline. Each metric is
//! described in one place.

use bars::Window;

/// The kind of number a metric is: part of its column's name and the family tag in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// In units of its own.
    Raw,
    /// A magnitude, at least 0.
    Magnitude,
    /// A position or share, 0 to 1.
    Position,
    /// A direction: the sign matters.
    Direction,
}

impl MetricKind {
    /// Returns the tag in the schema.
    pub fn tag(self) -> &'static str {
        match self {
            MetricKind::Raw => "raw",
            MetricKind::Magnitude => "mag",
            MetricKind::Position => "pos",
            MetricKind::Direction => "dir",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            MetricKind::Raw => "",
            MetricKind::Magnitude => "_mag",
            MetricKind::Position => "_pos",
            MetricKind::Direction => "_dir",
        }
    }
}

/// The scale on which a percentile is interpolated between quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// No transform.
    Identity,
    /// `log1p(x)`, for values >= 0 over several orders of magnitude.
    Log,
    /// `sign(x) log1p(|x|)`.
    SignedLog,
}

impl Transform {
    /// Returns the transformed value.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Transform::Identity => x,
            Transform::Log => libm::log1p(x),
            Transform::SignedLog => libm::log1p(x.abs()).copysign(x),
        }
    }
}

/// The value that replaces a missing one in imputed tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Neutral {
    /// A constant.
    Is(f64),
    /// The symbol's own median if it has a baseline, else 0.
    OwnMedian,
}

/// The families with a validity flag, which is set if any member has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Volume and its shares.
    Volume,
    /// Volatility estimates.
    Volatility,
    /// VWAP.
    Vwap,
    /// Bollinger bands.
    Bbands,
    /// Trend.
    Trend,
    /// Range and distances.
    Range,
    /// Momentum.
    Momentum,
    /// Breakouts.
    Breakout,
}

impl Family {
    /// All, in the order of their columns.
    pub const ALL: [Family; 8] = [
        Family::Volume,
        Family::Volatility,
        Family::Vwap,
        Family::Bbands,
        Family::Trend,
        Family::Range,
        Family::Momentum,
        Family::Breakout,
    ];

    /// The name in `metrics_valid_<name>_<window>`.
    pub fn name(self) -> &'static str {
        match self {
            Family::Volume => "volume",
            Family::Volatility => "volatility",
            Family::Vwap => "vwap",
            Family::Bbands => "bbands",
            Family::Trend => "trend",
            Family::Range => "range",
            Family::Momentum => "momentum",
            Family::Breakout => "breakout",
        }
    }
}

/// A metric of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Name without window and kind, as in the series panel.
    pub stem: &'static str,
    /// Kind: the suffix of the column and its family tag.
    pub kind: MetricKind,
    /// The scale on which its percentile is interpolated between quantiles.
    pub transform: Transform,
    /// Whether it has a baseline and enrichment columns.
    pub has_baseline: bool,
    /// The value that replaces a missing one in `state` and `regime`.
    pub neutral: Neutral,
    /// The family with the validity flag that it belongs to.
    pub family: Option<Family>,
    /// The definition in one line.
    pub description: &'static str,
    /// How the value differs from that of other programs, and by how much; empty if it does not.
    pub note: &'static str,
}

impl Metric {
    const fn new(
        stem: &'static str,
        kind: MetricKind,
        neutral: Neutral,
        description: &'static str,
    ) -> Metric {
        Metric {
            stem,
            kind,
            transform: Transform::Identity,
            has_baseline: true,
            neutral,
            family: None,
            description,
            note: "",
        }
    }

    /// A metric in its own units; 0 is neutral.
    pub(crate) const fn raw(stem: &'static str, description: &'static str) -> Metric {
        Metric::new(stem, MetricKind::Raw, Neutral::Is(0.0), description)
    }

    /// A magnitude; the symbol's own median is neutral.
    pub(crate) const fn mag(stem: &'static str, description: &'static str) -> Metric {
        Metric::new(stem, MetricKind::Magnitude, Neutral::OwnMedian, description)
    }

    /// A position or share; one half is neutral.
    pub(crate) const fn pos(stem: &'static str, description: &'static str) -> Metric {
        Metric::new(stem, MetricKind::Position, Neutral::Is(0.5), description)
    }

    /// A direction; 0 is neutral.
    pub(crate) const fn dir(stem: &'static str, description: &'static str) -> Metric {
        Metric::new(stem, MetricKind::Direction, Neutral::Is(0.0), description)
    }

    pub(crate) const fn log(self) -> Metric {
        Metric { transform: Transform::Log, ..self }
    }

    pub(crate) const fn signed_log(self) -> Metric {
        Metric { transform: Transform::SignedLog, ..self }
    }

    pub(crate) const fn no_baseline(self) -> Metric {
        Metric { has_baseline: false, ..self }
    }

    pub(crate) const fn neutral(self, value: f64) -> Metric {
        Metric { neutral: Neutral::Is(value), ..self }
    }

    pub(crate) const fn valid(self, family: Family) -> Metric {
        Metric { family: Some(family), ..self }
    }

    pub(crate) const fn note(self, note: &'static str) -> Metric {
        Metric { note, ..self }
    }

    /// The column's name for a window, such as `rv_close_4h_mag`.
    pub fn column(&self, window: impl std::fmt::Display) -> String {
        format!("{}_{window}{}", self.stem, self.kind.suffix())
    }
}

/// Defines the metrics of a table: an enum that names their indices, and the table itself.
macro_rules! metrics {
    ($(#[$doc:meta])* $name:ident { $( $id:ident: $metric:expr, )* }) => {
        $(#[$doc])*
        // The table describes the variants.
        #[allow(missing_docs)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $id ),* }

        impl $name {
            /// The metrics in the order of their columns.
            pub const TABLE: &'static [$crate::features::metric::Metric] = &[ $( $metric ),* ];
        }
    };
}
pub(crate) use metrics;

/// A value computed across windows.
#[derive(Debug, Clone, Copy)]
pub struct Rollup {
    /// Column name.
    pub column: &'static str,
    /// Kind: the family tag in the schema.
    pub kind: MetricKind,
    /// The value that replaces a missing one.
    pub neutral: f64,
    /// The formula.
    pub form: Form,
    /// The definition in one line.
    pub description: &'static str,
}

/// The formula of a roll-up: the index of a metric, and the windows in minutes.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// The sum of the metric's signs over those of these windows that are computed; a whole number.
    SignAgreement(usize, &'static [i32]),
    /// `a / (|b| + eps)` of the metric in two windows.
    Ratio(usize, [i32; 2]),
    /// `a - b` of the metric in two windows.
    Difference(usize, [i32; 2]),
}

impl Rollup {
    /// Returns whether it can be computed from `windows`.
    pub fn is_formed(&self, windows: &[Window]) -> bool {
        let has = |minutes: &i32| windows.iter().any(|window| window.minutes() == *minutes);
        match self.form {
            Form::SignAgreement(_, over) => over.iter().any(has),
            Form::Ratio(_, over) | Form::Difference(_, over) => over.iter().all(has),
        }
    }

    /// Returns its value. `value(metric, minutes)` is a metric in a window, NaN if missing or not
    /// computed.
    pub fn value(&self, value: impl Fn(usize, i32) -> f64) -> f64 {
        match self.form {
            Form::SignAgreement(metric, over) => {
                let present = over
                    .iter()
                    .map(|&minutes| value(metric, minutes))
                    .filter(|x| x.abs() >= indicators::EPS);
                present.fold(
                    f64::NAN,
                    |sum, x| if sum.is_nan() { x.signum() } else { sum + x.signum() },
                )
            }
            Form::Ratio(metric, [a, b]) => {
                value(metric, a) / (value(metric, b).abs() + indicators::EPS)
            }
            Form::Difference(metric, [a, b]) => value(metric, a) - value(metric, b),
        }
    }
}

/// The metrics and roll-ups of a stage.
#[derive(Debug, Clone, Copy)]
pub struct MetricCatalog {
    /// Per window, in the order of their columns.
    pub metrics: &'static [Metric],
    /// Across windows.
    pub rollups: &'static [Rollup],
}

impl MetricCatalog {
    /// The families that have members, in column order.
    pub fn families(&self) -> impl Iterator<Item = Family> + '_ {
        Family::ALL
            .into_iter()
            .filter(|family| self.metrics.iter().any(|metric| metric.family == Some(*family)))
    }
}
