//! The modes that `imf-stage --persist-imfs` wrote.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use bars::Error;
use zip::ZipArchive;

/// The modes of a series, from fast to slow, and what they leave.
#[derive(Debug)]
pub struct Modes {
    /// Row by row.
    modes: Vec<f64>,
    residue: Vec<f64>,
}

impl Modes {
    /// Reads an archive of numpy's; `None` where there is none.
    pub fn read(path: &Path) -> anyhow::Result<Option<Modes>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("open", path, e).into()),
        };
        let damaged = || {
            format!("{} is no archive of modes; write it anew with 'data-pipeline imf-stage'", path.display())
        };
        let mut archive = ZipArchive::new(BufReader::new(file)).with_context(damaged)?;
        let mut array = |name: &str| -> anyhow::Result<Vec<f64>> {
            let mut bytes = Vec::new();
            archive.by_name(name)?.read_to_end(&mut bytes)?;
            numbers(&bytes)
        };
        let (modes, residue) =
            (array("imfs.npy").with_context(damaged)?, array("residue.npy").with_context(damaged)?);
        if residue.is_empty() || modes.len() % residue.len() != 0 {
            bail!(damaged());
        }
        Ok(Some(Modes { modes, residue }))
    }

    /// How many modes there are.
    pub fn len(&self) -> usize {
        self.modes.len() / self.residue.len()
    }

    /// The mode at `place`, which must be below [`Modes::len`].
    pub fn mode(&self, place: usize) -> &[f64] {
        let n = self.residue.len();
        &self.modes[place * n..(place + 1) * n]
    }

    /// What is left and the modes from `first` on: the series without what is faster.
    pub fn sum_from(&self, first: usize) -> Vec<f64> {
        let mut sum = self.residue.clone();
        for place in (first..self.len()).rev() {
            sum.iter_mut().zip(self.mode(place)).for_each(|(sum, value)| *sum += value);
        }
        sum
    }
}

/// The numbers of an array in numpy's format, version 1.0, of 64-bit floats row by row: as this program writes them.
fn numbers(bytes: &[u8]) -> anyhow::Result<Vec<f64>> {
    let header = bytes.get(10..).zip(bytes.get(8..10)).and_then(|(rest, length)| {
        rest.split_at_checked(usize::from(u16::from_le_bytes([length[0], length[1]])))
    });
    let Some((header, body)) = header.filter(|_| bytes.starts_with(b"\x93NUMPY\x01")) else {
        bail!("no array of numpy's");
    };
    let header = String::from_utf8_lossy(header);
    if !header.contains("'<f8'") || header.contains("'fortran_order': True") || body.len() % 8 != 0 {
        bail!("an array of another kind: {header}");
    }
    let (numbers, _) = body.as_chunks::<8>();
    Ok(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}
