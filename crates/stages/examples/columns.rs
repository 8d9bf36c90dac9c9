//! Prints the documentation page of columns, which follows from the tables of metrics.

fn main() {
    print!("{}{}", stages::features::page::columns(), stages::cycles::table::page());
}
