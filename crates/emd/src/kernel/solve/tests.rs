//! Cut or whole, the slopes are those of the definition.

use super::*;
use crate::Kernel;
use crate::kernel::lanes::{Eight, Four, Two};
use crate::spline::{Tridiagonal, interpolate};
use proptest::prelude::*;

/// Knots at these distances, with values that jump about.
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
fn four(systems: &mut Systems, sides: &mut [&mut Side; 2], warm: usize) -> [Option<Vec<u64>>; 3] {
    // SAFETY: the instructions are enabled; the callers' sides are long enough.
    unsafe {
        [
            solve_chunks::<Four, 1>(systems, sides, warm).then(|| slopes(sides)),
            solve_chunks::<Four, 2>(systems, sides, warm).then(|| slopes(sides)),
            solve_chunks::<Four, 4>(systems, sides, warm).then(|| slopes(sides)),
        ]
    }
}

#[target_feature(enable = "avx512f")]
fn eight(systems: &mut Systems, sides: &mut [&mut Side; 2], warm: usize) -> [Option<Vec<u64>>; 2] {
    // SAFETY: as above.
    unsafe {
        [
            solve_chunks::<Eight, 1>(systems, sides, warm).then(|| slopes(sides)),
            solve_chunks::<Eight, 2>(systems, sides, warm).then(|| slopes(sides)),
        ]
    }
}

fn slopes(sides: &[&mut Side; 2]) -> Vec<u64> {
    sides.iter().flat_map(|side| side.c2[side.knots()].iter().map(|x| x.to_bits())).collect()
}

/// What each way of cutting gives: slopes, or none where a joint failed.
fn all_ways(sides: &mut [&mut Side; 2], warm: usize) -> Vec<Option<Vec<u64>>> {
    let n = 2 * sides[0].x.len().max(sides[1].x.len());
    let systems = &mut Systems::new(n);
    // SAFETY: each kernel is asked for only where it is available.
    unsafe {
        let mut found = Vec::new();
        if Kernel::Avx2.is_available() {
            fill_four(systems, sides);
            found.push(solve_chunks::<Two, 1>(systems, sides, 0).then(|| slopes(sides)));
            found.extend(four(systems, sides, warm));
        }
        if Kernel::Avx512.is_available() {
            found.extend(eight(systems, sides, warm));
        }
        found
    }
}

#[target_feature(enable = "avx2")]
fn fill_four(systems: &mut Systems, sides: &[&mut Side; 2]) {
    // SAFETY: the instructions are enabled.
    unsafe { fill::<Four>(systems, sides) };
}

fn by_definition(sides: &mut [&mut Side; 2]) -> Vec<u64> {
    let mut system = Tridiagonal::default();
    sides.iter_mut().for_each(|side| interpolate(side, &mut system));
    slopes(sides)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Gaps far and near, so that rows are interchanged.
    #[test]
    fn cut_or_whole_the_slopes_are_the_same(
        gaps in prop::collection::vec(
            [0..2_u8, 0..2].map(|_| prop_oneof![4 => 0..5_u8, 1 => any::<u8>()]), 330..700,
        ),
        fewer in 0..5_usize,
        seed in any::<u32>(),
        warm in prop_oneof![Just(WARM), Just(24), Just(1)],
    ) {
        let of = |k: usize| gaps.iter().map(|gaps| gaps[k]).collect::<Vec<_>>();
        let mut upper = side(&of(0), seed.into());
        let mut lower = side(&of(1)[fewer..], u64::from(seed) + 7);
        let sides = &mut [&mut upper, &mut lower];
        let expected = by_definition(sides);
        let found = all_ways(sides, warm);
        prop_assert!(found.iter().flatten().all(|slopes| *slopes == expected));
        for (i, found) in found.iter().enumerate() {
            // The first way is not cut. After a row of warming up no chunk can have the bits of its neighbour.
            if i == 0 || warm == WARM {
                prop_assert!(found.is_some(), "way {}", i);
            } else if warm == 1 {
                prop_assert!(found.is_none(), "way {}", i);
            }
        }
    }
}
