//! Section "At a glance": the most important lines of the other sections.

use maud::{Markup, html};

use super::section::Section;
use crate::chart::sparkline;
use crate::format::{Count, Fixed, Period, Signed};
use crate::model::{BoardTable, Report};

pub const SECTION: Section = Section {
    id: "glance",
    title: "At a glance",
    description: "Top symbols of each board, most unusual metrics, dominant cycles and data quality.",
    content,
    has_content: |_| true,
    time: |_| None,
};

const MAX_LINES_PER_CARD: usize = 5;

fn content(report: &Report) -> Markup {
    let change_window = report.market.as_ref().map_or("", |market| &market.change_window);
    html! {
        div class="cards" {
            @for board in &report.boards { (board_card(board, change_window)) }
            @if !report.outliers.is_empty() { (outlier_card(report)) }
            @if !report.dominant_cycles.is_empty() { (cycle_card(report)) }
            @if !report.bar_quality.is_empty() { (quality_card(report)) }
        }
        @if !report.missing_parts.is_empty() {
            div class="absent" {
                p { "Not in this report (create it with):" }
                ul {
                    @for part in &report.missing_parts {
                        li {
                            (part.name())
                            @if let Some(remedy) = report.remedy { ": " code { (remedy(*part)) } }
                        }
                    }
                }
            }
        }
    }
}

/// A card with a title that links to a section, and list items.
fn card(title: &str, link: &'static str, items: &Markup) -> Markup {
    html! {
        div class="card" {
            h3 { a href=(link) { (title) } }
            ol { (items) }
        }
    }
}

fn board_card(board: &BoardTable, change_window: &str) -> Markup {
    let items = html! {
        @for row in board.rows.iter().take(MAX_LINES_PER_CARD) {
            li {
                b class="symbol" { (row.symbol) }
                (sparkline(&row.price))
                span class="n" title="number of buckets of the lookback in which the symbol was among the largest gains / losses" {
                    (Count(row.gain_count)) " / " (Count(row.loss_count))
                }
                span class={ "n " (if row.price_change_pct < 0.0 { "down" } else { "up" }) }
                    title={ "change over the newest " (change_window) " bucket" } {
                    (Signed(row.price_change_pct, 1)) " %"
                }
            }
        }
        @if board.rows.is_empty() { li { "no symbols" } }
    };
    let title = format!("{}: gain / loss ranks, change over the last {change_window}", board.title);
    card(&title, "#boards", &items)
}

fn outlier_card(report: &Report) -> Markup {
    let items = html! {
        @for outlier in report.outliers.iter().take(MAX_LINES_PER_CARD) {
            li {
                b { (outlier.symbol) } " "
                span class="grow" title=(outlier.column) { (outlier.column) }
                span class="n" title={ "percentile in the symbol's own history; " (Signed(outlier.iqr_distance, 1)) " interquartile ranges from the median" } {
                    (Fixed(outlier.percentile, 0))
                }
            }
        }
    };
    card("Most unusual metrics: percentile", "#state", &items)
}

fn cycle_card(report: &Report) -> Markup {
    let reliable = || report.dominant_cycles.iter().filter(|cycle| cycle.caveat().is_none());
    let items = html! {
        @if reliable().next().is_none() {
            li class="warn" { "None is reliable: bars are missing, or the window is too short." }
        }
        @for cycle in reliable().take(MAX_LINES_PER_CARD) {
            li {
                b { (cycle.symbol) } " "
                span class="grow" { "every " (Period(cycle.period_days)) }
                span class="n" title="The cycle with the highest score (reliability, energy and depth): its depth, and its reliability from 0 to 1 (n/a: no cluster)" {
                    (Fixed(cycle.amp_pct, 1)) " % · "
                    @if cycle.reliability.is_nan() { "n/a" }
                    @else { (Fixed(cycle.reliability, 2)) }
                }
            }
        }
    };
    card("Dominant price cycles: depth, reliability", "#leaders", &items)
}

fn quality_card(report: &Report) -> Markup {
    let flagged = || report.bar_quality.iter().filter(|quality| !quality.warnings.is_empty());
    let flagged_count = flagged().count();
    let items = html! {
        @if flagged_count == 0 {
            li {
                "No warnings for the " (report.bar_quality.len()) " symbols on the boards."
            }
        }
        @for quality in flagged().take(MAX_LINES_PER_CARD) {
            li {
                b { (quality.symbol) } " "
                span class="grow warn" { (quality.warnings.join(", ")) }
            }
        }
        @if flagged_count > MAX_LINES_PER_CARD {
            li { "and " (flagged_count - MAX_LINES_PER_CARD) " more" }
        }
    };
    card("Data quality", "#quality", &items)
}
