//! Runs the kernels under valgrind's memcheck. It supports AVX2 but not AVX-512, which `guard.rs`
//! covers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use emd::{Control, Kernel, Params, Preset, Sifting};
use libtest_mimic::Arguments;
use std::process::Command;
use testkit::Need::Valgrind;

/// With this argument the program sifts instead of testing.
const SIFT: &str = "sift-under-valgrind";

fn main() {
    if std::env::args().any(|word| word == SIFT) {
        return sift();
    }
    let tests = vec![testkit::trial(
        "scalar_and_avx2_pass_memcheck",
        &[Valgrind],
        scalar_and_avx2_pass_memcheck,
    )];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn scalar_and_avx2_pass_memcheck() {
    let program = std::env::current_exe().expect("this program");
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
    ]);
    let output =
        valgrind.arg(program).arg(SIFT).env("RAYON_NUM_THREADS", "1").output().expect("valgrind");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("Scalar") && !stdout.contains("Avx512"), "{stdout}");
    let has_avx2 = Kernel::Avx2.is_available();
    assert_eq!(stdout.contains("Avx2"), has_avx2, "{stdout}");
}

/// Runs all paths of the kernels: few and many knots, plateaus, tails of several lengths, each stop
/// rule.
fn sift() {
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        for n in [4, 9, 63, 64, 65, 200, 1031, 2500] {
            let white = emd::white_noise(7, n, 1).remove(0);
            let ties: Vec<f64> = white.iter().map(|x| x.round()).collect();
            for rule in [Sifting::Fixed(4), Sifting::SNumber(2), Sifting::Reference] {
                for preset in [Preset::Standard, Preset::Pyemd] {
                    let ceemdan =
                        Params::new(preset).sifting(rule).trials(1).kernel(kernel).check().unwrap();
                    for x in [&white, &ties] {
                        ceemdan.emd(x, Control::default()).unwrap();
                        ceemdan.ceemdan_all_streamed(&[x], Control::default()).remove(0).unwrap();
                    }
                }
            }
        }
        println!("{kernel:?}");
    }
}
