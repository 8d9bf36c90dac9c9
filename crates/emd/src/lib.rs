//! Empirical mode decomposition: EMD, CEEMDAN, and the instantaneous frequency of the modes.
//!
//! A signal is decomposed into *intrinsic mode functions* (IMFs, modes), oscillations with slowly
//! varying amplitude and frequency, from the fastest to the slowest, and a residue. There are no
//! basis functions and stationarity is not assumed; a signal only needs extrema. Signals are slices
//! of evenly spaced samples; times are in samples.
//!
//! ```
//! use emd::{Analytic, Control, Params};
//!
//! // Two tones on a slope.
//! let tone = |t: f64, period: f64| (std::f64::consts::TAU * t / period).sin();
//! let signal: Vec<f64> = (0..600).map(f64::from).map(|t| tone(t, 12.0) + 2.0 * tone(t, 90.0) + 0.01 * t).collect();
//!
//! let found = Params::default().trials(50).check()?.ceemdan_streamed(&signal, Control::default())?;
//! let periods: Vec<f64> = found.modes.iter().filter_map(|mode| Analytic::new(mode).period(50..550)).collect();
//! assert!(periods.iter().any(|period| (period - 12.0).abs() < 0.2));
//! assert!(periods.iter().any(|period| (period - 90.0).abs() < 3.0));
//! # Ok::<(), emd::Error>(())
//! ```
//!
//! # Sifting
//!
//! A mode oscillates about zero. The fastest mode is what remains after repeatedly subtracting from
//! the signal `h` the mean of its two envelopes (Huang et al. 1998):
//!
//! ```text
//! h <- h - (U + L) / 2      U: cubic spline through the maxima of h, L: through its minima
//! ```
//!
//! [`Sifting`] is the stop rule: a fixed number of sifts, the S number, or the rule of EMD-signal.
//! The mode is subtracted from the signal, and the next mode is sifted from the rest. The envelopes
//! are not-a-knot splines through the extrema ([`extrema()`]) and, beyond either end, their mirror
//! images ([`envelopes()`]). Plain EMD is [`Decomposer::emd`].
//!
//! # CEEMDAN
//!
//! If a fast oscillation is intermittent, plain EMD mixes it with slower ones into one mode. Adding
//! noise prevents that: it occupies all scales, so that each mode stays within its octave, and
//! averages out over many trials. The improved form of Colominas, Schlotthauer and Torres (2014) is
//! [`Preset::Standard`]. With `E(y)` the first mode of `y` by plain sifting, `M(y) = y - E(y)` its
//! local mean, and `E_k(w_i)` the k-th mode of the white noise of trial i:
//!
//! ```text
//! r_0 = x
//! r_k = mean over i of M(r_{k-1} + beta_k E_k(w_i))        IMF_k = r_{k-1} - r_k        k = 1, 2, ...
//! beta_k = epsilon std(E(r_{k-1}))     (or epsilon std(r_{k-1}), see NoiseScale)
//! ```
//!
//! `E_1(w_i)` is divided by its standard deviation, later modes of the noise are not scaled. The
//! decomposition ends when `r_{k-1}` has fewer than three extrema, or with `floor(log2 n)` modes.
//! Modes and residue add up to the signal, up to rounding.
//!
//! [`Preset::Pyemd`] computes the results of PyPI's EMD-signal 1.10 instead, to the last bit.
//!
//! The noise depends on the seed, the length and the number of trials, not on the signal. Decompose
//! it once ([`Decomposer::noise`]) and use it for all signals of a length ([`Decomposer::ceemdan`],
//! [`Decomposer::ceemdan_all`]); or, if it does not fit into memory or there is one signal only,
//! let it be decomposed along with the signals ([`Decomposer::ceemdan_streamed`],
//! [`Decomposer::ceemdan_all_streamed`]).
//!
//! # Frequency
//!
//! [`Analytic`] is the analytic signal of a mode: its instantaneous frequency and amplitude, its
//! period, and the variance of its phase. [`brackets`] lists the cycles of a mode.
//!
//! # Reproducibility
//!
//! Results depend on the signal and the parameters only: not on the number of threads, on whether
//! the noise is in memory or streamed, or on the instruction set ([`Kernel`]; AVX-512 and AVX2 are
//! detected at run time). The noise uses the logarithm of the platform, so its last bit can differ
//! between C libraries.
//!
//! # Sources
//!
//! - Huang et al. (1998), *The empirical mode decomposition and the Hilbert spectrum for nonlinear
//!   and non-stationary time series analysis*, Proc. R. Soc. A 454: sifting.
//! - Huang et al. (2003), *A confidence limit for the empirical mode decomposition and Hilbert
//!   spectral analysis*, Proc. R. Soc. A 459: the S number.
//! - Rilling, Flandrin and Goncalves (2003), *On empirical mode decomposition and its algorithms*,
//!   NSIP-03: mirrored extrema.
//! - Wu and Huang (2009), *Ensemble empirical mode decomposition: a noise-assisted data analysis
//!   method*, Adv. Adapt. Data Anal. 1: noise, and a fixed number of sifts.
//! - Torres, Colominas, Schlotthauer and Flandrin (2011), *A complete ensemble empirical mode
//!   decomposition with adaptive noise*, ICASSP: CEEMDAN.
//! - Colominas, Schlotthauer and Torres (2014), *Improved complete ensemble EMD: a suitable tool
//!   for biomedical signal processing*, Biomed. Signal Process. Control 14: the standard preset.

mod batch;
mod brackets;
mod ceemdan_state;
mod control;
mod decomposer;
mod decomposition;
mod envelopes;
mod error;
mod extrema;
mod gaussian;
mod hilbert;
mod kernel;
// Off x86-64 the fields of the vector kernels are unused.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod knots;
mod mode_extractor;
mod noise;
mod params;
mod sift;
mod signal;
mod spline;
mod sum;
mod work;

pub use brackets::{TurningPoint, brackets, turning_points};
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
