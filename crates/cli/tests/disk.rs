//! The program on a disk that is full: listed as not run where no small one can be mounted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::Command;

use libtest_mimic::Arguments;
use support::{market, test_dir};
use testkit::Need::Mount;
use testkit::trial;

fn main() {
    let tests = vec![trial("a_full_disk", &[Mount], a_full_disk)];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn a_full_disk() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B"], 30));
    std::fs::create_dir(test_dir.file("small")).unwrap();
    assert!(testkit::mount_small(&test_dir.file("small")));
    let flags =
        ["--windows", "1h,4h", "--lookback-days", "1", "--top-n", "2", "--out-dir", "small"];
    let run = test_dir.run(&[&["leaderboards", "--source", "bars.csv"], &flags[..]].concat());
    let names: Vec<_> = std::fs::read_dir(test_dir.file("small"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    let unmounted = Command::new("umount").arg(test_dir.file("small")).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    run.fails(1, &["cannot write small/", "No space left", "nothing was replaced"]);
    assert_eq!(names, ["pipeline.log"]);
}
