//! Small files that would take all memory, or minutes.

use testkit::program::{Run, TestDir, finish};

use super::support::test_dir;

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
    // Texts below the limit are read in smaller batches.
    for encoding in hostile::TEXT_ENCODINGS {
        test_dir.write("list.parquet", hostile::long_texts(60_000, 16_384, encoding));
        let list = ["fetch-history", "losers", "--input-csv", "list.parquet"];
        run(&test_dir, &list).fails(1, &["skipped invalid symbols: 1"]);
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
