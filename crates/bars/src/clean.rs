//! Data cleaning. Rows that are not valid bars are rejected, counted by cause and reported; none is
//! dropped silently.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::bar::Bar;
pub use crate::finding::Finding;
use crate::series::{Series, SeriesBuilder};
use crate::symbol::Symbol;

/// Findings counted by cause, each with the location of its first occurrence, and notices about
/// whole inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Findings {
    rows: BTreeMap<Finding, (u64, String)>,
    notices: BTreeSet<String>,
}

impl Findings {
    /// Counts one finding. `place` returns its location (file and line, or key) and is called for
    /// the first one only.
    pub fn record(&mut self, finding: Finding, place: impl FnOnce() -> String) {
        self.record_many(finding, 1, place);
    }

    /// Counts `count` findings of one cause; `place` returns the location of the first.
    pub fn record_many(&mut self, finding: Finding, count: u64, place: impl FnOnce() -> String) {
        if count > 0 {
            self.rows.entry(finding).or_insert_with(|| (0, place())).0 += count;
        }
    }

    /// Adds a notice about an input as a whole, such as an ambiguous header; it must name the
    /// input.
    pub fn note(&mut self, notice: String) {
        self.notices.insert(notice);
    }

    /// The notices, in the order of their texts.
    pub fn notices(&self) -> impl Iterator<Item = &str> {
        self.notices.iter().map(String::as_str)
    }

    /// Checks `bar`, counts findings, and returns whether to keep it.
    pub fn admit(&mut self, bar: &Bar, place: impl Fn() -> String) -> bool {
        if let Some(finding) = Finding::from_bar(bar) {
            self.record(finding, place);
            return false;
        }
        if Finding::is_outside_range(bar) {
            self.record(Finding::OutsideRange, place);
        }
        true
    }

    /// Returns the series of `builder` and counts the bars of `symbol` that later ones replaced.
    pub fn series(&mut self, symbol: &Symbol, builder: SeriesBuilder) -> Series {
        let (series, replaced, first) = builder.finish();
        let place =
            || format!("{symbol} {}", first.map(|time| time.to_string()).unwrap_or_default());
        self.record_many(Finding::Duplicate, replaced as u64, place);
        series
    }

    /// Adds the findings of `other`. The first location of a cause stays the one already known.
    pub fn merge(&mut self, other: &Findings) {
        for (finding, (count, place)) in &other.rows {
            self.record_many(*finding, *count, || place.clone());
        }
        self.notices.extend(other.notices.iter().cloned());
    }

    /// Adds the findings of `other`, which may have read some of the same inputs. If both have the
    /// same first location for a cause, they saw the same rows, which are counted once.
    pub fn merge_overlapping(&mut self, other: &Findings) {
        for (finding, (count, place)) in &other.rows {
            match self.rows.get_mut(finding) {
                Some((own, first)) if first == place => *own = (*own).max(*count),
                _ => self.record_many(*finding, *count, || place.clone()),
            }
        }
        self.notices.extend(other.notices.iter().cloned());
    }

    /// Number of findings of one cause.
    pub fn count(&self, finding: Finding) -> u64 {
        self.rows.get(&finding).map_or(0, |(count, _)| *count)
    }

    /// Number of rejected rows.
    pub fn rejected(&self) -> u64 {
        self.rows
            .iter()
            .filter(|(finding, _)| finding.is_rejected())
            .map(|(_, (count, _))| count)
            .sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.notices.is_empty()
    }

    /// Whether strict reading fails: some rows were rejected or replaced.
    pub fn breaks_strict(&self) -> bool {
        self.rejected() + self.count(Finding::Duplicate) > 0
    }

    /// Why strict reading fails: the number of rows that were rejected or replaced, and all
    /// findings with their first locations.
    pub fn strict_reason(&self) -> String {
        let rows = match self.rejected() + self.count(Finding::Duplicate) {
            1 => "1 invalid or duplicate row".to_owned(),
            n => format!("{n} invalid or duplicate rows"),
        };
        format!("{rows}: {}", Causes(self))
    }
}

/// One line: the notices, then count, cause and first location of each finding, then remedies.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, notice) in self.notices.iter().enumerate() {
            write!(f, "{}{notice}", if i == 0 { "" } else { ", " })?;
        }
        if self.rows.is_empty() {
            return Ok(());
        }
        if !self.notices.is_empty() {
            f.write_str(", ")?;
        }
        match self.rejected() {
            0 => f.write_str("unusual rows: ")?,
            1 => f.write_str("skipped 1 row: ")?,
            n => write!(f, "skipped {n} rows: ")?,
        }
        Causes(self).fmt(f)
    }
}

/// Each finding with its count and first location, then remedies.
struct Causes<'a>(&'a Findings);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = &self.0.rows;
        for (i, (finding, (count, place))) in rows.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            match count {
                1 => write!(f, "{separator}{finding} ({place})")?,
                n => write!(f, "{separator}{finding} ({n}, first: {place})")?,
            }
        }
        for remedy in rows.keys().filter_map(|finding| finding.remedy()) {
            write!(f, "; {remedy}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Minute;

    #[test]
    fn each_cause() {
        let good = Bar {
            time: Minute::new(0).unwrap(),
            open: 2.0,
            high: 3.0,
            low: 1.0,
            close: 2.0,
            volume: 0.0,
            trades: None,
        };
        assert_eq!(Finding::from_bar(&good), None);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            for set in [
                |b: &mut Bar, x| b.open = x,
                |b: &mut Bar, x| b.high = x,
                |b: &mut Bar, x| b.low = x,
                |b: &mut Bar, x| b.close = x,
            ] {
                let mut bar = good;
                set(&mut bar, bad);
                assert_eq!(Finding::from_bar(&bar), Some(Finding::Price));
            }
        }
        for bad in [-0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Finding::from_bar(&Bar { volume: bad, ..good }), Some(Finding::Volume));
        }
        assert_eq!(Finding::from_bar(&Bar { high: 0.5, ..good }), Some(Finding::HighBelowLow));

        let mut findings = Findings::default();
        assert!(findings.admit(&Bar { close: 9.0, ..good }, || "line 2".into()));
        assert!(!findings.admit(&Bar { close: 0.0, ..good }, || "line 3".into()));
        assert!(!findings.admit(&Bar { open: 0.0, ..good }, || "line 4".into()));
        assert_eq!((findings.rejected(), findings.breaks_strict()), (2, true));
        let mut all = findings.clone();
        all.merge_overlapping(&findings);
        assert_eq!(all, findings, "the same rows");
        all.merge(&findings);
        assert_eq!(all.rejected(), 4, "other rows");
        let mut other = Findings::default();
        other.record(Finding::Price, || "line 9".into());
        all.merge_overlapping(&other);
        assert_eq!(all.count(Finding::Price), 5, "other rows of one cause");
        assert_eq!(
            findings.to_string(),
            "skipped 2 rows: price is not a number > 0 (2, first: line 3), \
             kept with open or close outside [low, high] (line 2)"
        );
    }
}
