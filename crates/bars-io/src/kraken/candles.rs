//! Reads the newest minutes of a pair, at most 720.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Client;
use super::market::number;
use crate::error::Result;
use bars::series::Bar;
use bars::time::Minute;

const METHOD: &str = "OHLC";

/// The finished minutes of a response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candles {
    /// The oldest minute in the response, with or without a bar.
    pub first: Option<Minute>,
    /// The minute that is not over yet.
    pub unfinished: Option<Minute>,
    /// Whether there were trades in these minutes, including the unfinished one.
    pub was_traded: bool,
    /// Bars of minutes with trades. The API fills other minutes with flat bars; its archive and our
    /// stores have none for them.
    pub bars: Vec<Bar>,
}

/// Fetches the minutes of the pair with this REST key from `since` on, as far as the API still has
/// them.
///
/// Rows are `[epoch seconds, open, high, low, close, vwap, volume, count]`; the last row is the
/// current minute.
///
/// # Errors
/// The request fails, or the response has another form.
pub fn newest(client: &Client, key: &str, since: Option<Minute>) -> Result<Candles> {
    let since = since.map(|minute| minute.epoch_seconds().to_string());
    let mut query = vec![("pair", key), ("interval", "1")];
    query.extend(since.as_deref().map(|since| ("since", since)));
    let answer: BTreeMap<String, Value> = client.get(METHOD, &query)?;
    read(&answer).map_err(|what| client.senseless(METHOD, what))
}

fn read(answer: &BTreeMap<String, Value>) -> Result<Candles, String> {
    // The rows are under the REST key even if another name was requested.
    let rows = answer.values().find_map(Value::as_array).ok_or("no list of bars")?;
    let Some((unfinished, finished)) = rows.split_last() else {
        return Ok(Candles::default());
    };
    let time = |row: &Value| {
        let seconds = row.get(0).and_then(Value::as_i64);
        seconds
            .and_then(|seconds| (seconds % 60 == 0).then(|| Minute::from_epoch_seconds(seconds))?)
            .ok_or_else(|| format!("row {row}: invalid time"))
    };
    let mut candles = Candles {
        first: Some(time(&rows[0])?),
        unfinished: Some(time(unfinished)?),
        was_traded: rows.iter().any(|row| row.get(7).and_then(Value::as_u64) > Some(0)),
        bars: Vec::with_capacity(finished.len()),
    };
    let mut last = None;
    for row in finished {
        let time = time(row)?;
        if last.is_some_and(|last| time <= last) || Some(time) >= candles.unfinished {
            return Err(format!("rows are not in time order at {time}"));
        }
        last = Some(time);
        candles.bars.extend(bar(row, time).ok_or_else(|| format!("row {row}: not a valid bar"))?);
    }
    Ok(candles)
}

/// Returns the bar of a row, `Some(None)` if nothing was traded, or `None` if it is not a valid
/// bar.
fn bar(row: &Value, time: Minute) -> Option<Option<Bar>> {
    let count = u32::try_from(row.get(7)?.as_u64()?).ok()?;
    if count == 0 {
        return Some(None);
    }
    let number = |place: usize| number(row.get(place)?);
    let bar = Bar {
        time,
        open: number(1)?,
        high: number(2)?,
        low: number(3)?,
        close: number(4)?,
        volume: number(6)?,
        trades: Some(count),
    };
    let prices = [bar.open, bar.high, bar.low, bar.close];
    let is_bar =
        prices.iter().all(|&price| price > 0.0) && bar.volume >= 0.0 && bar.high >= bar.low;
    is_bar.then_some(Some(bar))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_rows(rows: Value) -> Result<Candles, String> {
        read(&BTreeMap::from([("XXBTZUSD".to_owned(), rows), ("last".to_owned(), json!("60"))]))
    }

    #[test]
    fn last_row_and_minutes_without_trades_are_skipped() {
        let candles = read_rows(json!([
            [60, "1", "3", "1", "2", "1.5", "10.5", 4],
            [120, "2", "2", "2", "2", "0", "0.0", 0],
            [180, "2", "2", "2", "2", "2", "1", 1],
            [240, "2", "9", "2", "9", "2", "1", 1],
        ]))
        .unwrap();
        let times: Vec<i64> = candles.bars.iter().map(|bar| bar.time.epoch_seconds()).collect();
        assert_eq!(times, [60, 180]);
        assert_eq!(
            (candles.bars[0].high, candles.bars[0].volume, candles.bars[0].trades),
            (3.0, 10.5, Some(4))
        );
        assert_eq!(candles.first.map(Minute::epoch_seconds), Some(60));
        assert_eq!(candles.unfinished.map(Minute::epoch_seconds), Some(240));
        assert_eq!(read_rows(json!([])), Ok(Candles::default()));
    }

    #[test]
    fn unexpected_responses_are_errors() {
        let now = json!([600, "1", "1", "1", "1", "1", "1", 1]);
        for rows in [
            json!([[61, "1", "1", "1", "1", "1", "1", 1], now]),
            json!([["x", "1", "1", "1", "1", "1", "1", 1], now]),
            json!([[60, "1", "1", "1", "x", "1", "1", 1], now]),
            json!([[60, "0", "1", "0", "1", "1", "1", 1], now]),
            json!([[60, "1", "1", "1", "1", "1", "-1", 1], now]),
            json!([[60, "1", "1", "1", "1", "1", "1"], now]),
            json!([
                [120, "1", "1", "1", "1", "1", "1", 1],
                [60, "1", "1", "1", "1", "1", "1", 1],
                now
            ]),
            json!([7, now]),
        ] {
            assert!(read_rows(rows.clone()).is_err(), "{rows}");
        }
        assert!(read(&BTreeMap::from([("last".to_owned(), json!(1))])).is_err());
    }
}
