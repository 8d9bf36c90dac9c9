//! Properties of any signal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use emd::{Control, Decomposer, Decomposition, Error, Kernel, NoiseScale, Params, Preset, Sifting};
use proptest::prelude::*;

/// Usual and unusual signals: random walks, noise, plateaus, ties, runs of zeros, steps, one or two
/// extrema, alternating signs; of 4 to 3,000 samples.
fn signal() -> impl Strategy<Value = Vec<f64>> {
    let length = prop_oneof![3 => 4..80_usize, 2 => 80..700_usize, 1 => 700..3000_usize];
    (length, 0..10_u32, any::<u32>(), -3..4_i32).prop_map(|(n, kind, seed, scale)| {
        let white = emd::white_noise(seed, n, 1).remove(0);
        let t = |i: usize| i as f64;
        let mut x: Vec<f64> = match kind {
            0 => white,
            1 => sum_of(&white),
            // Plateaus and ties, also at both ends.
            2 => white.iter().map(|x| x.round()).collect(),
            3 => sum_of(&white).iter().map(|x| x.round()).collect(),
            4 => white.iter().map(|x| if *x < 0.8 { 0.0 } else { *x }).collect(),
            5 => (0..n).map(|i| if i * 3 < n { 0.0 } else { 1.0 }).collect(),
            6 => (0..n)
                .map(|i| (t(i) - t(n) / 2.0).powi(2) + 0.1 * t(usize::from(i == n / 4)))
                .collect(),
            7 => (0..n).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect(),
            8 => {
                (0..n).map(|i| (t(i) / 5.0).sin() + (t(i) / 60.0).sin() + 0.01 * white[i]).collect()
            }
            // Clusters of extrema with wide gaps between them: rows are interchanged.
            _ => (0..n).map(|i| if (i / 13) % 3 == 0 { white[i] } else { 0.001 * t(i) }).collect(),
        };
        x.iter_mut().for_each(|x| *x *= 10f64.powi(scale));
        x
    })
}

fn sum_of(white: &[f64]) -> Vec<f64> {
    white
        .iter()
        .scan(0.0, |sum, x| {
            *sum += x;
            Some(*sum)
        })
        .collect()
}

fn sifting() -> impl Strategy<Value = Sifting> {
    prop_oneof![
        (1..14_u32).prop_map(Sifting::Fixed),
        (1..6_u32).prop_map(Sifting::SNumber),
        Just(Sifting::Reference)
    ]
}

fn preset() -> impl Strategy<Value = Preset> {
    prop_oneof![Just(Preset::Standard), Just(Preset::Pyemd)]
}

fn params() -> impl Strategy<Value = Params> {
    (preset(), sifting(), any::<bool>(), 0.001..2.0, 1..5_usize, any::<u32>()).prop_map(
        |(preset, sifting, fastest, epsilon, trials, seed)| {
            let params =
                Params::new(preset).sifting(sifting).epsilon(epsilon).trials(trials).seed(seed);
            match preset {
                Preset::Standard if !fastest => params.noise_scale(NoiseScale::Residue),
                _ => params,
            }
        },
    )
}

fn check(params: Params) -> Decomposer {
    params.check().expect("valid parameters")
}

fn ceemdan(params: Params, x: &[f64]) -> Result<Decomposition, Error> {
    let ceemdan = check(params);
    let noise = ceemdan.noise(x.len(), Control::default())?;
    ceemdan.ceemdan(x, &noise, Control::default())
}

fn bits(found: &Decomposition) -> Vec<Vec<u64>> {
    found
        .modes
        .iter()
        .chain([&found.residue])
        .map(|row| row.iter().map(|x| x.to_bits()).collect())
        .collect()
}

/// `modes + residue` is the signal, to 8 x modes x ulp of its largest sample.
fn assert_complete(found: &Decomposition, x: &[f64]) {
    let largest = x.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    let bound = 8.0 * (found.modes.len() + 1) as f64 * largest * f64::EPSILON;
    // Modes far larger than the signal determine the rounding.
    let rows = || found.modes.iter().chain([&found.residue]);
    let bound =
        bound.max(2.0 * rows().flatten().fold(0.0, |max: f64, x| max.max(x.abs())) * f64::EPSILON);
    for (i, x) in x.iter().enumerate() {
        let sum: f64 = rows().map(|row| row[i]).sum();
        assert!((sum - x).abs() <= bound, "sample {i}: {sum} {x}, allowed {bound}");
    }
    assert_eq!(found.stats.len(), found.modes.len());
    assert!(rows().all(|row| row.len() == x.len() && row.iter().all(|x| x.is_finite())));
}

fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
}

proptest! {
    #[test]
    fn plain_emd_is_complete_and_equal_for_every_kernel(x in signal(), preset in preset(), sifting in sifting()) {
        let run = |kernel| check(Params::new(preset).sifting(sifting).kernel(kernel)).emd(&x, Control::default());
        let scalar = run(Kernel::Scalar);
        if let Ok(found) = &scalar {
            assert_complete(found, &x);
        }
        for kernel in kernels() {
            prop_assert_eq!(run(kernel).map(|found| bits(&found)), scalar.as_ref().map(bits).map_err(Clone::clone));
        }
    }

    #[test]
    fn ceemdan_is_complete_and_equal_for_every_kernel(x in signal(), params in params()) {
        let scalar = ceemdan(params.clone().kernel(Kernel::Scalar), &x);
        if let Ok(found) = &scalar {
            assert_complete(found, &x);
            prop_assert!(found.modes.len() <= 101);
        }
        for kernel in kernels() {
            let found = ceemdan(params.clone().kernel(kernel), &x);
            prop_assert_eq!(found.map(|found| bits(&found)), scalar.as_ref().map(bits).map_err(Clone::clone));
        }
    }

    #[test]
    fn threads_and_streaming_do_not_change_a_bit(
        x in signal(), y in signal(), z in signal(), params in params(), threads in 1..4_usize,
    ) {
        let n = x.len().min(y.len()).min(z.len());
        let signals = [&x[..n], &y[..n], &z[..n]];
        let alone: Vec<_> = signals.iter().map(|x| ceemdan(params.clone(), x)).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let ceemdan = check(params);
        let (in_memory, streamed) = pool.install(|| {
            let noise = ceemdan.noise(n, Control::default()).unwrap();
            (
                ceemdan.ceemdan_all(&signals, &noise, Control::default()),
                ceemdan.ceemdan_all_streamed(&signals, Control::default()),
            )
        });
        prop_assert_eq!(&in_memory, &alone);
        prop_assert_eq!(&streamed, &alone);
    }

    /// CEEMDAN does not depend on the unit: the standard preset has no absolute threshold, and
    /// pyemd divides by the deviation.
    #[test]
    fn powers_of_two_scale_exactly(x in signal(), params in params(), power in -40..40_i32) {
        let fixed = params.sifting(Sifting::Fixed(6));
        let times = |row: &[f64]| row.iter().map(|x| x * 2f64.powi(power)).collect::<Vec<_>>();
        let (one, other) = (ceemdan(fixed.clone(), &x), ceemdan(fixed, &times(&x)));
        let scaled = one.map(|found| Decomposition {
            modes: found.modes.iter().map(|mode| times(mode)).collect(),
            residue: times(&found.residue),
            stats: found.stats,
        });
        prop_assert_eq!(scaled, other);
    }

    /// Noise of more trials begins with the noise of fewer.
    #[test]
    fn larger_ensemble_gives_the_same_result(x in signal(), params in params()) {
        let more = check(params.clone().trials(7)).noise(x.len(), Control::default()).unwrap();
        let fewer = check(params.clone()).ceemdan(&x, &more, Control::default());
        prop_assert_eq!(fewer, ceemdan(params, &x));
    }

    #[test]
    fn arbitrary_numbers_give_finite_modes_or_an_error(x in prop::collection::vec(any::<f64>(), 0..40), params in params()) {
        let found = ceemdan(params.clone(), &x);
        let plain = check(params).emd(&x, Control::default());
        for found in [found, plain].into_iter().flatten() {
            prop_assert!(found.modes.iter().flatten().all(|x| x.is_finite()));
            prop_assert!(x.len() >= 4 && x.iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn maxima_and_minima_alternate(x in signal()) {
        let found = emd::extrema(&x);
        let mut all: Vec<_> = found.maxima.iter().map(|s| (s, 1)).chain(found.minima.iter().map(|s| (s, -1))).collect();
        all.sort_unstable();
        prop_assert!(all.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1));
    }

    #[test]
    fn envelopes_pass_through_the_extrema(x in signal()) {
        if let Some(found) = emd::envelopes(&x).unwrap() {
            let extrema = emd::extrema(&x);
            let near = |envelope: &[f64], s: usize| {
                let scale = envelope.iter().fold(x[s].abs(), |max, x| max.max(x.abs()));
                (envelope[s] - x[s]).abs() <= 1e-9 * scale
            };
            prop_assert!(extrema.maxima.iter().all(|&s| near(&found.upper, s)));
            prop_assert!(extrema.minima.iter().all(|&s| near(&found.lower, s)));
        }
    }
}
