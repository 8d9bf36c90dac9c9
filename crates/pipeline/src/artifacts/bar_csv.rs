//! Bars as CSV: the cohort and history files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use bars::time::DAY;
use bars::{Minute, Series, Span, Symbol};
use bars_io::Source;
use bars_io::atomic::{AtomicFile, FinishedFile, TempFiles};
use rayon::prelude::*;

use super::csv_text::quoted;
use crate::error::Result;
use crate::observer::Observer;

/// A file of bars to write.
#[derive(Debug, Clone, Copy)]
pub struct BarFile<'a> {
    /// The file.
    pub path: &'a Path,
    /// The symbols, in the order of the file.
    pub symbols: &'a [Symbol],
}

/// Writes the bars within `span` to several files, ready to be committed: symbols in the given
/// order, time ascending, with a `trades` column if any of the file's bars has a number of trades.
/// Returns the files, each with the number of bars per symbol.
///
/// The header depends on the bars, not on the columns of the source, so the same bars give the same
/// bytes from a store, a file and a database.
///
/// The bars of a symbol are read and formatted once: further files copy them from the first. Some
/// symbols per thread are in memory at a time.
///
/// # Errors
/// The source cannot be read, a file cannot be written, or the observer cancels.
pub fn write(
    files: &[BarFile<'_>],
    source: &dyn Source,
    span: Span,
    temp: &TempFiles,
    observer: &dyn Observer,
) -> Result<Vec<(FinishedFile, Vec<usize>)>> {
    write_as(files, source, span, |symbol| symbol.as_str().into(), temp, observer)
}

/// [`write()`] with another text for each symbol, such as
/// [`spreadsheet_safe`](super::csv_text::spreadsheet_safe).
///
/// # Errors
/// Those of [`write()`].
pub fn write_as(
    files: &[BarFile<'_>],
    source: &dyn Source,
    span: Span,
    name: fn(&Symbol) -> Cow<'_, str>,
    temp: &TempFiles,
    observer: &dyn Observer,
) -> Result<Vec<(FinishedFile, Vec<usize>)>> {
    let mut outputs = Vec::with_capacity(files.len());
    for file in files {
        outputs.push(Output::create(file, needs_trades(file, source, span)?, temp)?);
    }
    // In this order a file never waits for a symbol that comes later.
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for output in &outputs {
        for symbol in output.symbols {
            let block = Block { symbol, has_trades: output.has_trades };
            if !blocks.contains(&block) {
                blocks.push(block);
            }
        }
    }
    let format = |block: &Block<'_>| -> Result<Lines> {
        observer.check()?;
        let series = source.bars(block.symbol, span)?;
        let mut bytes = Vec::new();
        push_lines(&mut bytes, &name(block.symbol), &series, block.has_trades);
        Ok(Lines { bytes, bars: series.len() })
    };
    let readers = outputs.iter().map(|output| output.file.reader());
    let readers = readers.collect::<bars_io::Result<Vec<File>>>()?;
    let readers = &readers[..];
    let mut written = Written::default();
    thread::scope(|scope| -> Result<()> {
        // Formatting goes on while the lines of earlier symbols are written, and the system writes
        // to the disk in the background; else the disk would be idle until the files are complete.
        let (to_disk, due) = mpsc::channel();
        let sync = move || {
            while due.recv().is_ok() {
                // What fails here fails again when the file is finished.
                readers.iter().for_each(|file| drop(file.sync_data()));
                // One sync covers all writes so far.
                while due.try_recv().is_ok() {}
            }
        };
        thread::Builder::new().spawn_scoped(scope, sync).map_err(bars_io::Error::thread)?;
        let (formatted, incoming) = mpsc::channel::<(usize, Lines)>();
        let (outputs, written, blocks) = (&mut outputs, &mut written, &blocks[..]);
        let write = move || -> Result<()> {
            // Threads finish out of order, a few symbols apart.
            let (mut early, mut next) = (BTreeMap::new(), 0);
            for (place, lines) in incoming {
                early.insert(place, lines);
                while let Some(lines) = early.remove(&next) {
                    written.append(blocks[next], lines, outputs, readers)?;
                    next += 1;
                }
                // Only if that thread ended can this fail; the files are synced at the end anyway.
                let _ = to_disk.send(());
            }
            Ok(())
        };
        let writer = thread::Builder::new().spawn_scoped(scope, write);
        let writer = writer.map_err(bars_io::Error::thread)?;
        // Every thread takes the next block, so that few are waiting to be written.
        let next = AtomicUsize::new(0);
        let format_blocks = |formatted: mpsc::Sender<(usize, Lines)>| -> Result<()> {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(block) = blocks.get(place) else { return Ok(()) };
                let lines = format(block)?;
                if formatted.send((place, lines)).is_err() {
                    // The writer stopped because of an error.
                    return Ok(());
                }
            }
        };
        let threads: Vec<_> =
            (0..rayon::current_num_threads()).map(|_| formatted.clone()).collect();
        drop(formatted);
        threads.into_par_iter().try_for_each(format_blocks)?;
        match writer.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    let finish = |output: Output<'_>| -> Result<(FinishedFile, Vec<usize>)> {
        let count = |symbol: &Symbol| written.bars.get(symbol).copied().unwrap_or(0);
        let counts = output.symbols.iter().map(count).collect();
        Ok((output.file.finish()?, counts))
    };
    outputs.into_par_iter().map(finish).collect()
}

/// Whether any bar of a file has a number of trades.
///
/// # Errors
/// The source cannot be read.
pub(super) fn needs_trades(
    file: &BarFile<'_>,
    source: &dyn Source,
    span: Span,
) -> bars_io::Result<bool> {
    for symbol in file.symbols {
        if source.has_trades(symbol, span)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The lines of a symbol: they depend on whether the file has a column of trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Block<'a> {
    symbol: &'a Symbol,
    has_trades: bool,
}

/// Formatted bars of a symbol.
struct Lines {
    bytes: Vec<u8>,
    bars: usize,
}

/// A file that is being written.
struct Output<'a> {
    path: &'a Path,
    file: AtomicFile,
    symbols: &'a [Symbol],
    has_trades: bool,
    /// Number of symbols written, and of bytes.
    done: usize,
    bytes: u64,
}

impl<'a> Output<'a> {
    fn create(file: &BarFile<'a>, has_trades: bool, temp: &TempFiles) -> Result<Output<'a>> {
        let mut created = temp.create(file.path)?;
        let end: &[u8] = if has_trades { b",trades\n" } else { b"\n" };
        let header = [b"symbol,timestamp,open,high,low,close,volume", end].concat();
        created.write_all(&header).map_err(|e| bars_io::Error::io("write", file.path, e))?;
        let (path, symbols, bytes) = (file.path, file.symbols, header.len() as u64);
        Ok(Output { path, file: created, symbols, has_trades, done: 0, bytes })
    }

    fn next(&self) -> Option<Block<'a>> {
        let symbol = self.symbols.get(self.done)?;
        Some(Block { symbol, has_trades: self.has_trades })
    }
}

/// Where the lines of each symbol are.
#[derive(Default)]
struct Written<'a> {
    /// Index of the file, position and length.
    places: HashMap<Block<'a>, (usize, u64, u64)>,
    bars: HashMap<&'a Symbol, usize>,
}

impl<'a> Written<'a> {
    /// Appends the lines of `block` to the first file that needs them, and to every file what
    /// follows there and is written elsewhere.
    fn append(
        &mut self,
        block: Block<'a>,
        lines: Lines,
        outputs: &mut [Output<'a>],
        readers: &[File],
    ) -> Result<()> {
        self.bars.insert(block.symbol, lines.bars);
        let len = lines.bytes.len() as u64;
        for place in 0..outputs.len() {
            while let Some(next) = outputs[place].next() {
                if next == block {
                    let output = &mut outputs[place];
                    let error = |e| bars_io::Error::io("write", output.path, e);
                    output.file.write_all(&lines.bytes).map_err(error)?;
                    self.places.entry(block).or_insert((place, output.bytes, len));
                    output.bytes += len;
                } else if let Some(&(file, start, len)) = self.places.get(&next) {
                    let from = &mut outputs[file];
                    from.file.flush().map_err(|e| bars_io::Error::io("write", from.path, e))?;
                    let output = &mut outputs[place];
                    output.file.append(&readers[file], start, len)?;
                    output.bytes += len;
                } else {
                    break;
                }
                outputs[place].done += 1;
            }
        }
        Ok(())
    }
}

/// Appends the lines of `series` to `out`.
fn push_lines(out: &mut Vec<u8>, symbol: &str, series: &Series, has_trades: bool) {
    let symbol = quoted(symbol) + ",";
    out.reserve(series.len() * (symbol.len() + MEAN_LINE));
    let (mut times, mut prices) = (TimeText::default(), RecentNumbers::default());
    let (mut number, mut whole) = (zmij::Buffer::new(), itoa::Buffer::new());
    let trades = series.trades().filter(|_| has_trades);
    for index in 0..series.len() {
        // Short texts are collected in an array, which is faster than in a vector that can grow.
        let mut line = Line { bytes: [0; 256], len: 0 };
        line.push(times.text(series.time()[index]));
        for column in [series.open(), series.high(), series.low(), series.close()] {
            line.push(b",");
            line.push(prices.text(column[index]));
        }
        line.push(b",");
        line.push(number.format_finite(series.volume()[index]).as_bytes());
        if has_trades {
            line.push(b",");
            if let Some(count) = trades.and_then(|trades| trades[index]) {
                line.push(whole.format(count).as_bytes());
            }
        }
        line.push(b"\n");
        out.extend_from_slice(symbol.as_bytes());
        out.extend_from_slice(&line.bytes[..line.len]);
    }
}

/// A line without its symbol is about this long.
const MEAN_LINE: usize = 72;

/// A line without its symbol: a time, five numbers of at most 24 bytes and a count.
struct Line {
    bytes: [u8; 256],
    len: usize,
}

impl Line {
    fn push(&mut self, text: &[u8]) {
        self.bytes[self.len..self.len + text.len()].copy_from_slice(text);
        self.len += text.len();
    }
}

/// The text of the last time; the next one mostly has the same date.
#[derive(Default)]
struct TimeText {
    day: Option<i32>,
    text: Vec<u8>,
}

impl TimeText {
    fn text(&mut self, time: Minute) -> &[u8] {
        let (day, minute) = (time.index().div_euclid(DAY), time.index().rem_euclid(DAY));
        if self.day == Some(day) {
            let (hour, minute) = (minute / 60, minute % 60);
            // YYYY-MM-DD HH:MM:00
            for (place, digit) in
                [(11, hour / 10), (12, hour % 10), (14, minute / 10), (15, minute % 10)]
            {
                self.text[place] = b'0' + digit as u8;
            }
        } else {
            self.text.clear();
            time.write(b' ', &mut self.text);
            self.day = Some(day);
        }
        &self.text
    }
}

/// The texts of the last prices: most prices of a bar equal one of the bar before or of the same
/// bar, and copying a text is faster than formatting a number.
#[derive(Default)]
struct RecentNumbers {
    /// Bits of the number, its text, and the length of that.
    recent: [(u64, [u8; 24], u8); 4],
    next: usize,
}

impl RecentNumbers {
    fn text(&mut self, value: f64) -> &[u8] {
        let bits = value.to_bits();
        let is_known = |(known, _, len): &(u64, [u8; 24], u8)| *known == bits && *len > 0;
        let place = self.recent.iter().position(is_known).unwrap_or_else(|| {
            let mut buffer = zmij::Buffer::new();
            let text = buffer.format_finite(value).as_bytes();
            let place = self.next;
            self.next = (self.next + 1) % self.recent.len();
            let (known, kept, len) = &mut self.recent[place];
            kept[..text.len()].copy_from_slice(text);
            (*known, *len) = (bits, text.len() as u8);
            place
        });
        let (_, text, len) = &self.recent[place];
        &text[..usize::from(*len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bars::Bar;
    use bars_io::memory::MemorySource;
    use proptest::prelude::*;

    use crate::observer::Silent;

    #[test]
    fn lines_have_the_documented_form() {
        let time = Minute::from_epoch_seconds(1_620_864_060).unwrap();
        let bar = Bar {
            time,
            open: 2.0,
            high: 1e-7,
            low: 0.1,
            close: 123_456_789.25,
            volume: 0.0,
            trades: Some(7),
        };
        let series: Series = [bar].into_iter().collect();
        let mut out = Vec::new();
        push_lines(&mut out, "A,\"B", &series, true);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\"A,\"\"B\",2021-05-13 00:01:00,2.0,1e-7,0.1,123456789.25,0.0,7\n"
        );
    }

    /// A file by its definition, bar by bar.
    fn naive(symbols: &[Symbol], market: &[(Symbol, Series)]) -> String {
        let of = |symbol: &Symbol| &market.iter().find(|(name, _)| name == symbol).unwrap().1;
        let bars =
            || symbols.iter().flat_map(|symbol| of(symbol).iter().map(move |bar| (symbol, bar)));
        let has_trades = bars().any(|(_, bar)| bar.trades.is_some());
        let mut text = "symbol,timestamp,open,high,low,close,volume".to_owned();
        text += if has_trades { ",trades\n" } else { "\n" };
        for (symbol, bar) in bars() {
            let number = |value: f64| zmij::Buffer::new().format_finite(value).to_owned();
            let numbers = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(number);
            text += &format!("{symbol},{},{}", bar.time.plain(), numbers.join(","));
            if has_trades {
                text += &bar.trades.map_or(",".to_owned(), |count| format!(",{count}"));
            }
            text.push('\n');
        }
        text
    }

    fn series() -> impl Strategy<Value = Series> {
        // Gaps of minutes and days, repeated prices, counts that may be missing.
        let bar = (prop_oneof![Just(1_i64), 2_i64..3000], 1_i32..5, 0_i32..3, 0_u32..3);
        prop::collection::vec(bar, 0..40).prop_map(|steps| {
            let mut time = 28_483_200;
            let bar = |&(gap, close, volume, count): &(i64, i32, i32, u32)| {
                time += gap;
                let (close, volume) = (f64::from(close) / 3.0, f64::from(volume) * 1e9);
                let trades = (count == 2).then_some(count * 1_000_000_000);
                let time = Minute::new(time).unwrap();
                Bar { time, open: 1e-7, high: close * 2.0, low: close / 2.0, close, volume, trades }
            };
            steps.iter().map(bar).collect()
        })
    }

    proptest! {
        #[test]
        fn files_are_those_of_the_definition(
            series in prop::collection::vec(series(), 4),
            lists in prop::collection::vec(prop::collection::vec(0_usize..4, 0..6), 1..4),
        ) {
            let names = ["A/USD", "B/USD", "C/USD", "D/USD"].map(|name| name.parse::<Symbol>().unwrap());
            let market: Vec<(Symbol, Series)> = names.iter().cloned().zip(series).collect();
            let source = MemorySource::new(market.clone());
            let folder = tempfile::tempdir().unwrap();
            let lists: Vec<Vec<Symbol>> =
                lists.iter().map(|list| list.iter().map(|&i| names[i].clone()).collect()).collect();
            let paths: Vec<_> =
                (0..lists.len()).map(|i| folder.path().join(format!("{i}.csv"))).collect();
            let files: Vec<BarFile<'_>> = paths
                .iter()
                .zip(&lists)
                .map(|(path, symbols)| BarFile { path, symbols })
                .collect();
            let written =
                write(&files, &source, Span::ALL, &TempFiles::default(), &Silent).unwrap();
            for ((file, counts), (path, list)) in written.into_iter().zip(paths.iter().zip(&lists)) {
                file.commit().unwrap();
                prop_assert_eq!(std::fs::read_to_string(path).unwrap(), naive(list, &market));
                let expected = |symbol: &Symbol| {
                    market.iter().find(|(name, _)| name == symbol).unwrap().1.len()
                };
                prop_assert_eq!(counts, list.iter().map(expected).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn an_unwritable_file_is_an_error_and_leaves_nothing() {
        let bar = |i| {
            let time = Minute::new(i).unwrap();
            Bar { time, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0, trades: None }
        };
        let symbol: Symbol = "A/USD".parse().unwrap();
        let market = vec![(symbol.clone(), (0..5).map(bar).collect::<Series>())];
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
        std::fs::create_dir(&bad).unwrap();
        let symbols = [symbol];
        let files = [&good, &bad].map(|path| BarFile { path, symbols: &symbols });
        let source = MemorySource::new(market);
        let error = write(&files, &source, Span::ALL, &TempFiles::default(), &Silent);
        assert!(error.unwrap_err().to_string().contains("b.csv"));
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(left, [bad]);
    }
}
