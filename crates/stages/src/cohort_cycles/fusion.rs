//! Matches upswings of price with the cycles of volume that overlap them.

use super::cycle::Upswing;

/// An upswing of price with the volume of overlapping cycles of volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchedUpswing {
    /// The upswing of price.
    pub cycle: Upswing,
    /// Number of cycles of volume that start or end in it, both ends inclusive.
    pub volume_cycles: usize,
    /// Volume in these cycles, both ends inclusive. Cycles of different modes overlap, so minutes
    /// can count several times.
    pub total_volume: f64,
}

/// Matches each of `upswings` with the `moves` of volume that start or end in it; upswings without
/// any are dropped. `volume` is the volume of each minute.
///
/// ```
/// use stages::cohort_cycles::cycle::Upswing;
/// use stages::cohort_cycles::fusion::fuse;
///
/// let swing = |start, end| Upswing { imf: 0, start, end, amplitude_pct: 5.0 };
/// let volume = [1.0; 40];
/// // Of two swings of volume one starts within the upswing of price.
/// let matched = fuse(&[swing(0, 9)], &[swing(5, 14), swing(20, 30)], &volume);
/// assert_eq!((matched[0].volume_cycles, matched[0].total_volume), (1, 10.0));
/// ```
pub fn fuse(upswings: &[Upswing], moves: &[Upswing], volume: &[f64]) -> Vec<MatchedUpswing> {
    // Cycles of one mode are consecutive, so these sums visit the minutes once per mode.
    let traded = |cycle: &Upswing| volume[cycle.start..=cycle.end].iter().sum::<f64>();
    let mut by_start: Vec<(Upswing, f64)> =
        moves.iter().map(|cycle| (*cycle, traded(cycle))).collect();
    by_start.sort_by_key(|(cycle, _)| (cycle.start, cycle.end, cycle.imf));
    let mut by_end = by_start.clone();
    by_end.sort_by_key(|(cycle, _)| (cycle.end, cycle.start, cycle.imf));
    let matched = |upswing: &Upswing| {
        let from = by_start.partition_point(|(cycle, _)| cycle.start < upswing.start);
        let to = by_start.partition_point(|(cycle, _)| cycle.start <= upswing.end);
        let (mut volume_cycles, mut total_volume) = (to - from, 0.0);
        for (_, traded) in &by_start[from..to] {
            total_volume += traded;
        }
        let from = by_end.partition_point(|(cycle, _)| cycle.end < upswing.start);
        let to = by_end.partition_point(|(cycle, _)| cycle.end <= upswing.end);
        // Those that started in it are counted already.
        for (_, traded) in by_end[from..to].iter().filter(|(cycle, _)| cycle.start < upswing.start)
        {
            volume_cycles += 1;
            total_volume += traded;
        }
        (volume_cycles > 0).then_some(MatchedUpswing {
            cycle: *upswing,
            volume_cycles,
            total_volume,
        })
    };
    upswings.iter().filter_map(matched).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// By definition: every upswing of price is compared with every cycle of volume.
        #[test]
        fn as_by_definition(
            upswings in prop::collection::vec((0_usize..30, 1_usize..9), 0..8),
            moves in prop::collection::vec((0_usize..30, 1_usize..9), 0..20),
            volume in prop::collection::vec(0_u8..9, 40),
        ) {
            let volume: Vec<f64> = volume.into_iter().map(f64::from).collect();
            let cycles = |of: Vec<(usize, usize)>| -> Vec<Upswing> {
                of.into_iter().enumerate()
                    .map(|(imf, (start, length))| Upswing { imf, start, end: start + length, amplitude_pct: 3.0 })
                    .collect()
            };
            let (upswings, moves) = (cycles(upswings), cycles(moves));
            let expected: Vec<MatchedUpswing> = upswings.iter().filter_map(|upswing| {
                let within = |at: usize| (upswing.start..=upswing.end).contains(&at);
                let own: Vec<_> = moves.iter().filter(|m| within(m.start) || within(m.end)).collect();
                let total_volume = own.iter().map(|m| volume[m.start..=m.end].iter().sum::<f64>()).sum();
                (!own.is_empty()).then_some(MatchedUpswing { cycle: *upswing, volume_cycles: own.len(), total_volume })
            }).collect();
            // Sums of whole numbers are exact in any order.
            prop_assert_eq!(fuse(&upswings, &moves, &volume), expected);
        }
    }
}
