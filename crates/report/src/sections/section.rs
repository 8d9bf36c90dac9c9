//! The common structure of sections.

use bars::AsOf;
use maud::{Markup, html};

use crate::model::Report;

/// A section of the page.
pub struct Section {
    /// Id of its element, to link to.
    pub id: &'static str,
    /// Title.
    pub title: &'static str,
    /// Description in one or two sentences.
    pub description: &'static str,
    /// Renders the content below title and description.
    pub content: fn(&Report) -> Markup,
    /// Whether the report has data for it.
    pub has_content: fn(&Report) -> bool,
    /// The time to which its data refers, as a sentence; `None` if that is the as-of of the page.
    pub time: fn(&Report) -> Option<String>,
}

impl Section {
    /// Renders the section.
    pub fn render(&self, report: &Report) -> Markup {
        html! {
            section id=(self.id) aria-labelledby={ (self.id) "-title" } {
                h2 id={ (self.id) "-title" } { (self.title) }
                p class="about" {
                    @if let Some(time) = (self.time)(report) { (time) " " }
                    (self.description)
                }
                ((self.content)(report))
            }
        }
    }
}

/// The sentence for data as of `asof`.
pub fn as_of(asof: Option<AsOf>) -> Option<String> {
    asof.map(|asof| format!("As of {asof}."))
}
