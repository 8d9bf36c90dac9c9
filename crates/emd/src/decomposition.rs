use crate::sift::Sifted;

/// A signal taken apart: `modes[0] + modes[1] + ... + residue` is the signal, to rounding (to 8 x modes x ulp of its largest
/// sample, unless noise of an epsilon far above 1 makes modes larger than it).
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// The intrinsic mode functions, from fast to slow, each as long as the signal.
    pub modes: Vec<Vec<f64>>,
    /// What is left. It is no mode.
    pub residue: Vec<f64>,
    /// How each mode was sifted, in the order of `modes`.
    pub stats: Vec<ModeStats>,
}

impl Decomposition {
    /// The population variance of each mode.
    pub fn variances(&self) -> Vec<f64> {
        let variance = |mode: &Vec<f64>| {
            let n = mode.len() as f64;
            let mean = mode.iter().sum::<f64>() / n;
            mode.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n
        };
        self.modes.iter().map(variance).collect()
    }
}

/// How the sifting of one mode went, over all trials of its stage (of noise: over those that have the mode).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModeStats {
    /// Trials in which there was a mode to sift; 1 for plain EMD.
    pub sifted: usize,
    /// Sifts per trial, those without a mode counting as 0.
    pub sifts_mean: f64,
    /// Most sifts of a trial.
    pub sifts_max: u32,
    /// Trials that the cap ended instead of the stop rule. A mode with many is over-sifted: its amplitude has been
    /// flattened, and its frequency modulated instead.
    pub cap_hits: usize,
}

/// Counts while trials run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    trials: usize,
    sifted: usize,
    sifts: u64,
    most: u32,
    capped: usize,
}

impl Tally {
    pub fn add(&mut self, one: Sifted) {
        self.trials += 1;
        self.sifted += usize::from(one.has_mode());
        self.sifts += u64::from(one.sifts);
        self.most = self.most.max(one.sifts);
        self.capped += usize::from(one.capped);
    }

    pub fn stats(self) -> ModeStats {
        ModeStats {
            sifted: self.sifted,
            sifts_mean: self.sifts as f64 / self.trials.max(1) as f64,
            sifts_max: self.most,
            cap_hits: self.capped,
        }
    }
}
