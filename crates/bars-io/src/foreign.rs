//! Files of formats that are not read, recognized by their first bytes, so that the message can
//! name the format.

use std::fmt;

/// A format that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignFormat {
    /// A database file of DuckDB.
    DuckDb,
    /// A database file of SQLite.
    Sqlite,
    /// A workbook of Excel, `.xlsx` or `.xls`, or of LibreOffice.
    Spreadsheet,
    /// A file of Arrow IPC, also named Feather.
    Feather,
    /// An HDF5 file.
    Hdf5,
    /// A pickle of Python.
    Pickle,
    /// Text in UTF-16, as Excel saves "Unicode text".
    Utf16,
    /// Compressed by another program than gzip, zstd or ZIP.
    Compressed,
    /// A web page, or other markup.
    Html,
}

/// Number of bytes that [`ForeignFormat::of`] needs.
pub(crate) const MAGIC_BYTES: u64 = 64;

impl ForeignFormat {
    /// Recognizes a format by the first bytes of a file; `None` for all others.
    pub(crate) fn of(magic: &[u8]) -> Option<ForeignFormat> {
        const STARTS: [(&[u8], ForeignFormat); 11] = [
            (b"SQLite format 3\0", ForeignFormat::Sqlite),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ForeignFormat::Spreadsheet),
            (b"ARROW1", ForeignFormat::Feather),
            (b"FEA1", ForeignFormat::Feather),
            (b"\xff\xff\xff\xff", ForeignFormat::Feather),
            (b"\x89HDF\r\n\x1a\n", ForeignFormat::Hdf5),
            (b"\xff\xfe", ForeignFormat::Utf16),
            (b"\xfe\xff", ForeignFormat::Utf16),
            (b"\xfd7zXZ\0", ForeignFormat::Compressed),
            (b"7z\xbc\xaf\x27\x1c", ForeignFormat::Compressed),
            (b"Rar!\x1a\x07", ForeignFormat::Compressed),
        ];
        if magic.get(8..12) == Some(b"DUCK") {
            return Some(ForeignFormat::DuckDb);
        }
        match magic {
            [0x80, 2..=5, ..] => return Some(ForeignFormat::Pickle),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => return Some(ForeignFormat::Compressed),
            [b'<', ..] => return Some(ForeignFormat::Html),
            _ => {}
        }
        if magic.starts_with(b"PK\x03\x04") {
            let name = magic.get(30..).unwrap_or_default();
            let parts: [&[u8]; 5] =
                [b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/", b"mimetypeapplication/"];
            return parts
                .iter()
                .any(|part| name.starts_with(part))
                .then_some(ForeignFormat::Spreadsheet);
        }
        STARTS.into_iter().find(|(start, _)| magic.starts_with(start)).map(|(_, format)| format)
    }

    /// What to do with such a file.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            ForeignFormat::DuckDb => "export the table as Parquet: COPY bars TO 'bars.parquet'",
            ForeignFormat::Sqlite => "export the table as CSV with a header",
            ForeignFormat::Spreadsheet => "export it as CSV",
            ForeignFormat::Feather => "write it as Parquet: pandas.read_feather, then to_parquet",
            ForeignFormat::Hdf5 => "write it as Parquet: pandas.read_hdf, then to_parquet",
            ForeignFormat::Pickle => "write it as Parquet: pandas.read_pickle, then to_parquet",
            ForeignFormat::Utf16 => "save it as CSV in UTF-8",
            ForeignFormat::Compressed => "decompress it, or compress it with gzip or zstd",
            ForeignFormat::Html => "download the file itself, not the page with its link",
        }
    }
}

/// The format's name.
impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ForeignFormat::DuckDb => "DuckDB database",
            ForeignFormat::Sqlite => "SQLite database",
            ForeignFormat::Spreadsheet => "Excel workbook",
            ForeignFormat::Feather => "Feather or Arrow IPC file",
            ForeignFormat::Hdf5 => "HDF5 file",
            ForeignFormat::Pickle => "Python pickle",
            ForeignFormat::Utf16 => "UTF-16 text",
            ForeignFormat::Compressed => "compressed by bzip2, xz, 7-Zip or RAR",
            ForeignFormat::Html => "web page",
        })
    }
}
