//! Writes the generated page `docs/columns.md` to the given path.

fn main() -> std::io::Result<()> {
    let path = std::env::args()
        .nth(1)
        .ok_or_else(|| std::io::Error::other("give the path of the page"))?;
    std::fs::write(path, stages::features::page::columns() + &stages::cycles::table::page())
}
