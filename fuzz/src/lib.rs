//! What the fuzz targets share: a folder for their files, and the checks of bars.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Once;

use bars::{Bar, Findings, ReadOptions, Symbol};
use bars_io::atomic::TempFiles;
use bars_io::memory::MemorySource;
use bars_io::reader::read_file;
use pipeline::artifacts::table_file::{Compression, Format};
use pipeline::observer::Silent;
use pipeline::task::{MergeTarget, TaskResult, merge};

thread_local! {
    static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Lets the panics of decoders become errors, as in the program. Other panics still end the run.
pub fn contain_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let end = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !bars_io::panics::is_contained() {
                end(panic);
            }
        }));
    });
}

/// Returns a folder of this process, below TMPDIR.
pub fn folder() -> PathBuf {
    FOLDER.with_borrow_mut(|folder| {
        let create = || {
            let path =
                std::env::temp_dir().join(format!("data-pipeline-fuzz-{}", std::process::id()));
            std::fs::create_dir_all(&path).expect("TMPDIR can be written");
            path
        };
        folder.get_or_insert_with(create).clone()
    })
}

/// Writes `bytes` to a file and returns its path.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("TMPDIR can be written");
    path
}

/// Splits `bytes` at the first 0xff, such as into two files.
pub fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0xff).unwrap_or(bytes.len());
    (&bytes[..at], bytes.get(at + 1..).unwrap_or_default())
}

/// Reads the bars of a file. An error names the file.
pub fn read(path: &Path, options: &ReadOptions) -> Option<(Vec<(Symbol, Bar)>, String)> {
    let (mut bars, mut findings) = (Vec::new(), Findings::default());
    let done = read_file(path, options, &mut findings, &mut |symbol, bar| {
        bars.extend(bar.map(|bar| (symbol.clone(), bar)));
        Ok(())
    });
    match done {
        Ok(()) => Some((bars, findings.to_string())),
        Err(error) => {
            names(&error.to_string(), path);
            None
        }
    }
}

/// Checks that an error names the file and is of a length that people read.
pub fn names(error: &str, path: &Path) {
    let name = path.file_name().expect("a file").to_string_lossy();
    assert!(error.contains(&*name), "{error}");
    assert!(error.len() < 4_000, "{} bytes: {error:.4000}", error.len());
}

/// Checks that a bar is one that every stage may rely on.
pub fn is_sound(bar: &Bar) {
    assert_eq!(bars::Finding::from_bar(bar), None, "{bar:?}");
}

/// Merges a result that stands alone, with an empty source.
pub fn merge_alone(result: TaskResult) {
    let (source, temp) = (MemorySource::default(), TempFiles::default());
    let target = MergeTarget {
        out: Some(folder().join("merged")),
        format: Format::Csv,
        cohort_format: Format::Csv,
        compression: Compression::Snappy,
        schema_version: "v1".to_owned(),
        columns: Default::default(),
        csv_safe: false,
        source: Some(&source),
        temp: &temp,
        observer: &Silent,
    };
    if let Err(error) = merge(vec![result], &target) {
        assert!(error.to_string().len() < 4_000, "{error:.4000}");
    }
}
