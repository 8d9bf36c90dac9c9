//! HTML tables that the page's script sorts by a click on a column title and filters by text.

use maud::{Markup, Render, html};

/// A column of an HTML table.
#[derive(Clone, Debug)]
pub struct HtmlColumn {
    title: String,
    tooltip: Option<String>,
    class: &'static str,
}

impl HtmlColumn {
    /// A column of left-aligned text.
    pub fn text(title: impl Into<String>) -> HtmlColumn {
        HtmlColumn { title: title.into(), tooltip: None, class: "" }
    }

    /// A column of right-aligned numbers.
    pub fn number(title: impl Into<String>) -> HtmlColumn {
        HtmlColumn { class: "n", ..HtmlColumn::text(title) }
    }

    /// A narrow column of a heatmap, with a vertical title.
    pub fn heatmap(title: impl Into<String>) -> HtmlColumn {
        HtmlColumn { class: "h", ..HtmlColumn::text(title) }
    }

    /// Sets the tooltip of the title. An empty text means no tooltip.
    pub fn tooltip(mut self, text: impl Into<String>) -> HtmlColumn {
        self.tooltip = Some(text.into()).filter(|text| !text.is_empty());
        self
    }
}

/// A cell of an HTML table.
#[derive(Clone, Debug)]
pub struct HtmlCell {
    content: Markup,
    sort_key: Option<f64>,
    class: &'static str,
}

impl HtmlCell {
    /// A cell with text, a number or markup. Anything but markup is escaped.
    pub fn new(content: impl Render) -> HtmlCell {
        HtmlCell { content: content.render(), sort_key: None, class: "" }
    }

    /// A cell without content.
    pub fn empty() -> HtmlCell {
        HtmlCell { content: Markup::default(), sort_key: None, class: "" }
    }

    /// Sorts the cell by a number instead of its text. NaN sorts last in either direction.
    pub fn sort_key(mut self, key: f64) -> HtmlCell {
        self.sort_key = Some(key);
        self
    }

    /// Sets a class of the stylesheet: a single name.
    pub fn class(mut self, class: &'static str) -> HtmlCell {
        self.class = class;
        self
    }

    /// Fills the cell with the color of a percentile, 0 to 100. No color if it is not finite.
    pub fn percentile_fill(self, percentile: f64) -> HtmlCell {
        match percentile_class(percentile) {
            Some(class) => self.class(class),
            None => self,
        }
    }

    /// Puts the color of a percentile, 0 to 100, behind the content. No color if it is not finite.
    pub fn percentile_pill(mut self, percentile: f64) -> HtmlCell {
        if let Some(class) = percentile_class(percentile) {
            self.content = html! { i class=(class) { (self.content) } };
        }
        self
    }
}

/// The class of a percentile: one per ten percent.
fn percentile_class(percentile: f64) -> Option<&'static str> {
    const CLASSES: [&str; 11] = ["d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10"];
    let decile = || (percentile.clamp(0.0, 100.0) / 10.0).round() as usize;
    percentile.is_finite().then(|| CLASSES[decile()])
}

/// The element of a cell within its row.
struct CellElement<'a> {
    column: &'a HtmlColumn,
    cell: &'a HtmlCell,
    /// Whether it is the header of its row.
    is_header: bool,
}

// Most of a page is table cells. Maud would quote each class, which makes pages of tables 1 to 2 %
// larger. Nothing here needs escaping: classes are literals, keys are numbers, content is markup.
impl Render for CellElement<'_> {
    fn render_to(&self, out: &mut String) {
        out.push_str(if self.is_header { "<th scope=\"row\"" } else { "<td" });
        match (self.column.class, self.cell.class) {
            ("", "") => {}
            (class, "") | ("", class) => out.extend([" class=", class]),
            (column, cell) => out.extend([" class=\"", column, " ", cell, "\""]),
        }
        if let Some(key) = self.cell.sort_key {
            out.push_str(" data-v=\"");
            if !key.is_nan() {
                key.render_to(out);
            }
            out.push('"');
        }
        out.push('>');
        self.cell.content.render_to(out);
        out.push_str(if self.is_header { "</th>" } else { "</td>" });
    }
}

/// A table in a box that scrolls sideways.
///
/// The first cell of each row is its header. Cells beyond the number of columns are dropped.
pub fn table(
    caption: &str,
    columns: &[HtmlColumn],
    rows: impl IntoIterator<Item = Vec<HtmlCell>>,
) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead {
                    tr {
                        @for column in columns {
                            th scope="col" class=(column.class) title=[&column.tooltip] {
                                button type="button" { (column.title) }
                            }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (index, (cell, column)) in row.iter().zip(columns).enumerate() {
                                (CellElement { column, cell, is_header: index == 0 })
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(column: HtmlColumn, cell: HtmlCell) -> String {
        let columns = [HtmlColumn::text("symbol"), column];
        let page = table("t", &columns, [vec![HtmlCell::empty(), cell]]).into_string();
        let (_, rest) = page.split_once("<td").unwrap();
        format!("<td{}</td>", rest.split_once("</td>").unwrap().0)
    }

    #[test]
    fn text_is_escaped_and_markup_is_not() {
        let text = HtmlCell::new("<b>&\"");
        assert_eq!(cell(HtmlColumn::text(""), text), "<td>&lt;b&gt;&amp;&quot;</td>");
        let markup = HtmlCell::new(html! { b { "<" } });
        assert_eq!(cell(HtmlColumn::text(""), markup), "<td><b>&lt;</b></td>");
    }

    #[test]
    fn missing_sort_keys_are_empty() {
        let known = HtmlCell::new("1.5").sort_key(1.5);
        assert_eq!(cell(HtmlColumn::number(""), known), "<td class=n data-v=\"1.5\">1.5</td>");
        let missing = HtmlCell::new("–").sort_key(f64::NAN);
        assert_eq!(cell(HtmlColumn::number(""), missing), "<td class=n data-v=\"\">–</td>");
    }

    #[test]
    fn percentiles_are_colored_by_decile() {
        let fill = HtmlCell::new("97").percentile_fill(97.0);
        assert_eq!(cell(HtmlColumn::heatmap(""), fill), "<td class=\"h d10\">97</td>");
        let pill = HtmlCell::new("3").percentile_pill(-3.0);
        assert_eq!(cell(HtmlColumn::text(""), pill), "<td><i class=\"d0\">3</i></td>");
        let missing = HtmlCell::empty().percentile_fill(f64::NAN).percentile_pill(f64::NAN);
        assert_eq!(cell(HtmlColumn::heatmap(""), missing), "<td class=h></td>");
    }
}
