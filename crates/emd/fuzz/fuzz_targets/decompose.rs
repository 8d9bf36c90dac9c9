//! Reads any bytes as parameters and a signal. Nothing may panic or hang, the modes must add up to
//! the signal, and all kernels must give the same bits. Run `cargo +nightly fuzz run decompose` in
//! the folder of the crate.

#![no_main]

use emd::{Control, Decomposition, Error, Kernel, NoiseScale, Params, Preset, Sifting};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[kind, rule, count, trials, epsilon, seed], rest)) = bytes.split_first_chunk::<6>() else { return };
    let signal = signal(kind, rest);
    let params = params(kind, rule, count, trials, epsilon, seed);
    let Ok(ceemdan) = params.clone().check() else { return };
    let [plain, noisy] = run(&ceemdan, &signal);
    for found in [&plain, &noisy] {
        if let Ok(found) = found {
            is_complete(found, &signal);
        }
    }
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let other = params.clone().kernel(kernel).check().expect("the same parameters");
        assert_eq!(bits(&run(&other, &signal)), bits(&[plain.clone(), noisy.clone()]), "{kernel:?}");
    }
});

/// At most 600 samples: arbitrary numbers, or small steps, which give ties, plateaus and runs of
/// zeros.
fn signal(kind: u8, bytes: &[u8]) -> Vec<f64> {
    let steps = bytes.iter().take(600).map(|byte| f64::from(*byte as i8));
    match kind % 4 {
        0 => bytes.as_chunks::<8>().0.iter().take(600).map(|eight| f64::from_le_bytes(*eight)).collect(),
        1 => steps.collect(),
        2 => steps.map(|step| if step.abs() < 64.0 { 0.0 } else { step / 7.0 }).collect(),
        _ => steps
            .scan(0.0, |sum, step| {
                *sum += step / 3.0;
                Some(*sum)
            })
            .collect(),
    }
}

fn params(kind: u8, rule: u8, count: u8, trials: u8, epsilon: u8, seed: u8) -> Params {
    let sifting = match rule % 3 {
        0 => Sifting::Fixed(u32::from(count) % 20),
        1 => Sifting::SNumber(u32::from(count) % 8),
        _ => Sifting::Reference,
    };
    let preset = if kind & 64 == 0 { Preset::Standard } else { Preset::Pyemd };
    let params = Params::new(preset)
        .sifting(sifting)
        .trials(usize::from(trials) % 4)
        .epsilon(f64::from(epsilon) / 50.0)
        .seed(u32::from(seed))
        .kernel(Kernel::Scalar);
    if kind & 128 == 0 { params } else { params.noise_scale(NoiseScale::Residue) }
}

fn run(ceemdan: &emd::Decomposer, signal: &[f64]) -> [Result<Decomposition, Error>; 2] {
    let noisy = ceemdan.ceemdan_all_streamed(&[signal], Control::default()).remove(0);
    [ceemdan.emd(signal, Control::default()), noisy]
}

type Bits = Result<Vec<Vec<u64>>, Error>;

fn bits(found: &[Result<Decomposition, Error>; 2]) -> [Bits; 2] {
    let row = |row: &Vec<f64>| row.iter().map(|x| x.to_bits()).collect();
    found.clone().map(|found| found.map(|found| found.modes.iter().chain([&found.residue]).map(row).collect()))
}

fn is_complete(found: &Decomposition, signal: &[f64]) {
    let rows = || found.modes.iter().chain([&found.residue]);
    let largest = rows().flatten().chain(signal).fold(0.0, |max: f64, x| max.max(x.abs()));
    // An ulp of the largest number, or the smallest positive number.
    let ulp = (largest * f64::EPSILON).max(f64::from_bits(1));
    let bound = 8.0 * (found.modes.len() + 1) as f64 * ulp;
    for (i, x) in signal.iter().enumerate() {
        let sum: f64 = rows().map(|row| row[i]).sum();
        assert!((sum - x).abs() <= bound, "sample {i}: {sum:e} {x:e}, allowed {bound:e}");
    }
}
