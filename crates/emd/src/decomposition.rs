use crate::sift::SiftResult;

/// The modes and the residue of a signal. `modes[0] + modes[1] + ... + residue` is the signal, up
/// to rounding: to `8 x modes x ulp` of its largest sample, unless noise with an epsilon far above
/// 1 makes modes larger than that.
///
/// ```
/// use emd::{Control, Params};
///
/// let signal: Vec<f64> = (0..200).map(f64::from).map(|t| (t / 3.0).sin() + 0.01 * t).collect();
/// let found = Params::default().check()?.emd(&signal, Control::default())?;
/// assert_eq!(found.modes[0].len(), signal.len());
/// assert!((found.variances()[0] - 0.5).abs() < 0.05); // a sine
/// # Ok::<(), emd::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// The intrinsic mode functions, from fast to slow, each as long as the signal and in its unit.
    pub modes: Vec<Vec<f64>>,
    /// The remainder, which is not a mode: the signal minus all modes.
    pub residue: Vec<f64>,
    /// How each mode was sifted, in the order of `modes`.
    pub stats: Vec<ModeStats>,
}

impl Decomposition {
    /// The population variance of each mode, in the squared unit of the signal.
    pub fn variances(&self) -> Vec<f64> {
        let variance = |mode: &Vec<f64>| {
            let n = mode.len() as f64;
            let mean = mode.iter().sum::<f64>() / n;
            mode.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n
        };
        self.modes.iter().map(variance).collect()
    }
}

/// Statistics of the sifting of one mode, over all trials of its stage (of noise: over the trials
/// that have the mode).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModeStats {
    /// Trials that had a mode to sift; 1 for plain EMD.
    pub sifted: usize,
    /// Mean number of sifts per trial; trials without a mode count as 0.
    pub sifts_mean: f64,
    /// Largest number of sifts of a trial.
    pub sifts_max: u32,
    /// Trials that were ended by the limit of sifts instead of the stop rule. A mode with many of
    /// them is over-sifted: its amplitude is flattened and its frequency modulated instead.
    pub cap_hits: usize,
}

/// Counts the sifts of the trials of a stage.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SiftTally {
    trials: usize,
    sifted: usize,
    sifts: u64,
    sifts_max: u32,
    capped: usize,
}

impl SiftTally {
    pub fn add(&mut self, one: SiftResult) {
        self.trials += 1;
        self.sifted += usize::from(one.has_mode());
        self.sifts += u64::from(one.sifts);
        self.sifts_max = self.sifts_max.max(one.sifts);
        self.capped += usize::from(one.capped);
    }

    pub fn stats(self) -> ModeStats {
        ModeStats {
            sifted: self.sifted,
            sifts_mean: self.sifts as f64 / self.trials.max(1) as f64,
            sifts_max: self.sifts_max,
            cap_hits: self.capped,
        }
    }
}
