//! Section "Boards": the symbols of each board.

use maud::{Markup, html};

use super::section::Section;
use crate::chart::sparkline;
use crate::format::{Count, Signed};
use crate::model::{BoardRow, Report};
use crate::table::{HtmlCell, HtmlColumn, table};

pub const SECTION: Section = Section {
    id: "boards",
    title: "Boards",
    description: "Symbols ranked most often among the largest gains or losses of a time bucket. Gains and losses count how often the symbol ranked in the lookback. The change covers only the newest bucket, so a habitual loser can show a rise.",
    content,
    has_content: |report| report.boards.iter().any(|board| !board.rows.is_empty()),
    time: |_| None,
};

fn content(report: &Report) -> Markup {
    let market = report.market.as_ref();
    let window = market.map_or("", |market| &market.change_window);
    let price_title =
        market.map_or("price".to_owned(), |market| format!("price, {} days", market.lookback_days));
    let columns = [
        HtmlColumn::text("symbol"),
        HtmlColumn::text(price_title)
            .tooltip("lowest and highest close per interval of the lookback"),
        HtmlColumn::number("gains")
            .tooltip("number of buckets in which the symbol ranked among the largest gains"),
        HtmlColumn::number("losses")
            .tooltip("number of buckets in which the symbol ranked among the largest losses"),
        HtmlColumn::number(format!("last {window} %"))
            .tooltip(format!("change of price over the newest {window} bucket")),
        HtmlColumn::number(format!("last {window} volume %"))
            .tooltip("change of volume from the bucket before"),
        HtmlColumn::text("tags").tooltip(
            "Short-Term, Long-Term: over 1.5 times as many ranks in the shorter (longer) half of the windows. \
             Vol Mover: over 1.5 times as many volume ranks as price ranks. Balanced: ranks spread over kinds and windows much like this board's average",
        ),
    ];
    html! {
        @for board in report.boards.iter().filter(|board| !board.rows.is_empty()) {
            h3 { (board.title) }
            p class="about" { (board.description) }
            (table(&board.title, &columns, board.rows.iter().map(cells)))
        }
    }
}

fn cells(row: &BoardRow) -> Vec<HtmlCell> {
    let tags = html! {
        @for (index, tag) in row.tags.iter().enumerate() {
            @if index > 0 { " " }
            span class="tag" { (tag) }
        }
    };
    let growth = row.price.first_and_last_low().map_or(f64::NAN, |(first, last)| last / first);
    vec![
        HtmlCell::new(&row.symbol),
        HtmlCell::new(sparkline(&row.price)).sort_key(growth),
        HtmlCell::new(Count(row.gain_count)).sort_key(row.gain_count as f64),
        HtmlCell::new(Count(row.loss_count)).sort_key(row.loss_count as f64),
        HtmlCell::new(Signed(row.price_change_pct, 2))
            .sort_key(row.price_change_pct)
            .class(if row.price_change_pct < 0.0 { "down" } else { "up" }),
        HtmlCell::new(Signed(row.volume_change_pct, 2)).sort_key(row.volume_change_pct),
        HtmlCell::new(tags),
    ]
}
