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
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">{1}</h2><p class=\"about\">{2}</p>",
        section.id,
        escape(section.title),
        escape(section.about)
    );
    (section.render)(report, out);
    out.push_str("</section>");
}
