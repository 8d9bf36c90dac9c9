//! First what matters.

use super::Section;
use crate::chart;
use crate::html::{escape, number, period, put, signed};
use crate::model::{Board, Report};

pub const SECTION: Section = Section {
    id: "glance",
    title: "At a glance",
    about: "Who leads, who turns, what is out of the ordinary, which cycles dominate, and whether the data is sound.",
    render,
    is_there: |_| true,
    of: super::of_page,
};

/// Lines of a card.
const MOST: usize = 5;

fn render(report: &Report, out: &mut String) {
    out.push_str("<div class=\"cards\">");
    let of = report.market.as_ref().map_or("", |market| &market.changes_of);
    report.boards.iter().for_each(|board| board_card(board, of, out));
    if !report.unusual.is_empty() {
        card(out, "Most unusual", "#state");
        for unusual in report.unusual.iter().take(MOST) {
            put!(
                out,
                "<li><b>{0}</b> <span class=\"grow\" title=\"{1}\">{1}</span><span class=\"n\" title=\"interquartile ranges from its median\">{2} IQR</span></li>",
                escape(&unusual.symbol),
                escape(&unusual.metric),
                signed(unusual.deviations, 1)
            );
        }
        end(out);
    }
    if !report.dominant.is_empty() {
        card(out, "Dominant cycles: depth, reliability", "#leaders");
        if report.dominant.iter().all(|cycle| cycle.doubt().is_some()) {
            out.push_str(
                "<li class=\"warn\">None to be trusted: bars are missing, or the window is too short.</li>",
            );
        }
        report.dominant.iter().filter(|cycle| cycle.doubt().is_none()).take(MOST).for_each(|cycle| {
            put!(
                out,
                "<li><b>{}</b> <span class=\"grow\">every {}</span><span class=\"n\" title=\"how deep, and how far it is to be trusted, 0 to 1\">{} % · {}</span></li>",
                escape(&cycle.symbol),
                period(cycle.period_days),
                number(cycle.amp_pct, 1),
                number(cycle.reliability, 2)
            );
        });
        end(out);
    }
    data_card(report, out);
    out.push_str("</div>");
    absent(report, out);
}

fn card(out: &mut String, title: &str, link: &str) {
    put!(out, "<div class=\"card\"><h3><a href=\"{link}\">{}</a></h3><ol>", escape(title));
}

fn end(out: &mut String) {
    out.push_str("</ol></div>");
}

fn board_card(board: &Board, of: &str, out: &mut String) {
    card(out, &format!("{}: price, change over {of}", board.title), "#boards");
    for coin in board.coins.iter().take(MOST) {
        let class = if coin.price_change < 0.0 { "down" } else { "up" };
        put!(out, "<li><b class=\"grow\">{}</b>", escape(&coin.symbol));
        chart::spark(out, &coin.price);
        put!(out, "<span class=\"n {class}\">{} %</span></li>", signed(coin.price_change, 1));
    }
    if board.coins.is_empty() {
        out.push_str("<li>nobody</li>");
    }
    end(out);
}

fn data_card(report: &Report, out: &mut String) {
    if report.quality.is_empty() {
        return;
    }
    card(out, "Is the data sound?", "#quality");
    let noted: Vec<_> = report.quality.iter().filter(|quality| !quality.notes.is_empty()).collect();
    if noted.is_empty() {
        put!(
            out,
            "<li>Yes: nothing to be minded in the bars of {} symbols on the boards.</li>",
            report.quality.len()
        );
    }
    for quality in noted.iter().take(MOST) {
        put!(
            out,
            "<li><b>{}</b> <span class=\"grow warn\">{}</span></li>",
            escape(&quality.symbol),
            escape(&quality.notes.join(", "))
        );
    }
    if noted.len() > MOST {
        put!(out, "<li>and {} more</li>", noted.len() - MOST);
    }
    end(out);
}

fn absent(report: &Report, out: &mut String) {
    if report.absent.is_empty() {
        return;
    }
    out.push_str("<div class=\"absent\"><p>Not in this report, and what makes it:</p><ul>");
    for absent in &report.absent {
        put!(out, "<li>{}: <code>{}</code></li>", escape(absent.what), escape(absent.command));
    }
    out.push_str("</ul></div>");
}
