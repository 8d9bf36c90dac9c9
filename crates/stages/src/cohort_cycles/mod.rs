//! The cycles of a cohort: how far, how long and with how much volume its symbols rise from peak to
//! peak, and in what clusters.
//!
//! Over each window price and volume are decomposed by plain EMD. [`cycle`] reads the cycles off
//! the modes, [`fusion`] joins each cycle of price with the cycles of volume that overlap it, and
//! [`clusters`] groups the result.

pub mod clusters;
pub mod cycle;
pub mod fusion;
mod params;

use bars::Window;
use emd::{Control, Decomposer};

use crate::grid::MinuteGrid;
use clusters::SwingClusters;
use cycle::Upswing;
use fusion::MatchedUpswing;
pub use params::{Params, ValidParams};

/// A symbol over one window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowUpswings {
    /// The window.
    pub window: Window,
    /// Minutes that were looked at.
    pub minutes: usize,
    /// What was found.
    pub clusters: Result<SwingClusters, Skipped>,
}

/// Why a window was not looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Skipped {
    /// It has too few minutes.
    Short,
    /// Its numbers cannot be taken apart.
    Numbers(emd::Error),
}

/// The minutes of `grid` that belong to a window that ends with it: all of them where it is
/// shorter.
fn last(grid: &MinuteGrid, window: Window) -> std::ops::Range<usize> {
    let length = usize::try_from(window.minutes()).unwrap_or(usize::MAX);
    grid.len().saturating_sub(length)..grid.len()
}

impl ValidParams {
    /// The longest window, in minutes.
    pub fn longest(&self) -> i32 {
        self.get().windows.iter().map(|window| window.minutes()).max().unwrap_or(0)
    }

    /// Looks at a symbol over one window that ends with `grid`.
    pub fn study(
        &self,
        grid: &MinuteGrid,
        window: Window,
        decomposer: &Decomposer,
    ) -> WindowUpswings {
        let minutes = last(grid, window);
        let clusters = if minutes.len() < self.get().min_points {
            Err(Skipped::Short)
        } else {
            let (close, volume) = (&grid.close[minutes.clone()], &grid.volume[minutes.clone()]);
            let matched = self.matched(close, volume, decomposer).map_err(Skipped::Numbers);
            matched.map(|matched| clusters::swing_clusters(&matched, window))
        };
        WindowUpswings { window, minutes: minutes.len(), clusters }
    }

    /// The upswings of a price, each with the volume of the cycles that overlap it. Samples are
    /// minutes.
    ///
    /// # Errors
    /// What `decomposer` cannot take apart.
    pub fn matched(
        &self,
        close: &[f64],
        volume: &[f64],
        decomposer: &Decomposer,
    ) -> Result<Vec<MatchedUpswing>, emd::Error> {
        let upswings: Vec<Upswing> = cycles(close, decomposer)?
            .into_iter()
            .filter(|cycle| cycle.amplitude_pct >= self.get().min_amplitude_pct)
            .collect();
        let moves: Vec<Upswing> = cycles(volume, decomposer)?
            .into_iter()
            .filter(|cycle| volume[cycle.start] != 0.0 && cycle.amplitude_pct != 0.0)
            .collect();
        Ok(fusion::fuse(&upswings, &moves, volume))
    }
}

/// The cycles of all modes of `original`, from the fastest mode to the slowest, each in time order.
///
/// # Errors
/// What `decomposer` cannot take apart.
///
/// ```
/// use emd::{Control, Params};
///
/// let price: Vec<f64> =
///     (0..300).map(|t| 100.0 + 5.0 * (std::f64::consts::TAU * f64::from(t) / 50.0).sin()).collect();
/// let found = stages::cohort_cycles::cycles(&price, &Params::default().check()?)?;
/// assert_eq!(found[1].duration(), 50);
/// assert!(found[1].amplitude_pct.abs() < 1e-9);
/// # Ok::<(), emd::Error>(())
/// ```
pub fn cycles(original: &[f64], decomposer: &Decomposer) -> Result<Vec<Upswing>, emd::Error> {
    let found = decomposer.emd(original, Control::default())?;
    Ok(found
        .modes
        .iter()
        .enumerate()
        .flat_map(|(imf, mode)| cycle::upswings_of_mode(imf, mode, original))
        .collect())
}
