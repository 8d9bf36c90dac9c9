//! Bars as CSV: the cohort and history files.

use std::io::Write;
use std::path::Path;

use bars::{Series, Span, Symbol};
use bars_io::atomic::{FinishedFile, TempFiles};
use bars_io::{Error, Source};

/// Writes the bars of `symbols` within `span`, ready to be committed to `path`: symbols in the
/// given order, time ascending, with a `trades` column if any of the bars has a number of trades.
/// Returns the number of bars per symbol.
///
/// The header depends on the bars, not on the columns of the source, so the same bars give the same
/// bytes from a store, a file and a database.
///
/// # Errors
/// The source cannot be read or the file cannot be written.
pub fn write(
    path: &Path,
    source: &dyn Source,
    symbols: &[Symbol],
    span: Span,
    temp: &TempFiles,
) -> bars_io::Result<(FinishedFile, Vec<usize>)> {
    let mut has_trades = false;
    for symbol in symbols {
        has_trades = has_trades || source.has_trades(symbol, span)?;
    }
    let mut file = temp.create(path)?;
    let mut lines = Vec::new();
    lines.extend(b"symbol,timestamp,open,high,low,close,volume");
    lines.extend(if has_trades { &b",trades\n"[..] } else { b"\n" });
    let mut counts = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        let series = source.bars(symbol, span)?;
        push_lines(&mut lines, symbol, &series, has_trades);
        file.write_all(&lines).map_err(|e| Error::io("write", path, e))?;
        lines.clear();
        counts.push(series.len());
    }
    file.write_all(&lines).map_err(|e| Error::io("write", path, e))?;
    Ok((file.finish()?, counts))
}

fn push_lines(out: &mut Vec<u8>, symbol: &Symbol, series: &Series, has_trades: bool) {
    let symbol = quoted(symbol.as_str());
    let mut number = zmij::Buffer::new();
    for bar in series.iter() {
        out.extend(symbol.as_bytes());
        out.push(b',');
        bar.time.write(b' ', out);
        for value in [bar.open, bar.high, bar.low, bar.close, bar.volume] {
            out.push(b',');
            out.extend(number.format_finite(value).as_bytes());
        }
        if has_trades {
            out.push(b',');
            if let Some(count) = bar.trades {
                // Writing to a Vec cannot fail.
                let _ = write!(out, "{count}");
            }
        }
        out.push(b'\n');
    }
}

/// A CSV field, quoted if needed.
pub fn quoted(field: &str) -> String {
    if field.contains([',', '"']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bars::{Bar, Minute};

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
        push_lines(&mut out, &"A,\"B".parse().unwrap(), &series, true);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\"A,\"\"B\",2021-05-13 00:01:00,2.0,1e-7,0.1,123456789.25,0.0,7\n"
        );
    }
}
