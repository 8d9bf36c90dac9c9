//! The page of `report` in a browser: it prints nothing on the console, its tables sort and filter,
//! it fits a phone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::PathBuf;

use libtest_mimic::{Arguments, Trial};
use support::test_dir;
use testkit::program::TestDir;
use testkit::{Need, browser, trial};

fn main() {
    let needs = [Need::Chromium];
    let trials: Vec<Trial> = vec![
        trial("the_page_works_in_a_browser", &needs, the_page_works_in_a_browser),
        trial("the_page_fits_every_screen_and_theme", &needs, the_page_fits_every_screen_and_theme),
        trial("the_report_takes_what_there_is", &[], the_report_takes_what_there_is),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A test_dir with the page of a small market.
fn with_page() -> (TestDir, PathBuf) {
    let test_dir = test_dir();
    test_dir.write("data-pipeline.toml", "[imf-stage]\ntrials = 4\n");
    test_dir.run(&["sample", "--into", "bars", "--symbols", "8", "--days", "40"]).ok();
    test_dir.run(&["run", "--source", "bars", "--top-n", "3", "--lookback-months", "1"]).ok();
    let page = test_dir.file("report.html");
    (test_dir, page)
}

/// Does what a reader would, and writes down what came of it.
const READER: &str = r#"<script>
const results = [];
const report = (name, value) => results.push(name + '=' + JSON.stringify(value));
const column = (table, place) => [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.cells[place].textContent.trim());
const board = document.querySelector('#boards table');
const title = (name) => [...board.tHead.rows[0].cells].find((cell) => cell.textContent.trim() === name);
report('sections', [...document.querySelectorAll('section')].map((section) => section.id));
report('before', column(board, 0));
title('last 24h %').querySelector('button').click();
report('down', column(board, 4).map(Number));
title('last 24h %').querySelector('button').click();
report('up', column(board, 4).map(Number));
report('aria', title('last 24h %').getAttribute('aria-sort'));
title('symbol').querySelector('button').click();
report('names', column(board, 0));
const filter = document.getElementById('filter');
const first = column(board, 0)[0];
filter.value = first.toLowerCase();
filter.dispatchEvent(new Event('input'));
report('filtered', column(board, 0));
report('leaders', [...document.querySelectorAll('.leader')].filter((leader) => !leader.hidden).map((leader) => leader.dataset.row));
filter.focus();
document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
report('again', column(board, 0).length);
filter.blur();
document.dispatchEvent(new KeyboardEvent('keydown', { key: '/' }));
report('focus', document.activeElement.id);
const paper = () => getComputedStyle(document.body).backgroundColor;
const light = paper();
document.getElementById('theme').click();
report('themes', light !== paper());
const shown = () => [...document.querySelectorAll('#state .tab')].map((tab) => getComputedStyle(tab).display !== 'none');
const before = shown();
document.querySelector('#state .tabs input').click();
report('tabs', [before.filter(Boolean).length, shown().filter(Boolean).length, shown()[0]]);
const reachable = [...document.querySelectorAll('a, button, input, summary, .scroll')].every((one) => one.tabIndex >= 0);
report('keyboard', reachable);
const names = [...document.querySelectorAll('svg[role=img], .scroll, nav, button, input')].every((one) => one.ariaLabel || one.textContent.trim() || one.labels?.length);
report('named', names);
const result = document.createElement('pre');
result.id = 'results';
result.textContent = results.join('\n');
document.body.append(result);
</script></body>"#;

fn the_page_works_in_a_browser() {
    let (test_dir, page) = with_page();
    let (dom, said) = browser::dom(&page);
    assert!(said.is_empty(), "{said:#?}");
    assert!(dom.contains("<section id=\"leaders\"") && dom.contains("class=\"swing\""));
    let read = test_dir.text("report.html").replace("</body>", READER);
    let (dom, said) = browser::dom(&test_dir.write("read.html", read));
    assert!(said.is_empty(), "{said:#?}");
    let results = dom.split("<pre id=\"results\">").nth(1).expect("the reader came to the end");
    let results = results.split("</pre>").next().unwrap();
    let value = |name: &str| -> serde_json::Value {
        let line = results.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        serde_json::from_str(line.unwrap_or_else(|| panic!("no {name} in {results}"))).unwrap()
    };
    let numbers = |name: &str| -> Vec<f64> { serde_json::from_value(value(name)).unwrap() };
    let names = |name: &str| -> Vec<String> { serde_json::from_value(value(name)).unwrap() };
    let sections =
        ["glance", "boards", "leaders", "cycles", "state", "regime", "places", "rises", "quality"];
    assert_eq!(names("sections"), sections);
    assert!(numbers("down").is_sorted_by(|a, b| a >= b) && numbers("down").len() == 3, "{results}");
    assert!(numbers("up").is_sorted(), "{results}");
    assert_eq!(value("aria"), "ascending");
    assert!(names("names").is_sorted(), "{results}");
    assert_eq!(names("filtered"), names("names")[..1]);
    assert_eq!(names("leaders"), names("names")[..1]);
    assert_eq!(value("again"), 3);
    assert_eq!(value("focus"), "filter");
    assert_eq!(value("themes"), true);
    assert_eq!(value("tabs").to_string(), "[1,1,true]");
    assert_eq!((value("keyboard"), value("named")), (true.into(), true.into()), "{results}");
}

/// Pictures are left in the target folder, to be looked at.
fn the_page_fits_every_screen_and_theme() {
    let (test_dir, page) = with_page();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    let text = test_dir.text("report.html");
    let mut sizes = Vec::new();
    for (name, width) in [("phone", 390), ("desktop", 1280)] {
        // A window has a least width; a frame in it has none.
        let quoted = text.replace('&', "&amp;").replace('"', "&quot;");
        let frame = format!(
            "<body style=\"margin:0\"><iframe style=\"border:0\" width=\"{width}\" height=\"2600\" srcdoc=\"{quoted}\"></iframe><script>\
             addEventListener('load', () => {{ const page = document.querySelector('iframe').contentDocument.documentElement; \
             document.title = page.scrollWidth + ' of ' + page.clientWidth; }});</script></body>"
        );
        let frame = test_dir.write(&format!("{name}.html"), frame);
        let (dom, said) = browser::dom(&frame);
        assert!(said.is_empty(), "{said:#?}");
        assert!(
            dom.contains(&format!("<title>{width} of {width}</title>")),
            "the page is wider than a {name}"
        );
        for (theme, is_dark) in [("light", false), ("dark", true)] {
            let place = folder.join(format!("{name}-{theme}.png"));
            let _ = std::fs::remove_file(&place);
            browser::picture(&frame, (width.max(500), 2600), is_dark, &place);
            sizes.push(std::fs::metadata(&place).unwrap().len());
        }
    }
    assert!(sizes.iter().all(|size| *size > 50_000), "empty pictures: {sizes:?}");
    let _ = page;
}

fn the_report_takes_what_there_is() {
    let test_dir = test_dir();
    test_dir.run(&["sample", "--into", "bars", "--symbols", "6", "--days", "12"]).ok();
    test_dir.run(&["leaderboards", "--source", "bars", "--top-n", "2"]).ok();
    test_dir
        .run(&["report"])
        .ok()
        .prints(&["section omitted: intraday state; create it with 'data-pipeline state'"]);
    let page = test_dir.text("report.html");
    assert!(
        page.contains("id=\"boards\"")
            && !page.contains("id=\"leaders\"")
            && page.contains("<code>data-pipeline state</code>")
    );
    // Of several dates the newest, or the newest up to a time; CSV as well as Parquet.
    for date in ["2025-12-30", "2025-12-31"] {
        test_dir
            .run(&["state", "--source", "bars", "--asof", date, "--format", "csv", "--months", "1"])
            .ok();
    }
    test_dir.run(&["report", "--out", "newest.html"]).ok();
    test_dir.run(&["report", "--out", "older.html", "--asof", "2025-12-30T12:00:00Z"]).ok();
    assert!(
        test_dir.text("newest.html").contains("id=\"state\"")
            && test_dir.text("older.html") != test_dir.text("newest.html")
    );
    // Nothing of a later moment, and so no boards.
    let older = test_dir.text("older.html");
    assert!(
        !older.contains("id=\"boards\"")
            && older.contains("<code>data-pipeline leaderboards</code>")
    );
    assert!(!older.contains("2026-01-01") && !older.contains("2025-12-31"));
    // Two as-ofs of one date: the rows of the later one are not of the earlier moment, and the day
    // before is taken.
    let panel = ["--from", "2025-12-31T06:00:00Z", "--to", "2025-12-31T07:00:00Z", "--months", "1"];
    test_dir.run(&[&["state", "--source", "bars"], &panel[..]].concat()).ok();
    for (asof, expected) in [
        ("2025-12-31T06:30:00Z", "2025-12-31T06:00:00Z"),
        ("2025-12-31T05:00:00Z", "2025-12-30T00:00:00Z"),
    ] {
        test_dir.run(&["report", "--out", "at.html", "--asof", asof]).ok();
        assert!(test_dir.text("at.html").contains(&format!("As of {expected}.")), "{asof}");
    }
    std::fs::remove_dir_all(test_dir.file("data/state/dt=2025-12-31")).unwrap();
    test_dir.write("data/state/dt=2025-12-30/state_snapshot.csv", "nonsense\n1\n");
    test_dir
        .run(&["report"])
        .fails(1, &["state_snapshot.csv", "timestamp_asof_utc", "data-pipeline state"]);
}
