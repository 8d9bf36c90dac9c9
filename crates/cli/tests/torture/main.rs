//! Attacks the program at random for a given time: `cargo xtask torture`.
//!
//! A case is one attack on one command. Its campaign, its number and the seed determine it, so a
//! failure can be repeated (except for the moment of a signal, which depends on the machine's load).
//! After each case: no panic, no hang, whole files, and the next run of the command gives the bytes of
//! an undisturbed one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attack;
#[path = "../bombs/hostile.rs"]
mod hostile;
mod inputs;
mod kills;
mod servers;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The source of all choices of a case.
pub type Dice = Xoshiro256PlusPlus;

/// Runs a case; panics if the program fails it.
pub type Case = Box<dyn Fn(&mut Dice) + Sync>;

/// A kind of attack.
struct Campaign {
    name: &'static str,
    case: Case,
}

/// What the command line asks for.
struct Wanted {
    time: Duration,
    seed: u64,
    only: Option<(String, Option<u64>)>,
}

const USAGE: &str = "Usage: cargo xtask torture [--minutes N] [--seed S] [--only CAMPAIGN[:CASE]]

Campaigns: kills, inputs, http, mysql
Defaults: 5 minutes, seed 1, all campaigns (mysql needs an installed MariaDB)";

fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted { time: Duration::from_secs(300), seed: 1, only: None };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words.next()?;
        match &*flag {
            "--minutes" => {
                let minutes: f64 = value.parse().ok().filter(|n| (0.0..1e5).contains(n))?;
                wanted.time = Duration::from_secs_f64(minutes * 60.0);
            }
            "--seed" => wanted.seed = value.parse().ok()?,
            "--only" => {
                wanted.only = Some(match value.split_once(':') {
                    Some((name, case)) => (name.to_owned(), Some(case.parse().ok()?)),
                    None => (value, None),
                });
            }
            _ => return None,
        }
    }
    Some(wanted)
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let is_wanted = |name: &str| wanted.only.as_ref().is_none_or(|(only, _)| only == name);
    let mut campaigns: Vec<Campaign> = Vec::new();
    let mut add = |name, make: fn() -> Case| {
        if is_wanted(name) {
            campaigns.push(Campaign { name, case: make() });
        }
    };
    add("kills", kills::campaign);
    add("inputs", inputs::campaign);
    add("http", servers::http);
    if testkit::mariadb::is_installed() {
        add("mysql", servers::mysql);
    } else {
        println!("mysql: left out, because MariaDB is not installed");
    }
    if campaigns.is_empty() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    run(&campaigns, &wanted)
}

/// Runs cases on all cores until the time is over.
fn run(campaigns: &[Campaign], wanted: &Wanted) -> ExitCode {
    let (begun, next) = (Instant::now(), AtomicU64::new(0));
    let failures: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let counts: Mutex<BTreeMap<&str, u64>> = Mutex::new(BTreeMap::new());
    let single = wanted.only.as_ref().and_then(|(_, case)| *case);
    let work = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let is_over = match single {
                Some(_) => turn > 0,
                None => begun.elapsed() >= wanted.time,
            };
            if is_over {
                break;
            }
            let campaign = &campaigns[(turn % campaigns.len() as u64) as usize];
            let case = single.unwrap_or(turn / campaigns.len() as u64);
            let mut dice = Dice::seed_from_u64(wanted.seed.wrapping_mul(1_000_003) ^ case);
            let outcome = catch_unwind(AssertUnwindSafe(|| (campaign.case)(&mut dice)));
            *counts.lock().unwrap().entry(campaign.name).or_default() += 1;
            if outcome.is_err() {
                let (name, seed) = (campaign.name, wanted.seed);
                let again = format!("cargo xtask torture --seed {seed} --only {name}:{case}");
                eprintln!("{name}, case {case} failed (see above); repeat it with\n  {again}");
                failures.lock().unwrap().push(again);
            }
        }
    };
    std::thread::scope(|scope| {
        // Some cases only wait.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..2 * cores {
            scope.spawn(work);
        }
    });
    let counts = counts.into_inner().unwrap();
    let list: Vec<String> = counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
    println!("{} in {:.0} s, {}", list.join(", "), begun.elapsed().as_secs_f64(), attack::tally());
    let failures = failures.into_inner().unwrap();
    if failures.is_empty() {
        println!("all assertions held");
        return ExitCode::SUCCESS;
    }
    println!("{} cases failed:\n  {}", failures.len(), failures.join("\n  "));
    ExitCode::FAILURE
}
