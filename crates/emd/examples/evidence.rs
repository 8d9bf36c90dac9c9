//! The evidence for the default noise scale, stop rule and preset, as Markdown tables.
//!
//! ```text
//! cargo run --release --package emd --example evidence [-- --quick] > evidence.md
//! ```
//!
//! All seeds are fixed: except for the last column, processor time, every run gives the same
//! tables. `--quick` uses few realizations and trials, for testing. Four experiments:
//!
//! 1. **Planted cycles.** Three cycles are added to surrogates of a log price and of a log volume
//!    ([`Kind`], [`planted`]). The score of a decomposition is the mean over the cycles of the
//!    correlation of each with its best matching mode. The **left-over noise** of a configuration
//!    is the part of the first mode that depends on the seed of the noise: with the first modes `a`
//!    and `b` of one signal by two seeds, `deviation(a - b) / sqrt(2) / deviation(a)`, averaged
//!    over the realizations. (If each is the same signal plus independent left-over noise, this is
//!    the share of that noise in the deviation.)
//! 2. **Two tones.** Rilling and Flandrin, "One or two frequencies? The empirical mode
//!    decomposition answers", IEEE Transactions on Signal Processing 56 (2008).
//! 3. **An intermittent tone.** The signal of Torres, Colominas, Schlotthauer and Flandrin, "A
//!    complete ensemble empirical mode decomposition with adaptive noise", ICASSP 2011.
//! 4. **White noise.** EMD as a dyadic filter bank: Flandrin, Rilling and Gonçalves, IEEE Signal
//!    Processing Letters 11 (2004); Wu and Huang, Proceedings of the Royal Society A 460 (2004).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use emd::{Control, Decomposition, NoiseScale, Params, Preset, Sifting, extrema, white_noise};
use rayon::prelude::*;
use std::f64::consts::{SQRT_2, TAU};
use std::time::Instant;

/// Seeds of the noise of CEEMDAN. The seeds of the surrogates begin at 10,000.
const SEEDS: [u32; 3] = [1337, 1, 2];

fn main() {
    let quick = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--quick") => true,
        Some(_) => panic!("usage: evidence [--quick]"),
    };
    let started = Instant::now();
    let (trials, short, long) = if quick { (10, 2, 2) } else { (100, 20, 6) };
    planted_cycles(4320, short, trials, &SEEDS);
    planted_cycles(14400, long, trials, &SEEDS[..2]);
    variants(4320, short, trials);
    two_tones(trials);
    intermittent_tone(trials);
    filter_bank(if quick { 10 } else { 200 });
    eprintln!("{:.0} s in all", started.elapsed().as_secs_f64());
}

// ---------------------------------------------------------------- configurations

/// A row of the tables.
struct Config {
    name: String,
    params: Params,
    /// Whether to use plain EMD, without noise.
    plain: bool,
}

impl Config {
    fn noisy(scale: NoiseScale, epsilon: f64) -> Self {
        let scale_name = if scale == NoiseScale::Fastest { "fastest" } else { "residue" };
        let params =
            Params::default().sifting(Sifting::Fixed(10)).noise_scale(scale).epsilon(epsilon);
        Self { name: format!("{scale_name} {epsilon:?}, fixed:10"), params, plain: false }
    }

    fn stopping(epsilon: f64, sifting: Sifting) -> Self {
        let Self { params, .. } = Self::noisy(NoiseScale::Fastest, epsilon);
        Self {
            name: format!("fastest {epsilon:?}, {sifting}"),
            params: params.sifting(sifting),
            plain: false,
        }
    }

    fn plain() -> Self {
        let params = Params::default().sifting(Sifting::Fixed(10));
        Self { name: "plain EMD, fixed:10".into(), params, plain: true }
    }

    fn parity() -> Self {
        let name = "parity: residue 0.005, reference".into();
        Self { name, params: Params::new(Preset::Pyemd), plain: false }
    }

    /// Configurations that differ in the noise.
    fn noises() -> Vec<Self> {
        let residue = [0.05, 0.1, 0.2].map(|epsilon| Self::noisy(NoiseScale::Residue, epsilon));
        let fastest =
            [0.2, 0.5, 1.0, 1.5, 2.0].map(|epsilon| Self::noisy(NoiseScale::Fastest, epsilon));
        [Self::plain(), Self::parity()].into_iter().chain(residue).chain(fastest).collect()
    }

    fn all() -> Vec<Self> {
        let [five, twenty] = [5, 20].map(Sifting::Fixed);
        let half = [five, twenty, Sifting::SNumber(4), Sifting::Reference]
            .map(|rule| Self::stopping(0.5, rule));
        let one = [five, twenty].map(|rule| Self::stopping(1.0, rule));
        Self::noises().into_iter().chain(half).chain(one).collect()
    }

    /// Whether the others are compared with this one.
    fn is_baseline(&self) -> bool {
        self.name == Self::noisy(NoiseScale::Fastest, 0.5).name
    }

    fn decompose(&self, signals: &[&[f64]], trials: usize, seed: u32) -> Vec<Decomposition> {
        let ceemdan = self.params.clone().trials(trials).seed(seed).check().unwrap();
        let control = Control::default();
        if self.plain {
            return signals
                .par_iter()
                .map(|signal| ceemdan.emd(signal, control).unwrap())
                .collect();
        }
        let noise = ceemdan.noise(signals[0].len(), control).unwrap();
        ceemdan.ceemdan_all(signals, &noise, control).into_iter().map(Result::unwrap).collect()
    }
}

// ---------------------------------------------------------------- surrogates with planted cycles

/// Periods of the planted cycles, in samples; see [`Cycles::octave`].
const PERIODS: [f64; 3] = [37.0, 180.0, 720.0];

/// How cycles are planted.
#[derive(Clone, Copy)]
struct Cycles {
    /// Root mean square of a cycle, relative to that of the background in its octave.
    strength: f64,
    /// Whether the periods differ between realizations: [`PERIODS`] times a factor from 2^-1/2 to
    /// 2^1/2, evenly spread. Modes are bands about an octave wide, so otherwise the score would
    /// depend on whether these periods are in the middle of a band or between two.
    octave: bool,
}

impl Cycles {
    const USUAL: Self = Self { strength: 1.5, octave: true };

    fn periods(self, i: usize) -> [f64; 3] {
        // Consecutive multiples of the golden ratio are spread evenly over 0..1.
        let at = (i as f64 * 0.618_033_988_749_894_9).fract();
        PERIODS.map(|period| if self.octave { period * (at - 0.5).exp2() } else { period })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    /// A log price: the sum of GARCH(1, 1) returns with innovations of Student's t (5 degrees of
    /// freedom), and the bounce between bid and ask of 0.4 deviations of a return.
    Price,
    /// `log1p` of a volume. Its logarithm is the sum of a slow and a fast autoregression, white
    /// noise, bursts that fade over some 14 samples, and a shape over 1440 samples (without a
    /// harmonic at 720); with stretches of some 10 samples without volume, 2 % of all.
    Volume,
}

/// A surrogate with its cycles.
struct Planted {
    signal: Vec<f64>,
    cycles: [Vec<f64>; 3],
}

/// Realization `i`: three cycles over the background; their phases drift by about 0.2 radians per
/// period.
fn planted(kind: Kind, n: usize, i: usize, how: Cycles) -> Planted {
    let seed = i as u32 + if matches!(kind, Kind::Price) { 10_000 } else { 20_000 };
    let gaussians = white_noise(seed, n, 12);
    let (own, drifts) = gaussians.split_at(9);
    let render = |cycles: &[f64]| match kind {
        Kind::Price => price(own, cycles),
        Kind::Volume => volume(own, cycles),
    };
    let background = render(&vec![0.0; n]);
    let periods = how.periods(i);
    let cycles = [0, 1, 2].map(|c| {
        let rms = how.strength * octave_rms(&background, periods[c]);
        cycle(periods[c], rms * SQRT_2, &drifts[c])
    });
    let sum: Vec<f64> = (0..n).map(|t| cycles.iter().map(|cycle| cycle[t]).sum()).collect();
    Planted { signal: render(&sum), cycles }
}

fn cycle(period: f64, amplitude: f64, gaussian: &[f64]) -> Vec<f64> {
    let mut phase = 100.0 * gaussian[0];
    let step = |z: &f64| {
        phase += TAU / period + 0.2 / period.sqrt() * z;
        amplitude * phase.cos()
    };
    gaussian.iter().map(step).collect()
}

fn price(gaussian: &[Vec<f64>], cycles: &[f64]) -> Vec<f64> {
    const RETURN: f64 = 5e-4;
    let (mut variance, mut level) = (1.0, 100_f64.ln());
    let step = |(t, cycle): (usize, &f64)| {
        let chi2: f64 = gaussian[1..6].iter().map(|z| z[t] * z[t]).sum();
        let innovation = gaussian[0][t] / (chi2 / 5.0).sqrt() * 0.6_f64.sqrt();
        let change: f64 = f64::sqrt(variance) * innovation;
        variance = 0.05 + 0.10 * change * change + 0.85 * variance;
        level += RETURN * change;
        level + 0.4 * RETURN * gaussian[6][t].signum() + cycle
    };
    cycles.iter().enumerate().map(step).collect()
}

fn volume(gaussian: &[Vec<f64>], cycles: &[f64]) -> Vec<f64> {
    let noon = 100.0 * gaussian[5][0];
    let (mut slow, mut fast, mut burst, mut silent) = (gaussian[0][0], gaussian[1][0], 0.0, false);
    let step = |(t, cycle): (usize, &f64)| {
        let z = |row: usize| gaussian[row][t];
        slow = autoregression(slow, 0.998, z(0));
        fast = autoregression(fast, 0.9, z(1));
        burst = 0.93 * burst + if z(3) > 2.9 { 1.5 + 0.5 * z(4).abs() } else { 0.0 };
        silent = if silent { z(6) < 1.28 } else { z(6) > 2.88 };
        let day = TAU * t as f64 / 1440.0 + noon;
        let shape = 0.6 * day.cos() + 0.2 * (3.0 * day).cos();
        let log = 4.0 + 0.5 * slow + 0.4 * fast + 0.5 * z(2) + burst + shape + cycle;
        if silent { 0.0 } else { log.exp().ln_1p() }
    };
    cycles.iter().enumerate().map(step).collect()
}

/// The next value of an autoregression of deviation 1.
fn autoregression(last: f64, memory: f64, z: f64) -> f64 {
    memory * last + (1.0 - memory * memory).sqrt() * z
}

/// Root mean square of `signal`, minus the line through its ends, in the octave around `period`.
fn octave_rms(signal: &[f64], period: f64) -> f64 {
    let n = signal.len() as f64;
    let (first, last) = (signal[0], signal[signal.len() - 1]);
    let level: Vec<f64> = signal
        .iter()
        .enumerate()
        .map(|(t, x)| x - first - (last - first) * t as f64 / (n - 1.0))
        .collect();
    let bins = (n / period / SQRT_2).ceil() as usize..=(n / period * SQRT_2).floor() as usize;
    bins.map(|k| power_at(&level, k)).sum::<f64>().sqrt()
}

/// Mean square of the component of `x` with `k` periods.
fn power_at(x: &[f64], k: usize) -> f64 {
    let turn = |t: usize| TAU * (k * t % x.len()) as f64 / x.len() as f64;
    let (re, im) = x.iter().enumerate().fold((0.0, 0.0), |(re, im), (t, x)| {
        let (sin, cos) = turn(t).sin_cos();
        (re + x * cos, im + x * sin)
    });
    2.0 * (re * re + im * im) / (x.len() as f64).powi(2)
}

fn realizations(n: usize, count: usize, how: Cycles) -> [Vec<Planted>; 2] {
    [Kind::Price, Kind::Volume]
        .map(|kind| (0..count).into_par_iter().map(|i| planted(kind, n, i, how)).collect())
}

// ---------------------------------------------------------------- 1. planted cycles

/// The results of a configuration over all realizations of a kind, with one seed of the noise.
struct Found {
    /// Per realization and cycle: correlation of the best matching mode.
    matches: Vec<[f64; 3]>,
    first_modes: Vec<Vec<f64>>,
    modes: f64,
    seconds: Option<f64>,
}

impl Found {
    fn by(config: &Config, data: &[Planted], trials: usize, seed: u32) -> Self {
        let signals: Vec<&[f64]> = data.iter().map(|planted| planted.signal.as_slice()).collect();
        let before = processor_seconds();
        let found = config.decompose(&signals, trials, seed);
        let seconds = processor_seconds().zip(before).map(|(after, before)| after - before);
        let both = found.iter().zip(data);
        let matches = both
            .map(|(found, planted)| planted.cycles.each_ref().map(|c| best(found, c)))
            .collect();
        let modes = mean(&found.iter().map(|found| found.modes.len() as f64).collect::<Vec<_>>());
        let first_modes = found.into_iter().map(|mut found| found.modes.swap_remove(0)).collect();
        Self { matches, first_modes, modes, seconds }
    }

    /// The score of each realization.
    fn scores(&self) -> Vec<f64> {
        self.matches.iter().map(|matches| mean(matches)).collect()
    }

    fn of_cycle(&self, c: usize) -> f64 {
        mean(&self.matches.iter().map(|matches| matches[c]).collect::<Vec<_>>())
    }

    fn left_over(&self, other: &Self) -> f64 {
        let share = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
            deviation(&difference) / SQRT_2 / deviation(a)
        };
        mean(&self.first_modes.iter().zip(&other.first_modes).map(share).collect::<Vec<_>>())
    }
}

/// A configuration and its results for price and volume, per seed.
struct Row {
    config: Config,
    price: Vec<Found>,
    volume: Vec<Found>,
}

impl Row {
    fn by(config: Config, data: &[Vec<Planted>; 2], trials: usize, seeds: &[u32]) -> Self {
        // Plain EMD does not use the seed.
        let seeds = if config.plain { &seeds[..1] } else { seeds };
        let [price, volume] = [0, 1].map(|kind| {
            seeds.iter().map(|&seed| Found::by(&config, &data[kind], trials, seed)).collect()
        });
        eprintln!("  {}", config.name);
        Self { config, price, volume }
    }

    fn name(&self) -> String {
        if !self.config.plain && self.config.params == Params::default() {
            format!("**{}**", self.config.name)
        } else {
            self.config.name.clone()
        }
    }
}

fn planted_cycles(n: usize, count: usize, trials: usize, seeds: &[u32]) {
    eprintln!("planted cycles, n = {n}");
    let data = realizations(n, count, Cycles::USUAL);
    let rows: Vec<Row> =
        Config::all().into_iter().map(|config| Row::by(config, &data, trials, seeds)).collect();
    println!("## Planted cycles, n = {n}\n");
    println!(
        "{count} realizations x {trials} trials. Price and volume: score ± standard error over the realizations; `-`: the \
         score minus that of fastest 0.5, fixed:10, on the same realizations; bold: the default. The cycles are {} times as strong as the \
         background in their octave, so a filter that passes only that octave would score {:.2}.\n",
        Cycles::USUAL.strength,
        by_octave(Cycles::USUAL.strength)
    );
    print_scores(&rows);
    println!("Per cycle: mean correlation of the best matching mode.\n");
    print_cycles(&rows);
    println!("Other seeds of the noise: price, and volume.\n");
    print_seeds(&rows, seeds);
}

fn print_scores(rows: &[Row]) {
    let baseline = rows.iter().find(|row| row.config.is_baseline()).unwrap();
    header(&[
        "configuration",
        "price",
        "-",
        "volume",
        "-",
        "left-over noise, price",
        "left-over noise, volume",
        "modes, price",
        "modes, volume",
        "CPU s",
    ]);
    for row in rows {
        let (price, volume) = (&row.price[0], &row.volume[0]);
        let left_over = |found: &[Found]| found.get(1).map(|other| found[0].left_over(other));
        line([
            row.name(),
            with_error(&price.scores()),
            difference(price, &baseline.price[0]),
            with_error(&volume.scores()),
            difference(volume, &baseline.volume[0]),
            number(left_over(&row.price), 3),
            number(left_over(&row.volume), 3),
            number(Some(price.modes), 1),
            number(Some(volume.modes), 1),
            number(price.seconds.zip(volume.seconds).map(|(a, b)| a + b), 1),
        ]);
    }
    println!();
}

fn print_cycles(rows: &[Row]) {
    let names =
        ["price", "volume"].into_iter().flat_map(|kind| PERIODS.map(|p| format!("{kind}, ~{p}")));
    let names: Vec<String> = std::iter::once("configuration".into()).chain(names).collect();
    header(&names);
    for row in rows {
        let kinds = [&row.price[0], &row.volume[0]];
        let cells = kinds
            .into_iter()
            .flat_map(|found| [0, 1, 2].map(|c| number(Some(found.of_cycle(c)), 3)));
        line(std::iter::once(row.name()).chain(cells));
    }
    println!();
}

fn print_seeds(rows: &[Row], seeds: &[u32]) {
    let names = ["price", "volume"]
        .into_iter()
        .flat_map(|kind| seeds.iter().map(move |s| format!("{kind}, {s}")));
    let names: Vec<String> = std::iter::once("configuration".into()).chain(names).collect();
    header(&names);
    for row in rows.iter().filter(|row| !row.config.plain) {
        let found = row.price.iter().chain(&row.volume);
        line(
            std::iter::once(row.name())
                .chain(found.map(|found| number(Some(mean(&found.scores())), 3))),
        );
    }
    println!();
}

/// The correlation of a cycle with the sum of it and a background of mean square 1 in its octave.
fn by_octave(strength: f64) -> f64 {
    strength / strength.hypot(1.0)
}

/// Tests whether the ranking depends on the strength of the cycles or on their periods.
fn variants(n: usize, count: usize, trials: usize) {
    eprintln!("other cycles");
    let weak = Cycles { strength: 0.75, ..Cycles::USUAL };
    let strong = Cycles { strength: 3.0, ..Cycles::USUAL };
    let equal = Cycles { octave: false, ..Cycles::USUAL };
    let data = [weak, strong, equal].map(|how| realizations(n, count, how));
    println!("## Other cycles, n = {n}\n");
    println!(
        "As above ({count} realizations x {trials} trials), but with weaker and stronger cycles ({} and {} times the background: \
         such a filter would score {:.2} and {:.2}), and with cycles of {PERIODS:?} samples in all realizations.\n",
        weak.strength,
        strong.strength,
        by_octave(weak.strength),
        by_octave(strong.strength)
    );
    header(&[
        "configuration",
        "price, weak",
        "volume, weak",
        "price, strong",
        "volume, strong",
        "price, same periods",
        "volume, same periods",
    ]);
    let fixed = [0.5, 1.0].map(|epsilon| Config::stopping(epsilon, Sifting::Fixed(20)));
    for config in Config::noises().into_iter().chain(fixed) {
        let score =
            |data: &Vec<Planted>| with_error(&Found::by(&config, data, trials, SEEDS[0]).scores());
        let cells: Vec<String> = data.iter().flatten().map(score).collect();
        eprintln!("  {}", config.name);
        line(std::iter::once(config.name.clone()).chain(cells));
    }
    println!();
}

// ---------------------------------------------------------------- 2. two tones

/// Period of the high tone, in samples.
const TONE: f64 = 20.5;
const FREQUENCIES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const AMPLITUDES: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];

/// The high and the low tone of `cos(2 pi t f1) + a cos(2 pi f t f1)`.
fn tones(f: f64, a: f64) -> [Vec<f64>; 2] {
    let tone =
        |f: f64, a: f64| (0..2000).map(|t| a * (TAU * f * f64::from(t) / TONE).cos()).collect();
    [tone(1.0, 1.0), tone(f, a)]
}

fn two_tones(trials: usize) {
    eprintln!("two tones");
    let grid: Vec<(f64, f64)> =
        AMPLITUDES.iter().flat_map(|&a| FREQUENCIES.map(|f| (f, a))).collect();
    let pairs: Vec<[Vec<f64>; 2]> = grid.iter().map(|&(f, a)| tones(f, a)).collect();
    let sums: Vec<Vec<f64>> = pairs.iter().map(|[high, low]| sum(high, low)).collect();
    let signals: Vec<&[f64]> = sums.iter().map(Vec::as_slice).collect();
    println!("## Two tones\n");
    println!(
        "`cos(2 pi t f1) + a cos(2 pi f t f1)` with 1 / f1 = {TONE} samples, n = 2000, without the outer fifths. c = norm of \
         (IMF1 - high tone) / norm of the low tone: 0 if they are separated, 1 if they are not.\n"
    );
    let noisy = [0.5, 1.0].map(|epsilon| Config::noisy(NoiseScale::Fastest, epsilon));
    let [half, one] = noisy.map(|config| config.decompose(&signals, trials, SEEDS[0]));
    let plain = Config::plain().decompose(&signals, trials, SEEDS[0]);
    let first = |found: &Decomposition, pair: &[Vec<f64>; 2]| cuts(found, pair)[0];
    print_grid("Plain EMD, fixed:10: c", &plain, &pairs, first);
    print_grid("CEEMDAN, fastest 0.5, fixed:10: c", &half, &pairs, first);
    println!(
        "CEEMDAN's first modes are left-over noise, as these tones are slow, so IMF1 cannot be the high tone. Hence also the \
         best cut: the least, over k, of norm of (IMF1 + ... + IMFk - high tone) / norm of the weaker tone (c, for a <= 1; 1 is \
         what not separating them gets).\n"
    );
    print_grid("Plain EMD, fixed:10: best cut", &plain, &pairs, best_cut);
    print_grid("CEEMDAN, fastest 0.5, fixed:10: best cut", &half, &pairs, best_cut);
    print_grid("CEEMDAN, fastest 1.0, fixed:10: best cut", &one, &pairs, best_cut);
}

fn best_cut(found: &Decomposition, pair: &[Vec<f64>; 2]) -> f64 {
    let [high, low] = pair.each_ref().map(|tone| deviation(tone));
    cuts(found, pair).into_iter().fold(f64::INFINITY, f64::min) * low / low.min(high)
}

/// `c` of the sum of the first k modes, for each k.
fn cuts(found: &Decomposition, [high, low]: &[Vec<f64>; 2]) -> Vec<f64> {
    let inner = low.len() / 5..low.len() * 4 / 5;
    let norm = |x: &[f64]| x[inner.clone()].iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut left: Vec<f64> = high.iter().map(|x| -x).collect();
    let cut = |mode: &Vec<f64>| {
        left = sum(&left, mode);
        norm(&left) / norm(low)
    };
    found.modes.iter().map(cut).collect()
}

fn print_grid(
    title: &str,
    found: &[Decomposition],
    pairs: &[[Vec<f64>; 2]],
    c: impl Fn(&Decomposition, &[Vec<f64>; 2]) -> f64,
) {
    println!("{title}:\n");
    let names: Vec<String> =
        std::iter::once("a \\ f".into()).chain(FREQUENCIES.map(|f| f.to_string())).collect();
    header(&names);
    let values: Vec<f64> = found.iter().zip(pairs).map(|(found, pair)| c(found, pair)).collect();
    for (a, values) in AMPLITUDES.iter().zip(values.chunks(FREQUENCIES.len())) {
        line(std::iter::once(a.to_string()).chain(values.iter().map(|&c| number(Some(c), 2))));
    }
    println!();
}

// ---------------------------------------------------------------- 3. an intermittent tone

fn intermittent_tone(trials: usize) {
    eprintln!("an intermittent tone");
    let high = |t: i32| {
        if (500..750).contains(&t) { (TAU * 0.255 * f64::from(t - 500)).sin() } else { 0.0 }
    };
    let high: Vec<f64> = (0..1000).map(high).collect();
    let low: Vec<f64> = (0..1000).map(|t| (TAU * 0.065 * f64::from(t)).sin()).collect();
    let signal = sum(&high, &low);
    println!("## Intermittent tone\n");
    println!(
        "`sin(2 pi 0.065 t)`, t < 1000, plus `sin(2 pi 0.255 (t - 500))` for t in 500..750 only. Correlations, mean of {} seeds \
         of the noise; {trials} trials.\n",
        SEEDS.len()
    );
    header(&[
        "configuration",
        "IMF1, high tone",
        "best mode, high tone",
        "best mode, low tone",
        "modes",
    ]);
    for config in Config::all() {
        let found = SEEDS.map(|seed| config.decompose(&[&signal], trials, seed).remove(0));
        let average = |value: &dyn Fn(&Decomposition) -> f64| mean(&found.each_ref().map(value));
        let values = [
            average(&|found| correlation(&found.modes[0], &high)),
            average(&|found| best(found, &high)),
            average(&|found| best(found, &low)),
        ];
        let modes = number(Some(average(&|found| found.modes.len() as f64)), 1);
        line(std::iter::once(config.name).chain(values.map(|v| number(Some(v), 3))).chain([modes]));
    }
    println!();
}

// ---------------------------------------------------------------- 4. white noise

/// Statistics of a mode, over all realizations that have it.
#[derive(Clone, Default)]
struct Bank {
    realizations: usize,
    peaks: usize,
    samples: usize,
    energy: f64,
    sifts: f64,
}

fn filter_bank(count: usize) {
    const N: usize = 4096;
    eprintln!("white noise");
    println!("## White noise as a filter bank\n");
    println!(
        "Plain EMD, standard, of {count} realizations of white noise of {N} samples. Mean period = samples / maxima of the \
         mode; ratio to that of the mode before (a dyadic bank has 2); energy = mean square, of the modes there are; energy x \
         period (constant for modes 2 and on: Wu and Huang).\n"
    );
    let noise = white_noise(30_000, N, count);
    let signals: Vec<&[f64]> = noise.iter().map(Vec::as_slice).collect();
    header(&[
        "stop rule",
        "mode",
        "in",
        "sifts",
        "mean period",
        "ratio",
        "energy",
        "energy x period",
    ]);
    for rule in [Sifting::Fixed(10), Sifting::SNumber(4), Sifting::Reference] {
        let config = Config { params: Params::default().sifting(rule), ..Config::plain() };
        print_bank(rule, &banks(&config.decompose(&signals, 1, SEEDS[0])));
    }
    println!();
}

fn banks(found: &[Decomposition]) -> Vec<Bank> {
    let mut banks: Vec<Bank> = Vec::new();
    for found in found {
        banks.resize(banks.len().max(found.modes.len()), Bank::default());
        for ((bank, mode), stats) in banks.iter_mut().zip(&found.modes).zip(&found.stats) {
            bank.realizations += 1;
            bank.peaks += extrema(mode).maxima.len();
            bank.samples += mode.len();
            bank.energy += mode.iter().map(|x| x * x).sum::<f64>();
            bank.sifts += stats.sifts_mean;
        }
    }
    banks
}

fn print_bank(rule: Sifting, banks: &[Bank]) {
    let period = |bank: &Bank| bank.samples as f64 / bank.peaks as f64;
    for (k, bank) in banks.iter().enumerate().take(9) {
        let energy = bank.energy / bank.samples as f64;
        let ratio = k.checked_sub(1).map(|before| period(bank) / period(&banks[before]));
        line([
            rule.to_string(),
            (k + 1).to_string(),
            bank.realizations.to_string(),
            number(Some(bank.sifts / bank.realizations as f64), 1),
            number(Some(period(bank)), 2),
            number(ratio, 2),
            number(Some(energy), 4),
            number(Some(energy * period(bank)), 3),
        ]);
    }
}

// ---------------------------------------------------------------- numbers

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn deviation(x: &[f64]) -> f64 {
    let middle = mean(x);
    (x.iter().map(|x| (x - middle).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (mx, my) = (mean(x), mean(y));
    let covariance =
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / x.len() as f64;
    covariance / (deviation(x) * deviation(y))
}

fn sum(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x + y).collect()
}

/// Correlation of `wave` with its best matching mode.
fn best(found: &Decomposition, wave: &[f64]) -> f64 {
    found.modes.iter().map(|mode| correlation(mode, wave)).fold(f64::NEG_INFINITY, f64::max)
}

/// Processor time of all threads so far, in seconds; Linux only (`/proc/self/stat`).
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = |i: usize| fields.split_whitespace().nth(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

// ---------------------------------------------------------------- Markdown

fn header(names: &[impl AsRef<str>]) {
    line(names.iter().map(|name| name.as_ref().to_owned()));
    line(names.iter().map(|_| "---".to_owned()));
}

fn line(cells: impl IntoIterator<Item = String>) {
    println!("| {} |", cells.into_iter().collect::<Vec<_>>().join(" | "));
}

fn number(x: Option<f64>, digits: usize) -> String {
    x.map_or("-".into(), |x| format!("{x:.digits$}"))
}

fn standard_error(x: &[f64]) -> f64 {
    deviation(x) / (x.len() as f64 - 1.0).sqrt()
}

fn with_error(x: &[f64]) -> String {
    format!("{:.3} ± {:.3}", mean(x), standard_error(x))
}

/// Mean difference of the scores, realization by realization.
fn difference(found: &Found, other: &Found) -> String {
    let difference: Vec<f64> =
        found.scores().iter().zip(other.scores()).map(|(a, b)| a - b).collect();
    if difference.iter().all(|x| *x == 0.0) {
        return "0".into();
    }
    format!("{:+.3} ± {:.3}", mean(&difference), standard_error(&difference))
}
