//! Speed, compared with EMD-signal in the same run, and memory.
//!
//! `cargo xtask bench` runs it. Arguments select parts: `kernel` (a step of sifting by kernel and
//! density of extrema), `counts` (its instructions under callgrind), `decompose` (whole series, of
//! real prices and volumes if the shared folder is available, compared with EMD-signal), `job` (20
//! symbols x 2 series x 130,000 samples x 100 trials in both noise modes). Prints tables and fails
//! if a bound is broken. CPU seconds are those of one thread unless noted otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use emd::{Control, Decomposer, Kernel, NoiseEnsemble, Params, Preset};
use std::process::Command;
use std::time::Instant;

/// Number of runs, of which the fastest counts.
const RUNS: usize = 3;

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // This program as its own child process, measured from outside.
        ["child-steps", kernel, sifts] => return child_steps(kernel, sifts),
        ["child-job", mode] => return child_job(mode),
        _ => {}
    }
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let mut bounds = Bounds(Vec::new());
    if wanted("kernel") {
        kernels();
    }
    if wanted("counts") {
        counts();
    }
    if wanted("decompose") {
        decompose(&mut bounds);
    }
    if wanted("job") {
        job(&mut bounds);
    }
    assert!(bounds.0.is_empty(), "bounds broken: {}", bounds.0.join(", "));
}

/// The bounds that were broken.
struct Bounds(Vec<String>);

impl Bounds {
    fn check(&mut self, what: &str, value: f64, holds: bool, bound: &str) {
        println!("  {} {what}: {value:.3} ({bound})", if holds { "ok    " } else { "BROKEN" });
        if !holds {
            self.0.push(what.to_owned());
        }
    }

    fn at_most(&mut self, what: &str, value: f64, max: f64) {
        self.check(what, value, value <= max, &format!("at most {max}"));
    }

    fn at_least(&mut self, what: &str, value: f64, min: f64) {
        self.check(what, value, value >= min, &format!("at least {min}"));
    }
}

fn kernels_here() -> Vec<Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()).collect()
}

/// A random walk with bounces, like log prices.
fn walk(n: usize, seed: u32) -> Vec<f64> {
    let white = emd::white_noise(seed, n, 2);
    let steps = white[0].iter().scan(0.0, |sum, x| {
        *sum += 1e-3 * x;
        Some(*sum)
    });
    steps.zip(&white[1]).map(|(level, bounce)| level + 3e-4 * bounce).collect()
}

/// A positive, persistent series with bursts, like log volumes.
fn bursts(n: usize, seed: u32) -> Vec<f64> {
    let white = emd::white_noise(seed, n, 2);
    let lasting = white[0].iter().scan(0.0, |state, x| {
        *state = 0.97 * *state + 0.25 * x;
        Some(*state)
    });
    lasting.zip(&white[1]).map(|(level, now)| (3.0 + level + 0.8 * now).exp().ln_1p()).collect()
}

/// CPU seconds of this thread so far, which other load on the machine affects through the caches
/// only.
#[allow(unsafe_code)]
fn thread_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock writes to the time that it is passed.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    assert_eq!(status, 0, "no CPU clock of this thread");
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// CPU seconds of the fastest of [`RUNS`] runs, on this thread.
fn best(mut run: impl FnMut()) -> f64 {
    let once = |_| {
        let begun = thread_seconds();
        run();
        thread_seconds() - begun
    };
    (0..RUNS).map(once).fold(f64::INFINITY, f64::min)
}

/// The cost of a step at each density of extrema: each mode of white noise has half as many as the
/// one before.
fn kernels() {
    const N: usize = 43_200;
    println!("\n== a step of sifting: ns per sample, modes of white noise, n = {N}");
    let white = emd::white_noise(1, N, 1).remove(0);
    let names: Vec<String> = kernels_here().iter().map(|kernel| format!("{kernel:?}")).collect();
    println!("  mode  extrema/sample  {}", names.join("  "));
    let ceemdan = |sifts, kernel| {
        Params::default()
            .sifting(emd::Sifting::Fixed(sifts))
            .kernel(kernel)
            .check()
            .expect("valid parameters")
    };
    let plain = ceemdan(10, Kernel::detect()).emd(&white, Control::default()).expect("modes");
    let mut left = white;
    for (k, mode) in plain.modes.iter().enumerate() {
        let extrema = emd::extrema(&left);
        let density = (extrema.maxima.len() + extrema.minima.len()) as f64 / N as f64;
        // The difference of 41 sifts and 1 sift of the same signal is 40 steps.
        let step = |kernel: &Kernel| {
            let time =
                |sifts| best(|| drop(ceemdan(sifts, *kernel).first_mode(&left).expect("a mode")));
            (time(41) - time(1)) / 40.0 / N as f64 * 1e9
        };
        let steps: Vec<String> =
            kernels_here().iter().map(|kernel| format!("{:6.2}", step(kernel))).collect();
        println!("  {:4}  {density:14.4}  {}", k + 1, steps.join("  "));
        left.iter_mut().zip(mode).for_each(|(left, x)| *left -= x);
    }
}

/// Instructions per sample and step under callgrind, which do not depend on the load of the
/// machine.
fn counts() {
    println!("\n== instructions per sample and step (callgrind), price and volume, n = 4320");
    for kernel in kernels_here().into_iter().filter(|kernel| *kernel != Kernel::Avx512) {
        let count = |sifts: u32| {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
            valgrind.arg(std::env::current_exe().expect("this program"));
            valgrind.args(["child-steps", &format!("{kernel:?}"), &sifts.to_string()]);
            let stderr = valgrind.output().expect("valgrind").stderr;
            let stderr = String::from_utf8_lossy(&stderr).into_owned();
            let total =
                stderr.lines().find_map(|line| line.split_once("Collected : ")).expect("a count").1;
            total.trim().parse::<f64>().expect("a number")
        };
        // Two signals of 4320 samples and 40 steps: what the two runs have in common cancels.
        println!("  {kernel:?}: {:.1}", (count(50) - count(10)) / (2.0 * 4320.0 * 40.0));
    }
}

fn child_steps(kernel: &str, sifts: &str) {
    let kernel =
        Kernel::ALL.into_iter().find(|known| format!("{known:?}") == kernel).expect("a kernel");
    let rule = emd::Sifting::Fixed(sifts.parse().expect("a number"));
    let ceemdan = Params::default().sifting(rule).kernel(kernel).check().expect("valid parameters");
    for x in [walk(4320, 1), bursts(4320, 2)] {
        ceemdan.first_mode(&x).expect("a mode");
    }
}

/// A series of the shared folder, or a similar generated one.
fn series(kind: &str, n: usize) -> Vec<f64> {
    let folder = testkit::shared().map(|shared| shared.join("golden/emd"));
    let file = match (n, kind) {
        (1440, "price") => "parity_p1440_atom.npz",
        (1440, _) => "parity_v1440_atom.npz",
        (4320, "price") => "parity_p4320_btc.npz",
        (4320, _) => "parity_v4320_btc.npz",
        (_, "price") => "parity43200_price_input.npz",
        _ => "parity43200_volume_input.npz",
    };
    let real = folder
        .filter(|_| n <= 43_200)
        .map(|folder| testkit::npz::load(&folder.join(file), "y").values);
    let made = || if kind == "price" { walk(n, 1) } else { bursts(n, 1) };
    let mut series = real.unwrap_or_else(made);
    series.truncate(n);
    series
}

/// Prints the CPU seconds of EMD-signal's `CEEMDAN(trials, seed=1337, parallel=False)` on the
/// numbers of a file.
const EMD_SIGNAL: &str = "\
import sys, time, warnings
warnings.filterwarnings('ignore')
import numpy
from PyEMD import CEEMDAN
y = numpy.fromfile(sys.argv[1])
ceemdan = CEEMDAN(trials=int(sys.argv[2]), seed=1337, parallel=False)
begun = time.process_time()
rows = ceemdan.ceemdan(y)
print(time.process_time() - begun)
rows.tofile(sys.argv[3])";

/// The seconds of EMD-signal, and whether its rows have the bits of `ours`.
fn emd_signal(y: &[f64], trials: usize, ours: &emd::Decomposition) -> Option<(f64, bool)> {
    let python = std::env::var_os("DATA_PIPELINE_PYTHON")?;
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("y"), folder.path().join("rows"));
    let bytes = |row: &[f64]| row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    std::fs::write(&input, bytes(y)).expect("a file");
    let mut run = Command::new(python);
    run.args(["-c", EMD_SIGNAL]).arg(&input).arg(trials.to_string()).arg(&output);
    run.env("OMP_NUM_THREADS", "1").env("OPENBLAS_NUM_THREADS", "1");
    let output_of_run = run.output().expect("Python");
    assert!(output_of_run.status.success(), "{}", String::from_utf8_lossy(&output_of_run.stderr));
    let seconds = String::from_utf8_lossy(&output_of_run.stdout).trim().parse().expect("seconds");
    let rows: Vec<u8> =
        ours.modes.iter().chain([&ours.residue]).flat_map(|row| bytes(row)).collect();
    Some((seconds, std::fs::read(&output).expect("rows") == rows))
}

fn decomposer(preset: Preset, trials: usize) -> Decomposer {
    Params::new(preset).trials(trials).check().expect("valid parameters")
}

/// Seconds of the noise and of the series, on one thread, and the results.
fn time(ceemdan: &Decomposer, y: &[f64]) -> (f64, f64, NoiseEnsemble, emd::Decomposition) {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let make = || ceemdan.noise(y.len(), Control::default()).expect("noise");
    // In a pool of one thread, so that the time of one thread is measured.
    let (for_noise, noise) = alone.install(|| {
        let mut noise = make();
        (best(|| noise = make()), noise)
    });
    let run = || ceemdan.ceemdan(y, &noise, Control::default()).expect("modes");
    let mut found = run();
    let for_series = best(|| found = run());
    (for_noise, for_series, noise, found)
}

fn decompose(bounds: &mut Bounds) {
    println!("\n== whole series, CPU seconds of one thread; EMD-signal 1.10 in the same run");
    println!(
        "  preset    n       series  trials  noise   series  modes  ns/sample/sift  EMD-signal  times  same bits"
    );
    for (n, kind, trials, min_speedup, max_seconds) in [
        (1440, "price", 100, None, None),
        (1440, "volume", 100, None, None),
        (4320, "price", 100, Some(25.0), Some(0.5)),
        (4320, "volume", 100, None, None),
        (10_080, "price", 100, Some(24.0), Some(1.4)),
        (43_200, "price", 10, Some(22.0), None),
    ] {
        let y = series(kind, n);
        let (noise, own, ensemble, found) = time(&decomposer(Preset::Pyemd, trials), &y);
        let what = format!("pyemd {n} {kind}, {trials} trials");
        print_row("pyemd", &y, kind, trials, (noise, own, &ensemble, &found));
        if let Some((theirs, same)) = emd_signal(&y, trials, &found) {
            println!("  {theirs:10.2}  {:5.1}  {same}", theirs / (noise + own));
            assert!(same, "{what}: not the bits of EMD-signal");
            if let Some(min_speedup) = min_speedup {
                bounds.at_least(
                    &format!("{what}: times faster than EMD-signal"),
                    theirs / (noise + own),
                    min_speedup,
                );
            }
        } else {
            println!("  not run");
        }
        if let Some(max_seconds) = max_seconds {
            bounds.at_most(&format!("{what}: seconds"), noise + own, max_seconds);
        }
    }
    let mut per_sifts = Vec::new();
    for (preset, n, kind, max_seconds) in [
        (Preset::Pyemd, 43_200, "price", Some(17.0)),
        (Preset::Pyemd, 43_200, "volume", None),
        (Preset::Standard, 4320, "price", None),
        (Preset::Standard, 43_200, "price", Some(3.0)),
        (Preset::Standard, 43_200, "volume", Some(3.0)),
        (Preset::Standard, 130_000, "price", Some(13.0)),
        (Preset::Standard, 130_000, "volume", Some(13.0)),
    ] {
        let name = if preset == Preset::Pyemd { "pyemd" } else { "standard" };
        let y = series(kind, n);
        let (noise, own, ensemble, found) = time(&decomposer(preset, 100), &y);
        let per_sift = print_row(name, &y, kind, 100, (noise, own, &ensemble, &found));
        println!();
        if let Some(max_seconds) = max_seconds {
            bounds.at_most(
                &format!("{name} {n} {kind}: seconds, noise included"),
                noise + own,
                max_seconds,
            );
        }
        // In short series the ends dominate.
        if preset == Preset::Standard && n >= 43_200 {
            per_sifts.push(per_sift);
        }
    }
    let mean = per_sifts.iter().sum::<f64>() / per_sifts.len() as f64;
    bounds.at_most("standard, n >= 43200: ns per sample and sift, mean of the series", mean, 1.5);
}

/// Prints a row without its end; returns nanoseconds per sample and sift, noise included.
fn print_row(
    preset: &str,
    y: &[f64],
    kind: &str,
    trials: usize,
    (noise, own, ensemble, found): (f64, f64, &NoiseEnsemble, &emd::Decomposition),
) -> f64 {
    let sifts: f64 = found.stats.iter().map(|stats| stats.sifts_mean * trials as f64).sum();
    let per_sift = 1e9 * (noise + own) / (y.len() as f64 * (sifts + ensemble.sifts() as f64));
    let (n, modes) = (y.len(), found.modes.len());
    print!(
        "  {preset:8}  {n:6}  {kind:6}  {trials:6}  {noise:6.3}  {own:6.3}  {modes:5}  {per_sift:14.2}"
    );
    per_sift
}

const JOB_SYMBOLS: usize = 20;
const JOB_SAMPLES: usize = 130_000;

fn child_job(mode: &str) {
    let mut all: Vec<Vec<f64>> = Vec::new();
    for symbol in 0..JOB_SYMBOLS as u32 {
        all.push(walk(JOB_SAMPLES, 100 + symbol));
        all.push(bursts(JOB_SAMPLES, 200 + symbol));
    }
    let signals: Vec<&[f64]> = all.iter().map(Vec::as_slice).collect();
    let ceemdan = decomposer(Preset::Standard, 100);
    let found = if mode == "memory" {
        let noise = ceemdan.noise(JOB_SAMPLES, Control::default()).expect("noise");
        ceemdan.ceemdan_all(&signals, &noise, Control::default())
    } else {
        ceemdan.ceemdan_all_streamed(&signals, Control::default())
    };
    // A hash of all bits, to compare the modes.
    let rows = found.iter().flatten().flat_map(|found| found.modes.iter().chain([&found.residue]));
    let hash = rows
        .flatten()
        .fold(0_u64, |hash, x| hash.rotate_left(5).wrapping_mul(0x9e37_79b9) ^ x.to_bits());
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak").trim();
    let peak: f64 = peak.trim_end_matches("kB").trim().parse().expect("kB");
    println!("{} {} {hash}", cpu(), peak / 1024.0);
}

/// CPU seconds of this process so far, to hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    (fields[11].parse::<f64>().expect("user") + fields[12].parse::<f64>().expect("system")) / 100.0
}

fn job(bounds: &mut Bounds) {
    println!(
        "\n== {JOB_SYMBOLS} symbols x 2 series x {JOB_SAMPLES} samples x 100 trials, standard, all cores"
    );
    println!("  noise      CPU s  wall s  peak MB");
    let mut hashes = Vec::new();
    for mode in ["memory", "streamed"] {
        let begun = Instant::now();
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["child-job", mode])
            .output();
        let wall = begun.elapsed().as_secs_f64();
        let output = child.expect("a child");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let [cpu, peak, hash] = stdout.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{stdout}")
        };
        let (cpu, peak): (f64, f64) = (cpu.parse().expect("seconds"), peak.parse().expect("MB"));
        println!("  {mode:8}  {cpu:6.1}  {wall:6.1}  {peak:7.0}");
        bounds.at_most(&format!("the job, noise {mode}: CPU seconds"), cpu, 480.0);
        hashes.push(hash.to_owned());
    }
    assert_eq!(hashes[0], hashes[1], "noise in memory and streamed give different bits");
}
