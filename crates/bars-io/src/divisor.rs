//! Common divisors of the steps between bars.

/// The greatest common divisor of two numbers that are not negative; `gcd(0, n)` is `n`.
pub(crate) fn gcd(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
