//! Which minutes are looked at.

use bars::time::{AsOfSpec, DAY};
use bars::{AsOf, Span};

/// A strict grid of minutes that ends with an as-of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookback {
    /// The as-of, as results carry it.
    pub asof: AsOf,
    /// The minutes.
    pub span: Span,
}

impl Lookback {
    /// The calendar `months` before an as-of. A date means all of that day: the minutes from the
    /// day after the same date so many months before, to 23:59, and 23:59:59 as the as-of. A time
    /// means the minutes that close by then, from the minute that many months before. `newest` is
    /// the time that the newest bar's close stands for.
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

    /// How many minutes.
    pub fn minutes(self) -> usize {
        usize::try_from(self.span.end.index() - self.span.start.index()).unwrap_or(0)
    }

    /// The same in days.
    pub fn days(self) -> f64 {
        self.minutes() as f64 / f64::from(DAY)
    }
}
