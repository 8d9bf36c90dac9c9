//! Sums in the order of numpy, so that both have the same bits.
//!
//! A row is summed pairwise: it is halved (at a multiple of 8) down to blocks of at most 128
//! numbers, which are summed in eight accumulators. The error grows with log n instead of n, and
//! eight accumulators suit vector units.

/// Largest block.
const BLOCK: usize = 128;
/// Accumulators of a block.
const LANES: usize = 8;

/// Sum of a slice.
pub(crate) fn sum(v: &[f64]) -> f64 {
    pairwise(v, v, &|a, _| a)
}

/// Sum of `f(a_i, b_i)` over slices of the same length.
pub(crate) fn pairwise(a: &[f64], b: &[f64], f: &impl Fn(f64, f64) -> f64) -> f64 {
    if a.len() <= BLOCK {
        return block(a, b, f);
    }
    let left = a.len() / 2 - a.len() / 2 % LANES;
    let ((a_left, a_right), (b_left, b_right)) = (a.split_at(left), b.split_at(left));
    pairwise(a_left, b_left, f) + pairwise(a_right, b_right, f)
}

fn block(a: &[f64], b: &[f64], f: &impl Fn(f64, f64) -> f64) -> f64 {
    if a.len() < LANES {
        return a.iter().zip(b).fold(0.0, |sum, (&a, &b)| sum + f(a, b));
    }
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut r = [0.0; LANES];
    for j in 0..LANES {
        r[j] = f(a[0][j], b[0][j]);
    }
    for (a, b) in a[1..].iter().zip(&b[1..]) {
        for j in 0..LANES {
            r[j] += f(a[j], b[j]);
        }
    }
    let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    a_rest.iter().zip(b_rest).fold(sum, |sum, (&a, &b)| sum + f(a, b))
}

/// Population standard deviation, as `numpy.std`; also of numbers with squares that overflow or
/// underflow.
pub(crate) fn deviation(v: &[f64]) -> f64 {
    let plain = |v: &[f64]| {
        let n = v.len() as f64;
        let mean = sum(v) / n;
        (pairwise(v, v, &|a, _| (a - mean) * (a - mean)) / n).sqrt()
    };
    let found = plain(v);
    if found > 1e-140 && found < 1e150 {
        return found;
    }
    let unit = power_of_two(v.iter().fold(0.0, |max: f64, x| max.max(x.abs())));
    plain(&v.iter().map(|x| x / unit).collect::<Vec<_>>()) * unit
}

/// The largest power of two up to `x`, for scaling without rounding; 1 for 0.
pub(crate) fn power_of_two(x: f64) -> f64 {
    if x.is_normal() {
        f64::from_bits(x.to_bits() & (0x7ff << 52))
    } else if x > 0.0 {
        f64::MIN_POSITIVE
    } else {
        1.0
    }
}

/// Largest minus smallest.
pub(crate) fn range(v: &[f64]) -> f64 {
    let (low, high) = v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| {
        (if x < low { x } else { low }, if x > high { x } else { high })
    });
    high - low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_scales_over_the_whole_range() {
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(sum(&[1.0, 2.0]), 3.0);
        for unit in [1.0, 2f64.powi(-1000), 2f64.powi(-600), 2f64.powi(600), 2f64.powi(1000)] {
            assert_eq!(deviation(&[unit, 3.0 * unit]), unit);
        }
        assert_eq!(deviation(&[0.0; 3]), 0.0);
        assert_eq!(range(&[3.0, -1.0, 2.0]), 4.0);
    }
}
