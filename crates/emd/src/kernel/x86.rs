//! The vector program, compiled for the instructions of each kernel.

use super::lanes::{Eight, Four, Two};
use super::solve::{self, Systems, WARM, solve_chunks};
use super::vector::pass;
use super::{Kernel, Sieve, scalar};
use crate::knots::Side;

#[target_feature(enable = "avx2,popcnt,bmi1,lzcnt")]
fn pass_avx2<const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
    sieve: &mut Sieve,
    signal: &mut [f64],
) -> bool {
    // SAFETY: the instructions are those enabled; the sieve comes from its own functions, which keep its promises.
    unsafe { pass::<Four, SIFT, OBSERVED, FIND>(sieve, signal) }
}

#[target_feature(enable = "avx512f,avx2,popcnt,bmi1,lzcnt")]
fn pass_avx512<const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
    sieve: &mut Sieve,
    signal: &mut [f64],
) -> bool {
    // SAFETY: as above.
    unsafe { pass::<Eight, SIFT, OBSERVED, FIND>(sieve, signal) }
}

fn run<const SIFT: bool, const FIND: bool>(sieve: &mut Sieve, signal: &mut [f64]) {
    // SAFETY: a sieve is made only for a kernel whose instructions are there.
    let is_clear = unsafe {
        match (sieve.kernel, sieve.observed) {
            (Kernel::Avx512, true) => pass_avx512::<SIFT, true, FIND>(sieve, signal),
            (Kernel::Avx512, false) => pass_avx512::<SIFT, false, FIND>(sieve, signal),
            (_, true) => pass_avx2::<SIFT, true, FIND>(sieve, signal),
            (_, false) => pass_avx2::<SIFT, false, FIND>(sieve, signal),
        }
    };
    if !is_clear {
        scalar::scan(sieve, signal);
    }
}

pub(super) fn scan(sieve: &mut Sieve, signal: &mut [f64]) {
    run::<false, true>(sieve, signal);
}

#[target_feature(enable = "avx2,popcnt,bmi1,lzcnt")]
fn interpolate_avx2(systems: &mut Systems, mut sides: [&mut Side; 2]) {
    // SAFETY: the instructions are those enabled.
    unsafe {
        solve::fill::<Four>(systems, &sides);
        let joined = match solve::chunks(&sides) {
            1 => solve_chunks::<Two, 1>(systems, &mut sides, 0),
            2 => solve_chunks::<Four, 1>(systems, &mut sides, WARM),
            4 => solve_chunks::<Four, 2>(systems, &mut sides, WARM),
            _ => solve_chunks::<Four, 4>(systems, &mut sides, WARM),
        };
        if !joined {
            solve_chunks::<Two, 1>(systems, &mut sides, 0);
        }
        solve::pieces::<Four>(systems, &mut sides);
    }
}

#[target_feature(enable = "avx512f,avx2,popcnt,bmi1,lzcnt")]
fn interpolate_avx512(systems: &mut Systems, mut sides: [&mut Side; 2]) {
    // SAFETY: as above.
    unsafe {
        solve::fill::<Eight>(systems, &sides);
        let joined = match solve::chunks(&sides) {
            1 => solve_chunks::<Two, 1>(systems, &mut sides, 0),
            2 => solve_chunks::<Four, 1>(systems, &mut sides, WARM),
            4 => solve_chunks::<Eight, 1>(systems, &mut sides, WARM),
            _ => solve_chunks::<Eight, 2>(systems, &mut sides, WARM),
        };
        if !joined {
            solve_chunks::<Two, 1>(systems, &mut sides, 0);
        }
        solve::pieces::<Eight>(systems, &mut sides);
    }
}

pub(super) fn step(sieve: &mut Sieve, signal: &mut [f64], is_last: bool) {
    let (systems, sides) = (&mut sieve.systems, [&mut sieve.maxima, &mut sieve.minima]);
    // SAFETY: a sieve is made only for a kernel whose instructions are there.
    unsafe {
        match sieve.kernel {
            Kernel::Avx512 => interpolate_avx512(systems, sides),
            _ => interpolate_avx2(systems, sides),
        }
    }
    if is_last {
        run::<true, false>(sieve, signal);
    } else {
        run::<true, true>(sieve, signal);
    }
}

/// For what is rare, a spline of three knots above all, the scalar program in wider vectors will do.
pub(super) fn step_by_scalar(sieve: &mut Sieve, signal: &mut [f64]) {
    #[target_feature(enable = "avx2")]
    fn subtract(sieve: &mut Sieve, signal: &mut [f64]) {
        scalar::subtract(sieve, signal);
    }
    // SAFETY: a sieve is made only for a kernel whose instructions are there.
    unsafe { subtract(sieve, signal) };
    run::<false, true>(sieve, signal);
}
