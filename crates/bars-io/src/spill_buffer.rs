//! Groups rows in any order by symbol, in bounded memory.
//!
//! Up to a budget the bars stay in memory. Beyond it they are written, one block per symbol, to a
//! temporary file without a name, which disappears with the process. A symbol's bars are returned
//! in the order in which they were pushed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use crate::divisor::gcd;
use crate::error::{Error, Result};
use crate::source::Entry;
use bars::clean::Findings;
use bars::series::{Bar, Series, SeriesBuilder};
use bars::symbol::Symbol;
use bars::time::Minute;

/// Bars kept in memory: 56 MB.
const BUDGET: usize = 1 << 20;

/// A bar on disk: time, trades, and five numbers.
const BAR_BYTES: usize = 48;
const NO_TRADES: u32 = u32::MAX;

/// Bars by symbol.
#[derive(Debug, Default)]
pub struct SpillBuffer {
    places: BTreeMap<Symbol, usize>,
    symbols: Vec<Gathered>,
    /// Index of the last bar's symbol: neighboring rows mostly share theirs.
    last: usize,
    buffered: usize,
    budget: Option<usize>,
    disk: Option<Mutex<File>>,
    written: u64,
}

#[derive(Debug)]
struct Gathered {
    symbol: Symbol,
    buffer: Vec<Bar>,
    /// Offset and number of bars of each block on disk, oldest first.
    blocks: Vec<(u64, usize)>,
    first: Minute,
    last: Minute,
    /// Whether each bar is after the previous one.
    ascends: bool,
    /// The greatest common divisor of all distances between bars, in minutes.
    step: i32,
}

impl Gathered {
    fn rows(&self) -> usize {
        self.blocks.iter().map(|(_, rows)| rows).sum::<usize>() + self.buffer.len()
    }
}

impl SpillBuffer {
    /// Creates a buffer that keeps at most `budget` bars in memory.
    pub fn with_budget(budget: usize) -> SpillBuffer {
        SpillBuffer { budget: Some(budget), ..SpillBuffer::default() }
    }

    /// Adds a bar.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn push(&mut self, symbol: &Symbol, bar: Bar) -> Result<()> {
        if self.symbols.get(self.last).is_none_or(|gathered| gathered.symbol != *symbol) {
            self.last = match self.places.get(symbol) {
                Some(&place) => place,
                None => {
                    self.places.insert(symbol.clone(), self.symbols.len());
                    let (buffer, blocks) = (Vec::new(), Vec::new());
                    let (symbol, first, last) = (symbol.clone(), bar.time, Minute::MIN);
                    self.symbols.push(Gathered {
                        symbol,
                        buffer,
                        blocks,
                        first,
                        last,
                        ascends: true,
                        step: 0,
                    });
                    self.symbols.len() - 1
                }
            };
        }
        let gathered = &mut self.symbols[self.last];
        if gathered.step != 1 && gathered.last != Minute::MIN {
            let distance = bar.time.index() - gathered.last.index();
            gathered.step = gcd(gathered.step, distance.abs());
        }
        gathered.ascends &= gathered.last < bar.time;
        gathered.first = gathered.first.min(bar.time);
        gathered.last = gathered.last.max(bar.time);
        gathered.buffer.push(bar);
        self.buffered += 1;
        if self.buffered >= self.budget.unwrap_or(BUDGET) {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let error = |e| Error::io("write the temporary file in", &std::env::temp_dir(), e);
        let disk = match &mut self.disk {
            Some(disk) => disk,
            None => self.disk.insert(Mutex::new(tempfile::tempfile().map_err(error)?)),
        };
        let disk = disk.get_mut().unwrap_or_else(PoisonError::into_inner);
        disk.seek(SeekFrom::Start(self.written)).map_err(error)?;
        let mut bytes = Vec::new();
        for gathered in self.symbols.iter_mut().filter(|gathered| !gathered.buffer.is_empty()) {
            bytes.clear();
            gathered.buffer.iter().for_each(|bar| encode(bar, &mut bytes));
            disk.write_all(&bytes).map_err(error)?;
            gathered.blocks.push((self.written, gathered.buffer.len()));
            gathered.buffer = Vec::new();
            self.written += bytes.len() as u64;
        }
        self.buffered = 0;
        Ok(())
    }

    /// Every symbol and its span.
    pub fn catalog(&self) -> Vec<Entry> {
        let entry = |(symbol, &place): (&Symbol, &usize)| Entry {
            symbol: symbol.clone(),
            first: self.symbols[place].first,
            last: self.symbols[place].last,
        };
        self.places.iter().map(entry).collect()
    }

    /// Number of symbols.
    pub(crate) fn len(&self) -> usize {
        self.symbols.len()
    }

    /// The symbols in the order of their first bars.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.symbols.iter().map(|gathered| gathered.symbol.clone()).collect()
    }

    /// Returns whether the bars of `symbol` were pushed in time order, each minute once, so that
    /// none replaces another.
    pub fn is_ascending(&self, symbol: &Symbol) -> bool {
        self.places.get(symbol).is_none_or(|&place| self.symbols[place].ascends)
    }

    /// The greatest common divisor of all distances between bars of `symbol`, in minutes; 0 if all
    /// have the same time.
    pub(crate) fn step(&self, symbol: &Symbol) -> i32 {
        self.places.get(symbol).map_or(0, |&place| self.symbols[place].step)
    }

    /// Number of bars of `symbol`.
    pub(crate) fn rows(&self, symbol: &Symbol) -> usize {
        self.places.get(symbol).map_or(0, |&place| self.symbols[place].rows())
    }

    /// Returns the series of `symbol` (empty if unknown); replaced rows are counted in `findings`.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn series(&self, symbol: &Symbol, findings: &mut Findings) -> Result<Series> {
        let Some(gathered) = self.places.get(symbol).map(|&place| &self.symbols[place]) else {
            return Ok(Series::default());
        };
        // Of many rows out of order, few may be left.
        let capacity = if gathered.ascends { gathered.rows() } else { 0 };
        let mut builder = SeriesBuilder::with_capacity(capacity);
        for &(offset, rows) in &gathered.blocks {
            self.block(offset, rows, |bar| builder.push(bar))?;
        }
        gathered.buffer.iter().for_each(|bar| builder.push(*bar));
        Ok(findings.series(symbol, builder))
    }

    fn block(&self, offset: u64, rows: usize, mut take: impl FnMut(Bar)) -> Result<()> {
        let mut bytes = vec![0; rows * BAR_BYTES];
        if let Some(disk) = &self.disk {
            let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
            disk.seek(SeekFrom::Start(offset))
                .and_then(|_| disk.read_exact(&mut bytes))
                .map_err(|e| Error::io("read the temporary file in", &std::env::temp_dir(), e))?;
        }
        bytes.as_chunks::<BAR_BYTES>().0.iter().filter_map(decode).for_each(&mut take);
        Ok(())
    }
}

fn encode(bar: &Bar, out: &mut Vec<u8>) {
    out.extend(bar.time.index().to_le_bytes());
    out.extend(bar.trades.unwrap_or(NO_TRADES).to_le_bytes());
    for number in [bar.open, bar.high, bar.low, bar.close, bar.volume] {
        out.extend(number.to_le_bytes());
    }
}

fn decode(bytes: &[u8; BAR_BYTES]) -> Option<Bar> {
    let (words, _) = bytes.as_chunks::<8>();
    let half = |i: usize| [bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]];
    let [open, high, low, close, volume] = [1, 2, 3, 4, 5].map(|i| f64::from_le_bytes(words[i]));
    let trades = Some(u32::from_le_bytes(half(4))).filter(|&trades| trades != NO_TRADES);
    Some(Bar {
        time: Minute::new(i32::from_le_bytes(half(0)).into())?,
        open,
        high,
        low,
        close,
        volume,
        trades,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn memory_and_disk_give_the_same(
            rows in prop::collection::vec((0_usize..3, 0_i64..30, prop::option::of(0_u32..9)), 1..80),
            budget in 1_usize..20,
        ) {
            let mut small = SpillBuffer::with_budget(budget);
            let mut large = SpillBuffer::default();
            for (i, &(symbol, minute, trades)) in rows.iter().enumerate() {
                let symbol: Symbol = ["A", "B/C", "D"][symbol].parse().unwrap();
                let p = 1.0 + i as f64;
                let time = Minute::new(minute).unwrap();
                let bar = Bar { time, open: p, high: p + 3.0, low: p - 0.5, close: p + 1.0, volume: p * 0.1, trades };
                small.push(&symbol, bar).unwrap();
                large.push(&symbol, bar).unwrap();
            }
            prop_assert_eq!(small.catalog(), large.catalog());
            for entry in large.catalog() {
                let (mut a, mut b) = (Findings::default(), Findings::default());
                let series = large.series(&entry.symbol, &mut a).unwrap();
                prop_assert_eq!(&small.series(&entry.symbol, &mut b).unwrap(), &series);
                prop_assert_eq!(series.ends(), Some((entry.first, entry.last)));
                prop_assert_eq!(large.is_ascending(&entry.symbol) && !a.is_empty(), false);
                prop_assert_eq!(a, b);
            }
        }
    }
}
