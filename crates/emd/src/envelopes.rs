use crate::extrema::SignTest;
use crate::kernel::SiftStep;
use crate::{Error, Kernel};

/// The envelopes of a signal, as one step of sifting uses them. Positions are in samples, values in
/// the unit of the signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelopes {
    /// The spline through the maxima, at each sample.
    pub upper: Vec<f64>,
    /// The spline through the minima, at each sample.
    pub lower: Vec<f64>,
    /// Positions and values of the knots of the upper envelope; mirrored knots lie before the first
    /// or after the last sample.
    pub upper_knots: (Vec<f64>, Vec<f64>),
    /// Positions and values of the knots of the lower envelope.
    pub lower_knots: (Vec<f64>, Vec<f64>),
}

/// The envelopes of `signal`: cubic splines with the not-a-knot condition through its maxima and
/// minima ([`crate::extrema`]) and, beyond either end, their mirror images (Rilling, Flandrin and
/// Goncalves 2003). `None` if it has fewer than three extrema.
///
/// # Errors
/// [`Error::TooShort`], [`Error::NotFinite`] or [`Error::TooLarge`] if the signal is invalid.
///
/// ```
/// let signal: Vec<f64> = (0..99).map(|t| 5.0 + f64::from(t).sin()).collect();
/// let envelopes = emd::envelopes(&signal)?.expect("three extrema or more");
/// let mean = 0.5 * (envelopes.upper[50] + envelopes.lower[50]);
/// assert!((mean - 5.0).abs() < 0.1);
/// # Ok::<(), emd::Error>(())
/// ```
pub fn envelopes(signal: &[f64]) -> Result<Option<Envelopes>, Error> {
    crate::signal::check(signal)?;
    let mut step = SiftStep::new(signal.len(), Kernel::Scalar, SignTest::Compared);
    step.scan(&mut signal.to_vec(), false);
    if step.extrema() < 3 {
        return Ok(None);
    }
    let (mut upper, mut lower) = (signal.to_vec(), signal.to_vec());
    step.envelopes(signal, &mut upper, &mut lower);
    let knots = |side: &crate::knots::Side| (side.positions().to_vec(), side.values().to_vec());
    let (upper_knots, lower_knots) = (knots(step.maxima()), knots(step.minima()));
    Ok(Some(Envelopes { upper, lower, upper_knots, lower_knots }))
}
