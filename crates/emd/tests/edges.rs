//! Invalid input, stopping, and invalid parameters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use emd::{Control, Decomposition, Error, NoiseScale, Params, Preset, Sifting};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const PRESETS: [Preset; 2] = [Preset::Standard, Preset::Pyemd];

fn both(preset: Preset, x: &[f64]) -> [Result<Decomposition, Error>; 2] {
    let ceemdan = Params::new(preset).trials(5).check().unwrap();
    let noise = ceemdan.noise(x.len().max(4), Control::default()).unwrap();
    [ceemdan.emd(x, Control::default()), ceemdan.ceemdan(x, &noise, Control::default())]
}

#[test]
fn invalid_signals_are_errors() {
    for preset in PRESETS {
        let with = |bad: f64| both(preset, &[1.0, 2.0, bad, 1.0, 3.0]);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(with(bad).into_iter().all(|found| found == Err(Error::NotFinite(2))));
        }
        for bad in [1e151, -f64::MAX] {
            assert!(with(bad).into_iter().all(|found| found == Err(Error::TooLarge(2))));
        }
        for n in 0..4 {
            let x = &[1.0, 3.0, 2.0][..n];
            assert_eq!(both(preset, x)[0], Err(Error::TooShort(n)));
            let ceemdan = Params::new(preset).check().unwrap();
            assert_eq!(ceemdan.noise(n, Control::default()).err(), Some(Error::TooShort(n)));
            assert_eq!(
                ceemdan.ceemdan_all_streamed(&[x], Control::default()),
                [Err(Error::TooShort(n))]
            );
        }
    }
    assert_eq!(Error::NotFinite(2).to_string(), "sample 2 (counted from 0) is not finite");
}

#[test]
fn signals_without_modes_are_residue() {
    let parabola: Vec<f64> = (0..50).map(|i| f64::from(i - 20).powi(2)).collect();
    let s_shape: Vec<f64> = (0..50).map(|i| (f64::from(i) / 8.0).sin()).collect();
    for preset in PRESETS {
        for x in [
            vec![7.25; 20],
            vec![0.1; 33],
            vec![0.0; 9],
            vec![1.0, 2.0, 3.0, 4.0],
            parabola.clone(),
            s_shape[..30].to_vec(),
        ] {
            let [plain, _] = both(preset, &x);
            let plain = plain.unwrap();
            assert!(plain.modes.is_empty(), "{preset:?} {x:?}");
            assert_eq!(plain.residue, x);
        }
        for x in [vec![7.25; 20], vec![0.1; 33], vec![0.0; 9]] {
            let [_, found] = both(preset, &x);
            assert_eq!(found.map(|found| (found.modes.len(), found.residue)), Ok((0, x)));
        }
    }
}

#[test]
fn tiny_and_huge_numbers_are_decomposed() {
    let wave: Vec<f64> =
        (0..100).map(|i| (f64::from(i) * 0.9).sin() + (f64::from(i) * 0.1).sin()).collect();
    let times = |factor: f64| wave.iter().map(|x| x * factor).collect::<Vec<_>>();
    for factor in [1e149, 1e100, 1e-100, 1e-150] {
        let [plain, found] = both(Preset::Standard, &times(factor));
        assert!(plain.unwrap().modes.len() >= 2 && found.unwrap().modes.len() >= 2, "{factor}");
    }
    // Squares underflow here; the deviation is computed in another unit.
    for preset in PRESETS {
        let found = both(preset, &times(1e-310))[1].clone().unwrap();
        assert!(found.modes.len() >= 2, "{preset:?}");
    }
    for factor in [1e149, 1e-100] {
        assert!(both(Preset::Pyemd, &times(factor)).into_iter().all(|found| found.is_ok()));
    }
}

#[test]
fn invalid_parameters_are_errors() {
    let refused =
        |params: Params| params.check().err().map(|error| error.to_string()).expect("an error");
    assert!(refused(Params::default().trials(0)).contains("trials 0 is out of range"));
    for epsilon in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        assert!(refused(Params::default().epsilon(epsilon)).contains("epsilon"));
    }
    assert!(
        refused(Params::default().sifting(Sifting::Fixed(0))).contains("sifts 0 is out of range")
    );
    assert!(refused(Params::default().sifting(Sifting::SNumber(51))).contains("s_number"));
    assert!(
        refused(Params::new(Preset::Pyemd).noise_scale(NoiseScale::Fastest)).contains("residue")
    );
    for (text, sifting) in [
        ("fixed:10", Sifting::Fixed(10)),
        ("s-number:4", Sifting::SNumber(4)),
        ("reference", Sifting::Reference),
    ] {
        assert_eq!(text.parse(), Ok(sifting));
        assert_eq!(sifting.to_string(), text);
    }
    for text in
        ["", "fixed", "fixed:", "fixed:0", "fixed:x", "s-number:-1", "reference:3", "cauchy"]
    {
        assert!(text.parse::<Sifting>().is_err(), "{text}");
    }
    let error = "fixed:x".parse::<Sifting>().unwrap_err();
    assert!(
        std::error::Error::source(&error)
            .is_some_and(|source| source.is::<std::num::ParseIntError>())
    );
}

#[test]
fn noise_made_with_other_parameters_is_an_error() {
    let x: Vec<f64> = (0..64).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let params = || Params::default().trials(3);
    let noise = params().check().unwrap().noise(64, Control::default()).unwrap();
    let refused = |params: Params, x: &[f64]| {
        params.check().unwrap().ceemdan(x, &noise, Control::default()).err()
    };
    assert_eq!(
        refused(params(), &x[..60]),
        Some(Error::LengthMismatch { expected: 64, signal: 60 })
    );
    assert!(matches!(refused(params().seed(1), &x), Some(Error::NoiseMismatch(_))));
    assert!(matches!(refused(params().trials(4), &x), Some(Error::NoiseMismatch(_))));
    assert!(matches!(
        refused(params().sifting(Sifting::Fixed(9)), &x),
        Some(Error::NoiseMismatch(_))
    ));
    // The noise does not depend on its scale and epsilon.
    assert_eq!(refused(params().epsilon(0.1).noise_scale(NoiseScale::Residue), &x), None);
}

#[test]
fn cancel_flag_and_deadline_stop_the_work() {
    let x: Vec<f64> = (0..20_000).map(|i| (f64::from(i) * 0.7).sin() + f64::from(i % 7)).collect();
    let ceemdan = Params::default().check().unwrap();
    let cancelled = AtomicBool::new(true);
    let stop = Control::default().cancel_flag(&cancelled);
    assert_eq!(ceemdan.emd(&x, stop), Err(Error::Cancelled));
    assert_eq!(ceemdan.noise(x.len(), stop).err(), Some(Error::Cancelled));
    assert_eq!(
        ceemdan.ceemdan_all_streamed(&[&x, &x], stop),
        [Err(Error::Cancelled), Err(Error::Cancelled)]
    );
    let few = Params::default().trials(2).check().unwrap();
    let noise = few.noise(x.len(), Control::default()).unwrap();
    assert_eq!(few.ceemdan(&x, &noise, stop), Err(Error::Cancelled));
    assert_eq!(few.ceemdan_all(&[&x], &noise, stop), [Err(Error::Cancelled)]);
    // A deadline during the work: a hundred trials of this signal take seconds.
    let soon = Control::default().deadline(Instant::now() + Duration::from_millis(30));
    assert_eq!(ceemdan.ceemdan_all_streamed(&[&x], soon), [Err(Error::DeadlinePassed)]);
}

#[test]
fn workspace_can_be_reused_for_other_lengths() {
    let x: Vec<f64> =
        (0..400).map(|i| (f64::from(i) * 0.7).sin() + (f64::from(i) * 0.05).cos()).collect();
    let ceemdan = Params::default().trials(3).check().unwrap();
    let mut workspace = ceemdan.workspace(10);
    for n in [400, 400, 90, 400] {
        let noise = ceemdan.noise(n, Control::default()).unwrap();
        let found = ceemdan.ceemdan_with(&mut workspace, &x[..n], &noise, Control::default());
        assert_eq!(found, ceemdan.ceemdan(&x[..n], &noise, Control::default()));
        let plain = ceemdan.emd_with(&mut workspace, &x[..n], Control::default()).unwrap();
        assert_eq!(ceemdan.first_mode(&x[..n]).unwrap().as_ref(), plain.modes.first());
    }
    assert_eq!(ceemdan.first_mode(&[1.0, 2.0, 3.0, 4.0]), Ok(None));
}

/// All numbers are finite, or the decomposition fails.
#[test]
fn excessive_noise_diverges_with_an_error() {
    for n in [5, 40, 400, 1100] {
        let x: Vec<f64> = (0..n).map(|i| (f64::from(i * i * 7 + i) * 0.37).sin() * 9e149).collect();
        for (preset, scale) in
            [(Preset::Standard, NoiseScale::Fastest), (Preset::Pyemd, NoiseScale::Residue)]
        {
            for sifting in [Sifting::Fixed(3), Sifting::SNumber(2), Sifting::Reference] {
                for kernel in emd::Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
                    let params =
                        Params::new(preset).noise_scale(scale).sifting(sifting).kernel(kernel);
                    let ceemdan = params.epsilon(1e6).trials(2).seed(21).check().unwrap();
                    match ceemdan.ceemdan_all_streamed(&[&x], Control::default()).remove(0) {
                        Ok(found) => assert!(found.modes.iter().flatten().all(|x| x.is_finite())),
                        Err(error) => assert!(matches!(error, Error::Diverged(_)), "{error}"),
                    }
                }
            }
        }
    }
}

/// If products of differences underflow, maxima and minima need not alternate in the pyemd preset.
#[test]
fn underflowing_differences_match_emd_signal() {
    let pulse = |t: f64, at: f64| (-((t - at) / 5.5).powi(2)).exp();
    let x: Vec<f64> = (0..700)
        .map(f64::from)
        .map(|t| pulse(t, 100.0) - 0.3 * pulse(t, 60.0) + pulse(t, 346.0) + 0.7 * pulse(t, 592.0))
        .collect();
    let run = |preset, kernel| {
        let ceemdan = Params::new(preset).kernel(kernel).trials(3).check().unwrap();
        (
            ceemdan.emd(&x, Control::default()).unwrap(),
            ceemdan.ceemdan_streamed(&x, Control::default()).unwrap(),
        )
    };
    for kernel in emd::Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        // EMD-signal finds two modes and the residue; by comparing signs there are more.
        let (plain, _) = run(Preset::Pyemd, kernel);
        assert_eq!(plain.modes.len(), 2);
        assert!(run(Preset::Standard, kernel).0.modes.len() > plain.modes.len());
        assert_eq!(run(Preset::Pyemd, kernel), run(Preset::Pyemd, emd::Kernel::Scalar));
    }
}
