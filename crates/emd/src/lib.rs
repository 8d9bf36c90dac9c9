//! Empirical mode decomposition: EMD, CEEMDAN, and the instantaneous frequency of what they find.
//!
//! A signal is taken apart into *intrinsic mode functions* (IMFs, modes), oscillations whose amplitude and frequency may
//! change slowly, from the fastest to the slowest, and a residue that oscillates no more. Nothing is assumed of the signal
//! but that it has extrema: no basis, no stationarity. Slices go in, modes come out.
//!
//! ```
//! use emd::{Analytic, Control, Params};
//!
//! // Two tones on a slope.
//! let tone = |t: f64, period: f64| (std::f64::consts::TAU * t / period).sin();
//! let signal: Vec<f64> = (0..600).map(f64::from).map(|t| tone(t, 12.0) + 2.0 * tone(t, 90.0) + 0.01 * t).collect();
//!
//! let ceemdan = Params::default().trials(50).check()?;
//! let found = ceemdan.ceemdan_all_streamed(&[&signal], Control::default()).remove(0)?;
//! let periods: Vec<f64> = found.modes.iter().filter_map(|mode| Analytic::of(mode).period(50..550)).collect();
//! assert!(periods.iter().any(|period| (period - 12.0).abs() < 0.2));
//! assert!(periods.iter().any(|period| (period - 90.0).abs() < 3.0));
//! # Ok::<(), emd::Error>(())
//! ```
//!
//! # Sifting
//!
//! A mode oscillates about zero. To get the fastest one, subtract from the signal `h` the mean of its two envelopes again
//! and again (Huang et al. 1998):
//!
//! ```text
//! h <- h - (U + L) / 2      U: cubic spline through the maxima of h, L: through its minima
//! ```
//!
//! [`Sifting`] says when to stop: after a fixed number of times, when extrema and zero crossings have settled, or by the rule
//! of EMD-signal. What has been sifted is the mode, what it leaves is sifted next. The envelopes are not-a-knot splines through the
//! extrema ([`extrema`] tells the rules) and, beyond either end, their mirror images ([`envelopes`] shows all of it). Plain
//! EMD is [`Decomposer::emd`].
//!
//! # CEEMDAN
//!
//! Where a fast oscillation comes and goes, plain EMD mixes it with slower ones into one mode. Noise helps: it fills all scales,
//! so that each mode keeps to its octave, and is averaged away over many trials. In the improved form of
//! Colominas, Schlotthauer and Torres (2014), which is [`Preset::Standard`], with `E(y)` the first mode of `y` by plain
//! sifting, `M(y) = y - E(y)` its local mean, and `E_k(w_i)` the k-th mode of the white noise of trial i:
//!
//! ```text
//! r_0 = x
//! r_k = mean over i of M(r_{k-1} + beta_k E_k(w_i))        IMF_k = r_{k-1} - r_k        k = 1, 2, ...
//! beta_k = epsilon std(E(r_{k-1}))     (or epsilon std(r_{k-1}), see NoiseScale)
//! ```
//!
//! `E_1(w_i)` is divided by its own deviation, later modes of the noise are taken as they come. It ends where `r_{k-1}` has fewer than three
//! extrema, or with `floor(log2 n)` modes. The modes and the residue add up to the signal, to rounding.
//!
//! [`Preset::Pyemd`] computes instead what PyPI's EMD-signal 1.10 does, to the last bit.
//!
//! The noise depends on the seed, the length and the number of trials, not on the signal: decompose it once
//! ([`Decomposer::noise`]) and use it for all signals of a length ([`Decomposer::ceemdan`], [`Decomposer::ceemdan_all`]), or, where
//! that takes too much memory or there is one signal only, have it decomposed as the signals go along
//! ([`Decomposer::ceemdan_all_streamed`]).
//!
//! # Frequency
//!
//! A mode has one frequency at a time, that of its analytic signal: [`Analytic`] tells it, and the period, and how steady
//! both are. [`brackets`] lists a mode's cycles.
//!
//! # The same bits everywhere
//!
//! Results depend on the signal, the parameters and nothing else: not on the number of threads, not on the way the noise is held,
//! not on the instructions used ([`Kernel`]; AVX-512 and AVX2 are found at run time). The noise goes
//! through the platform's logarithm, so that between C libraries its last bit may differ.
//!
//! # Sources
//!
//! - Huang et al. (1998), *The empirical mode decomposition and the Hilbert spectrum for nonlinear and non-stationary time
//!   series analysis*, Proc. R. Soc. A 454: sifting.
//! - Huang et al. (2003), *A confidence limit for the empirical mode decomposition and Hilbert spectral analysis*, Proc. R.
//!   Soc. A 459: the S number.
//! - Rilling, Flandrin and Goncalves (2003), *On empirical mode decomposition and its algorithms*, NSIP-03: mirrored extrema.
//! - Wu and Huang (2009), *Ensemble empirical mode decomposition: a noise-assisted data analysis method*, Adv. Adapt. Data
//!   Anal. 1: noise, and a fixed number of sifts.
//! - Torres, Colominas, Schlotthauer and Flandrin (2011), *A complete ensemble empirical mode decomposition with adaptive
//!   noise*, ICASSP: CEEMDAN.
//! - Colominas, Schlotthauer and Torres (2014), *Improved complete ensemble EMD: a suitable tool for biomedical signal
//!   processing*, Biomed. Signal Process. Control 14: the standard preset.

mod brackets;
mod control;
mod course;
mod decomposer;
mod decomposition;
mod envelopes;
mod error;
mod extrema;
mod gaussian;
mod hilbert;
mod kernel;
// Off x86-64 what the vector kernels keep in it is not used.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod knots;
mod lockstep;
mod noise;
mod params;
mod plain;
mod sift;
mod spline;
mod sum;

pub use brackets::{Turn, brackets, turns};
pub use control::Control;
pub use decomposer::{Decomposer, Workspace};
pub use decomposition::{Decomposition, ModeStats};
pub use envelopes::{Envelopes, envelopes};
pub use error::Error;
pub use extrema::{Extrema, extrema, zero_crossings};
pub use hilbert::Analytic;
pub use kernel::Kernel;
pub use noise::{NoiseEnsemble, white_noise};
pub use params::{NoiseScale, Params, Preset, Settings, Sifting};
