//! The page from top to bottom, a section each.

mod boards;
mod cycles;
mod glance;
mod leaders;
mod places;
mod quality;
mod regime;
mod rises;
mod state;

use bars::AsOf;

use crate::html::{escape, put};
use crate::model::Report;

/// A section of the page.
pub struct Section {
    /// Its place in the page's address.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it shows, in a sentence or two.
    pub about: &'static str,
    /// Writes it.
    render: fn(&Report, &mut String),
    /// Whether there is anything to show.
    is_there: fn(&Report) -> bool,
    /// Of which moment it is, in a few words; empty where that is the page's.
    of: fn(&Report) -> String,
}

/// Of the moment of the boards, which is the page's.
fn of_page(_: &Report) -> String {
    String::new()
}

fn as_of(asof: Option<AsOf>) -> String {
    asof.map(|asof| format!("As of {asof}. ")).unwrap_or_default()
}

/// The sections in their order: first what matters, then the detail.
const SECTIONS: [Section; 9] = [
    glance::SECTION,
    boards::SECTION,
    leaders::SECTION,
    cycles::SECTION,
    state::SECTION,
    regime::SECTION,
    places::SECTION,
    rises::SECTION,
    quality::SECTION,
];

/// The sections that have something to show.
pub fn there(report: &Report) -> impl Iterator<Item = &'static Section> {
    SECTIONS.iter().filter(|section| (section.is_there)(report))
}

/// Writes a section.
pub fn render(section: &Section, report: &Report, out: &mut String) {
    put!(
        out,
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">{1}</h2><p class=\"about\">{2}{3}</p>",
        section.id,
        escape(section.title),
        (section.of)(report),
        escape(section.about)
    );
    (section.render)(report, out);
    out.push_str("</section>");
}

/// Parts of which one is shown at a time, chosen by buttons above them; the one at `first` to begin with.
fn tabs<T>(
    out: &mut String,
    name: &str,
    parts: &[(String, T)],
    first: usize,
    mut render: impl FnMut(&T, &mut String),
) {
    out.push_str("<style>");
    for place in 0..parts.len() {
        put!(out, "#{name}-{place}:checked~.tab:nth-of-type({}){{display:block}}", place + 1);
    }
    out.push_str("</style><div class=\"tabs\">");
    for (place, (title, _)) in parts.iter().enumerate() {
        put!(
            out,
            "<input type=\"radio\" name=\"{name}\" id=\"{name}-{place}\"{}><label for=\"{name}-{place}\">{}</label>",
            if place == first { " checked" } else { "" },
            escape(title)
        );
    }
    for (_, part) in parts {
        out.push_str("<div class=\"tab\">");
        render(part, out);
        out.push_str("</div>");
    }
    out.push_str("</div>");
}
