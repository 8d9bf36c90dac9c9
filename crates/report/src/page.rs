//! The page around its sections.

use crate::html::{count, escape, put};
use crate::model::Report;
use crate::sections;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");

/// The page of a report.
pub fn render(report: &Report) -> String {
    let mut out = String::with_capacity(1 << 20);
    let of_parts = report.cycles_of.map(|span| span.1).max(report.state_asof).max(report.regime_asof);
    let asof = report.asof.or(of_parts).map(|asof| asof.to_string());
    put!(
        &mut out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Market report{}</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body>",
        asof.as_deref().map(|asof| format!(", as of {asof}")).unwrap_or_default()
    );
    out.push_str(
        "<a class=\"skip\" href=\"#glance\">To the content</a><header><div><h1>Market report</h1><p>",
    );
    if let Some(asof) = &asof {
        put!(&mut out, "as of <time>{}</time>", escape(asof));
    }
    if let Some(market) = &report.market {
        put!(
            &mut out,
            " · {} of {} symbols ranked over {} days",
            count(market.ranked),
            count(market.seen),
            market.days
        );
        if market.stale > 0 {
            put!(&mut out, " · {} stale", count(market.stale));
        }
    }
    out.push_str(
        "</p></div><div class=\"tools\"><label>Filter <input id=\"filter\" type=\"search\" placeholder=\"symbol or kind\" autocomplete=\"off\"></label>\
         <button id=\"theme\" type=\"button\" aria-label=\"Change between light and dark\">◐</button></div></header><nav aria-label=\"Sections\">",
    );
    for section in sections::there(report) {
        put!(&mut out, "<a href=\"#{}\">{}</a>", section.id, escape(section.title));
    }
    out.push_str("</nav><main>");
    sections::there(report).for_each(|section| sections::render(section, report, &mut out));
    put!(
        &mut out,
        "</main><footer>Made by data-pipeline {}. No result uses a bar that closes after its as-of; times are UTC.</footer><script>{SCRIPT}</script></body></html>\n",
        env!("CARGO_PKG_VERSION")
    );
    out
}
