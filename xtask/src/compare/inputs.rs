//! The files that the compared commands read, apart from real bars.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::exchange;
use super::zip::archive;

const HEADER: &str = "symbol,timestamp,open,high,low,close,volume\n";

/// Writes all inputs into `folder`, and an archive of the recorded Kraken files into `data`, if
/// that exists.
pub fn write(folder: &Path, data: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder.join("klines"))?;
    let file = |name: &str, content: &[u8]| fs::write(folder.join(name), content);

    file("quick.toml", b"[imf-stage]\ntrials = 2\n")?;
    let flags = "source = \"bars\"\nthreads = 2\nquiet = true\n[leaderboards]\ntop-n = 2\nwindows = [\"6h\", \"24h\"]\n";
    file("flags.toml", flags.as_bytes())?;
    file("unknown-key.toml", b"[run]\ntop-m = 3\n")?;
    file("bad-value.toml", b"[run]\ntop-n = \"many\"\n")?;

    let market = market(&["A/B", "C/D"], 3000);
    file("plain.csv", market.as_bytes())?;
    file("one.csv", rows("", 1_704_067_200, 600).replacen("symbol,", "", 1).as_bytes())?;
    file("symbols.csv", b"symbol\nAMBER-USD\nNO/SUCH\nPEARLUSD\n")?;
    file(
        "no-close.csv",
        b"symbol,timestamp,open,high,low,last,volume\nA,2024-01-01 00:00,1,1,1,1,1\n",
    )?;
    file(
        "no-symbol.csv",
        b"name,timestamp,open,high,low,close,volume\nA,2024-01-01 00:00,1,1,1,1,1\n",
    )?;
    file("empty.csv", b"")?;
    let bad = "A,2024-01-01 00:00:00,1,2,1,2,5\nA,never,1,1,1,1,1\n,2024-01-01 00:01:00,1,1,1,1,1\nA,2024-01-01 00:02:30,1,1,1,1,1\n\
               A,2024-01-01 00:03:00,-1,1,1,1,1\nA,2024-01-01 00:04:00,1,1,2,1,1\nA,2024-01-01 00:05:00,1,1,1,1,-1\n\
               A,2024-01-01 00:06:00,1,1,1,9,1\nA,2024-01-01 00:06:00,1,1,1,1,2\nA,2024-01-01 00:07:00,1,1,1,1,1,7,8\n";
    let european = "symbol;Day;open;high;low;close;volume\nA;02.04.2021;1,234;2,5;1;1;1000\n";
    file("european.csv", european.as_bytes())?;
    file("bad-rows.csv", format!("{HEADER}{bad}").as_bytes())?;
    let quote = "A,2024-01-01 00:00,1,1,1,1,1\nA,\"2024-01-01 00:01,1,1,1,1,1\nA,2024-01-01 00:02,1,1,1,1,1\n";
    file("open-quote.csv", format!("{HEADER}{quote}").as_bytes())?;
    file("cut.parquet", b"PAR1\x15\x04\x15\x10\x15\x14L\x15\x02\x15\x00\x12\x00\x00PAR")?;
    file("signal.csv", signal().as_bytes())?;

    let kraken = kraken_rows(1_704_067_200, 5000);
    let other = kraken_rows(1_704_067_260, 700);
    let whole = archive(&[
        ("Q/XBTUSD_1.csv", kraken.as_bytes()),
        ("Q/XBTUSD_5.csv", other.as_bytes()),
        ("Q/ETHUSD_1.csv", other.as_bytes()),
    ]);
    file("kraken.zip", &whole)?;
    file("cut.zip", &whole[..whole.len() / 2])?;
    file(
        "hostile.zip",
        &archive(&[("XBTUSD_1.csv", kraken.as_bytes()), ("../../x", kraken.as_bytes())]),
    )?;
    file("other.zip", &archive(&[("readme.md", b"Nothing to import.\n")]))?;
    // Bars that end some hours before those of the exchange: the recorded ones of XBT/USD, the
    // generated of the rest.
    let past =
        [1_502_395_000 / 60 * 60, exchange::FIRST - 5 * 3600].map(|time| kraken_rows(time, 100));
    let entries = [
        ("XBTUSD_1.csv", past[0].as_bytes()),
        ("ETHUSD_1.csv", past[1].as_bytes()),
        ("SOLUSD_1.csv", past[1].as_bytes()),
    ];
    file("past.zip", &archive(&entries))?;

    let klines = klines(1_706_745_600_000, 600);
    file("BTCUSDT-1m-2024-02.zip", &archive(&[("BTCUSDT-1m-2024-02.csv", klines.as_bytes())]))?;
    file("BTCUSDT-1h-2024-02.csv", klines.as_bytes())?;
    file("klines/ETHUSDT-1m-2024-02.csv", klines.as_bytes())?;
    file("klines/ETHUSDT-1h-2024-02.csv", klines.as_bytes())?;
    file("klines/notes.txt", b"Not a kline.\n")?;

    let recorded = data.join("kraken_csv");
    if recorded.is_dir() {
        let mut files: Vec<_> = fs::read_dir(recorded)?.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        let read = |entry: &fs::DirEntry| {
            Ok::<_, std::io::Error>((
                entry.file_name().to_string_lossy().into_owned(),
                fs::read(entry.path())?,
            ))
        };
        let contents = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let entries: Vec<(&str, &[u8])> =
            contents.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        fs::write(data.join("kraken.zip"), archive(&entries))?;
    }
    Ok(())
}

/// Returns a price in cents that wanders, the same for the same minute.
fn cents(minute: u64) -> u64 {
    let wave = |period: u64, size: u64| {
        let phase = minute % (2 * period);
        size * phase.min(2 * period - phase) / period
    };
    10_000
        + wave(37, 300)
        + wave(411, 900)
        + wave(5003, 2500)
        + minute.wrapping_mul(2_654_435_761) % 97
}

fn decimal(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn rows(symbol: &str, start: u64, minutes: u64) -> String {
    let mut text = HEADER.to_owned();
    for minute in 0..minutes {
        let (open, close) = (cents(minute + start / 7), cents(minute + 1 + start / 7));
        let (high, low) = (open.max(close) + 5, open.min(close) - 5);
        let comma = if symbol.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{symbol}{comma}{},{},{},{},{},{}.5",
            start + 60 * minute,
            decimal(open),
            decimal(high),
            decimal(low),
            decimal(close),
            minute * 7919 % 1009
        );
    }
    text
}

/// Returns bars of some symbols from 2024-01-01 on.
fn market(symbols: &[&str], minutes: u64) -> String {
    let of = |(index, symbol): (usize, &&str)| {
        rows(symbol, 1_704_067_200, minutes - 60 * index as u64).replacen(HEADER, "", 1)
    };
    let rows: String = symbols.iter().enumerate().map(of).collect();
    format!("{HEADER}{rows}")
}

/// Returns rows as Kraken's archive has them; every ninth minute is missing.
fn kraken_rows(start: u64, minutes: u64) -> String {
    let row = |minute: u64| {
        let (open, close) = (cents(minute), cents(minute + 1));
        let (high, low) = (decimal(open.max(close)), decimal(open.min(close)));
        let (open, close, count) = (decimal(open), decimal(close), 1 + minute % 5);
        format!(
            "{},{open},{high},{low},{close},0.{:04},{count}\n",
            start + 60 * minute,
            1 + minute % 9999
        )
    };
    (0..minutes).filter(|minute| minute % 9 != 8).map(row).collect()
}

/// Returns rows as Binance's archive has them.
fn klines(start: u64, minutes: u64) -> String {
    let row = |minute: u64| {
        let (open, price) = (start + 60_000 * minute, decimal(cents(minute)));
        format!(
            "{open},{price},{price},{price},{price},12.5,{},525000.0,321,6.1,256000.0,0\n",
            open + 59_999
        )
    };
    (0..minutes).map(row).collect()
}

/// Returns columns of numbers: waves, their squares, and waves with a gap.
fn signal() -> String {
    let mut text = "x,y,gaps\n".to_owned();
    for sample in 0..3000_u64 {
        let x = decimal(cents(sample));
        let gap = if sample == 1234 { "" } else { x.as_str() };
        let y = cents(sample).pow(2);
        let _ = writeln!(text, "{x},{y},{gap}");
    }
    text
}
