//! Upswings of a cohort: peak-to-peak cycles clustered by amplitude, duration and volume.
//!
//! Over each window price and volume are decomposed by plain EMD. [`cycle`] finds the cycles of
//! each mode, [`fusion`] matches each cycle of price with overlapping cycles of volume, and
//! [`clusters`] clusters the result.

pub mod clusters;
pub mod cycle;
pub mod fusion;
mod params;

use bars::{Symbol, Window};
use emd::{Control, Decomposer};

use crate::grid::MinuteGrid;
use clusters::{SwingCluster, SwingClusters};
use cycle::Upswing;
use fusion::MatchedUpswing;
pub use params::{Params, ValidParams};

/// The result of a symbol over one window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowUpswings {
    /// The window.
    pub window: Window,
    /// Number of minutes in the window.
    pub minutes: usize,
    /// The clusters, or why there are none.
    pub clusters: Result<SwingClusters, Skipped>,
}

/// Why a window was skipped.
#[derive(Debug, Clone, PartialEq)]
pub enum Skipped {
    /// It has too few minutes.
    Short,
    /// Its values cannot be decomposed.
    Numbers(emd::Error),
}

/// The upswings of one symbol.
#[derive(Debug, Clone)]
pub struct SymbolUpswings {
    /// The symbol, as the input spells it.
    pub symbol: Symbol,
    /// The result of each window, ascending.
    pub windows: Vec<WindowUpswings>,
}

impl SymbolUpswings {
    /// The cluster with the largest median amplitude over all windows; the first of equals.
    pub fn strongest(&self) -> Option<(Window, &SwingCluster)> {
        let mut best: Option<(Window, &SwingCluster)> = None;
        for study in &self.windows {
            for cluster in study.clusters.iter().flat_map(SwingClusters::first_choice) {
                if best.is_none_or(|(_, best)| {
                    cluster.median_amplitude_pct > best.median_amplitude_pct
                }) {
                    best = Some((study.window, cluster));
                }
            }
        }
        best
    }
}

/// Returns the minutes of a window that ends with `grid`; all of them if the grid is shorter.
fn last(grid: &MinuteGrid, window: Window) -> std::ops::Range<usize> {
    let length = usize::try_from(window.minutes()).unwrap_or(usize::MAX);
    grid.len().saturating_sub(length)..grid.len()
}

impl ValidParams {
    /// The longest window, in minutes.
    pub fn longest(&self) -> i32 {
        self.get().windows.iter().map(|window| window.minutes()).max().unwrap_or(0)
    }

    /// Clusters a symbol's upswings over one window that ends with `grid`.
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

    /// Returns the upswings of a price, each with the volume of the cycles that overlap it. Samples
    /// are minutes.
    ///
    /// # Errors
    /// The error of `decomposer`.
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

/// Returns the cycles of all modes of `original`, from the fastest mode to the slowest, each in
/// time order.
///
/// # Errors
/// The error of `decomposer`.
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
