//! `import` of valid and invalid archives and files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::io::Write;

use support::{HEADER, market, test_dir};

/// A Kraken-like archive.
fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn archives_of_kraken_and_binance_are_imported() {
    let test_dir = test_dir();
    let kraken = "1704067200,1,2,1,2,0.5,3\n1704067260,2,2,1,1,0.25,1\n";
    test_dir.write(
        "kraken.zip",
        archive(&[("Q/XBTUSD_1.csv", kraken), ("Q/XBTUSD_5.csv", "x"), ("Q/ETHUSD_1.csv", kraken)]),
    );
    let run =
        test_dir.run(&["import", "kraken.zip"]).ok().says(&["skipped 1 file", "bars of 5 minutes"]);
    assert!(run.out.contains("2 symbols, 4 bars, 4 new"), "{}", run.out);
    let again = test_dir.run(&["import", "kraken.zip"]).ok();
    assert!(again.out.contains("2 symbols, 4 bars, 0 new"), "{}", again.out);

    let old = "1704067200000,1,2,1,2,0.5,1704067259999,1,7,0,0,0\n";
    let new = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n\
               1735689600000000,1,2,1,2,0.5,1735689659999999,1,7,0,0,0\n";
    test_dir.write("in/BTCUSDT-1m-2024-01.zip", archive(&[("BTCUSDT-1m-2024-01.csv", old)]));
    test_dir.write("in/deep/BTCUSDT-1m-2025-01.csv", new);
    test_dir.write("in/BTCUSDT-1h-2025-01.csv", new);
    test_dir.write("in/notes.txt", "x");
    let run = test_dir.run(&["import", "in", "--into", "binance"]).ok();
    let row = run.out.lines().find(|line| line.contains("BTCUSDT")).unwrap();
    assert!(row.contains("2024-01-01T00:00:00Z") && row.contains("2025-01-01T00:00:00Z"), "{row}");
    test_dir.write("plain.csv", kraken);
    test_dir.run(&["import", "plain.csv"]).fails(1, &["--symbol NAME"]);
    let named = test_dir.run(&["import", "plain.csv", "--symbol", "X/Y"]).ok();
    assert!(named.out.contains("X/Y"));
    test_dir.run(&["import", "in/BTCUSDT-1h-2025-01.csv"]).fails(1, &["bars of 1h", "one-minute"]);
}

#[test]
fn damaged_and_hostile_archives_are_refused() {
    let test_dir = test_dir();
    let row = "1704067200,1,2,1,2,0.5,3\n";
    let whole = archive(&[("XBTUSD_1.csv", &row.repeat(5000))]);
    test_dir.write("cut.zip", &whole[..whole.len() / 2]);
    test_dir
        .run(&["import", "cut.zip"])
        .fails(1, &["cut.zip: damaged ZIP archive", "download it again"]);
    test_dir.write("slip.zip", archive(&[("XBTUSD_1.csv", row), ("../../x", row)]));
    test_dir
        .run(&["import", "slip.zip"])
        .fails(1, &["\"../../x\"", "outside of the archive", "nothing was imported from it"]);
    test_dir.write("other.zip", archive(&[("readme.md", row)]));
    test_dir.run(&["import", "other.zip"]).fails(1, &["nothing to import", "<PAIR>_1.csv"]);
    assert!(!test_dir.file("data").exists());
}

#[test]
fn contradicting_symbols_are_refused() {
    let test_dir = test_dir();
    test_dir.write("ALL_1.csv", market(&["A", "B"], 1));
    test_dir
        .run(&["import", "ALL_1.csv"])
        .fails(1, &["contains symbol A", "says ALL", "rename the file"]);
    test_dir.write("market.csv", market(&["A", "B"], 1));
    test_dir
        .run(&["import", "market.csv", "--symbol", "X"])
        .fails(1, &["--symbol says X", "drop --symbol"]);
    test_dir.write("XBTUSD_5.csv", "1704067200,1,2,1,2,0.5,3\n");
    test_dir.run(&["import", "XBTUSD_5.csv", "--symbol", "X"]).fails(1, &["bars of 5 minutes"]);
    assert!(!test_dir.file("data/bars/symbol=X").exists());
    let one = test_dir.write("one.csv", market(&["A"], 1));
    test_dir.run(&["import", one.to_str().unwrap(), "--symbol", "A"]).ok();
}

#[test]
fn invalid_rows_are_reported() {
    let test_dir = test_dir();
    let rows = "A,2024-01-01 00:00:00,42,100,42,200,42,000,42,100,5\nA,2024-01-01 00:01:00,1,1,1,1,1\nB,never,1,1,1,1,1\n";
    test_dir.write("thousands.csv", format!("{HEADER}{rows}"));
    let run = test_dir
        .run(&["import", "thousands.csv"])
        .ok()
        .says(&["more fields than the header has (1, "]);
    let row = |symbol: &str| {
        run.out.lines().find(|line| line.trim_start().starts_with(symbol)).unwrap().to_owned()
    };
    assert!(row("A").contains(" 1 ") && row("B").trim_end().ends_with('1'), "{}", run.out);
    test_dir.write("quote.csv", format!("{HEADER}A,2024-01-01 00:00,1,1,1,1,1\nA,\"2024-01-01 00:01,1,1,1,1,1\nA,2024-01-01 00:02,1,1,1,1,1\n"));
    test_dir.run(&["import", "quote.csv"]).fails(1, &["line 3: unclosed quote"]);
    let labels =
        (0..9).map(|i| format!("A,2024-01-01 00:0{i}:59.999,1,1,1,1,1\n")).collect::<String>();
    test_dir.write("closes.csv", format!("{HEADER}{labels}"));
    test_dir
        .run(&["check", "--source", "closes.csv"])
        .fails(1, &["no bars: skipped 9 rows", "--bar-time close"]);
    test_dir.run(&["check", "--source", "closes.csv", "--bar-time", "close"]).ok();
    test_dir.write("bad.csv", format!("{HEADER}A,never,1,1,1,1,1\n"));
    test_dir
        .run(&["import", "bad.csv"])
        .fails(1, &["skipped 1 row", "no bars to import in bad.csv"]);
    test_dir.write("escape.csv", "\x1b[31msymbol,\0x\n");
    let run = test_dir.run(&["check", "--source", "escape.csv"]).fails(1, &["no column"]);
    assert!(!run.err.contains('\x1b') && !run.err.contains('\0'));
}

#[test]
fn gaps_and_missing_minutes_are_counted_apart() {
    let test_dir = test_dir();
    // Two gaps, of 1 and of 56 minutes.
    let rows: String =
        [0, 1, 3, 60].map(|minute| format!("{},1,1,1,1,1\n", 1_704_067_200 + minute * 60)).concat();
    test_dir.write("A.csv", format!("timestamp,open,high,low,close,volume\n{rows}"));
    let out = test_dir.run(&["import", "A.csv", "--symbol", "A", "--into", "store"]).ok().out;
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut lines = out.lines();
    let header = words(lines.next().unwrap());
    assert_eq!(header, ["symbol", "bars", "new", "first", "last", "gaps", "missing", "rejected"]);
    assert_eq!(words(lines.next().unwrap())[5..], ["2", "57", "0"]);
}
