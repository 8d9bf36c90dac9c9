//! `emd`: columns of any file into modes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use libtest_mimic::{Arguments, Trial};
use support::{market, test_dir};
use testkit::Need::{Python, Shared};
use testkit::program::finish;
use testkit::{npz, trial};

fn main() {
    let tests: Vec<Trial> = vec![
        trial("a_column_becomes_modes", &[], a_column_becomes_modes),
        trial("symbols_are_chosen", &[], symbols_are_chosen),
        trial("threads_do_not_change_a_byte", &[], threads_do_not_change_a_byte),
        trial("bad_values_are_named_by_row", &[], bad_values_are_named_by_row),
        trial("bad_flags_are_told", &[], bad_flags_are_told),
        trial("nothing_to_decompose", &[], nothing_to_decompose),
        trial("parity_to_the_last_bit", &[Shared], parity_to_the_last_bit),
        trial("numpy_and_pandas_read_it", &[Python], numpy_and_pandas_read_it),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

/// A tone of period 12 and one of 90 on a slope, with a heading.
fn tones(n: u32) -> String {
    let value = |i: u32| {
        let t = f64::from(i) * std::f64::consts::TAU;
        (t / 12.0).sin() + 2.0 * (t / 90.0).sin() + 0.001 * f64::from(i) + 10.0
    };
    (0..n).fold("When,Height\n".to_owned(), |text, i| text + &format!("{i},{}\n", value(i)))
}

/// The cells of the table's rows.
fn rows(out: &str) -> Vec<Vec<&str>> {
    let is_row = |cells: &Vec<&str>| {
        cells.first().is_some_and(|cell| cell.parse::<u32>().is_ok()) && cells[1] != "samples"
    };
    out.lines().map(|line| line.split_whitespace().collect()).filter(is_row).collect()
}

fn a_column_becomes_modes() {
    let test_dir = test_dir();
    test_dir.write("tones.csv", tones(1800));
    let run = test_dir
        .run(&[
            "emd",
            "--input",
            "tones.csv",
            "--column",
            "height",
            "--method",
            "emd",
            "--out",
            "m.npz",
        ])
        .ok();
    assert!(run.out.contains("1,800 samples of height: "), "{}", run.out);
    let table = rows(&run.out);
    let period = |k: usize| table[k][1].parse::<f64>().unwrap();
    assert!((period(0) - 12.0).abs() < 0.1 && (period(1) - 90.0).abs() < 1.0, "{}", run.out);
    assert!(run.out.contains("wrote m.npz"));

    let load = |file: &str, name: &str| npz::load(&test_dir.path().join(file), name);
    let (imfs, residue, variances) =
        (load("m.npz", "imfs"), load("m.npz", "residue"), load("m.npz", "imf_variances"));
    assert_eq!((imfs.shape[0], imfs.shape[1], residue.shape), (table.len(), 1800, vec![1800]));
    assert_eq!(variances.shape, [table.len()]);
    assert!((variances.values[0] - 0.5).abs() < 0.05 && (variances.values[1] - 2.0).abs() < 0.1);
    let text = tones(1800);
    for (i, line) in text.lines().skip(1).enumerate() {
        let x: f64 = line.split_once(',').unwrap().1.parse().unwrap();
        let sum: f64 = imfs.rows().iter().map(|mode| mode[i]).sum::<f64>() + residue.values[i];
        assert!((sum - x).abs() < 1e-12);
    }
    // CEEMDAN of the logarithm.
    test_dir
        .run(&[
            "emd",
            "--input",
            "tones.csv",
            "--column",
            "Height",
            "--log",
            "--trials",
            "10",
            "--out",
            "log.npz",
        ])
        .ok();
    let (imfs, residue) = (load("log.npz", "imfs"), load("log.npz", "residue").values);
    let sum: f64 = imfs.rows().iter().map(|mode| mode[0]).sum::<f64>() + residue[0];
    assert!((sum - 10f64.ln()).abs() < 1e-12);
}

fn symbols_are_chosen() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["XBT/USD", "ETH/USD"], 6));
    let emd = |more: &[&str]| {
        test_dir.run(&[&["emd", "--input", "bars.csv", "--trials", "5"], more].concat())
    };
    emd(&[]).fails(2, &["2 symbols (XBT/USD, ETH/USD)", "--symbol"]);
    emd(&["--symbol", "DOGE/USD"])
        .fails(2, &["no symbol \"DOGE/USD\"", "2 symbols: XBT/USD, ETH/USD"]);
    let spelled = emd(&["--symbol", "btcusd", "--column", "volume"]).ok();
    assert!(spelled.out.contains("360 samples of volume of XBT/USD"), "{}", spelled.out);
    test_dir.write("one.csv", market(&["A/B"], 6));
    let run = test_dir.run(&["emd", "--input", "one.csv", "--trials", "5"]).ok();
    assert!(run.out.contains("of close of A/B"), "{}", run.out);
    test_dir.write("tones.csv", tones(100));
    let none = ["emd", "--input", "tones.csv", "--column", "Height", "--symbol", "A/B"];
    test_dir.run(&none).fails(2, &["no symbol column", "drop --symbol"]);
}

fn threads_do_not_change_a_byte() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A/B"], 20));
    for preset in ["standard", "pyemd"] {
        for (end, form) in [("npz", "npz"), ("parquet", "parquet")] {
            let run = |threads: &str| {
                let out = format!("{preset}-{threads}.{end}");
                let emd = ["emd", "--input", "bars.csv", "--trials", "9", "--preset", preset];
                test_dir.run(&[&emd[..], &["--threads", threads, "--out", &out]].concat()).ok();
                std::fs::read(test_dir.path().join(out)).unwrap()
            };
            assert_eq!(run("1"), run("2"), "{preset} {form}");
        }
    }
}

fn bad_values_are_named_by_row() {
    let test_dir = test_dir();
    let emd = |text: &str, more: &[&str]| {
        test_dir.write("x.csv", text);
        test_dir.run(&[&["emd", "--input", "x.csv"], more].concat())
    };
    emd("close\n1\n2\n3\nNaN\n2\n", &[])
        .fails(1, &["x.csv, row 4: column \"close\" is missing", "fill the gap"]);
    emd("close\n1\n2\n\n3\n2\n", &[]).fails(1, &["x.csv, row 3: column \"close\" is missing"]);
    emd("close\n", &[]).fails(1, &["x.csv has no rows"]);
    emd("close\n1\ninf\n3\n2\n1\n", &[]).fails(1, &["row 2: column \"close\" is infinite"]);
    emd("close\n1\n0\n3\n2\n1\n", &["--log"])
        .fails(1, &["row 2: column \"close\" is 0", "drop --log"]);
    emd("close\n1\n-2\n3\n2\n1\n", &["--log"]).fails(1, &["row 2: column \"close\" is -2"]);
    emd("close\n1\nhigh\n", &[]).fails(1, &["line 3: \"high\"", "not a number"]);
    emd("open\n1\n", &[]).fails(1, &["no column \"close\" (found: open)"]);
    emd("close\n1\n2\n3\n", &[]).fails(1, &["3 samples is too short"]);
    emd("close\n1\n2e200\n3\n1\n", &[]).fails(1, &["sample 1 (counted from 0) exceeds 1e150"]);
    emd("", &[]).fails(1, &["x.csv", "empty"]);
    test_dir.run(&["emd", "--input", "nowhere.csv"]).fails(1, &["nowhere.csv"]);
    assert_eq!(
        std::fs::read_dir(test_dir.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name() != "pipeline.log")
            .count(),
        1
    );
}

fn bad_flags_are_told() {
    let test_dir = test_dir();
    test_dir.write("x.csv", tones(64));
    let emd = |more: &[&str]| {
        test_dir.run(&[&["emd", "--input", "x.csv", "--column", "Height"], more].concat())
    };
    emd(&["--trials", "0"]).fails(2, &["--trials 0 is out of range: expected 1 to"]);
    emd(&["--epsilon", "0"]).fails(2, &["--epsilon 0 is out of range"]);
    emd(&["--epsilon", "-1"]).fails(2, &["--epsilon -1 is out of range"]);
    emd(&["--sifting", "fixed:0"]).fails(2, &["sifts 0 is out of range: expected 1 to 1000"]);
    emd(&["--sifting", "often"]).fails(2, &["fixed:N, s-number:S or reference"]);
    emd(&["--preset", "pyemd", "--noise-scale", "fastest"])
        .fails(2, &["residue in the pyemd preset"]);
    emd(&["--method", "emd", "--seed", "3"]).fails(2, &["--seed only applies to --method ceemdan"]);
    emd(&["--out", "modes.csv"]).fails(2, &[".npz or .parquet"]);
    std::fs::create_dir(test_dir.path().join("d.npz")).unwrap();
    emd(&["--out", "d.npz"]).fails(2, &["d.npz is a folder"]);
    emd(&["--out", "x.csv"]).fails(2, &["x.csv"]);
    test_dir.write("y.npz", tones(64));
    test_dir
        .run(&["emd", "--input", "y.npz", "--column", "Height", "--out", "./y.npz"])
        .fails(2, &["both the input"]);
    assert_eq!(std::fs::read_to_string(test_dir.path().join("y.npz")).unwrap(), tones(64));
}

fn nothing_to_decompose() {
    let test_dir = test_dir();
    test_dir.write("flat.csv", format!("close\n{}", "7.5\n".repeat(50)));
    for method in ["emd", "ceemdan"] {
        let out = format!("{method}.npz");
        let run =
            test_dir.run(&["emd", "--input", "flat.csv", "--method", method, "--out", &out]).ok();
        assert!(
            run.out.contains("0 modes") && run.out.contains("fewer than three extrema"),
            "{}",
            run.out
        );
        let load = |name: &str| npz::load(&test_dir.path().join(&out), name);
        assert_eq!((load("imfs").shape, load("residue").values), (vec![0, 50], vec![7.5; 50]));
    }
}

fn parity_to_the_last_bit() {
    let test_dir = test_dir();
    let golden = testkit::shared().unwrap().join("golden/emd/parity_v4320_win.npz");
    let (y, rows) = (npz::load(&golden, "y").values, npz::load(&golden, "rows"));
    test_dir.write("y.csv", y.iter().fold("y\n".to_owned(), |text, y| text + &format!("{y:?}\n")));
    test_dir
        .run(&[
            "emd", "--input", "y.csv", "--column", "y", "--preset", "pyemd", "--trials", "20",
            "--out", "m.npz",
        ])
        .ok();
    let load = |name: &str| npz::load(&test_dir.path().join("m.npz"), name).values;
    let ours: Vec<u64> = load("imfs").iter().chain(&load("residue")).map(|x| x.to_bits()).collect();
    assert_eq!(ours, rows.values.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
}

const READ: &str = r#"
import json, numpy, pandas, pyarrow.parquet
arrays = numpy.load("m.npz")
assert sorted(arrays) == ["imf_variances", "imfs", "residue"]
table = pandas.read_parquet("m.parquet")
modes = [f"imf_{k + 1:02}" for k in range(len(arrays["imfs"]))]
assert list(table.columns) == ["sample", *modes, "residue"]
assert (table[modes].to_numpy().T == arrays["imfs"]).all() and (table["residue"] == arrays["residue"]).all()
assert (table["sample"] == range(len(table))).all()
variances = json.loads(pyarrow.parquet.read_metadata("m.parquet").metadata[b"imf_variances"])
assert (numpy.array(variances) == arrays["imf_variances"]).all()
assert numpy.allclose(arrays["imfs"].var(axis=1), arrays["imf_variances"], rtol=1e-12)
print("read")
"#;

fn numpy_and_pandas_read_it() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A/B"], 10));
    for out in ["m.npz", "m.parquet"] {
        test_dir.run(&["emd", "--input", "bars.csv", "--log", "--trials", "5", "--out", out]).ok();
    }
    let mut script = std::process::Command::new(testkit::python().expect("a Python"));
    script.args(["-c", READ]).current_dir(test_dir.path());
    assert_eq!(finish(script).ok().out.trim(), "read");
}
