//! The as-ofs of a panel.

use bars::time::AsOfSpec;
use bars::{AsOf, Window};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::text::pluralize;

/// Maximum number of as-ofs per job.
pub const MAX_SNAPSHOTS: i64 = 1_000_000;

/// As-ofs from one time to another (inclusive) in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelRange {
    /// The first as-of; not `Latest`.
    pub from: AsOfSpec,
    /// The last as-of; `Latest`: the close of the newest bar.
    pub to: AsOfSpec,
    /// Time from one as-of to the next.
    pub every: Window,
    /// Whether more than one as-of may be later than the newest bar. Such as-ofs repeat the newest
    /// bars with growing gaps at the end, and are usually a mistyped date.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_future: bool,
}

impl PanelRange {
    /// Returns the as-ofs, ascending, at least one. `asof` resolves the first and the last, and
    /// `Latest` to the newest as-of that the bars allow.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the panel begins with `Latest`, is backwards, has more than
    /// [`MAX_SNAPSHOTS`] as-ofs, or has more than one that is later than the newest bar although
    /// `allow_future` is not set.
    pub fn asofs(self, asof: impl Fn(AsOfSpec) -> AsOf) -> Result<Vec<AsOf>> {
        self.check_from()?;
        let from = asof(self.from);
        let count = self.count(from, asof(self.to))?;
        let step = i64::from(self.every.minutes());
        let asofs: Vec<AsOf> = (0..count).map(|i| from.plus(i * step)).collect();
        let newest = asof(AsOfSpec::Latest);
        let future = asofs.len() - asofs.partition_point(|asof| *asof <= newest);
        // Bars often end shortly before the last as-of.
        if future > 1 && !self.allow_future {
            let reason = format!(
                "{future} of {count} as-ofs are later than the newest bar, which closes at {newest}; use latest, or set allow_future"
            );
            return Err(Error::parameter("to", reason));
        }
        Ok(asofs)
    }

    /// Checks everything that does not depend on bars, so that an invalid range is reported before
    /// a source is opened. `asof` resolves a time; `None` for the close of the newest bar.
    ///
    /// # Errors
    /// As [`PanelRange::asofs`].
    pub fn check(self, asof: impl Fn(AsOfSpec) -> Option<AsOf>) -> Result<()> {
        self.check_from()?;
        match asof(self.from).zip(asof(self.to)) {
            Some((from, to)) => self.count(from, to).map(drop),
            None => Ok(()),
        }
    }

    fn check_from(self) -> Result<()> {
        if self.from == AsOfSpec::Latest {
            return Err(Error::parameter(
                "from",
                "\"latest\" gives an empty panel; give a time or a date",
            ));
        }
        Ok(())
    }

    /// Returns the number of as-ofs between two times.
    fn count(self, from: AsOf, to: AsOf) -> Result<i64> {
        let every = self.every;
        if to < from {
            return Err(Error::parameter("from", format!("{from} is later than {to}; swap them")));
        }
        let minutes = (to.epoch_seconds() - from.epoch_seconds()) / 60;
        let count = minutes / i64::from(every.minutes()) + 1;
        if count > MAX_SNAPSHOTS {
            return Err(Error::parameter(
                "every",
                format!(
                    "{count} snapshots from {from} to {to} every {every} exceed the limit of {MAX_SNAPSHOTS}; divide the panel into several runs"
                ),
            ));
        }
        Ok(count)
    }
}

/// Drops the as-ofs before `first`, the earliest one that a bar has closed by, with a warning. `all`
/// ascends and has at least one; so does the result.
///
/// # Errors
/// [`Error::AsofBeforeBars`] if none is left. `what` names the bars, which close from `oldest` to
/// `newest`.
pub(crate) fn since_first_bar(
    all: Vec<AsOf>,
    first: AsOf,
    what: &str,
    (oldest, newest): (AsOf, AsOf),
    observer: &dyn Observer,
) -> Result<Vec<AsOf>> {
    let known: Vec<AsOf> = all.iter().copied().filter(|&asof| asof >= first).collect();
    if known.is_empty() {
        let (asof, what) = (all[all.len() - 1], what.to_owned());
        return Err(Error::AsofBeforeBars { asof, what, oldest, newest });
    }
    if known.len() < all.len() {
        let dropped = pluralize(all.len() - known.len(), "as-of");
        observer.warn(format!("skipped {dropped} before {first}: no bar has closed by then"));
    }
    Ok(known)
}

/// Groups as-ofs by date.
pub(crate) fn dates(asofs: &[AsOf]) -> impl Iterator<Item = &[AsOf]> {
    asofs.chunk_by(|a, b| a.midnight() == b.midnight())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_ends_at_most_one_asof_after_the_newest_bar() {
        let range = |to: &str, allow_future| PanelRange {
            from: "2025-12-30".parse().unwrap(),
            to: to.parse().unwrap(),
            every: Window::DAY,
            allow_future,
        };
        let newest = "2025-12-31T23:50:00Z".parse::<AsOfSpec>().unwrap().moment().unwrap();
        let asofs = |range: PanelRange| range.asofs(|spec| spec.moment().unwrap_or(newest));
        assert_eq!(asofs(range("2026-01-01", false)).unwrap().len(), 3);
        let error = asofs(range("2026-01-02", false)).unwrap_err().to_string();
        assert!(error.contains("2 of 4 as-ofs are later than the newest bar"), "{error}");
        assert!(error.contains("2025-12-31T23:50:00Z"), "{error}");
        assert_eq!(asofs(range("2026-01-02", true)).unwrap().len(), 4);
    }
}
