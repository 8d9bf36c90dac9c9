//! Solving in chunks gives the bits of the sequential solution.

use super::*;
use crate::Kernel;
use crate::kernel::lanes::{F64x2, F64x4, F64x8};
use crate::spline::{Tridiagonal, interpolate};
use proptest::prelude::*;

/// Knots at these distances, with irregular values.
fn side(distances: &[u8], seed: u64) -> Side {
    let samples = distances.iter().scan(0, |x, d| {
        *x += 2 + usize::from(*d);
        Some(*x)
    });
    let samples: Vec<usize> = samples.collect();
    let n = samples.last().map_or(0, |last| last + 2);
    let signal: Vec<f64> = (0..n as u64).map(|i| ((i * i + seed) as f64).sin() * 10.0).collect();
    let mut side = Side::new(n);
    samples.iter().for_each(|&s| side.push(s, signal[s]));
    side.clear_knots();
    side
}

#[target_feature(enable = "avx2")]
fn four(
    systems: &mut Systems,
    sides: &mut [&mut Side; 2],
    warm_up: usize,
) -> [Option<Vec<u64>>; 3] {
    // SAFETY: the instructions are enabled; the sides of the caller are long enough.
    unsafe {
        [
            solve_chunks::<F64x4, 1>(systems, sides, warm_up).then(|| slopes(sides)),
            solve_chunks::<F64x4, 2>(systems, sides, warm_up).then(|| slopes(sides)),
            solve_chunks::<F64x4, 4>(systems, sides, warm_up).then(|| slopes(sides)),
        ]
    }
}

#[target_feature(enable = "avx512f")]
fn eight(
    systems: &mut Systems,
    sides: &mut [&mut Side; 2],
    warm_up: usize,
) -> [Option<Vec<u64>>; 2] {
    // SAFETY: as above.
    unsafe {
        [
            solve_chunks::<F64x8, 1>(systems, sides, warm_up).then(|| slopes(sides)),
            solve_chunks::<F64x8, 2>(systems, sides, warm_up).then(|| slopes(sides)),
        ]
    }
}

fn slopes(sides: &[&mut Side; 2]) -> Vec<u64> {
    sides.iter().flat_map(|side| side.c2[side.knots()].iter().map(|x| x.to_bits())).collect()
}

/// The slopes of each way to cut the systems; `None` if chunks disagreed.
fn all_cuts(sides: &mut [&mut Side; 2], warm_up: usize) -> Vec<Option<Vec<u64>>> {
    let n = 2 * sides[0].x.len().max(sides[1].x.len());
    let systems = &mut Systems::new(n);
    // SAFETY: each kernel is called only if it is available.
    unsafe {
        let mut found = Vec::new();
        if Kernel::Avx2.is_available() {
            fill_four(systems, sides);
            found.push(solve_chunks::<F64x2, 1>(systems, sides, 0).then(|| slopes(sides)));
            found.extend(four(systems, sides, warm_up));
        }
        if Kernel::Avx512.is_available() {
            found.extend(eight(systems, sides, warm_up));
        }
        found
    }
}

#[target_feature(enable = "avx2")]
fn fill_four(systems: &mut Systems, sides: &[&mut Side; 2]) {
    // SAFETY: the instructions are enabled.
    unsafe { fill::<F64x4>(systems, sides) };
}

fn by_definition(sides: &mut [&mut Side; 2]) -> Vec<u64> {
    let mut system = Tridiagonal::default();
    sides.iter_mut().for_each(|side| interpolate(side, &mut system));
    slopes(sides)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wide and narrow gaps, so that rows are interchanged.
    #[test]
    fn chunks_have_the_bits_of_the_sequential_solution(
        gaps in prop::collection::vec(
            [0..2_u8, 0..2].map(|_| prop_oneof![4 => 0..5_u8, 1 => any::<u8>()]), 330..700,
        ),
        fewer in 0..5_usize,
        seed in any::<u32>(),
        warm_up in prop_oneof![Just(WARM_UP_ROWS), Just(24), Just(1)],
    ) {
        let distances = |k: usize| gaps.iter().map(|gaps| gaps[k]).collect::<Vec<_>>();
        let mut upper = side(&distances(0), seed.into());
        let mut lower = side(&distances(1)[fewer..], u64::from(seed) + 7);
        let sides = &mut [&mut upper, &mut lower];
        let expected = by_definition(sides);
        let found = all_cuts(sides, warm_up);
        prop_assert!(found.iter().flatten().all(|slopes| *slopes == expected));
        for (i, found) in found.iter().enumerate() {
            // The first one is not cut. After a warm-up of one row no chunk can have the bits of
            // its neighbor.
            if i == 0 || warm_up == WARM_UP_ROWS {
                prop_assert!(found.is_some(), "cut {}", i);
            } else if warm_up == 1 {
                prop_assert!(found.is_none(), "cut {}", i);
            }
        }
    }
}
