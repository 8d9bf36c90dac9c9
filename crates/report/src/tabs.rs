//! Tabs that work without JavaScript.

use maud::{Markup, html};

/// Shows one of several panels at a time, chosen by buttons above them.
///
/// A panel is a title and its content. `name` prefixes the ids of the buttons and must be unique in
/// the page; `selected` is the index of the panel that is shown first.
pub fn tabs(name: &'static str, panels: &[(String, Markup)], selected: usize) -> Markup {
    html! {
        style {
            @for index in 0..panels.len() {
                "#" (name) "-" (index) ":checked~.tab:nth-of-type(" (index + 1) "){display:block}"
            }
        }
        div class="tabs" {
            @for (index, (title, _)) in panels.iter().enumerate() {
                input type="radio" name=(name) id={ (name) "-" (index) } checked[index == selected];
                label for={ (name) "-" (index) } { (title) }
            }
            @for (_, content) in panels {
                div class="tab" { (content) }
            }
        }
    }
}
