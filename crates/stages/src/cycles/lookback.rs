//! The minutes that are decomposed.

use bars::time::{AsOfSpec, DAY};
use bars::{AsOf, Span};

/// A complete grid of minutes that ends at an as-of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookback {
    /// The as-of written to results.
    pub asof: AsOf,
    /// The minutes.
    pub span: Span,
}

impl Lookback {
    /// Returns the lookback of `months` calendar months. A date includes that whole day: the last
    /// minute is 23:59 and the as-of 23:59:59. A time includes the minutes that close by then.
    /// `newest` is used for [`AsOfSpec::Latest`].
    ///
    /// ```
    /// let newest = "2021-05-31T12:00:00Z".parse::<bars::time::AsOfSpec>()?.moment().unwrap();
    /// let lookback = stages::cycles::Lookback::new("2021-05-31".parse()?, newest, 3);
    /// assert_eq!(lookback.span.start.to_string(), "2021-03-01T00:00:00Z");
    /// assert_eq!(lookback.asof.to_string(), "2021-05-31T23:59:59Z");
    /// assert_eq!(lookback.minutes(), 92 * 1440);
    /// # Ok::<(), bars::Error>(())
    /// ```
    pub fn new(asof: AsOfSpec, newest: AsOf, months: u32) -> Lookback {
        let moment = asof.moment().unwrap_or(newest);
        match asof {
            AsOfSpec::Date(_) => {
                let day = i64::from(DAY);
                let span = Span {
                    start: moment.months_before(months).plus(day).end(),
                    end: moment.plus(day).end(),
                };
                Lookback { asof: moment.plus(day).plus_seconds(-1), span }
            }
            AsOfSpec::Latest | AsOfSpec::At(_) => Lookback {
                asof: moment,
                span: Span { start: moment.months_before(months).end(), end: moment.end() },
            },
        }
    }

    /// Number of minutes.
    pub fn minutes(self) -> usize {
        usize::try_from(self.span.end.index() - self.span.start.index()).unwrap_or(0)
    }

    /// Length in days.
    pub fn days(self) -> f64 {
        self.minutes() as f64 / f64::from(DAY)
    }
}
