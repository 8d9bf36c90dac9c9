//! Bars from single trades, for minutes that the API no longer offers as bars.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Client;
use crate::decimal;
use crate::error::Result;
use bars::excerpt;
use bars::series::Bar;
use bars::time::Minute;

const METHOD: &str = "Trades";

/// Maximum number of characters of a response in a message.
const MAX_SHOWN: usize = 120;

/// Decimals of summed volumes; the exchange uses at most ten.
const DECIMALS: usize = 18;
const NANOS: u64 = 1_000_000_000;

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trade {
    price: f64,
    /// Units of the base asset, in 10^-18.
    volume: u128,
    minute: Minute,
    /// Missing in responses before 2024.
    id: Option<u64>,
    /// The time in nanoseconds since the epoch.
    time: u64,
}

/// A page of trades.
pub(super) struct Page {
    trades: Vec<Trade>,
    /// The `since` of the next page, in nanoseconds.
    pub(super) last: u64,
}

impl Page {
    /// The time of the newest trade, in nanoseconds.
    pub(super) fn newest_time(&self) -> Option<u64> {
        self.trades.last().map(|trade| trade.time)
    }

    /// The minute of the newest trade.
    pub(super) fn newest(&self) -> Option<Minute> {
        self.trades.last().map(|trade| trade.minute)
    }
}

/// Returns the `since` for trades from `minute` on.
pub(super) fn before(minute: Minute) -> u64 {
    u64::try_from(minute.epoch_seconds()).unwrap_or(0).saturating_mul(NANOS).saturating_sub(1)
}

/// Fetches up to a thousand trades after `since` of the pair with this REST key.
///
/// Rows are `[price, volume, seconds with a fraction, side, order, misc, id]`.
pub(super) fn page(client: &Client, key: &str, since: u64) -> Result<Page> {
    let query = [("pair", key), ("since", &since.to_string())];
    let answer: BTreeMap<String, Box<RawValue>> = client.get(METHOD, &query)?;
    read(&answer).map_err(|what| client.senseless(METHOD, what))
}

fn read(answer: &BTreeMap<String, Box<RawValue>>) -> Result<Page, String> {
    let last = answer.get("last").ok_or("no field \"last\"")?.get();
    let last = last
        .trim_matches('"')
        .parse()
        .map_err(|_| format!("invalid \"last\": {}", excerpt(last, MAX_SHOWN)))?;
    let rows = answer.iter().find(|(name, _)| *name != "last").ok_or("no list of trades")?;
    let rows: Vec<Vec<&RawValue>> =
        serde_json::from_str(rows.1.get()).map_err(|_| "no list of trades".to_owned())?;
    let trade = |row: &Vec<&RawValue>| {
        trade(row).ok_or_else(|| {
            let row: Vec<&str> = row.iter().map(|field| field.get()).collect();
            format!("row [{}]: not a valid trade", excerpt(&row.join(","), MAX_SHOWN))
        })
    };
    let trades = rows.iter().map(trade).collect::<Result<Vec<_>, _>>()?;
    if trades.windows(2).any(|pair| pair[0].minute > pair[1].minute) {
        return Err("trades are not in time order".to_owned());
    }
    Ok(Page { trades, last })
}

fn trade(row: &[&RawValue]) -> Option<Trade> {
    let text = |place: usize| String::deserialize(*row.get(place)?).ok();
    let price = decimal::parse(&text(0)?);
    // Parsed from text: the nearest double may be in the next minute.
    let time = row.get(2)?.get().trim_matches('"');
    let (seconds, part) = time.split_once('.').unwrap_or((time, ""));
    let seconds: i64 = seconds.parse().ok()?;
    let part: u64 = format!("{part:0<9}").get(..9)?.parse().ok()?;
    Some(Trade {
        price: (price.is_finite() && price > 0.0).then_some(price)?,
        volume: units(&text(1)?)?,
        minute: Minute::from_epoch_seconds(seconds.checked_sub(seconds.rem_euclid(60))?)?,
        id: row.get(6).and_then(|id| id.get().parse().ok()),
        time: u64::try_from(seconds).ok()?.checked_mul(NANOS)?.checked_add(part)?,
    })
}

/// Parses a decimal into units of 10^-18.
fn units(text: &str) -> Option<u128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > DECIMALS {
        return None;
    }
    format!("{whole}{part:0<DECIMALS$}").parse().ok()
}

/// Returns the double nearest to a number of units, as parsing the sum as text would.
fn number(units: u128) -> f64 {
    let one = 10_u128.pow(DECIMALS as u32);
    decimal::parse(&format!("{}.{:0>DECIMALS$}", units / one, units % one))
}

/// Aggregates trades in time order into bars.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    bars: Vec<Bar>,
    /// Volume of the last bar; its minute may not be over.
    volume: u128,
    /// The last trade of the previous page.
    newest: Option<Trade>,
}

impl Gatherer {
    /// Adds the trades of `page` in minutes from `start` to before `end`.
    pub(super) fn add(&mut self, page: &Page, start: Minute, end: Minute) -> Result<(), String> {
        // A server may repeat the last trade of the previous page: it has the same number, or else
        // the same fields.
        let newest = self.newest;
        let is_known = |trade: &Trade| match (trade.id, newest.and_then(|newest| newest.id)) {
            (Some(id), Some(newest)) => id <= newest,
            _ => newest == Some(*trade),
        };
        for trade in page.trades.iter().skip_while(|trade| is_known(trade)) {
            if start <= trade.minute && trade.minute < end {
                self.push(trade)?;
            }
        }
        self.newest = page.trades.last().copied().or(newest);
        Ok(())
    }

    fn push(&mut self, trade: &Trade) -> Result<(), String> {
        let price = trade.price;
        match self.bars.last_mut() {
            Some(bar) if bar.time > trade.minute => {
                return Err("trades are not in time order".to_owned());
            }
            Some(bar) if bar.time == trade.minute => {
                self.volume = self.volume.checked_add(trade.volume).ok_or("volume overflow")?;
                bar.high = bar.high.max(price);
                bar.low = bar.low.min(price);
                bar.close = price;
                bar.volume = number(self.volume);
                bar.trades = bar.trades.map(|count| count.saturating_add(1));
            }
            _ => {
                self.volume = trade.volume;
                self.bars.push(Bar {
                    time: trade.minute,
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: number(trade.volume),
                    trades: Some(1),
                });
            }
        }
        Ok(())
    }

    /// Returns the bars of minutes that are over because later trades exist.
    pub(super) fn take_finished(&mut self) -> Vec<Bar> {
        let keep = self.bars.len().saturating_sub(1);
        self.bars.drain(..keep).collect()
    }

    /// Returns all bars.
    pub(super) fn finish(self) -> Vec<Bar> {
        self.bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(index: i64) -> Minute {
        Minute::from_epoch_seconds(index * 60).unwrap()
    }

    fn page(text: &str) -> Result<Page, String> {
        read(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn impossible_times_are_refused() {
        for time in ["-9223372036854775808", "\"9223372036854775807\"", "-1", "1e300"] {
            let text = format!(r#"{{"XXBTZUSD": [["1","1",{time},"b","l","",1]], "last": "1"}}"#);
            let error = page(&text).map(|_| ()).unwrap_err();
            assert!(error.contains("not a valid trade"), "{error}");
        }
    }

    #[test]
    fn trades_are_aggregated_into_bars() {
        let text = r#"{"XXBTZUSD": [
            ["10.5","0.10000000",59.9999999,"b","l","",1],
            ["10.0","0.10000000",60.5,"b","l","",2],
            ["12.0","0.20000000",61,"s","m","",3],
            ["9.0","0.00000001",119.9999999,"s","m","",4],
            ["11.0","1",180.0,"s","m","",5]
        ], "last": "180000000000"}"#;
        let page = page(text).unwrap();
        assert_eq!((page.last, page.newest()), (180_000_000_000, Some(minute(3))));
        let mut gatherer = Gatherer::default();
        // A trade repeated on the next page counts once.
        for _ in 0..2 {
            gatherer.add(&page, minute(1), minute(4)).unwrap();
        }
        let finished = gatherer.take_finished();
        let bar = Bar {
            time: minute(1),
            open: 10.0,
            high: 12.0,
            low: 9.0,
            close: 9.0,
            volume: 0.30000001,
            trades: Some(3),
        };
        assert_eq!(finished, [bar], "and not 0.30000001000000004, the sum of the doubles");
        assert_eq!(gatherer.finish().iter().map(|bar| bar.time).collect::<Vec<_>>(), [minute(3)]);
    }

    #[test]
    fn unexpected_responses_are_errors() {
        for text in [
            r#"{"P": []}"#,
            r#"{"last": "1"}"#,
            r#"{"P": 7, "last": "1"}"#,
            r#"{"P": [["1","1"]], "last": "1"}"#,
            r#"{"P": [["x","1",60]], "last": "1"}"#,
            r#"{"P": [["1","-1",60]], "last": "1"}"#,
            r#"{"P": [["1","1e3",60]], "last": "1"}"#,
            r#"{"P": [["1","1",120],["1","1",60]], "last": "1"}"#,
            r#"{"P": [], "last": "soon"}"#,
        ] {
            assert!(page(text).is_err(), "{text}");
        }
        assert_eq!(page(r#"{"P": [], "last": "7"}"#).unwrap().newest(), None);
    }

    #[test]
    fn since_is_just_before_the_minute() {
        assert_eq!(before(minute(1)), 59_999_999_999);
        assert_eq!(before(minute(-5)), 0);
    }
}
