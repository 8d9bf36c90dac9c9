//! Each leader's price with its cycles.

use bars::AsOf;

use super::Section;
use crate::chart::{path, room, spark, ticks, width};
use crate::html::{escape, number, period, price, put};
use crate::model::{Leader, Mode, Report};

pub const SECTION: Section = Section {
    id: "leaders",
    title: "Leaders and their cycles",
    about: "The price of each leader, the same without what is faster than its dominant cycle, and the cycles that hold most of its energy.",
    render,
    is_there: |report| !report.leaders.is_empty(),
    of: window,
};

fn window(report: &Report) -> String {
    let span = report.cycles_of.map(|(start, end)| format!("{start} to {end}. "));
    span.unwrap_or_default()
}

/// Heights of the boxes of a price and of a mode.
const PRICE: usize = 200;
const MODE: usize = 40;

fn render(report: &Report, out: &mut String) {
    for (place, leader) in report.leaders.iter().enumerate() {
        one(leader, place == 0, out);
    }
}

fn one(leader: &Leader, open: bool, out: &mut String) {
    put!(
        out,
        "<details class=\"leader\" data-row=\"{0}\"{1}><summary><b>{0}</b>",
        escape(&leader.symbol),
        if open { " open" } else { "" }
    );
    let has_price = leader.price.extent().is_some();
    if has_price {
        spark(out, &leader.price);
    }
    let sentence = leader.sentences.first().map_or("no cycle", |(_, sentence)| sentence);
    put!(out, "<span class=\"grow\">{}</span></summary>", escape(sentence));
    if has_price {
        chart(leader, out);
    } else {
        out.push_str("<p class=\"about\">The price over time is not there: imf-stage keeps it with --persist-imfs.</p>");
    }
    if !leader.modes.is_empty() {
        out.push_str("<div class=\"modes\">");
        leader.modes.iter().for_each(|mode| wave(leader, mode, out));
        out.push_str("</div>");
    }
    out.push_str("<ul class=\"said\">");
    for (series, sentence) in &leader.sentences {
        put!(out, "<li><b>{}</b> {}</li>", escape(series), escape(sentence));
    }
    out.push_str("</ul></details>");
}

fn chart(leader: &Leader, out: &mut String) {
    let extent = room(&leader.price);
    let (start, end) = leader.span;
    put!(
        out,
        "<figure class=\"chart\"><div class=\"plot\"><svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Price of {} from {} to {}, between {} and {}\">",
        width(&leader.price),
        PRICE,
        escape(&leader.symbol),
        start.date(),
        end.date(),
        price(extent.0),
        price(extent.1)
    );
    let levels = ticks(extent, 4);
    let digits = levels.get(1).map_or(2, |next| (-(next - levels[0]).log10().floor()).max(0.0) as usize);
    let from_top = |level: f64| (extent.1 - level) / (extent.1 - extent.0);
    for &level in &levels {
        put!(
            out,
            "<path class=\"grid\" d=\"M0 {:.0}h{}\"/>",
            from_top(level) * PRICE as f64,
            width(&leader.price)
        );
    }
    put!(out, "<path class=\"price\" d=\"{}\"/>", path(&leader.price, PRICE, extent));
    if leader.swing.columns() > 0 {
        put!(out, "<path class=\"swing\" d=\"{}\"/>", path(&leader.swing, PRICE, extent));
    }
    out.push_str("</svg>");
    for level in levels {
        put!(
            out,
            "<span class=\"y\" style=\"top:{:.1}%\">{}</span>",
            100.0 * from_top(level),
            number(level, digits)
        );
    }
    out.push_str("</div><div class=\"x\">");
    for quarter in 0..=4_i64 {
        let seconds = end.epoch_seconds() - start.epoch_seconds();
        let moment: AsOf = start.plus_seconds(seconds * quarter / 4);
        put!(out, "<span>{}</span>", &moment.date()[5..]);
    }
    out.push_str("</div><figcaption><span class=\"key price\"></span>price");
    if leader.swing.columns() > 0 {
        out.push_str("<span class=\"key swing\"></span>without what is faster than the dominant cycle");
    }
    out.push_str("</figcaption></figure>");
}

fn wave(leader: &Leader, mode: &Mode, out: &mut String) {
    let size = mode.wave.extent().map_or(0.0, |(low, high)| low.abs().max(high.abs()));
    put!(
        out,
        "<div class=\"mode{}\"><div><b>{}</b><span>{} % deep</span><span>{} % of energy</span></div>",
        if mode.is_dominant { " dominant" } else { "" },
        period(mode.period_days),
        number(mode.amp_pct, 1),
        number(100.0 * mode.energy_share, 1)
    );
    put!(
        out,
        "<svg viewBox=\"0 -1 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Cycle of {} of {}\"><path d=\"{}\"/></svg>\
         <span class=\"y\" title=\"its largest swing in percent of the price\">±{} %</span></div>",
        width(&mode.wave),
        MODE + 2,
        period(mode.period_days),
        escape(&leader.symbol),
        path(&mode.wave, MODE, (-size, size)),
        number(size, 1)
    );
}
