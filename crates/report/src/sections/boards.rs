//! The three boards.

use super::Section;
use crate::chart;
use crate::html::{count, escape, put, signed};
use crate::model::{Coin, Report};
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "boards",
    title: "Boards",
    about: "The symbols that most often take a place among the biggest gains or losses of a bucket of time.",
    render,
    is_there: |report| report.boards.iter().any(|board| !board.coins.is_empty()),
    of: super::of_page,
};

fn render(report: &Report, out: &mut String) {
    let of = report.market.as_ref().map_or("", |market| &market.changes_of);
    let price =
        report.market.as_ref().map_or("price".to_owned(), |market| format!("price, {} days", market.days));
    let columns = [
        Column::text("symbol"),
        Column::text(&price).about("a column per equal share of the time, its lowest and highest close"),
        Column::number(&format!("{of} change %"))
            .about(&format!("of the price, over the newest used bucket of {of}")),
        Column::number(&format!("{of} volume %")).about("change of the volume against the bucket before"),
        Column::number("gains").about("places among the biggest gains"),
        Column::number("losses").about("places among the biggest losses"),
        Column::text("kind"),
    ];
    for board in report.boards.iter().filter(|board| !board.coins.is_empty()) {
        put!(out, "<h3>{}</h3><p class=\"about\">{}</p>", escape(&board.title), escape(&board.about));
        let rows: Vec<Vec<Cell>> = board.coins.iter().map(row).collect();
        table(out, &board.title, &columns, &rows);
    }
}

fn row(coin: &Coin) -> Vec<Cell> {
    let mut spark = String::new();
    chart::spark(&mut spark, &coin.price);
    let change = |value: f64| {
        let class = if value < 0.0 { "down" } else { "up" };
        Cell::text(&signed(value, 2)).by(value).class(class)
    };
    let tags: Vec<String> =
        coin.tags.iter().map(|tag| format!("<span class=\"tag\">{}</span>", escape(tag))).collect();
    let known = || coin.price.low.iter().filter(|value| !value.is_nan());
    let ends = known().next().zip(known().next_back());
    vec![
        Cell::text(&coin.symbol),
        Cell::markup(spark).by(ends.map_or(f64::NAN, |(first, last)| last / first)),
        change(coin.price_change),
        Cell::text(&signed(coin.volume_change, 2)).by(coin.volume_change),
        Cell::text(&count(coin.gains)).by(coin.gains as f64),
        Cell::text(&count(coin.losses)).by(coin.losses as f64),
        Cell::markup(tags.join(" ")),
    ]
}
