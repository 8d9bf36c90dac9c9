//! Tables that sort by a press on a column's title and that the page's filter thins.

use crate::html::{escape, put};

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    title: String,
    about: String,
    class: &'static str,
}

impl Column {
    /// A column of text.
    pub fn text(title: &str) -> Column {
        Column { title: title.to_owned(), about: String::new(), class: "" }
    }

    /// A column of numbers, aligned right.
    pub fn number(title: &str) -> Column {
        Column { class: "n", ..Column::text(title) }
    }

    /// A narrow column of a heatmap, its title upright.
    pub fn heat(title: &str) -> Column {
        Column { class: "h", ..Column::text(title) }
    }

    /// What it holds, in a sentence.
    pub fn about(mut self, about: &str) -> Column {
        about.clone_into(&mut self.about);
        self
    }
}

/// A cell.
#[derive(Clone, Debug)]
pub struct Cell {
    markup: String,
    /// What it is sorted by, where that is not its text.
    key: Option<f64>,
    class: String,
}

impl Cell {
    /// Text.
    pub fn text(text: &str) -> Cell {
        Cell::markup(escape(text))
    }

    /// Markup.
    pub fn markup(markup: String) -> Cell {
        Cell { markup, key: None, class: String::new() }
    }

    /// What it is sorted by; of missing ones, which come last, NaN.
    pub fn by(mut self, key: f64) -> Cell {
        self.key = Some(key);
        self
    }

    /// A class of the stylesheet.
    pub fn class(mut self, class: &str) -> Cell {
        class.clone_into(&mut self.class);
        self
    }

    /// The colour of a percentile, 0 to 100, all over.
    pub fn percentile(self, percentile: f64) -> Cell {
        match shade(percentile) {
            Some(shade) => self.class(&shade),
            None => self,
        }
    }

    /// The colour of a percentile, 0 to 100, behind the text.
    pub fn pill(mut self, percentile: f64) -> Cell {
        if let Some(shade) = shade(percentile) {
            self.markup = format!("<i class=\"{shade}\">{}</i>", self.markup);
        }
        self
    }
}

fn shade(percentile: f64) -> Option<String> {
    percentile.is_finite().then(|| format!("d{}", (percentile.clamp(0.0, 100.0) / 10.0).round()))
}

/// A table of `rows`, each of which begins with the symbol that the page's filter looks at.
pub fn render(out: &mut String, caption: &str, columns: &[Column], rows: &[Vec<Cell>]) {
    put!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
        escape(caption)
    );
    for column in columns {
        let about = if column.about.is_empty() {
            String::new()
        } else {
            format!(" title=\"{}\"", escape(&column.about))
        };
        put!(
            out,
            "<th scope=\"col\" class=\"{}\"{about}><button type=\"button\">{}</button></th>",
            column.class,
            escape(&column.title)
        );
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for (place, (cell, column)) in row.iter().zip(columns).enumerate() {
            let class = [column.class, &cell.class].into_iter().filter(|class| !class.is_empty());
            let class = class.collect::<Vec<_>>().join(" ");
            let class = match class.as_str() {
                "" => String::new(),
                one if !one.contains(' ') => format!(" class={one}"),
                several => format!(" class=\"{several}\""),
            };
            let key = match cell.key {
                Some(key) if key.is_nan() => " data-v=\"\"".to_owned(),
                Some(key) => format!(" data-v=\"{key}\""),
                None => String::new(),
            };
            match place {
                0 => put!(out, "<th scope=\"row\"{class}{key}>{}</th>", cell.markup),
                _ => put!(out, "<td{class}{key}>{}</td>", cell.markup),
            }
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}
