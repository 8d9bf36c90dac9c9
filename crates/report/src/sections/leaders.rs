//! Section "Leaders and their cycles": price and strongest modes of each leader.

use bars::AsOf;
use maud::{Markup, html};

use super::section::Section;
use crate::chart::{LinePath, drawing_range, sparkline, ticks, width};
use crate::format::{Fixed, Period, Price};
use crate::model::{LeaderChart, ModeChart, Part, Remedy, Report};

pub const SECTION: Section = Section {
    id: "leaders",
    title: "Leaders and their cycles",
    description: "For each leader (a symbol on a board that was decomposed into cycles): its price, the price without cycles shorter than the dominant one, and the cycles with the largest share of energy. The dominant cycle has the highest score, which combines reliability, energy and depth.",
    content,
    has_content: |report| !report.leaders.is_empty(),
    time: |report| report.cycle_window.map(|(start, end)| format!("{start} to {end}.")),
};

/// Heights of the charts in SVG units.
const PRICE_HEIGHT: usize = 200;
const MODE_HEIGHT: usize = 40;

fn content(report: &Report) -> Markup {
    html! {
        @for (index, leader) in report.leaders.iter().enumerate() { (details(leader, index == 0, report.remedy)) }
    }
}

fn details(leader: &LeaderChart, is_open: bool, remedy: Option<Remedy>) -> Markup {
    let has_price = leader.price.range().is_some();
    html! {
        details class="leader" data-row=(leader.symbol) open[is_open] {
            summary {
                b { (leader.symbol) }
                @if has_price { (sparkline(&leader.price)) }
                span class="grow" { (leader.notes.first().map_or("no cycle", |note| &note.text)) }
            }
            @if has_price {
                (price_chart(leader))
            } @else {
                p class="about" {
                    "No price over time"
                    @if let Some(remedy) = remedy { ": " (remedy(Part::LeaderPrice)) }
                    "."
                }
            }
            @if !leader.modes.is_empty() {
                div class="modes" {
                    @for mode in &leader.modes { (mode_chart(leader, mode)) }
                }
            }
            ul class="sentences" {
                @for note in &leader.notes { li { b { (note.label) } " " (note.text) } }
            }
        }
    }
}

fn price_chart(leader: &LeaderChart) -> Markup {
    let range = drawing_range(&leader.price);
    let levels = ticks(range, 4);
    let decimals = match levels[..] {
        [first, second, ..] => (-(second - first).log10().floor()).max(0.0) as usize,
        _ => 2,
    };
    let from_top = |level: f64| (range.1 - level) / (range.1 - range.0);
    let width = width(&leader.price);
    let line = |series, class| LinePath { series, class: Some(class), height: PRICE_HEIGHT, range };
    let (start, end) = leader.window;
    let date = |quarter: i64| -> String {
        let seconds = end.epoch_seconds() - start.epoch_seconds();
        let moment: AsOf = start.plus_seconds(seconds * quarter / 4);
        moment.date()
    };
    html! {
        figure class="chart" {
            div class="plot" {
                svg viewBox={ "0 0 " (width) " " (PRICE_HEIGHT) } preserveAspectRatio="none" role="img"
                    aria-label={
                        "Price of " (leader.symbol) " from " (start.date()) " to " (end.date())
                        ", between " (Price(range.0)) " and " (Price(range.1))
                    } {
                    @for &level in &levels {
                        @let y = from_top(level) * PRICE_HEIGHT as f64;
                        path class="grid" d={ "M0 " (Fixed(y, 0)) "h" (width) } {}
                    }
                    (line(&leader.price, "price"))
                    @if leader.slow_price.bin_count() > 0 {
                        (line(&leader.slow_price, "swing"))
                    }
                }
                @for &level in &levels {
                    span class="y" style={ "top:" (Fixed(100.0 * from_top(level), 1)) "%" } {
                        (Fixed(level, decimals))
                    }
                }
            }
            div class="x" {
                // Month and day.
                @for quarter in 0..=4 { span { (date(quarter).get(5..).unwrap_or_default()) } }
            }
            figcaption {
                span class="key price" {} "price"
                @if leader.slow_price.bin_count() > 0 {
                    span class="key swing" {} "without cycles shorter than the dominant one"
                }
            }
        }
    }
}

fn mode_chart(leader: &LeaderChart, mode: &ModeChart) -> Markup {
    let amplitude = mode.waveform.range().map_or(0.0, |(low, high)| low.abs().max(high.abs()));
    let range = (-amplitude, amplitude);
    let line = LinePath { series: &mode.waveform, class: None, height: MODE_HEIGHT, range };
    html! {
        div class={ "mode" @if mode.is_dominant { " dominant" } } {
            div {
                b { (Period(mode.period_days)) }
                span title="median move of the price itself, with all cycles, between a peak and a trough of this one" { (Fixed(mode.amp_pct, 1)) " % deep" }
                span { (Fixed(100.0 * mode.energy_share, 1)) " % of energy" }
            }
            svg viewBox={ "0 -1 " (width(&mode.waveform)) " " (MODE_HEIGHT + 2) } preserveAspectRatio="none"
                role="img" aria-label={ (leader.symbol) ": cycle of " (Period(mode.period_days)) } {
                (line)
            }
            span class="y" title="largest amplitude of this cycle alone, in percent of the price" {
                "±" (Fixed(amplitude, 1)) " %"
            }
        }
    }
}
