//! The vector program, compiled for the instruction set of each kernel.

use super::instructions::Kernel;
use super::lanes::{F64x2, F64x4, F64x8};
use super::scalar;
use super::solve::{self, Systems, WARM_UP_ROWS, solve_chunks};
use super::state::StepState;
use super::vector::pass;
use crate::knots::Side;

#[target_feature(enable = "avx2,popcnt,bmi1,lzcnt")]
fn pass_avx2<const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
    state: &mut StepState,
    signal: &mut [f64],
) -> bool {
    // SAFETY: the instructions are enabled; the state was made by its constructor and the scans,
    // which uphold its invariants.
    unsafe { pass::<F64x4, SIFT, OBSERVED, FIND>(state, signal) }
}

#[target_feature(enable = "avx512f,avx2,popcnt,bmi1,lzcnt")]
fn pass_avx512<const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
    state: &mut StepState,
    signal: &mut [f64],
) -> bool {
    // SAFETY: as above.
    unsafe { pass::<F64x8, SIFT, OBSERVED, FIND>(state, signal) }
}

fn run<const SIFT: bool, const FIND: bool>(state: &mut StepState, signal: &mut [f64]) {
    // SAFETY: a state is made only for a kernel that is available.
    let is_regular = unsafe {
        match (state.kernel, state.observed) {
            (Kernel::Avx512, true) => pass_avx512::<SIFT, true, FIND>(state, signal),
            (Kernel::Avx512, false) => pass_avx512::<SIFT, false, FIND>(state, signal),
            (_, true) => pass_avx2::<SIFT, true, FIND>(state, signal),
            (_, false) => pass_avx2::<SIFT, false, FIND>(state, signal),
        }
    };
    if !is_regular {
        scalar::scan(state, signal);
    }
}

pub(super) fn scan(state: &mut StepState, signal: &mut [f64]) {
    run::<false, true>(state, signal);
}

#[target_feature(enable = "avx2,popcnt,bmi1,lzcnt")]
fn interpolate_avx2(systems: &mut Systems, mut sides: [&mut Side; 2]) {
    // SAFETY: the instructions are enabled.
    unsafe {
        solve::fill::<F64x4>(systems, &sides);
        let agree = match solve::chunks(&sides) {
            1 => solve_chunks::<F64x2, 1>(systems, &mut sides, 0),
            2 => solve_chunks::<F64x4, 1>(systems, &mut sides, WARM_UP_ROWS),
            4 => solve_chunks::<F64x4, 2>(systems, &mut sides, WARM_UP_ROWS),
            _ => solve_chunks::<F64x4, 4>(systems, &mut sides, WARM_UP_ROWS),
        };
        if !agree {
            solve_chunks::<F64x2, 1>(systems, &mut sides, 0);
        }
        solve::pieces::<F64x4>(systems, &mut sides);
    }
}

#[target_feature(enable = "avx512f,avx2,popcnt,bmi1,lzcnt")]
fn interpolate_avx512(systems: &mut Systems, mut sides: [&mut Side; 2]) {
    // SAFETY: as above.
    unsafe {
        solve::fill::<F64x8>(systems, &sides);
        let agree = match solve::chunks(&sides) {
            1 => solve_chunks::<F64x2, 1>(systems, &mut sides, 0),
            2 => solve_chunks::<F64x4, 1>(systems, &mut sides, WARM_UP_ROWS),
            4 => solve_chunks::<F64x8, 1>(systems, &mut sides, WARM_UP_ROWS),
            _ => solve_chunks::<F64x8, 2>(systems, &mut sides, WARM_UP_ROWS),
        };
        if !agree {
            solve_chunks::<F64x2, 1>(systems, &mut sides, 0);
        }
        solve::pieces::<F64x8>(systems, &mut sides);
    }
}

pub(super) fn step(state: &mut StepState, signal: &mut [f64], is_last: bool) {
    let (systems, sides) = (&mut state.systems, [&mut state.maxima, &mut state.minima]);
    // SAFETY: a state is made only for a kernel that is available.
    unsafe {
        match state.kernel {
            Kernel::Avx512 => interpolate_avx512(systems, sides),
            _ => interpolate_avx2(systems, sides),
        }
    }
    if is_last {
        run::<true, false>(state, signal);
    } else {
        run::<true, true>(state, signal);
    }
}

/// The scalar step, for irregular knots, which are rare.
pub(super) fn step_by_scalar(state: &mut StepState, signal: &mut [f64]) {
    #[target_feature(enable = "avx2")]
    fn subtract(state: &mut StepState, signal: &mut [f64]) {
        scalar::subtract(state, signal);
    }
    // SAFETY: a state is made only for a kernel that is available.
    unsafe { subtract(state, signal) };
    run::<false, true>(state, signal);
}
