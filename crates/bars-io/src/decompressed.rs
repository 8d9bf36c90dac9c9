//! A bound on what a compressed file decompresses to.

use std::io::{self, Read};

/// Decompressed size that any file may have.
const FREE_BYTES: u64 = 1 << 30;

/// Times its size that a larger file may decompress to; bars become about ten times as large.
const MAX_RATIO: u64 = 200;

/// Returns the maximum decompressed size of a file of `size` bytes.
pub(crate) fn max_decompressed(size: u64) -> u64 {
    size.saturating_mul(MAX_RATIO).max(FREE_BYTES)
}

/// A reader that fails if there are more bytes than expected.
pub(crate) struct Bounded<R> {
    bytes: R,
    left: u64,
    problem: String,
}

impl<R: Read> Bounded<R> {
    /// Passes at most `max` bytes on; `problem` is the error if there are more.
    pub(crate) fn new(bytes: R, max: u64, problem: impl Into<String>) -> Bounded<R> {
        Bounded { bytes, left: max, problem: problem.into() }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| io::Error::other(self.problem.clone()))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_bytes_than_expected_are_an_error() {
        let read = |bytes: &[u8], max| {
            let mut all = Vec::new();
            Bounded::new(bytes, max, "too many").read_to_end(&mut all).map_err(|e| e.to_string())
        };
        assert_eq!(read(b"abc", 3), Ok(3));
        assert_eq!(read(b"abcd", 3), Err("too many".to_owned()));
        assert_eq!((max_decompressed(10), max_decompressed(1 << 30)), (1 << 30, 200 << 30));
    }
}
