//! Writes the documentation page of columns, which follows from the tables of metrics, to the path
//! given.

fn main() -> std::io::Result<()> {
    let path =
        std::env::args().nth(1).ok_or_else(|| std::io::Error::other("name the file to write"))?;
    std::fs::write(path, stages::features::page::columns() + &stages::cycles::table::page())
}
