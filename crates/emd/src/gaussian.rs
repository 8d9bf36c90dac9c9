//! The normal numbers of numpy's legacy `RandomState(seed).normal`.

use rand_mt::Mt;

/// A stream of standard normal numbers: MT19937, doubles of 53 bits from two draws, Marsaglia's polar method. Of each pair
/// the second comes first. Bit for bit numpy's where the platform's logarithm is (glibc).
pub(crate) struct Gaussian {
    generator: Mt,
    kept: Option<f64>,
}

impl Gaussian {
    pub fn new(seed: u32) -> Self {
        Self { generator: Mt::new(seed), kept: None }
    }

    fn uniform(&mut self) -> f64 {
        let (a, b) = (self.generator.next_u32() >> 5, self.generator.next_u32() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    fn next(&mut self) -> f64 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        // Of a square's points 21 % lie outside of the circle; a generator that gave only such ones would be broken.
        loop {
            let (x1, x2) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.kept = Some(f * x1);
                return f * x2;
            }
        }
    }

    pub fn fill(&mut self, row: &mut [f64]) {
        row.iter_mut().for_each(|x| *x = self.next());
    }
}
