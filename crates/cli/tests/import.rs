//! `import` of valid and invalid archives and files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bombs;
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
    let run = test_dir
        .run(&["import", "kraken.zip"])
        .ok()
        .prints(&["skipped 1 file", "bars of 5 minutes"]);
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
fn names_in_archives_do_not_reach_the_terminal_raw() {
    let test_dir = test_dir();
    let row = "1704067200,1,2,1,2,0.5,3\n";
    let hostile = "x\u{1b}[2J\n2026-01-01T00:00:00Z ERROR forged.txt";
    let long = format!("{}.txt", "y".repeat(10_000));
    test_dir.write("names.zip", archive(&[(hostile, row), (&long, row), ("XBTUSD_1.csv", row)]));
    let run = test_dir.run(&["import", "names.zip", "-v"]).ok();
    let log = test_dir.text("pipeline.log");
    for text in [&run.err, &log] {
        assert!(text.contains("x\\u{1b}[2J\\n2026-01-01T00:00:00Z ERROR forged.txt in names.zip"));
        assert!(!text.contains('\x1b') && !text.contains("\n2026-01-01T00"), "{text}");
        assert!(text.contains("yyy... in names.zip (not a CSV file)") && text.len() < 3000);
    }
    let bad = format!("{}x\u{1b}[31m.csv", "z".repeat(10_000));
    test_dir.write("bad.zip", archive(&[(&bad, "0")]));
    let run = test_dir.run(&["import", "bad.zip", "--symbol", "X"]).fails(1, &["bad.zip/zzz"]);
    assert!(!run.err.contains('\x1b') && run.err.len() < 1000, "{}", run.err);
}

/// Small compressed files with one endless line would take all memory.
#[test]
fn endless_lines_are_refused() {
    use flate2::{Compression, write::GzEncoder};
    let test_dir = test_dir();
    for (byte, start) in [(b'0', ""), (b',', ""), (b'x', "symbol,\"timestamp")] {
        let text = [start.as_bytes(), &vec![byte; 32 << 20]].concat();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        test_dir.write("bomb.csv.gz", gzip.finish().unwrap());
        test_dir.write("bomb.csv.zst", zstd::encode_all(&text[..], 1).unwrap());
        test_dir.write("bomb.csv", &text);
        let text = String::from_utf8(text).unwrap();
        test_dir.write("bomb.zip", archive(&[("BOMB_1.csv", &text)]));
        for file in ["bomb.csv.gz", "bomb.csv.zst", "bomb.csv", "bomb.zip"] {
            let name = if file == "bomb.zip" { "bomb.zip/BOMB_1.csv" } else { file };
            let words = [&*format!("{name}: line 1 is longer than 1 MiB"), "help: "];
            test_dir.run(&["import", file]).fails(1, &words);
        }
        let words = ["bomb.csv.gz: line 1 is longer than 1 MiB"];
        test_dir.run(&["emd", "--input", "bomb.csv.gz"]).fails(1, &words);
        let list = ["fetch-history", "losers", "--input-csv", "bomb.csv.gz"];
        test_dir.run(&list).fails(1, &words);
    }
    let wide = format!("{}\n", ",".repeat(100_000));
    test_dir.write("wide.csv", wide);
    test_dir.run(&["import", "wide.csv"]).fails(1, &["line 1 has more than 65536 fields"]);
}

#[test]
fn contradicting_symbols_are_refused() {
    let test_dir = test_dir();
    test_dir.write("ALL_1.csv", market(&["A", "B"], 1));
    test_dir
        .run(&["import", "ALL_1.csv"])
        .fails(1, &["contains symbol A", "states ALL", "rename the file"]);
    test_dir.write("market.csv", market(&["A", "B"], 1));
    test_dir
        .run(&["import", "market.csv", "--symbol", "X"])
        .fails(1, &["not the --symbol X", "drop --symbol"]);
    test_dir.write("XBTUSD_5.csv", "1704067200,1,2,1,2,0.5,3\n");
    test_dir.run(&["import", "XBTUSD_5.csv", "--symbol", "X"]).fails(1, &["bars of 5 minutes"]);
    assert!(!test_dir.file("data").exists(), "no empty store");
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
        .prints(&["more fields than the header has (thousands.csv, line 2"]);
    let row = |symbol: &str| {
        run.out.lines().find(|line| line.trim_start().starts_with(symbol)).unwrap().to_owned()
    };
    assert!(row("A").contains(" 1 ") && row("B").trim_end().ends_with('1'), "{}", run.out);
    test_dir.write("quote.csv", format!("{HEADER}A,2024-01-01 00:00,1,1,1,1,1\nA,\"2024-01-01 00:01,1,1,1,1,1\nA,2024-01-01 00:02,1,1,1,1,1\n"));
    test_dir.run(&["import", "quote.csv"]).fails(1, &["line 3: a quote is not closed"]);
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
    for (header, error) in [
        ("\x1b[31msymbol,x\n", "no column"),
        ("\x1b[31msymbol\n", "the first line is"),
        ("\x1b[31msymbol,\0x\n", "binary content"),
    ] {
        test_dir.write("escape.csv", header);
        let run = test_dir.run(&["check", "--source", "escape.csv"]).fails(1, &[error]);
        assert!(!run.err.contains('\x1b') && !run.err.contains('\0'), "{}", run.err);
    }
}

/// The row of a symbol in a table, as cells.
fn row_of(out: &str, symbol: &str) -> Vec<String> {
    let row = out.lines().find(|line| line.split_whitespace().next() == Some(symbol));
    row.unwrap_or_else(|| panic!("{out}")).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn european_csv_is_read_without_flags() {
    let test_dir = test_dir();
    test_dir.write(
        "excel.csv",
        "\u{feff}symbol;timestamp;open;high;low;close;volume\r\n\
         BTC/EUR;2024-01-01 00:00;42100,5;42200;42000,25;42150;1,5\r\n\
         BTC/EUR;2024-01-01 00:01;42150;42160,5;42140;42155;0,75\r\n",
    );
    let run = test_dir.run(&["import", "excel.csv"]).ok();
    assert!(run.out.contains("1 symbol, 2 bars, 2 new"), "{}", run.out);
    let source = bars_io::store::Store::open(&test_dir.file("data/bars"), Default::default());
    let bars = source.unwrap();
    let bars = bars_io::Source::bars(&bars, &"BTC/EUR".parse().unwrap(), bars::Span::ALL).unwrap();
    assert_eq!((bars.open(), bars.volume()), (&[42100.5, 42150.0][..], &[1.5, 0.75][..]));

    let header = "symbol;timestamp;open;high;low;close;volume\n";
    test_dir.write("either.csv", format!("{header}A;2024-01-01 00:00;1,234;2000;1;1;1\n"));
    test_dir.run(&["import", "either.csv"]).fails(
        1,
        &["line 2: open \"1,234\" can be 1.234 or 1234", "help: import it with --decimal . or"],
    );
    test_dir.run(&["import", "either.csv", "--decimal", ","]).ok();
    test_dir
        .run(&["import", "either.csv", "--decimal", "."])
        .fails(1, &["open \"1,234\" (thousands separators; write 1234)"]);
    test_dir.write("tie.csv", "symbol,x;close\nA,1;2\n");
    test_dir.run(&["import", "tie.csv"]).fails(1, &["ambiguous delimiter", "--delimiter"]);
    test_dir
        .run(&["import", "excel.csv", "--delimiter", "tab"])
        .fails(1, &["no column", "found: symbol;timestamp"]);
    for (flag, value) in [("--delimiter", "x"), ("--decimal", "x")] {
        test_dir.run(&["import", "excel.csv", flag, value]).fails(2, &["expected", flag]);
    }
}

#[test]
fn timestamps_of_other_formats_need_a_format() {
    let test_dir = test_dir();
    let rows = "A,02/04/2021 00:00,1,1,1,1,1\nA,02/04/2021 00:01,1,1,1,1,1\n";
    test_dir.write("uk.csv", format!("{HEADER}{rows}"));
    test_dir.run(&["import", "uk.csv"]).fails(
        1,
        &[
            "no bars to import in uk.csv",
            "uk.csv, line 2: timestamp \"02/04/2021 00:00\"",
            "help: use 2021-04-02 00:00, RFC 3339 or an epoch number, or import with --timestamp-format",
        ],
    );
    let import = |format| test_dir.run(&["import", "uk.csv", "--timestamp-format", format]);
    let row = row_of(&import("%d/%m/%Y %H:%M").ok().out, "A");
    assert_eq!(row[3..5], ["2021-04-02T00:00:00Z", "2021-04-02T00:01:00Z"]);
    import("%H:%M").fails(2, &["invalid value '%H:%M'", "date"]);
}

#[test]
fn columns_of_other_names_are_named() {
    let test_dir = test_dir();
    let text = "Ticker,When,O,High,Low,Close,Volume\nA,2021-04-02 00:00,1,1,1,1,1\n";
    test_dir.write("names.csv", text);
    test_dir.run(&["import", "names.csv"]).fails(
        1,
        &["no column \"timestamp\", \"open\" (found: Ticker, When, O", "--columns open=Open"],
    );
    let import = |columns| test_dir.run(&["import", "names.csv", "--columns", columns]);
    import("timestamp=Then,open=O").fails(
        1,
        &["no column \"Then\" for timestamp (found: Ticker, When", "help: correct --columns"],
    );
    import("opne=O").fails(2, &["unknown column \"opne\"", "symbol, timestamp, open, high"]);
    import("timestamp=When,open=O").ok();
}

#[test]
fn bars_longer_than_a_minute_are_refused() {
    let test_dir = test_dir();
    let rows = |symbol: &str, minutes: &[i64]| -> String {
        let row = |minute| format!("{symbol},{},1,1,1,1,1\n", 1_704_067_200 + minute * 60);
        minutes.iter().map(row).collect()
    };
    let every = |step: i64, n: i64| (0..n).map(|i| i * step).collect::<Vec<_>>();
    for (step, n, interval) in
        [(60, 100, "1 hour"), (1440, 5, "1 day"), (5, 50, "5 minutes"), (2, 40, "2 minutes")]
    {
        let text = format!("{HEADER}{}{}", rows("A", &every(step, n)), rows("B", &every(step, n)));
        test_dir.write("long.csv", text);
        let problem = format!("long.csv: bars of {interval}, not of one minute");
        test_dir.run(&["import", "long.csv"]).fails(1, &[&problem, "help: ", "--allow-coarse"]);
        assert!(!test_dir.file("data").exists(), "no empty store");
    }
    test_dir
        .run(&["import", "long.csv", "--allow-coarse", "--into", "long"])
        .ok()
        .prints(&["bars of 2 minutes were imported as one-minute bars"]);
    // One day of Yahoo, and of a file with a symbol column.
    let yahoo = "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,1,2,1,2,2,100\n";
    test_dir.write("BTC-USD.csv", yahoo);
    let import = ["import", "BTC-USD.csv", "--symbol", "BTC/USD"];
    test_dir.run(&import).fails(1, &["bars of 1 day", "--allow-coarse"]);
    test_dir.run(&[&import[..], &["--allow-coarse", "--into", "yahoo"]].concat()).ok();
    // Minutes of markets with few trades.
    let thin = [0, 14, 20, 60, 82, 86, 100, 140, 200, 202, 300, 340];
    let text = format!("{HEADER}{}{}", rows("A", &thin), rows("B", &[0, 60, 120]));
    test_dir.write("thin.csv", text);
    test_dir.run(&["import", "thin.csv", "--into", "thin"]).ok();
    // One such symbol among others is reported.
    let minutes = every(1, 30);
    let text = [rows("A", &minutes), rows("B", &minutes), rows("C", &every(60, 30))].concat();
    test_dir.write("some.csv", format!("{HEADER}{text}"));
    test_dir
        .run(&["import", "some.csv", "--into", "some"])
        .ok()
        .prints(&["1 of 3 symbols seem to have bars longer than one minute (first: C, 1 hour)"]);
    // The name of the file states minutes.
    let kraken: String =
        every(60, 30).iter().map(|m| format!("{},1,1,1,1,1,1\n", 1_704_067_200 + m * 60)).collect();
    test_dir.write("THINUSD_1.csv", kraken);
    test_dir.run(&["import", "THINUSD_1.csv", "--into", "kraken"]).ok();
}

#[test]
fn dates_of_spreadsheets_and_odd_years_are_named() {
    let test_dir = test_dir();
    test_dir.write("excel.csv", format!("{HEADER}A,44288,1,1,1,1,1\nA,44280.0,1,1,1,1,1\n"));
    test_dir.run(&["import", "excel.csv"]).fails(
        1,
        &[
            "line 2: timestamp \"44288\" looks like an Excel date",
            "help: export the column as text",
        ],
    );
    let rows = "A,2004-01-01 00:00,1,1,1,1,1\nA,2024-01-01 00:00,1,1,1,1,1\nA,2240-01-01 00:00,1,1,1,1,1\n";
    test_dir.write("years.csv", format!("{HEADER}{rows}"));
    test_dir.run(&["import", "years.csv"]).ok().prints(&[
        "kept although before 2009 or after tomorrow (2, first: years.csv, line 2: timestamp \"2004-01-01 00:00\"",
    ]);
}

#[test]
fn gaps_and_missing_minutes_are_counted() {
    let test_dir = test_dir();
    let row = |minute: i64| format!("A,{},1,1,1,1,1\n", 1_704_067_200 + minute * 60);
    let text: String = [0, 1, 5, 6, 20].into_iter().map(row).collect();
    test_dir.write("gaps.csv", format!("{HEADER}{text}"));
    let import = test_dir.run(&["import", "gaps.csv"]).ok();
    assert!(import.out.contains("last                  gaps  missing minutes  rejected"));
    assert_eq!(row_of(&import.out, "A")[5..], ["2", "16", "0"]);
    let check = test_dir.run(&["check"]);
    assert!(check.out.contains("bars  gaps  missing minutes  missing %"), "{}", check.out);
    assert_eq!(row_of(&check.out, "A")[3..], ["5", "2", "16", "76.2"]);
}

#[test]
fn other_formats_and_addresses_are_named() {
    let test_dir = test_dir();
    test_dir.write("bars.duckdb", b"\x01\x02\x03\x04\x05\x06\x07\x08DUCK\0\0");
    test_dir
        .run(&["import", "bars.duckdb"])
        .fails(1, &["bars.duckdb: not a CSV or Parquet file (DuckDB database)", "help: export"]);
    test_dir.write("book.xlsx", archive(&[("[Content_Types].xml", "x"), ("xl/workbook.xml", "x")]));
    test_dir.run(&["import", "book.xlsx"]).fails(1, &["Excel workbook", "help: export it as CSV"]);
    for words in [["import", "https://h/bars.csv"], ["check", "--source=https://h/bars.csv"]] {
        let run = test_dir.run(&words);
        assert!(
            run.err.contains("URLs cannot be read\nhelp: download the file first"),
            "{}",
            run.err
        );
    }
    test_dir.write("klines/x.csv", HEADER);
    test_dir
        .run(&["check", "--source", "klines"])
        .fails(1, &["there are CSV files here", "'data-pipeline import klines'"]);
}

#[test]
fn passwords_in_invalid_addresses_are_never_shown() {
    let test_dir = test_dir();
    let like = "did you mean mysql://";
    for (address, remedy) in [
        ("mysql://me:Se#cret@host/market", "percent-encode"),
        ("mysql://me:Se@x/cret@host/market", "percent-encode"),
        ("mysql://me:Se@cret@host/market", "percent-encode"),
        ("mysql://me:Se?cret@host/market", "percent-encode"),
        ("mysql://me:Secret", "percent-encode"),
        ("mysql:/me:Secret@host/market", like),
        ("mysql:me:Secret@host/market", like),
        ("mysql+pymysql://me:Secret@host/market", like),
        ("mariadb://me:Secret@host/market", like),
        ("me:Secret@host/market", like),
        ("postgres://me:Secret@host/market", "use mysql://"),
    ] {
        for command in
            [vec!["check", "--source", address], vec!["import", "x.csv", "--into", address]]
        {
            test_dir.write("x.csv", market(&["A"], 1));
            let run = test_dir.run(&command).fails(2, &[remedy]);
            assert!(!run.err.contains("cret") && !run.out.contains("cret"), "{}", run.err);
        }
        let run = test_dir.run(&["import", address]);
        assert!(!run.err.contains("cret"), "{}", run.err);
        test_dir.write("data-pipeline.toml", format!("source = \"{address}\"\n"));
        let run = test_dir.run(&["check"]);
        assert!(run.status != Some(0) && !run.err.contains("cret"), "{}", run.err);
        std::fs::remove_file(test_dir.file("data-pipeline.toml")).unwrap();
    }
    let log = test_dir.text("pipeline.log");
    assert!(log.contains("check --source") && !log.contains("cret"), "{log}");
}

#[test]
fn one_symbol_for_files_of_several_is_refused() {
    let test_dir = test_dir();
    let kraken = "1704067200,1,2,1,2,0.5,3\n1704067260,2,2,1,1,0.25,1\n";
    for pair in ["AAAUSD", "BBBUSD"] {
        test_dir.write(&format!("in/{pair}_1.csv"), kraken);
        test_dir.run(&["import", &format!("in/{pair}_1.csv"), "--into", "store"]).ok();
    }
    let both = "the files have bars of 2 symbols (AAAUSD, BBBUSD), which cannot all be X/Y";
    for input in ["in", "store"] {
        let words = ["import", input, "--symbol", "X/Y", "--into", "out"];
        test_dir.run(&words).fails(1, &[both, "drop --symbol"]);
    }
    test_dir.write("all.zip", archive(&[("AAAUSD_1.csv", kraken), ("BBBUSD_1.csv", kraken)]));
    test_dir
        .run(&["import", "all.zip", "--symbol", "X/Y", "--into", "out"])
        .fails(1, &[both, "drop --symbol"]);
    assert!(!test_dir.file("out").exists());
    let renamed =
        test_dir.run(&["import", "in/AAAUSD_1.csv", "--symbol", "X/Y", "--into", "out"]).ok();
    assert!(renamed.out.contains("1 symbol, 2 bars, 2 new"), "{}", renamed.out);
}

#[test]
fn files_without_a_header_are_explained() {
    let test_dir = test_dir();
    let refused = |content: &[u8], words: &[&str]| {
        test_dir.write("x.csv", content);
        test_dir.run(&["import", "x.csv", "--symbol", "A"]).fails(1, words);
    };
    refused(b"1735689600,1,1,1,1,1\n", &["no header, the first line has 6 numbers", "help: add"]);
    refused(b"hello this is a text file\n", &["the first line is \"hello this is a text file\""]);
    refused(b"\x01\x02\xff\xfe,\x00\n", &["not a CSV or Parquet file (binary content)"]);
    refused(
        b"timestamp,open,high,low,close\n2024-01-01 00:00,1,1,1,1\n",
        &["no column \"volume\" (found: timestamp, open, high, low, close)"],
    );
}

#[test]
fn another_timestamp_format_than_the_stated_one_is_reported() {
    let test_dir = test_dir();
    test_dir.write("x.csv", format!("{HEADER}A,2024-01-01 00:00:00,1,1,1,1,1\n"));
    test_dir.run(&["import", "x.csv", "--timestamp-format", "%d/%m/%Y"]).fails(
        1,
        &[
            "timestamp that does not match the stated format (x.csv, line 2: timestamp \
             \"2024-01-01 00:00:00\")",
            "help: correct --timestamp-format, or drop it",
        ],
    );
}
