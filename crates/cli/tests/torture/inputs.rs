//! Mutated files of every kind that the program reads.

use std::io::Write;
use std::path::Path;

use rand::RngExt;
use rand::seq::IndexedRandom;
use testkit::program::{Run, TestDir};

use crate::attack::{copy, count, run, run_within};
use crate::support::{HEADER, market, test_dir};
use crate::{Case, Dice, hostile};

/// A sound file, and the command that reads it.
struct Input {
    file: String,
    content: Vec<u8>,
    words: Vec<&'static str>,
}

/// The configuration of the sound runs.
const CONFIG: &str = "data-pipeline.toml";

/// What replaces parts of files.
const TOKENS: [&[u8]; 22] = [
    b"NaN",
    b"inf",
    b"-1",
    b"1e308",
    b"1e-400",
    b"0",
    b"\0",
    b"\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\x1b[31m",
    b"\xff\xfe",
    b"99999999999999999999",
    b"2999-12-31",
    b"0000-00-00",
    b"{",
    b"[",
    b"null",
    b"../../x",
    b"=1+1",
];

fn compressed(name: &str, content: &[u8]) -> Vec<u8> {
    match name {
        "gz" => {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(content).unwrap();
            gz.finish().unwrap()
        }
        "zst" => zstd::encode_all(content, 1).unwrap(),
        _ => {
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let deflated = zip::write::SimpleFileOptions::default();
            for name in ["XBTUSD_1.csv", "ETHUSD_1.csv", "read me.txt"] {
                zip.start_file(name, deflated).unwrap();
                zip.write_all(content).unwrap();
            }
            zip.finish().unwrap().into_inner()
        }
    }
}

/// Makes the sound files and returns the campaign.
pub fn campaign() -> Case {
    let ground = test_dir();
    ground.write(CONFIG, "[imf-stage]\ntrials = 2\n[leaderboards]\ntop-n = 2\n");
    ground.run(&["sample", "--into", "bars", "--symbols", "3", "--days", "32"]).ok();
    let all = "run --source bars --out-dir out --cohorts overlaps --months 1 --lookback-months 1";
    ground.run(&all.split(' ').collect::<Vec<_>>()).ok();
    let boards = "leaderboards --source bars --out-dir parquet --cohort-format parquet";
    ground.run(&boards.split(' ').collect::<Vec<_>>()).ok();

    let csv = market(&["A/B", "C"], 12).into_bytes();
    let kraken: String =
        (0..600).map(|i| format!("{},1,2,1,1.5,3,4\n", 1_700_000_000 + i * 60)).collect();
    let other = format!("{HEADER}A;01.02.2021;1,5;2,5;1,5;2,0;3\n").replace(',', ".").into_bytes();
    let into = ["import", "FILE", "--into", "store", "--allow-coarse"];
    let mut inputs = vec![
        ("bars.csv", csv.clone(), into.to_vec()),
        ("bars.csv", csv.clone(), vec!["leaderboards", "--source", "FILE"]),
        ("other.csv", other, into.to_vec()),
        ("bars.csv.gz", compressed("gz", &csv), into.to_vec()),
        ("bars.csv.zst", compressed("zst", &csv), into.to_vec()),
        ("Kraken.zip", compressed("zip", kraken.as_bytes()), into.to_vec()),
        ("XBTUSD_1.csv", kraken.into_bytes(), into.to_vec()),
        (
            "list.csv",
            b"symbol\nAMBER/USD\n".to_vec(),
            vec![
                "fetch-history",
                "overlaps",
                "--source",
                "bars",
                "--input-csv",
                "FILE",
                "--output-csv",
                "h.csv",
            ],
        ),
    ]
    .into_iter()
    .map(|(file, content, words)| Input { file: file.to_owned(), content, words })
    .collect::<Vec<_>>();
    for (path, content) in ground.tree(".") {
        let file = path.display().to_string();
        let words: &[&'static str] = match &file {
            f if f.starts_with("bars/") => &["check", "--source", "bars"],
            f if f.starts_with("parquet/habitual") => &into,
            f if f.ends_with("imf_summary.parquet") => {
                &["imf-postprocess", "--summary", "FILE", "--series", "both"]
            }
            f if f.ends_with("run.json") => &[
                "run",
                "--source",
                "bars",
                "--out-dir",
                "out",
                "--cohorts",
                "overlaps",
                "--months",
                "1",
                "--lookback-months",
                "1",
            ],
            f if f.starts_with("out/") && !f.ends_with(".html") => &["report", "--dir", "out"],
            f if f.ends_with(".toml") => &["config", "show", "--config", "FILE"],
            _ => continue,
        };
        inputs.push(Input { file, content, words: words.to_vec() });
    }
    let shard = "leaderboards --source bars --shard 1/1 --out-dir parts";
    ground.run(&shard.split(' ').collect::<Vec<_>>()).ok();
    let part = "parts/leaderboards-00001-of-00001.arrow";
    let merge = vec!["merge", "parts", "--out", "merged", "--source", "bars"];
    inputs.push(Input { file: part.to_owned(), content: ground.read(part), words: merge });
    let bombs = bombs(&inputs);
    Box::new(move |dice| match dice.random_range(0..12) {
        0 => bomb(&bombs, ground.path(), dice),
        _ => mutated(&inputs, ground.path(), dice),
    })
}

/// Small files that state, repeat or compress far more than they hold.
fn bombs(inputs: &[Input]) -> Vec<Input> {
    let mut bombs = Vec::new();
    let mut add = |file: &str, content: Vec<u8>, words: &[&'static str]| {
        bombs.push(Input { file: file.to_owned(), content, words: words.to_vec() });
    };
    for encoding in hostile::TEXT_ENCODINGS {
        for length in [60_000, 200_000] {
            let texts = hostile::long_texts(length, 16_384, encoding);
            let list = ["fetch-history", "losers", "--source", "bars", "--input-csv", "FILE"];
            add("list.parquet", texts.clone(), &list);
            add("list.parquet", texts, &["imf-postprocess", "--summary", "FILE"]);
        }
    }
    for millions in [15, 60, 500] {
        let nulls = hostile::nulls(millions);
        add("nulls.parquet", nulls.clone(), &["imf-postprocess", "--summary", "FILE"]);
        add("nulls.parquet", nulls, &["emd", "--input", "FILE", "--column", "open"]);
    }
    let import = ["import", "FILE", "--into", "store"];
    add("XBTUSD_1.csv.zst", hostile::equal_rows(12_000_000), &import);
    add("bars.csv.zst", hostile::lines(HEADER, 1 << 12, 1100 << 20), &import);
    add("bars.csv.zst", hostile::lines(HEADER, 1, 100 << 20), &import);
    add("blank.csv.zst", hostile::lines("close\n", 1, 20 << 20), &["emd", "--input", "FILE"]);
    add("many.zip", hostile::archive(11, 100 << 20), &import);
    for input in inputs.iter().filter(|input| input.file.ends_with("price.npz")).take(1) {
        add(&input.file, hostile::modes(20_000_000), &input.words);
    }
    bombs
}

fn bomb(bombs: &[Input], ground: &Path, dice: &mut Dice) {
    let input = bombs.choose(dice).unwrap();
    let test_dir = test_dir();
    run_input(input, input.content.clone(), 800_000, &test_dir, ground);
    count("bombs");
}

/// Runs the command of `input` on `content` in a new folder.
fn run_input(
    input: &Input,
    content: Vec<u8>,
    kilobytes: u32,
    test_dir: &TestDir,
    ground: &Path,
) -> Run {
    for folder in ["bars", "out"] {
        // Only what the command reads besides the file.
        if input.words.contains(&folder) || input.file.starts_with(&format!("{folder}/")) {
            copy(&ground.join(folder), &test_dir.file(folder));
        }
    }
    if input.words[0] == "run" {
        // With the default number of trials its cycles take a minute.
        test_dir.write(CONFIG, std::fs::read(ground.join(CONFIG)).unwrap());
    }
    test_dir.write(&input.file, content);
    let words: Vec<&str> =
        input.words.iter().map(|word| if *word == "FILE" { &*input.file } else { word }).collect();
    run_within(kilobytes, test_dir, &words)
}

fn mutated(inputs: &[Input], ground: &Path, dice: &mut Dice) {
    // Half of them bars for an import: there is only one file of each kind.
    let input = match dice.random_range(0..2) {
        0 => &inputs[dice.random_range(0..8)],
        _ => inputs.choose(dice).unwrap(),
    };
    let test_dir = test_dir();
    let words = &input.words;
    let mut content = input.content.clone();
    for _ in 0..*[1, 1, 1, 2, 4].choose(dice).unwrap() {
        mutate(&mut content, dice);
    }
    // Shards state sizes as numbers of 64 bits.
    if input.file.ends_with(".arrow") && dice.random() {
        let end = content.len() / 8 * 8;
        let at = dice.random_range(end.saturating_sub(2048)..end.max(1)) / 8 * 8;
        content.splice(at..(at + 8).min(content.len()), (1_i64 << 40).to_le_bytes());
    }
    let ended = run_input(input, content, 6_000_000, &test_dir, ground);
    count("mutated inputs");
    if words[0] == "import" {
        let is_stored = test_dir.file("store").exists();
        assert!(is_stored == (ended.status == Some(0)), "{words:?}: {}", ended.err);
        if is_stored {
            let check = run(&test_dir, &["check", "--source", "store"]);
            assert!(!check.err.contains("damaged"), "{words:?}: {}", check.err);
        }
    }
    let left = test_dir.tree(".").into_keys().find(|path| path.to_string_lossy().ends_with(".tmp"));
    assert!(left.is_none(), "{words:?} left {left:?}");
}

/// Changes a part of `content`.
pub fn mutate(content: &mut Vec<u8>, dice: &mut Dice) {
    if content.is_empty() {
        content.extend_from_slice(TOKENS.choose(dice).unwrap());
        return;
    }
    let at = dice.random_range(0..content.len());
    let length = dice.random_range(1..=64.min(content.len() - at));
    match dice.random_range(0..8) {
        0 | 1 => content[at] ^= 1 << dice.random_range(0..8),
        2 => content.truncate(at),
        3 => drop(content.drain(at..at + length)),
        4 => {
            let part = content[at..at + length].to_vec();
            content.splice(at..at, part.repeat(dice.random_range(1..40)));
        }
        5 => drop(content.splice(at..at + length, TOKENS.choose(dice).unwrap().iter().copied())),
        6 => {
            let noise: Vec<u8> = (0..length).map(|_| dice.random()).collect();
            content.splice(at..at, noise);
        }
        _ => drop(content.splice(
            at..at,
            vec![*b"0,\n[ \0".choose(dice).unwrap(); dice.random_range(1..200_000)],
        )),
    }
}
