//! The normal distribution of numpy's legacy `RandomState(seed).normal`.

use rand_mt::Mt;

/// A stream of standard normal numbers: MT19937, doubles of 53 bits from two draws, Marsaglia's
/// polar method; the second number of each pair comes first. The bits are numpy's if the logarithm
/// of the platform is that of glibc.
pub(crate) struct Gaussian {
    generator: Mt,
    spare: Option<f64>,
}

impl Gaussian {
    pub fn new(seed: u32) -> Self {
        Self { generator: Mt::new(seed), spare: None }
    }

    fn uniform(&mut self) -> f64 {
        let (a, b) = (self.generator.next_u32() >> 5, self.generator.next_u32() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 21 % of the points are rejected, so the loop ends soon.
        loop {
            let (x1, x2) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.spare = Some(f * x1);
                return f * x2;
            }
        }
    }

    pub fn fill(&mut self, row: &mut [f64]) {
        row.iter_mut().for_each(|x| *x = self.next());
    }
}
