//! The page: head, header, navigation, sections, footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::format::Count;
use crate::model::{MarketSummary, Report};
use crate::sections;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");

/// Renders a report as a complete HTML document.
///
/// The document contains its style and script and refers to nothing outside. Sections without data
/// are omitted; an empty report gives a valid page. Every text of the report is escaped. The result
/// depends on `report` only.
pub fn render(report: &Report) -> String {
    let asof = report.latest_asof().map(|asof| asof.to_string());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Market report" @if let Some(asof) = &asof { ", as of " (asof) } }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#glance" { "Skip to content" }
                header {
                    div {
                        h1 { "Market report" }
                        p {
                            @if let Some(asof) = &asof { "as of " time { (asof) } }
                            @if let Some(market) = &report.market { (symbol_counts(market)) }
                        }
                    }
                    div class="tools" {
                        label {
                            "Filter "
                            input id="filter" type="search" placeholder="symbol or text" autocomplete="off";
                        }
                        button id="theme" type="button" aria-label="Toggle light and dark" { "◐" }
                    }
                }
                nav aria-label="Sections" {
                    @for section in sections::with_content(report) {
                        a href={ "#" (section.id) } { (section.title) }
                    }
                }
                main {
                    @for section in sections::with_content(report) { (section.render(report)) }
                }
                footer {
                    "Created by data-pipeline " (env!("CARGO_PKG_VERSION"))
                    ". Point in time: only bars that close by the as-of are used. Times are UTC."
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
        "\n"
    };
    page.into_string()
}

fn symbol_counts(market: &MarketSummary) -> Markup {
    html! {
        " · " (Count(market.symbols_ranked)) " of " (Count(market.symbols_seen)) " symbols ranked over "
        (market.lookback_days) " days"
        @if market.symbols_stale > 0 { " · " (Count(market.symbols_stale)) " without recent bars" }
    }
}
