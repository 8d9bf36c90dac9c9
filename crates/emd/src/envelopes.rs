use crate::extrema::Signs;
use crate::kernel::Sieve;
use crate::{Error, Kernel};

/// The envelopes of a signal, as one step of sifting uses them.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelopes {
    /// The spline through the maxima, sample by sample.
    pub upper: Vec<f64>,
    /// The spline through the minima, sample by sample.
    pub lower: Vec<f64>,
    /// Positions (in samples) and values of the upper knots, mirrored ones included.
    pub upper_knots: (Vec<f64>, Vec<f64>),
    /// Positions and values of the lower knots.
    pub lower_knots: (Vec<f64>, Vec<f64>),
}

/// The envelopes of `signal`; `None` where it has fewer than three extrema.
///
/// # Errors
/// A signal that is too short, not finite or too large.
pub fn envelopes(signal: &[f64]) -> Result<Option<Envelopes>, Error> {
    crate::course::check(signal)?;
    let mut sieve = Sieve::new(signal.len(), Kernel::Scalar, Signs::Compared);
    sieve.scan(&mut signal.to_vec(), false);
    if sieve.extrema() < 3 {
        return Ok(None);
    }
    let (mut upper, mut lower) = (signal.to_vec(), signal.to_vec());
    sieve.envelopes(signal, &mut upper, &mut lower);
    let knots = |side: &crate::knots::Side| (side.positions().to_vec(), side.values().to_vec());
    let (upper_knots, lower_knots) = (knots(&sieve.maxima), knots(&sieve.minima));
    Ok(Some(Envelopes { upper, lower, upper_knots, lower_knots }))
}
