//! The sections of the page, one file each.

mod bar_quality;
mod boards;
mod cycles;
mod glance;
mod leaders;
mod rank_counts;
mod regime;
mod section;
mod state;
mod upswings;

use section::Section;

use crate::model::Report;

/// All sections in the order of the page: first the overview, then the detail.
const SECTIONS: [Section; 9] = [
    glance::SECTION,
    boards::SECTION,
    leaders::SECTION,
    cycles::SECTION,
    state::SECTION,
    regime::SECTION,
    rank_counts::SECTION,
    upswings::SECTION,
    bar_quality::SECTION,
];

/// The sections for which the report has data, in the order of the page.
pub fn with_content(report: &Report) -> impl Iterator<Item = &'static Section> {
    SECTIONS.iter().filter(|section| (section.has_content)(report))
}
