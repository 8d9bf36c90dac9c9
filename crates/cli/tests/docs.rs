//! The pages of docs/ and the README against the program: every flag has its place there, every
//! command in them runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Trial};
use support::test_dir;
use testkit::http::{Answer, Request, Server};
use testkit::program::{TestDir, finish};
use testkit::{Need, mariadb, shared, trial};

fn main() {
    let servers = [Need::Shared, Need::MariaDb, Need::Python];
    let trials: Vec<Trial> = vec![
        trial("every_flag_stands_in_its_page", &[], every_flag_stands_in_its_page),
        trial("every_link_leads_somewhere", &[], every_link_leads_somewhere),
        trial("every_path_leads_somewhere", &[], every_path_leads_somewhere),
        trial(
            "the_examples_of_configuration_are_read",
            &[],
            the_examples_of_configuration_are_read,
        ),
        trial("every_flag_runs", &[Need::MariaDb], every_flag_runs),
        trial("the_tour_of_the_readme", &servers, the_tour_of_the_readme),
        trial("every_command_of_the_pages_runs", &servers, every_command_of_the_pages_runs),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages by name.
fn pages() -> BTreeMap<String, String> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let named = pages.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    });
    named
        .chain([("README".to_owned(), std::fs::read_to_string(root().join("README.md")).unwrap())])
        .collect()
}

/// The blocks of a page in a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    page.split(begin.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// The commands of the program, from its own help.
fn commands(test_dir: &TestDir) -> Vec<String> {
    let help = test_dir.run(&["--help"]).ok().out;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

/// The flags of a command by the title under which help has them, each with its default, if it has
/// one.
fn flags(test_dir: &TestDir, command: &str) -> BTreeMap<String, Vec<(String, Option<String>)>> {
    let help = test_dir.run(&[command, "--help"]).ok().out;
    let mut flags: BTreeMap<String, Vec<(String, Option<String>)>> = BTreeMap::new();
    let mut title = String::new();
    for line in help.lines() {
        if !line.starts_with(' ') && line.ends_with(':') {
            title = line.trim_end_matches(':').to_owned();
        }
        let flag = line.trim_start().strip_prefix("-").map(|_| line.trim());
        if let Some(flag) = flag.filter(|_| line.starts_with("  ")) {
            let long = flag.split([' ', '=', ',']).find(|word| word.starts_with("--"));
            if let Some(long) = long.filter(|long| !["--help", "--version"].contains(long)) {
                let name = long.trim_end_matches(['.', ']']).to_owned();
                flags.entry(title.clone()).or_default().push((name, None));
            }
        }
        if let Some(default) = line.split("[default: ").nth(1) {
            let of = flags.get_mut(&title).and_then(|flags| flags.last_mut()).expect(line);
            of.1 = Some(default.split(']').next().unwrap().to_owned());
        }
    }
    flags
}

/// Whether `page` names `flag`, rather than one that begins as it does.
fn names(page: &str, flag: &str) -> bool {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    page.match_indices(flag)
        .any(|(at, _)| page[at + flag.len()..].chars().next().is_none_or(is_end))
}

/// The default of a flag in a table with a column of defaults, if the flag has its own row.
fn documented_default(page: &str, flag: &str) -> Option<String> {
    let mut has_defaults = false;
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells[..] {
            ["", "flag", "default", ..] => has_defaults = true,
            ["", first, default, ..]
                if has_defaults && names(first, flag) && first.matches("--").count() == 1 =>
            {
                return Some(default.trim_matches('`').to_owned());
            }
            [""] => has_defaults = false,
            _ => {}
        }
    }
    None
}

fn every_flag_stands_in_its_page() {
    let (test_dir, pages) = (test_dir(), pages());
    let commands = commands(&test_dir);
    assert!(commands.len() >= 19, "{commands:?}");
    let everywhere: String =
        ["sources", "conventions", "configuration"].map(|name| pages[name].clone()).concat();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut defaults = 0;
    for command in &commands {
        let name = match command.as_str() {
            "man" => "completions",
            "config" => "configuration",
            name => name,
        };
        let page = pages.get(name).unwrap_or_else(|| panic!("docs/{name}.md is missing"));
        assert!(names(&pages["README"], &format!("docs/{name}.md")));
        for (title, flags) in flags(&test_dir, command) {
            for (flag, default) in flags {
                let shared =
                    matches!(title.as_str(), "Common flags" | "Source" | "MySQL or MariaDB");
                assert!(
                    names(page, &flag) || shared && names(&everywhere, &flag),
                    "{command} {flag} ({title}) is missing in its page"
                );
                known.insert(flag.clone());
                if let Some((default, cell)) = default.zip(documented_default(page, &flag)) {
                    let number = |text: &str| text.parse::<f64>().ok();
                    // The page may describe a default that is not a value in other words.
                    if default.contains(' ') {
                        continue;
                    }
                    let same = cell.starts_with(&default)
                        || number(&cell).is_some_and(|cell| number(&default) == Some(cell));
                    assert!(
                        same,
                        "{command} {flag} is {default} by default, but the page has '{cell}'"
                    );
                    defaults += 1;
                }
            }
        }
    }
    assert!(defaults > 30, "only {defaults} defaults are checked");
    // And no page names a flag that there is not: of other programs' flags these stand in the
    // pages.
    let others = [
        "--release",
        "--path",
        "--package",
        "--example",
        "--workspace",
        "--locked",
        "--dump-dom",
        "--open",
        "--quick",
        "--minutes",
        "--runs",
        "--only",
        "--help",
        "--version",
    ];
    let others = others.map(str::to_owned);
    for (name, page) in
        pages.iter().filter(|(name, _)| !["performance", "architecture"].contains(&name.as_str()))
    {
        let words = page.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        for word in words
            .filter(|word| word.starts_with("--") && word.len() > 4 && !word.starts_with("---"))
        {
            let word = word.trim_end_matches('-').to_owned();
            assert!(
                known.contains(&word) || others.contains(&word),
                "docs/{name}.md names {word}, which no command has"
            );
        }
    }
}

/// The pages in the top folder besides the README.
fn top_pages() -> impl Iterator<Item = (String, String)> {
    ["CONTRIBUTING", "SECURITY", "CHANGELOG"].into_iter().map(|name| {
        let page = std::fs::read_to_string(root().join(format!("{name}.md"))).unwrap();
        (name.to_owned(), page)
    })
}

/// Whether `path` is in the repository; a part of it may contain `*` or `<name>`, which match any
/// text.
fn is_there(path: &str) -> bool {
    let fits = |pattern: &str, name: &str| {
        let (before, after) = pattern.split_once(['*', '<']).unwrap_or((pattern, ""));
        let after = after.rsplit('>').next().unwrap();
        if before.len() == pattern.len() {
            name == pattern
        } else {
            name.starts_with(before) && name.ends_with(after)
        }
    };
    !path
        .trim_end_matches('/')
        .split('/')
        .fold(vec![root()], |folders, part| {
            let inside =
                folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
            let paths = inside.map(|entry| entry.unwrap().path());
            paths.filter(|path| fits(part, path.file_name().unwrap().to_str().unwrap())).collect()
        })
        .is_empty()
}

fn every_path_leads_somewhere() {
    assert!(is_there("crates/*/tests/golden*.rs") && is_there("crates/stages/src/<stage>/"));
    assert!(!is_there("crates/stages/src/none.rs") && !is_there("crates/*/none"));
    let mut n = 0;
    for (name, page) in pages().into_iter().chain(top_pages()) {
        for path in page.split('`').skip(1).step_by(2) {
            let folder = path.split('/').next().unwrap();
            if path.contains('/') && ["crates", "xtask", "docs", ".ci", ".github"].contains(&folder)
            {
                assert!(is_there(path), "{name}.md names {path}, which is not there");
                n += 1;
            }
        }
    }
    assert!(n > 30, "{n} paths");
}

fn every_link_leads_somewhere() {
    let top: Vec<String> = top_pages().map(|(name, _)| name).chain(["README".to_owned()]).collect();
    for (name, page) in pages().into_iter().chain(top_pages()) {
        let folder = if top.contains(&name) { root() } else { root().join("docs") };
        for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let place =
                if path.is_empty() { folder.join(format!("{name}.md")) } else { folder.join(path) };
            assert!(place.is_file(), "{name}: {link}");
            let text = || std::fs::read_to_string(&place).unwrap().to_lowercase();
            let slug = |line: &str| -> String {
                let kept = line
                    .trim_start_matches('#')
                    .trim()
                    .chars()
                    .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                kept.collect::<String>().replace(' ', "-")
            };
            let is_there = || {
                text().lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor)
            };
            assert!(anchor.is_empty() || is_there(), "{name}: {link} has no such heading");
        }
    }
}

fn the_examples_of_configuration_are_read() {
    let test_dir = test_dir();
    test_dir.run(&["sample", "--into", "data/bars", "--symbols", "2", "--days", "3"]).ok();
    let pages = pages();
    let examples = blocks(&pages["configuration"], "toml");
    assert_eq!(examples.len(), 2);
    test_dir.write("data-pipeline.toml", examples[0]);
    test_dir.run(&["check"]).ok();
    let help = test_dir.run(&["run", "--help"]).ok().out;
    assert!(
        help.contains("[default: 30]") && help.contains("[default: overlaps gainers]"),
        "{help}"
    );
    let password = test_dir.write("password", "s3cret\n");
    test_dir.write(
        "data-pipeline.toml",
        examples[1].replace("/home/me/.market-password", password.to_str().unwrap()),
    );
    // Everything is understood; there is no such host.
    let run = test_dir.run(&["check"]).fails(1, &["using the password in", "db.example"]);
    assert!(!run.err.contains("s3cret"), "{}", run.err);
}

/// Pages show commands as they are used, on markets and months that take minutes: here they do with
/// less.
const LESS_WORK: &str = "[sample]\nsymbols = 17\n[run]\nlookback-months = 1\n[imf-stage]\nlookback-months = 1\ntrials = 3\n";

/// A test_dir with all that the pages speak of: archives, a database, an exchange.
struct Stage {
    test_dir: TestDir,
    database: mariadb::Server,
    exchange: Server,
}

impl Stage {
    fn new() -> Stage {
        let test_dir = test_dir();
        let database = mariadb::Server::start();
        let exchange = Server::start(exchange);
        test_dir.write(
            "data-pipeline.toml",
            format!(
                "[sync]\nbase-url = \"{0}\"\n[kraken-losers]\nbase-url = \"{0}\"\n{LESS_WORK}",
                exchange.address()
            ),
        );
        Stage { test_dir, database, exchange }
    }

    /// The recorded files of the archive, packed as Kraken packs them.
    fn put_archive(&self) {
        let folder = shared().unwrap().join("data/kraken_csv");
        let file = std::fs::File::create(self.test_dir.file("Kraken_OHLCVT.zip")).unwrap();
        let mut archive = zip::ZipWriter::new(file);
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut archive, &std::fs::read(entry).unwrap()).unwrap();
        }
        archive.finish().unwrap();
    }

    /// Runs a line of a page as a shell would, and everything in it must succeed.
    fn line(&self, page: &str, line: &str) {
        let program = Path::new(env!("CARGO_BIN_EXE_data-pipeline")).parent().unwrap();
        let path = std::env::join_paths(
            [program.to_owned()]
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        // The page of the configuration file writes one.
        let folder = match page {
            "configuration" => self.test_dir.file(page),
            _ => self.test_dir.path().to_owned(),
        };
        std::fs::create_dir_all(&folder).unwrap();
        // Only where a database is meant: elsewhere the variable would make it so.
        let of_database = line.contains("mysql://") || line.contains("--host");
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", line])
            .current_dir(&folder)
            .stdin(std::process::Stdio::null());
        shell.env("PATH", path.unwrap()).env("HOME", self.test_dir.path());
        for name in [
            "DB_HOST",
            "DB_PORT",
            "DB_USER",
            "DB_PASSWORD",
            "DB_NAME",
            "OHLCVT_TABLE",
            "HTTP_PROXY",
            "http_proxy",
        ] {
            shell.env_remove(name);
        }
        if of_database {
            // The pages have localhost and the default port; the environment fills in this one.
            shell.env("DB_PASSWORD", mariadb::PASSWORD);
            shell.env("DB_PORT", self.database.port().to_string());
        }
        let run = finish(shell);
        assert_eq!(run.status, Some(0), "{page}: {line}\n{}\n{}", run.out, run.err);
    }

    fn python(&self, page: &str, block: &str) {
        let mut python = Command::new(testkit::python().unwrap());
        python.args(["-c", block]).current_dir(self.test_dir.path());
        let run = finish(python);
        assert_eq!(run.status, Some(0), "{page}:\n{block}\n{}", run.err);
    }
}

/// The last minute of the recorded archive, as epoch seconds.
const ARCHIVE_END: i64 = 1_680_307_140;

/// One pair; its newest minutes follow on the recorded archive.
fn exchange(request: &Request) -> Answer {
    let rows: Vec<String> = (1..=5)
        .map(|minute| {
            format!(
                "[{},\"28500.0\",\"28510.0\",\"28490.0\",\"28505.0\",\"28500.0\",\"0.5\",3]",
                ARCHIVE_END + 60 * minute
            )
        })
        .collect();
    let result = match &*request.path {
        "/0/public/AssetPairs" => r#"{"XBTUSDC":{"altname":"XBTUSDC","wsname":"XBT/USDC"},"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD"},
            "SOLUSD":{"altname":"SOLUSD","wsname":"SOL/USD"},"AMBERUSD":{"altname":"AMBERUSD","wsname":"AMBER/USD"}}"#.to_owned(),
        "/0/public/Ticker" => r#"{"XXBTZUSD":{"o":"100.0","c":["90.0","1"],"v":["5","2000.0"]},"SOLUSD":{"o":"10.0","c":["9.5","1"],"v":["5","2000.0"]},
            "AMBERUSD":{"o":"10.0","c":["9.6","1"],"v":["5","2000.0"]}}"#.to_owned(),
        "/0/public/OHLC" => format!("{{\"{}\":[{}],\"last\":{}}}", request.query["pair"], rows.join(","), ARCHIVE_END + 240),
        _ => format!("{{\"{}\":[],\"last\":\"{}\"}}", request.query["pair"], request.query["since"]),
    };
    Answer::ok(format!("{{\"error\":[],\"result\":{result}}}"))
}

/// The lines of a block; a comment alone is none.
fn lines(block: &str) -> impl Iterator<Item = &str> {
    block.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn the_tour_of_the_readme() {
    let stage = Stage::new();
    let pages = pages();
    let tour = pages["README"]
        .split("## A tour on real data")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    stage.put_archive();
    // What another wrote into the database before the reader came.
    let bars = stage.test_dir.file("Kraken_OHLCVT.zip");
    let into = format!(
        "data-pipeline import {} --into 'mysql://me@localhost/market?table=ohlcvt'",
        bars.display()
    );
    stage.line("setup", &into);
    let mut done = 0;
    let mut rest = tour;
    while let Some((_, from)) = rest.split_once("```") {
        let (language, from) = from.split_once('\n').unwrap();
        let (block, after) = from.split_once("\n```").unwrap();
        match language {
            "sh" => lines(block).filter(|line| !line.starts_with("cargo")).for_each(|line| {
                stage.line("README", line);
                done += 1;
            }),
            "python" => stage.python("README", block),
            other => panic!("a block in {other}"),
        }
        rest = after;
    }
    assert!(done >= 6, "{done} commands");
    assert!(
        stage.test_dir.file("report.html").is_file()
            && stage.test_dir.file("from-mysql/report.html").is_file()
    );
    // From the database as from the store, but for the five minutes that came in later.
    let words = ["run", "--out-dir", "again", "--asof", "2023-04-01T00:00:00Z"];
    stage.test_dir.run(&words).ok();
    for name in ["leaderboards_summary.json", "overlap_metrics.csv", "imf_clusters_overlaps.json"] {
        assert!(
            stage.test_dir.read(&format!("again/{name}"))
                == stage.test_dir.read(&format!("from-mysql/{name}")),
            "{name}"
        );
    }
}

fn every_command_of_the_pages_runs() {
    let stage = Stage::new();
    let (test_dir, pages) = (&stage.test_dir, pages());
    let run = |words: &str| stage.line("setup", words);
    run("data-pipeline sample --into demo/bars");
    run(
        "data-pipeline run --source demo/bars --out-dir demo --cohorts overlaps --top-n 3 --lookback-months 1",
    );
    // As someone would have it who followed the pages.
    run(
        "mkdir -p data && cp -r demo/bars data/bars && cp demo/habitual_*.csv . && cp -r demo/data/* data/",
    );
    run(
        "data-pipeline imf-stage --leaders-csv habitual_overlaps.csv --asof 2025-12-31 --lookback-months 1 --trials 4",
    );
    stage.put_archive();
    let day = shared()
        .unwrap()
        .join("data/small/binance_4sym_7d_2023-03-21_listing+outage_1m_ohlcvt.csv.gz");
    std::fs::copy(day, test_dir.file("bars.csv.gz")).unwrap();
    run("data-pipeline import bars.csv.gz --into binance && mkdir klines");
    // One symbol, which the command line names, up to the last minute of the archive.
    run(&format!(
        "(echo time,open,high,low,close,volume; \
          for i in $(seq 0 99); do echo $(({ARCHIVE_END} - 60 * (99 - i))),9,9,9,9,1; done) \
         | gzip > bars.csv.gz"
    ));
    let python = "import pandas as pd\n\
        bars = pd.read_parquet('data/bars/symbol=AMBER%2FUSD/part-000001.parquet').assign(symbol='BTC/USDT')\n\
        bars.head(5000).to_parquet('bars.parquet')";
    stage.python("setup", python);
    klines(test_dir);
    test_dir.write(
        "prices.csv",
        "symbol;Datum;Start;high;low;close;volume\nBTC/EUR;02/04/2021 00:00;42100,5;42200;42000;42150;1,5\n",
    );
    run("mkdir -p man ~/.local/share/bash-completion/completions ~/.config/fish/completions");
    let mut done = BTreeSet::new();
    for (name, page) in pages.iter().filter(|(name, _)| *name != "README") {
        for block in blocks(page, "sh") {
            for line in lines(block) {
                // The project's own tasks, and a reader of manuals, which may not be installed.
                if ["cargo ", "man ", "pip "].iter().any(|word| line.starts_with(word)) {
                    continue;
                }
                stage.line(name, line);
                let words: Vec<&str> = line.split_whitespace().collect();
                if let Some(at) = words.iter().position(|word| word.ends_with("data-pipeline")) {
                    done.insert(words[at + 1].to_owned());
                }
            }
        }
    }
    // Some read what the commands of other pages write.
    // The page of the package is run by its own tests.
    for (name, page) in
        pages.iter().filter(|(name, _)| !["README", "python"].contains(&name.as_str()))
    {
        blocks(page, "python").into_iter().for_each(|block| stage.python(name, block));
    }
    let lacking: Vec<String> =
        commands(test_dir).into_iter().filter(|name| !done.contains(name)).collect();
    assert!(lacking.is_empty(), "no page shows how {lacking:?} is called");
}

/// Command lines that use every flag once, on a market of a few days. `DB` is replaced by the address
/// of a private database without password, `PORT` for its port, `CA` for its certificate, `API` for
/// the exchange.
const LINES: &[&str] = &[
    "sample --into bars --symbols 3 --days 5 --seed 2 --end 2026-01-01",
    "leaderboards --source bars --bar-time open --strict --top-n 2 --windows 1h,4h --enable-72h --lookback-days 5 --asof 2026-01-01 \
     --include-partial --include-stale --out-dir .",
    "leaderboards --source bars --symbols amber-usd,*AL* --exclude ZZZ* --quote USD --min-volume 1 --no-stables --out-dir few --cohort-format parquet",
    "leaderboards --source bars --top-n 2 --lookback-days 3 --from 2025-12-31 --to 2026-01-01 --every 6h --allow-future --format parquet \
     --compression zstd --schema-version v2 --csv-safe --out-dir panel/leaderboards",
    "metrics overlaps --source bars --bar-time open --strict --input habitual_overlaps.csv --output m.parquet --months 1 --windows 1h \
     --enable-72h --asof 2026-01-01 --coverage-threshold 0.5 --series-output s.parquet",
    "metrics overlaps --source bars --no-baseline --select rsi_* --drop rsi_24h* --no-masks --long --csv-safe --output l.csv",
    "metrics overlaps --source bars --min-baseline-n 1 --output n.parquet",
    "leaderboards --source bars --top-n 2 --lookback-days 5 --shard 1/1 --out-dir parts/leaderboards",
    "merge parts/leaderboards --source bars --bar-time open --strict --out merged --cohort-format parquet",
    "metrics overlaps --source bars --shard 1/1 --output parts/metrics",
    "merge parts/metrics --out merged/m.csv --select rsi_* --drop rsi_24h* --no-masks --long --csv-safe",
    "state --source bars --shard 1/1 --out parts/state",
    "merge parts/state --out merged/state --format parquet --compression zstd --schema-version v2",
    "regime --source bars --windows 3d --shard 1/1 --out parts/regime",
    "imf-stage --source bars --leaders AMBER/USD --lookback-months 1 --trials 2 --shard 1/1 --out parts/imf",
    "state --source bars --bar-time open --strict --windows 1h,4h --enable-72h --coverage-threshold 0.5 --months 1 --min-baseline-n 1 --out s \
     --input habitual_overlaps.csv --compression zstd --format parquet --schema-version v2 --asof 2026-01-01 --dry-run",
    "state --source bars --no-baseline --from 2025-12-31 --to 2026-01-03 --every 6h --allow-future --select rsi_* --drop rsi_24h* --no-masks --long \
     --csv-safe",
    "regime --source bars --bar-time open --strict --windows 3d --breakout-lookback-days 2 --months 1 --min-baseline-n 1 --out r --series-output d.csv \
     --input habitual_overlaps.csv --compression snappy --format parquet --schema-version v2 --asof 2026-01-01",
    "regime --source bars --no-baseline --from 2025-12-31 --to 2026-01-04 --every 1d --allow-future --select adx_* --drop adx_90d* \
     --no-masks --long --csv-safe --dry-run",
    "emd --input habitual_overlaps.csv --column close --symbol BASALT/USD --log --method ceemdan --out m.npz --preset standard \
     --sifting fixed:2 --noise-scale residue --epsilon 0.2 --trials 2 --seed 3",
    "imf-stage --source bars --bar-time open --strict --leaders-csv habitual_overlaps.csv --leaders AMBER/USD --asof 2025-12-31 \
     --lookback-months 1 --min-cycle-depth-pct 1 --detrend --no-winsorize --cluster-mixed --persist-imfs --out mixed --n-jobs 1 \
     --max-seconds-per-asset 100 --preset standard --sifting fixed:2 --noise-scale fastest --epsilon 1 --trials 2 --seed 3",
    "imf-stage --source bars --leaders AMBER/USD --asof 2025-12-31 --lookback-months 1 --trials 2",
    "imf-stage --source bars --leaders AMBER/USD --from 2025-12-29 --to 2025-12-31 --every 2d --allow-future --lookback-months 1 \
     --trials 2 --out panel/imf",
    "imf-postprocess --summary data/imf/dt=2025-12-31/imf_summary.parquet --cards-price data/imf/dt=2025-12-31/cluster_cards_global_price.json \
     --cards-volume data/imf/dt=2025-12-31/cluster_cards_global_volume.json --cards-asset data/imf/dt=2025-12-31/cluster_cards_asset.json \
     --run-config data/imf/dt=2025-12-31/run_config.json --series price --asof 2025-12-31T23:59:59Z --window-days 31 \
     --min-energy-share 0.01 --amp-bands 3 9 --format csv --csv-safe --out-dir sums",
    "imf-postprocess --summary mixed/dt=2025-12-31/imf_summary.parquet --cards-mixed mixed/dt=2025-12-31/cluster_cards_global_mixed.json",
    "imf-cluster overlaps --input habitual_overlaps.csv --asof 2026-01-01 --windows 6h,24h --min-amplitude-pct 1 --min-points 50 \
     --preset standard --out-dir c --bar-time open --strict",
    "fetch-history overlaps --source bars --bar-time open --strict --input-csv habitual_overlaps.csv --output-csv h.csv --days 2 \
     --asof 2026-01-01 --csv-safe",
    "import habitual_overlaps.csv --into other --bar-time open --strict",
    "import other.csv --into european --timestamp-format %d.%m.%Y --columns symbol=Market,timestamp=Day --delimiter ; --decimal , \
     --allow-coarse",
    "import one.csv --symbol A/B --into DB --host 127.0.0.1 --port PORT --user me --password-file password --database market \
     --table bars --ssl-mode verify-ca --ssl-ca CA",
    "check --host 127.0.0.1 --port PORT --user me --password PASSWORD --database market --table bars --ssl-mode required --bar-time open \
     --server-public-key key.pem --connect-timeout 20 --read-timeout 100",
    "check --source bars --bar-time close --strict --threads 1 --log-file l.log --verbose --config empty.toml",
    "check --source bars --quiet --no-log-file",
    "kraken-losers --base-url API --top-n 2 --min-volume 0 --include-stables --output k.csv --csv-safe",
    "sync --base-url API --pairs XBT/USD --into kraken --no-trades",
    "sync --base-url API --pairs XBT/USD --into kraken --since 2023-04-01T00:00:00Z",
    "run --source bars --bar-time open --strict --cohorts overlaps --out-dir out --asof 2026-01-01 --top-n 2 --windows 1h,4h --months 1 \
     --lookback-months 1 --force",
    "run --source bars --cohorts overlaps --out-dir few --asof 2026-01-01 --symbols AMBER/USD,BASALT* --exclude nope --quote USD \
     --min-volume 1 --no-stables --lookback-months 1 --cohort-format csv",
    "run --source bars --cohorts overlaps --out-dir out --asof 2026-01-01 --skip-leaderboards --no-persist-imfs",
    "report --dir out --out page.html --asof 2026-01-01",
    "columns rsi --format json",
    "config show --format json state --dry-run",
    "config init other.toml",
    "completions zsh",
    "man --out-dir manual",
];

/// Each flag that help knows is in one of the lines (`demo` has one, and a page runs it), and each
/// line runs.
fn every_flag_runs() {
    let stage = Stage::new();
    let test_dir = &stage.test_dir;
    test_dir.write("data-pipeline.toml", "[imf-stage]\ntrials = 2\n");
    test_dir.write("empty.toml", "");
    test_dir.write("password", mariadb::PASSWORD);
    // The connection is encrypted, so that the key is not used.
    for words in ["genrsa -out private.pem 2048", "rsa -in private.pem -pubout -out key.pem"] {
        let mut openssl = Command::new("openssl");
        openssl.args(words.split(' ')).current_dir(test_dir.path());
        assert!(openssl.output().unwrap().status.success(), "openssl {words}");
    }
    test_dir
        .write("one.csv", support::market(&["A/B"], 2).replace("A/B,", "").replace("symbol,", ""));
    test_dir.write(
        "other.csv",
        "Market;Day;open;high;low;close;volume\nA;02.04.2021;1,234;2,5;1;1;1000\n",
    );
    let mut given: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in LINES {
        let words: Vec<String> = line
            .split_whitespace()
            .map(|word| match word {
                "DB" => "mysql://127.0.0.1/market".to_owned(),
                "PORT" => stage.database.port().to_string(),
                "PASSWORD" => mariadb::PASSWORD.to_owned(),
                "CA" => stage.database.authority().to_str().unwrap().to_owned(),
                "API" => stage.exchange.address().to_owned(),
                other => other.to_owned(),
            })
            .collect();
        let run = test_dir.run(&words);
        assert_eq!(run.status, Some(0), "{line}\n{}\n{}", run.out, run.err);
        let flags = words.iter().filter(|word| word.starts_with("--")).cloned();
        given.entry(words[0].clone()).or_default().extend(flags);
    }
    let everywhere: BTreeSet<String> = given.values().flatten().cloned().collect();
    for command in commands(test_dir).into_iter().filter(|command| command != "demo") {
        for (title, flags) in flags(test_dir, &command) {
            // What all commands have from one definition need not be run with each.
            let shared = matches!(title.as_str(), "Common flags" | "MySQL or MariaDB");
            for (flag, _) in flags {
                let is_given = if shared {
                    everywhere.contains(&flag)
                } else {
                    given[&command].contains(&flag)
                };
                assert!(is_given, "no line runs {command} {flag}");
            }
        }
    }
}

/// Binance's klines of two months.
fn klines(test_dir: &TestDir) {
    let line = |minute: i64| {
        let open = 1_706_745_600_000 + minute * 60_000;
        format!(
            "{open},42000.1,42010.0,41990.5,42001.0,12.5,{},525000.0,321,6.1,256000.0,0\n",
            open + 59_999
        )
    };
    let text: String = (0..600).map(line).collect();
    let file = std::fs::File::create(test_dir.file("BTCUSDT-1m-2024-02.zip")).unwrap();
    let mut archive = zip::ZipWriter::new(file);
    archive.start_file("BTCUSDT-1m-2024-02.csv", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut archive, text.as_bytes()).unwrap();
    archive.finish().unwrap();
    test_dir.write("klines/ETHUSDT-1m-2024-02.csv", text);
}
