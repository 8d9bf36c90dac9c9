//! Small files that would take all memory, or minutes.

use testkit::program::{Run, TestDir, finish};

use super::support::{market, test_dir};

pub mod hostile;

/// Runs the program with at most 1.5 GB of memory.
fn run(test_dir: &TestDir, words: &[&str]) -> Run {
    let command = test_dir.command(words);
    let mut shell = test_dir.command(&[] as &[&str]);
    let environment: Vec<_> = shell.get_envs().map(|(name, _)| name.to_owned()).collect();
    shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -v 1500000; exec timeout -k 5 60 \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args()).current_dir(test_dir.path());
    for name in environment {
        shell.env_remove(name);
    }
    finish(shell)
}

#[test]
fn long_texts_in_parquet_are_refused() {
    let test_dir = test_dir();
    for encoding in hostile::TEXT_ENCODINGS {
        let bytes = hostile::long_texts(200_000, 8192, encoding);
        assert!(bytes.len() < 400_000, "{encoding:?}: {}", bytes.len());
        test_dir.write("list.parquet", bytes);
        let words =
            ["list.parquet: column \"symbol\" has a value of 200000 bytes", "shorter values"];
        let list = ["fetch-history", "losers", "--input-csv", "list.parquet"];
        run(&test_dir, &list).fails(1, &words);
        let summary = ["imf-postprocess", "--summary", "list.parquet"];
        run(&test_dir, &summary).fails(1, &[words[0].split_at(14).1, "help: "]);
    }
    // Texts below the limit are read in smaller batches; these are no symbols.
    test_dir.write("bars.csv", market(&["A"], 1));
    for encoding in hostile::TEXT_ENCODINGS {
        test_dir.write("list.parquet", hostile::long_texts(60_000, 16_384, encoding));
        let list =
            ["fetch-history", "losers", "--input-csv", "list.parquet", "--source", "bars.csv"];
        run(&test_dir, &list).ok().prints(&["skipped invalid symbols: 1"]);
    }
}

#[test]
fn many_nulls_in_parquet_are_refused() {
    let test_dir = test_dir();
    test_dir.write("nulls.parquet", hostile::nulls(70));
    let words = ["nulls.parquet: states 70000000 rows in", "write it again with fewer rows"];
    run(&test_dir, &["emd", "--input", "nulls.parquet"]).fails(1, &words);
    test_dir.write("nulls.parquet", hostile::nulls(60));
    let words = ["nulls.parquet: unexpected format: its table takes more than 100 times"];
    run(&test_dir, &["imf-postprocess", "--summary", "nulls.parquet"]).fails(1, &words);
}

#[test]
fn rows_of_the_same_minute_take_no_memory() {
    let test_dir = test_dir();
    test_dir.write("XBTUSD_1.csv.zst", hostile::equal_rows(30_000_000));
    let words = ["kept with a later row of the same minute", "29999999"];
    let imported = run(&test_dir, &["import", "XBTUSD_1.csv.zst"]).ok();
    assert!(imported.out.contains("1 symbol, 1 bar, 1 new"), "{}", imported.out);
    assert!(imported.err.replace(',', "").contains(words[1]), "{}", imported.err);
}

#[test]
fn files_that_decompress_to_gigabytes_are_refused() {
    let test_dir = test_dir();
    let header = "symbol,timestamp,open,high,low,close,volume\n";
    test_dir.write("bars.csv.zst", hostile::lines(header, 1 << 12, 1100 << 20));
    let words = ["bars.csv.zst: it decompresses to more than 1 GiB and 200 times its size"];
    run(&test_dir, &["import", "bars.csv.zst"]).fails(1, &words).prints(&["decompress it first"]);
    test_dir.write("blank.csv.zst", hostile::lines("close\n", 1, 20 << 20));
    let words = ["blank.csv.zst: has more than 16777216 rows", "give a part of it"];
    run(&test_dir, &["emd", "--input", "blank.csv.zst"]).fails(1, &words);

    test_dir.write("many.zip", hostile::archive(11, 100 << 20));
    let words = ["many.zip: its entries decompress to more than 1 GiB and 200 times its size"];
    run(&test_dir, &["import", "many.zip"]).fails(1, &words).prints(&["unpack it first"]);
    // The directory states another size than the entry has: reading ends there.
    let mut wrong = hostile::archive(1, 2 << 20);
    let directory = wrong.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    wrong[directory + 24..directory + 28].copy_from_slice(&1000_u32.to_le_bytes());
    test_dir.write("wrong.zip", wrong);
    run(&test_dir, &["import", "wrong.zip"])
        .fails(1, &["wrong.zip/A0_1.csv", "larger than its declared uncompressed size"]);
}

#[test]
fn files_with_too_many_symbols_are_refused() {
    use std::fmt::Write;
    let test_dir = test_dir();
    let mut text = "symbol,timestamp,open,high,low,close,volume\n".to_owned();
    (0..300_000).for_each(|i| writeln!(text, "S{i},1704067200,1,1,1,1,1").unwrap());
    test_dir.write("bars.csv", &text);
    let words = ["bars.csv: has more than 262144 symbols", "split it into several files"];
    run(&test_dir, &["import", "bars.csv"]).fails(1, &words);
    run(&test_dir, &["check", "--source", "bars.csv"]).fails(1, &words);
    run(&test_dir, &["fetch-history", "losers", "--input-csv", "bars.csv"]).fails(1, &words);
}
