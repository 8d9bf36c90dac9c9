//! Bar files of every format, valid and invalid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, Float32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray, UInt32Array,
};
use bars::{Bar, Finding, Findings, Minute, Series, Span, Symbol};
use bars::{BarTime, ReadOptions};
use bars_io::Source;
use bars_io::atomic::TempFiles;
use bars_io::file::FileSource;
use bars_io::import::{self, ImportOptions, ImportPlan};
use bars_io::reader::{read_file, symbols};
use bars_io::store::{Store, StoreWriter};
use parquet::arrow::ArrowWriter;

const TEXT: &str = "\
Pair, TIME ,Open,high,low,close,Qty,count
B/C,2024-01-01T00:01:00Z,2,3,1,2,5,7
A,2024-01-01 00:02:00,2,3,1,2,5,
A,1704067260,2,3,1,2.5,5,3
A,2024-01-01 00:02:00,4,4,4,4,0,9
";

fn open(path: &Path) -> FileSource {
    FileSource::open(path, &ReadOptions::default()).unwrap()
}

fn bars(source: &dyn Source, symbol: &str) -> Vec<Bar> {
    source.bars(&symbol.parse().unwrap(), Span::ALL).unwrap().iter().collect()
}

fn bar(minute: i64, prices: [f64; 4], volume: f64, trades: Option<u32>) -> Bar {
    let [open, high, low, close] = prices;
    Bar { time: Minute::new(28_401_120 + minute).unwrap(), open, high, low, close, volume, trades }
}

#[test]
fn plain_gzip_zstd_and_parquet_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("x.csv"), TEXT).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(
        File::create(file("x.csv.gz")).unwrap(),
        flate2::Compression::fast(),
    );
    gzip.write_all(TEXT.as_bytes()).unwrap();
    gzip.finish().unwrap();
    std::fs::write(file("x.csv.zst"), zstd::encode_all(TEXT.as_bytes(), 1).unwrap()).unwrap();
    // The content determines the format, whatever the name.
    std::fs::copy(file("x.csv.gz"), file("misnamed.csv")).unwrap();

    // As pzstd writes it: an empty frame with the length of the next one, in four bytes.
    let parts = [
        &b"\x50\x2a\x4d\x18\x04\0\0\0\xff\0\0\0"[..],
        &zstd::encode_all(TEXT.as_bytes(), 1).unwrap(),
    ];
    std::fs::write(file("parallel.csv.zst"), parts.concat()).unwrap();
    for name in ["x.csv", "x.csv.gz", "x.csv.zst", "parallel.csv.zst", "misnamed.csv"] {
        let source = open(&file(name));
        let first = bar(1, [2.0, 3.0, 1.0, 2.5], 5.0, Some(3));
        assert_eq!(bars(&source, "A"), [first, bar(2, [4.0; 4], 0.0, Some(9))], "{name}");
        assert_eq!(bars(&source, "B/C"), [bar(1, [2.0, 3.0, 1.0, 2.0], 5.0, Some(7))]);
        let findings = source.findings();
        assert_eq!(
            (findings.count(Finding::Duplicate), findings.count(Finding::MixedOffsets)),
            (1, 2)
        );
        assert!(
            findings.to_string().contains("line 3") && findings.to_string().contains("read as UTC"),
            "{findings}"
        );
        assert_eq!(named(&file(name)).0, ["B/C", "A"].map(|s| s.parse().unwrap()));
    }
}

fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
            .unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_of_many_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let prices = || -> ArrayRef { Arc::new(Float32Array::from(vec![Some(1.5), Some(2.0), None])) };
    let times: [ArrayRef; 4] = [
        Arc::new(
            TimestampMillisecondArray::from(vec![0, 60_000, 120_000])
                .with_timezone("Europe/Berlin"),
        ),
        Arc::new(Int64Array::from(vec![0, 60, 120])),
        Arc::new(StringArray::from(vec![
            "1970-01-01 00:00",
            "1970-01-01T00:01Z",
            "1970-01-01 00:02",
        ])),
        Arc::new(Date32Array::from(vec![0, 1, 2])),
    ];
    for (i, time) in times.into_iter().enumerate() {
        let high =
            Decimal128Array::from(vec![250, 250, 250]).with_precision_and_scale(10, 2).unwrap();
        parquet(
            &path,
            vec![
                ("Symbol", Arc::new(StringArray::from(vec!["A", "A", "A"])) as ArrayRef),
                ("date", time),
                ("open", prices()),
                ("high", Arc::new(high)),
                ("low", Arc::new(UInt32Array::from(vec![1, 1, 1]))),
                ("close", prices()),
                ("vol", Arc::new(StringArray::from(vec!["0.5", "1", "2"]))),
                ("extra", prices()),
            ],
        );
        let source = open(&path);
        let second = if i == 3 { 1440 } else { 1 };
        let expected = [(0, 1.5, 0.5), (second, 2.0, 1.0)].map(|(minute, price, volume)| {
            let time = Minute::new(minute).unwrap();
            Bar { time, open: price, high: 2.5, low: 1.0, close: price, volume, trades: None }
        });
        assert_eq!(bars(&source, "A"), expected);
        assert_eq!(source.findings().count(Finding::Price), 1);
        assert_eq!(named(&path).0, ["A".parse::<Symbol>().unwrap()]);
    }
}

/// A Parquet file of 40 bars of A and B, as Arrow's writer writes it.
fn small_parquet(path: &Path) -> Vec<u8> {
    let numbers = || -> ArrayRef { Arc::new(Float32Array::from(vec![1.5; 40])) };
    let times = TimestampMillisecondArray::from_iter_values((0..40).map(|i| i * 60_000));
    let symbols: Vec<&str> = (0..40).map(|i| if i % 2 == 0 { "A" } else { "B" }).collect();
    let columns = ["open", "high", "low", "close", "volume"].map(|name| (name, numbers()));
    let times: ArrayRef = Arc::new(times.with_timezone("UTC"));
    let symbols: ArrayRef = Arc::new(StringArray::from(symbols));
    let keys = [("symbol", symbols), ("timestamp", times)];
    parquet(path, keys.into_iter().chain(columns).collect());
    std::fs::read(path).unwrap()
}

/// Opens a changed file; a panic fails the test.
fn open_changed(path: &Path, bytes: &[u8], what: &str) -> Option<FileSource> {
    std::fs::write(path, bytes).unwrap();
    let read = || FileSource::open(path, &ReadOptions::default());
    let result = std::panic::catch_unwind(read);
    match result.unwrap_or_else(|_| panic!("{what} makes the decoder panic")) {
        Ok(source) => Some(source),
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains("x.parquet"), "{what}: {error}");
            None
        }
    }
}

#[test]
fn embedded_arrow_schema_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let bytes = small_parquet(&path);
    let expected = bars(&open(&path), "A");
    assert_eq!(expected.len(), 20);
    let key = bytes.windows(12).position(|part| part == b"ARROW:schema").expect("a schema");
    let text: Vec<usize> = (key + 16..bytes.len())
        .take_while(|&at| bytes[at].is_ascii_alphanumeric() || b"+/=".contains(&bytes[at]))
        .collect();
    assert!(text.len() > 300, "{} bytes of schema", text.len());
    for at in text {
        for flip in [1, 4, 0x20] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            let what = format!("byte {at} ^ {flip}");
            let source = open_changed(&path, &changed, &what).expect(&what);
            assert_eq!(bars(&source, "A"), expected, "{what}");
        }
    }
}

#[test]
fn damaged_parquet_files_are_errors_and_not_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let bytes = small_parquet(&path);
    let mut opened = 0;
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            opened += usize::from(open_changed(&path, &changed, &format!("byte {at}")).is_some());
        }
    }
    assert!(opened > 0, "some changes are not noticed");
    for length in 0..bytes.len() {
        open_changed(&path, &bytes[..length], &format!("{length} bytes"));
    }
}

/// Allocated by the stated length, the list of row groups would take 300 GB and end the process.
#[test]
fn metadata_that_states_billions_of_row_groups_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let symbol = folder.path().join("symbol=A");
    std::fs::create_dir(&symbol).unwrap();
    let bytes = small_parquet(&path);
    let end = bytes.len() - 8;
    let length = u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap());
    let start = end - length as usize;
    // A field that is a list of one structure: the first is that of the row groups.
    let list = start + bytes[start..].windows(2).position(|pair| pair == [0x19, 0x1c]).unwrap();
    let (before, after) = (&bytes[..=list], &bytes[list + 2..end]);
    let billions = [0xfc, 0xff, 0xff, 0xff, 0xff, 0x07];
    let length = (length + 5).to_le_bytes();
    let changed = [before, &billions, after, &length, b"PAR1"].concat();
    std::fs::write(&path, &changed).unwrap();
    let error = FileSource::open(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("x.parquet: not a valid Parquet file (a list is longer"), "{error}");
    std::fs::write(symbol.join("part-000001.parquet"), &changed).unwrap();
    let store = Store::open(folder.path(), BarTime::Open).unwrap();
    let error = store.catalog().unwrap_err().to_string();
    assert!(error.contains("damaged (Parquet error: a list is longer"), "{error}");
}

#[test]
fn damaged_parts_of_a_store_are_errors_and_not_panics() {
    let folder = tempfile::tempdir().unwrap();
    let symbol: Symbol = "A".parse().unwrap();
    let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
    let with_trades = (0..50).map(|minute| bar(minute, [1.0; 4], 1.0, Some(3)));
    writer.upsert(&symbol, &with_trades.collect()).unwrap();
    let path = folder.path().join("symbol=A/part-000001.parquet");
    let bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            std::fs::write(&path, changed).unwrap();
            let read = || {
                let store = Store::open(folder.path(), BarTime::Open)?;
                store.catalog()?;
                store.bars(&symbol, Span::ALL).map(|_| ())
            };
            let result = std::panic::catch_unwind(read);
            match result.unwrap_or_else(|_| panic!("byte {at} ^ {flip} makes the decoder panic")) {
                Ok(()) => {}
                Err(error) => {
                    assert!(error.to_string().contains("symbol=A"), "{error}");
                }
            }
        }
    }
}

/// Returns the symbols that a file names, and the findings.
fn named(path: &Path) -> (Vec<Symbol>, Findings) {
    let mut findings = Findings::default();
    (symbols(path, &mut findings).unwrap(), findings)
}

#[test]
fn notices_about_whole_files_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let rows = "symbol,pair,time,open,high,low,close,volume\nA,X,1704067200,1,1,1,1,1\n,X,1704067260,1,1,1,1,1\n";
    std::fs::write(&path, rows).unwrap();
    let findings = open(&path).findings();
    let notice = format!(
        "{}: several columns match symbol: symbol, pair; using \"symbol\" (field 1)",
        path.display()
    );
    assert_eq!(findings.notices().collect::<Vec<_>>(), [notice.as_str()]);
    assert!(
        findings
            .to_string()
            .starts_with(&format!("{notice}, skipped 1 row: missing or invalid symbol"))
    );
    let (symbols, findings) = named(&path);
    assert_eq!(symbols, ["A".parse().unwrap()]);
    let notice = format!("{}: skipped invalid symbols: 1 (first: \"\")", path.display());
    assert_eq!(
        (findings.to_string(), findings.breaks_strict(), findings.is_empty()),
        (notice, false, false)
    );
}

fn error(name: &str, content: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    FileSource::open(&path, &ReadOptions::default()).unwrap_err().to_string()
}

#[test]
fn unreadable_files_are_errors() {
    assert!(error("x.csv", "").contains("empty file"));
    let lacking = error("x.csv", "symbol,timestamp,open,high,low,volume\n");
    assert!(
        lacking.contains("no column \"close\" (found: symbol, timestamp, open, high, low, volume)"),
        "{lacking}"
    );
    assert!(error("x.csv", "1704067260,1,1,1,1,1,1\n").contains("name its symbol"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(TEXT.repeat(100).as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let cut = error("x.csv.gz", &whole[..whole.len() / 2]);
    assert!(cut.contains("truncated compressed file"), "{cut}");
    let padded = error("x.csv.gz", [&whole[..], &[0; 512]].concat());
    assert!(padded.contains("something else than gzip follows"), "{padded}");
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.set_parameter(zstd::zstd_safe::CParameter::WindowLog(28)).unwrap();
    wide.write_all(TEXT.as_bytes()).unwrap();
    wide.flush().unwrap();
    let wide = error("x.csv.zst", wide.finish().unwrap());
    assert!(wide.contains("decompress it first (zstd -d --long=31)"), "{wide}");
    assert!(error("x.parquet", "PAR1 and no more").contains("not a valid Parquet file"));
    assert!(error("x.zip", b"PK\x03\x04").contains("import it into a store"));
    let binary = error("x.csv", [0xff, 0x00, 0xfe, b'\n', 0x80]);
    assert!(binary.contains("not a CSV or Parquet file (binary content)"), "{binary}");
    for (magic, format, remedy) in [
        (&b"\x01\x02\x03\x04\x05\x06\x07\x08DUCK"[..], "DuckDB database", "as Parquet"),
        (b"SQLite format 3\0", "SQLite database", "as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel workbook", "export it as CSV"),
        (
            b"PK\x03\x04\x14\0\x06\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml",
            "Excel workbook",
            "export it as CSV",
        ),
        (b"ARROW1\0\0", "Feather or Arrow IPC", "read_feather"),
        (b"\x89HDF\r\n\x1a\n", "HDF5 file", "read_hdf"),
        (b"\x80\x04\x95", "Python pickle", "read_pickle"),
        (b"\xff\xfes\0y\0", "UTF-16 text", "UTF-8"),
        (b"BZh91AY", "bzip2", "gzip or zstd"),
        (b"<!DOCTYPE html>", "web page", "download the file itself"),
    ] {
        let text = error("x.csv", magic);
        assert!(text.contains("not a CSV or Parquet file") && text.contains(format), "{text}");
        assert!(text.contains(remedy), "{text}");
    }
    let missing =
        FileSource::open(Path::new("no/such/file.csv"), &ReadOptions::default()).unwrap_err();
    assert!(
        missing.to_string().contains("cannot read no/such/file.csv: no such file"),
        "{missing}"
    );
    let open = |path| FileSource::open(Path::new(path), &ReadOptions::default()).unwrap_err();
    assert_eq!(
        open("https://example.com/bars.csv").to_string(),
        "https://example.com/bars.csv: URLs cannot be read; download the file first"
    );
    for address in ["https://me:pw@example.com/x.csv", "mysql:/me:pw@host/d", "mysql:me:pw@host"] {
        let text = open(address).to_string();
        assert!(text.contains(": URLs cannot be read") && !text.contains("pw"), "{text}");
    }
}

#[test]
fn each_finding_is_counted_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let rows = [
        "A,2024-01-01 00:00,1,1,1,1,1",
        "A,2024-01-01 00:01,nan,1,1,1,1",
        "A,2024-01-01 00:02,1,1,1,0,1",
        "A,2024-01-01 00:03,1,1,1,-1,1",
        "A,2024-01-01 00:04,1,1,1,1,-1",
        "A,2024-01-01 00:05,1,1,2,1,1",
        "A,not a time,1,1,1,1,1",
        ",2024-01-01 00:06,1,1,1,1,1",
        "A,2024-01-01 00:07:30,1,1,1,1,1",
        "A,2024-01-01 00:08,1,1",
        "A,2024-01-01 00:09,inf,1,1,1,1",
        "A,2024-01-01 00:10,3,2,1,1,1",
    ];
    std::fs::write(
        &path,
        format!("symbol,timestamp,open,high,low,close,volume\n{}\n", rows.join("\n")),
    )
    .unwrap();
    let source = open(&path);
    assert_eq!(bars(&source, "A").len(), 2);
    let findings = source.findings();
    let counts =
        [Finding::Symbol, Finding::Timestamp, Finding::OffMinute, Finding::Price, Finding::Volume]
            .map(|finding| findings.count(finding));
    assert_eq!(counts, [1, 1, 1, 5, 1]);
    assert_eq!(
        (findings.count(Finding::HighBelowLow), findings.count(Finding::OutsideRange)),
        (1, 1)
    );
    assert_eq!(findings.rejected(), 10);
    for (what, place) in [
        ("price is not", "line 3: open \"nan\")"),
        ("volume is not", "line 6: volume \"-1\")"),
        ("high below low", "line 7: high \"1\")"),
        ("unreadable timestamp", "line 8: timestamp \"not a time\")"),
        ("invalid symbol", "line 9: symbol \"\")"),
        ("whole minute", "line 10: timestamp \"2024-01-01 00:07:30\")"),
        ("outside [low, high]", "line 13)"),
    ] {
        let text = findings.to_string();
        let part = text.split("), ").map(|part| format!("{part})")).find(|p| p.contains(what));
        assert!(part.is_some_and(|part| part.contains(place)), "{what}: {text}");
    }
}

fn series(minutes: std::ops::Range<i64>, price: f64) -> Series {
    minutes.map(|minute| bar(minute, [price; 4], 1.0, None)).collect()
}

#[test]
fn store_accepts_bars_in_any_order_and_the_last_wins() {
    let folder = tempfile::tempdir().unwrap();
    let symbol: Symbol = "../A/B".parse().unwrap();
    let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
    let second = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap_err().to_string();
    assert!(second.contains("another process is writing"), "{second}");
    let mut expected: std::collections::BTreeMap<i64, f64> = Default::default();
    for (minutes, price) in
        [(1000..1100, 1.0), (1100..1200, 2.0), (0..50, 3.0), (500..600, 4.0), (40..1050, 5.0)]
    {
        writer.upsert(&symbol, &series(minutes.clone(), price)).unwrap();
        expected.extend(minutes.map(|minute| (minute, price)));
        let store = Store::open(folder.path(), BarTime::Open).unwrap();
        let all: Series =
            expected.iter().map(|(&minute, &price)| bar(minute, [price; 4], 1.0, None)).collect();
        assert_eq!(store.bars(&symbol, Span::ALL).unwrap(), all);
        let entry = &store.catalog().unwrap()[0];
        assert_eq!((&entry.symbol, Some((entry.first, entry.last))), (&symbol, all.ends()));
    }
    // The same bars again change nothing, not even a modification time.
    let parts = || {
        let files = std::fs::read_dir(folder.path().join("symbol=%2E.%2FA%2FB")).unwrap();
        let mut files: Vec<_> = files
            .map(|f| f.unwrap())
            .map(|f| (f.path(), f.metadata().unwrap().modified().unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = parts();
    let again = writer.upsert(&symbol, &series(40..1050, 5.0)).unwrap();
    assert_eq!((again.added, again.changed, parts()), (0, 0, before));
}

#[test]
fn store_folder_is_removed_if_nothing_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (parent, root) = (folder.path().join("data"), folder.path().join("data/bars"));
    let symbol: Symbol = "A".parse().unwrap();
    let temp = TempFiles::default();
    let writer = StoreWriter::open(&root, &temp).unwrap();
    writer.upsert(&symbol, &Series::default()).unwrap();
    assert!(root.join(".lock").exists());
    drop(writer);
    assert!(!parent.exists());
    // An interrupted process drops nothing.
    let writer = StoreWriter::open(&root, &temp).unwrap();
    drop(temp.discard());
    assert!(!parent.exists());
    drop(writer);
    // With bars it stays, and so does a folder that existed before.
    StoreWriter::open(&root, &temp).unwrap().upsert(&symbol, &series(0..10, 1.0)).unwrap();
    drop(StoreWriter::open(&root, &temp).unwrap());
    assert_eq!(Store::open(&root, BarTime::Open).unwrap().symbols().unwrap(), [symbol]);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    drop(StoreWriter::open(&empty, &temp).unwrap());
    assert!(empty.exists());
}

/// Decimals of many digits are stored as bytes of a fixed width; a page of them is not a long text.
#[test]
fn many_wide_decimals_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decimals.parquet");
    let rows = 20_000;
    let wide = |first: i128| -> ArrayRef {
        let values = (0..rows).map(|row| (first + i128::from(row)) * 10_i128.pow(20));
        let values = Decimal128Array::from_iter_values(values);
        Arc::new(values.with_precision_and_scale(38, 20).unwrap())
    };
    let times = (0..rows).map(|row| 60_000 * row).collect::<Vec<i64>>();
    parquet(
        &path,
        vec![
            ("symbol", Arc::new(StringArray::from(vec!["A"; rows as usize])) as ArrayRef),
            ("timestamp", Arc::new(TimestampMillisecondArray::from(times))),
            ("open", wide(1)),
            ("high", wide(2)),
            ("low", wide(1)),
            ("close", wide(2)),
            ("volume", wide(5)),
        ],
    );
    let bars = bars(&open(&path), "A");
    let last = bars[rows as usize - 1];
    assert_eq!((bars.len() as i64, last.open, last.close), (rows, 20_000.0, 20_001.0));
}

/// A store with the bars of minutes 0 to 99 in its second part and 200 to 299 in its first.
fn two_parts(symbol: &Symbol) -> (tempfile::TempDir, StoreWriter) {
    let folder = tempfile::tempdir().unwrap();
    let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
    writer.upsert(symbol, &series(200..300, 1.0)).unwrap();
    writer.upsert(symbol, &series(0..100, 1.0)).unwrap();
    (folder, writer)
}

/// The Parquet files of symbol A, as any program sees them.
fn parts_of(store: &Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(store.join("symbol=A")).unwrap().flatten();
    let name = |file: &std::fs::DirEntry| file.file_name().into_string().unwrap();
    let files = files.filter(|file| !name(file).starts_with('.'));
    let mut parts: Vec<_> =
        files.map(|file| (name(&file), std::fs::read(file.path()).unwrap())).collect();
    parts.sort();
    parts
}

/// The minutes of all Parquet files of symbol A, read one by one like files of another program.
fn minutes_of(store: &Path) -> Vec<Minute> {
    let options = ReadOptions { symbol: Some("A".parse().unwrap()), ..ReadOptions::default() };
    let mut minutes = Vec::new();
    for (name, _) in parts_of(store) {
        let path = store.join("symbol=A").join(name);
        let mut findings = Findings::default();
        read_file(&path, &options, &mut findings, &mut |_, bar| {
            minutes.extend(bar.map(|bar| bar.time));
            Ok(())
        })
        .unwrap();
    }
    minutes.sort();
    minutes
}

#[test]
fn import_into_several_parts_changes_each_in_its_place() {
    let symbol: Symbol = "A".parse().unwrap();
    let (folder, writer) = two_parts(&symbol);
    let before = parts_of(folder.path());
    writer.upsert(&symbol, &series(50..250, 2.0)).unwrap();
    let after = parts_of(folder.path());
    assert_eq!(
        after.iter().map(|part| &part.0).collect::<Vec<_>>(),
        ["part-000001.parquet", "part-000002.parquet"]
    );
    assert!(before.iter().zip(&after).all(|(before, after)| before.1 != after.1));
    let store = Store::open(folder.path(), BarTime::Open).unwrap();
    let bars = store.bars(&symbol, Span::ALL).unwrap();
    let edges = [49, 50, 249, 250].map(|minute| bars.close()[minute]);
    assert_eq!((bars.len(), edges), (300, [1.0, 2.0, 2.0, 1.0]));
    assert_eq!(minutes_of(folder.path()), bars.time());
    // The part of the earlier bars has minute 199 already and stays as it is.
    writer.upsert(&symbol, &series(199..301, 2.0)).unwrap();
    let now = parts_of(folder.path());
    assert_eq!([now[0].1 == after[0].1, now[1].1 == after[1].1], [false, true]);
    // Minutes before the first part and after the last.
    writer.upsert(&symbol, &series(-5..302, 3.0)).unwrap();
    let minutes = minutes_of(folder.path());
    assert!(minutes.is_sorted_by(|a, b| a < b));
    assert_eq!((minutes.len(), parts_of(folder.path()).len()), (307, 2));
}

/// A process killed at any moment of the renames: no reader counts a minute twice, ours sees all
/// bars as after the import, and the next import completes the renames.
#[test]
fn import_killed_between_renames_is_whole_for_every_reader() {
    let symbol: Symbol = "A".parse().unwrap();
    let (whole, writer) = two_parts(&symbol);
    let old = Store::open(whole.path(), BarTime::Open).unwrap().bars(&symbol, Span::ALL).unwrap();
    writer.upsert(&symbol, &series(50..250, 2.0)).unwrap();
    let new = Store::open(whole.path(), BarTime::Open).unwrap().bars(&symbol, Span::ALL).unwrap();
    let after = parts_of(whole.path());
    let temporary = |name: &str| format!(".{name}.0123456789abcdef.tmp");
    let listed: Vec<String> =
        after.iter().flat_map(|(name, _)| [temporary(name), name.clone()]).collect();
    let journal = format!("data-pipeline commit 1\0{}\0end", listed.join("\0"));
    for (renamed, journal, is_after) in [
        (0, &journal[..40], false),
        (0, &journal[..], true),
        (1, &journal, true),
        (2, &journal, true),
    ] {
        let (folder, writer) = two_parts(&symbol);
        drop(writer);
        let of_symbol = folder.path().join("symbol=A");
        for (place, (name, content)) in after.iter().enumerate() {
            let name = if place < renamed { name.clone() } else { temporary(name) };
            std::fs::write(of_symbol.join(name), content).unwrap();
        }
        std::fs::write(of_symbol.join(".data-pipeline-commit.0123456789abcdef"), journal).unwrap();
        let minutes = minutes_of(folder.path());
        assert!(minutes.is_sorted_by(|a, b| a < b), "{renamed}: a minute twice");
        let store = Store::open(folder.path(), BarTime::Open).unwrap();
        let expected = if is_after { &new } else { &old };
        assert_eq!(&store.bars(&symbol, Span::ALL).unwrap(), expected, "{renamed}");
        // The store as the input of an import.
        let copy = tempfile::tempdir().unwrap();
        let plan = ImportPlan::from_paths(&[folder.path().to_owned()], None).unwrap();
        let target = StoreWriter::open(copy.path(), &TempFiles::default()).unwrap();
        import::run(&plan, &ImportOptions::default(), &target, &|_| {}).unwrap();
        let copied = Store::open(copy.path(), BarTime::Open).unwrap();
        assert_eq!(&copied.bars(&symbol, Span::ALL).unwrap(), expected, "{renamed}");
        let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
        writer.upsert(&symbol, &series(50..250, 2.0)).unwrap();
        assert_eq!(parts_of(folder.path()), after, "{renamed}");
        let left = std::fs::read_dir(&of_symbol).unwrap().count();
        assert_eq!(left, after.len(), "{renamed}: nothing else is left");
    }
}

#[test]
fn part_hidden_by_one_of_an_older_version_is_ignored_and_removed() {
    let symbol: Symbol = "A".parse().unwrap();
    let (folder, writer) = two_parts(&symbol);
    let other = tempfile::tempdir().unwrap();
    let merged = StoreWriter::open(other.path(), &TempFiles::default()).unwrap();
    merged.upsert(&symbol, &series(0..300, 2.0)).unwrap();
    let [one, three] = [(&other, "part-000001.parquet"), (&folder, "part-000003.parquet")]
        .map(|(folder, name)| folder.path().join("symbol=A").join(name));
    // As if the process had died between its rename and the removal of the parts that it replaced.
    std::fs::copy(one, three).unwrap();
    let store = Store::open(folder.path(), BarTime::Open).unwrap();
    let bars = store.bars(&symbol, Span::ALL).unwrap();
    assert_eq!((bars.len(), bars.close()[0], bars.close()[299]), (300, 2.0, 2.0));
    writer.upsert(&symbol, &series(300..301, 2.0)).unwrap();
    let names: Vec<String> = parts_of(folder.path()).into_iter().map(|part| part.0).collect();
    assert_eq!(names, ["part-000003.parquet"]);
}

/// A part of another store is copied next to one with a higher or the same number.
#[test]
fn parts_that_do_not_belong_together_are_refused_and_kept() {
    let symbol: Symbol = "A".parse().unwrap();
    let store_with = |bars: &Series| {
        let folder = tempfile::tempdir().unwrap();
        let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
        writer.upsert(&symbol, bars).unwrap();
        folder
    };
    let other = store_with(&series(90..100, 2.0));
    let part = |folder: &Path, name: &str| folder.join("symbol=A").join(name);
    for (name, words) in [
        ("part-000002.parquet", "part-000001.parquet: overlaps"),
        ("part-1.parquet", "which does not replace it"),
        ("part-18446744073709551615.parquet", "part-000001.parquet: overlaps"),
    ] {
        let folder = store_with(&series(0..600, 1.0));
        std::fs::copy(part(other.path(), "part-000001.parquet"), part(folder.path(), name))
            .unwrap();
        let store = Store::open(folder.path(), BarTime::Open).unwrap();
        let error = store.bars(&symbol, Span::ALL).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("move one of them"), "{error}");
        let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
        assert!(writer.upsert(&symbol, &series(600..601, 1.0)).is_err());
        assert!(part(folder.path(), "part-000001.parquet").exists(), "{name}");
        assert!(part(folder.path(), name).exists(), "{name}");
    }
    // The last number of all.
    let folder = store_with(&series(0..10, 1.0));
    let last = part(folder.path(), "part-18446744073709551615.parquet");
    std::fs::rename(part(folder.path(), "part-000001.parquet"), last).unwrap();
    let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
    let error = writer.upsert(&symbol, &series(-10..0, 1.0)).unwrap_err().to_string();
    assert!(error.contains("no number is left"), "{error}");
}

#[test]
fn unclosed_quotes_are_errors_in_lists_and_with_any_line_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    std::fs::write(&path, "symbol,note\nA,\"x\nB,y\nC,\"z\n").unwrap();
    let error = symbols(&path, &mut Findings::default()).unwrap_err().to_string();
    assert!(error.contains("line 2: a quote is not closed"), "{error}");
    let rows: String = (0..100)
        .map(|i| format!("A,{},1,1,1,1,1,{}\r", i * 60, if i == 5 { "\"x" } else { "" }))
        .collect();
    std::fs::write(&path, format!("symbol,time,open,high,low,close,volume,note\r{rows}")).unwrap();
    let error = FileSource::open(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("a quote is not closed"), "{error}");
}

#[test]
fn dataset_of_another_writer_is_read_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let partition = folder.path().join("symbol=A%2FB");
    std::fs::create_dir(&partition).unwrap();
    let prices = || -> ArrayRef { Arc::new(Float32Array::from(vec![1.5, 2.0])) };
    let columns = |times: Vec<i64>| {
        let time: ArrayRef = Arc::new(Int64Array::from(times));
        vec![
            ("time", time),
            ("open", prices()),
            ("high", prices()),
            ("low", prices()),
            ("close", prices()),
            ("vol", prices()),
        ]
    };
    parquet(&partition.join("data_0.parquet"), columns(vec![120, 60]));
    parquet(&partition.join("data_1.parquet"), columns(vec![180, 120]));
    let store = Store::open(folder.path(), BarTime::Open).unwrap();
    let bars = store.bars(&"A/B".parse().unwrap(), Span::ALL).unwrap();
    assert_eq!(bars.close(), [2.0, 2.0, 1.5]);
    assert_eq!(store.findings().count(Finding::Duplicate), 1);
    let refused = StoreWriter::open(folder.path(), &TempFiles::default())
        .unwrap()
        .upsert(&"A/B".parse().unwrap(), &series(0..1, 1.0))
        .unwrap_err();
    assert!(refused.to_string().contains("never overwritten"), "{refused}");
}

/// The bars of a CSV text, as strings, and the findings.
fn read(text: &str, options: &ReadOptions) -> (Vec<String>, Findings) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, text).unwrap();
    let source = FileSource::open(&path, options).unwrap();
    let line = |bar: &Bar| {
        let Bar { time, open, high, low, close, volume, .. } = bar;
        format!("{time} {open} {high} {low} {close} {volume}")
    };
    (bars(&source, "A").iter().map(line).collect(), source.findings())
}

#[test]
fn csv_dialects_are_detected() {
    let expected = ["2024-01-01T00:01:00Z 1.5 2 1 1.25 1000.5"];
    for text in [
        "symbol;timestamp;open;high;low;close;volume\nA;2024-01-01 00:01;1,5;2;1;1,25;1000,5\n",
        "\u{feff}symbol;timestamp;open;high;low;close;volume\r\nA;2024-01-01 00:01;1,5;2;1;1,25;1000,5\r\n",
        "symbol;timestamp;open;high;low;close;volume\nA;2024-01-01 00:01;1.5;2;1;1.25;1000.5\n",
        "symbol\ttimestamp\topen\thigh\tlow\tclose\tvolume\nA\t2024-01-01 00:01\t1,5\t2\t1\t1,25\t1000,5\n",
        "symbol|timestamp|open|high|low|close|volume\nA|2024-01-01 00:01|1.5|2|1|1.25|1000.5\n",
        "symbol,timestamp,open,high,low,close,volume\nA,2024-01-01 00:01,\"1,5\",2,1,\"1,25\",\"1000,5\"\n",
    ] {
        let (bars, findings) = read(text, &ReadOptions::default());
        assert_eq!(
            (bars.as_slice(), findings.is_empty()),
            (&expected.map(String::from)[..], true),
            "{text}"
        );
    }
    let options = ReadOptions { symbol: "A".parse().ok(), ..ReadOptions::default() };
    let (bars, _) = read("1704067260;1,5;2;1;1,25;1000,5;3\n", &options);
    assert_eq!(bars, expected);
    let ambiguous =
        "symbol;timestamp;open;high;low;close;volume\nA;2024-01-01 00:01;1,500;2;1;1;1\n";
    let text = error("x.csv", ambiguous);
    assert!(text.contains("line 2: open \"1,500\" can be 1.500 or 1500"), "{text}");
    assert!(text.contains("state the decimal mark"), "{text}");
}

#[test]
fn thousands_separators_are_named() {
    let (bars, findings) = read(
        "symbol,timestamp,open,high,low,close,volume\nA,2024-01-01 00:01,\"1,234.5\",1235,1,1,1\n",
        &ReadOptions::default(),
    );
    assert!(bars.is_empty());
    let text = findings.to_string();
    assert!(
        text.contains("line 2: open \"1,234.5\" (thousands separators; write 1234.5)"),
        "{text}"
    );
}

#[test]
fn day_numbers_of_spreadsheets_are_rejected_and_named() {
    let header = "symbol,timestamp,open,high,low,close,volume\n";
    for number in ["44288", "44280", "44280.0", "44288.000694444"] {
        let (bars, findings) =
            read(&format!("{header}A,{number},1,1,1,1,1\n"), &ReadOptions::default());
        assert_eq!((bars.len(), findings.count(Finding::DayNumber)), (0, 1), "{number}");
        let text = findings.to_string();
        let place = format!("line 2: timestamp \"{number}\" looks like an Excel date");
        assert!(text.contains(&place) && text.contains("as text such as"), "{text}");
    }
    // Bars of 1970 that begin at the epoch are not dates.
    let rows: String = (0..800).map(|i| format!("A,{},1,1,1,1,1\n", i * 60)).collect();
    let (bars, findings) = read(&format!("{header}{rows}"), &ReadOptions::default());
    assert_eq!((bars.len(), findings.is_empty()), (800, true));
}

#[test]
fn times_before_2009_and_after_tomorrow_are_counted() {
    let text = "symbol,timestamp,open,high,low,close,volume\nA,2008-12-31 23:59,1,1,1,1,1\n\
                A,2009-01-01 00:00,1,1,1,1,1\nA,2024-02-03 23:59,1,1,1,1,1\nA,2024-02-04 00:00,1,1,1,1,1\n";
    let now = Minute::from_epoch_seconds(1_706_860_800); // 2024-02-02 08:00
    let (bars, findings) = read(text, &ReadOptions { now, ..ReadOptions::default() });
    assert_eq!((bars.len(), findings.count(Finding::Implausible)), (4, 2));
    assert!(findings.to_string().contains("line 2: timestamp \"2008-12-31 23:59\" is 2008"));
    assert!(!findings.breaks_strict());
    assert!(read(text, &ReadOptions::default()).1.is_empty(), "without the present");
}

#[test]
fn stated_format_and_names_are_used() {
    let text = "Ticker,When,O,High,Low,Close,Volume\nA,02/04/2021 00:01,1.5,2,1,1.5,3\n";
    let options = ReadOptions {
        stamp_format: Some("%d/%m/%Y %H:%M".parse().unwrap()),
        columns: "timestamp=When,open=O".parse().unwrap(),
        ..ReadOptions::default()
    };
    assert_eq!(read(text, &options).0, ["2021-04-02T00:01:00Z 1.5 2 1 1.5 3"]);
}

#[test]
fn folder_with_loose_files_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = || Store::open(folder.path(), BarTime::Open).unwrap_err().to_string();
    assert!(message().contains("no bars in this folder"));
    std::fs::write(folder.path().join("x.CSV.gz"), "").unwrap();
    assert!(message().contains("there are CSV files here"), "{}", message());
}
