//! `f64` as `i64` in the same order: integers sort and select faster.

/// The sort key of a number: keys compare like [`f64::total_cmp`].
///
/// ```
/// use indicators::order::{key, number};
///
/// assert!(key(-1.0) < key(0.5));
/// assert_eq!(number(key(0.5)), 0.5);
/// ```
pub fn key(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The number of a sort [`key`].
///
/// ```
/// assert_eq!(indicators::order::number(indicators::order::key(-3.5)), -3.5);
/// ```
pub fn number(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63) as u64 >> 1) as i64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_compare_like_numbers(a in any::<f64>(), b in any::<f64>()) {
            prop_assert_eq!(key(a).cmp(&key(b)), a.total_cmp(&b));
            prop_assert_eq!(number(key(a)).to_bits(), a.to_bits());
        }
    }
}
