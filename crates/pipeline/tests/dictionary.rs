//! The page of columns is the dictionary.

#[test]
fn columns_page_is_up_to_date() {
    assert!(
        include_str!("../../../docs/columns.md") == pipeline::dictionary::page(),
        "docs/columns.md is out of date: data-pipeline columns --format markdown > docs/columns.md"
    );
}
