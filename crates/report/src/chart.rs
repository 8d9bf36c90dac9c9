//! Lines in SVG.
//!
//! Paths are compact: whole units, and each point relative to the one before.

use maud::{Markup, Render, html};

use crate::downsample::MinMaxSeries;

/// Width in SVG units of the box of `series`: two per bin, so that a rise within one bin is drawn
/// as a slope.
pub fn width(series: &MinMaxSeries) -> usize {
    2 * series.bin_count().max(1)
}

/// An SVG `path` element that draws a series in a box of its [`width`] times `height` units.
///
/// The line visits the low and the high of each bin and is interrupted by empty bins.
#[derive(Clone, Copy, Debug)]
pub struct LinePath<'a> {
    /// The series.
    pub series: &'a MinMaxSeries,
    /// Class of the stylesheet.
    pub class: Option<&'static str>,
    /// Height of the box in SVG units.
    pub height: usize,
    /// Values at the bottom and at the top of the box; values outside are drawn on its edge.
    pub range: (f64, f64),
}

impl LinePath<'_> {
    /// The y coordinate of a value: 0 at the top of the box.
    fn y(&self, value: f64) -> i64 {
        let (height, (low, high)) = (self.height as f64, self.range);
        let scale = if high > low { height / (high - low) } else { 0.0 };
        let y = if scale > 0.0 { (high - value) * scale } else { height / 2.0 };
        y.round().clamp(0.0, height) as i64
    }

    /// Appends the path data. It consists of digits, spaces, minus signs and command letters and
    /// needs no escaping.
    fn write_data(&self, out: &mut String) {
        // Position of the pen, and the x up to which a flat line is pending from there.
        let mut pen: Option<(i64, i64)> = None;
        let mut flat_until = 0;
        for (bin, (&low, &high)) in self.series.low().iter().zip(self.series.high()).enumerate() {
            let x = 2 * bin as i64;
            if low.is_nan() {
                draw_flat(out, pen, flat_until);
                pen = None;
                continue;
            }
            let (mut first, mut last) = (self.y(high), self.y(low));
            // Visit the end of the bin that is nearer to the pen first.
            if pen.is_some_and(|(_, y)| (y - last).abs() < (y - first).abs()) {
                std::mem::swap(&mut first, &mut last);
            }
            match pen {
                Some((_, y)) if y == first && first == last => {
                    flat_until = x + 1;
                    continue;
                }
                Some((pen_x, y)) => {
                    let pen_x = draw_flat(out, pen, flat_until).unwrap_or(pen_x);
                    draw_line(out, x - pen_x, first - y);
                }
                None => {
                    out.push('M');
                    x.render_to(out);
                    out.push(' ');
                    first.render_to(out);
                }
            }
            draw_line(out, 1, last - first);
            (pen, flat_until) = (Some((x + 1, last)), x + 1);
        }
        draw_flat(out, pen, flat_until);
    }
}

// Maud has no self-closing elements; this saves `></path>` for the most frequent element of charts.
impl Render for LinePath<'_> {
    fn render_to(&self, out: &mut String) {
        out.push_str("<path");
        if let Some(class) = self.class {
            out.push_str(" class=\"");
            class.render_to(out);
            out.push('"');
        }
        out.push_str(" d=\"");
        self.write_data(out);
        out.push_str("\"/>");
    }
}

/// Draws the pending flat line and returns the x at which it ends.
fn draw_flat(out: &mut String, pen: Option<(i64, i64)>, until: i64) -> Option<i64> {
    let (x, _) = pen?;
    if until > x {
        draw_line(out, until - x, 0);
    }
    Some(until.max(x))
}

fn draw_line(out: &mut String, dx: i64, dy: i64) {
    out.push(if dy == 0 { 'h' } else { 'l' });
    dx.render_to(out);
    if dy > 0 {
        out.push(' ');
    }
    if dy != 0 {
        dy.render_to(out);
    }
}

/// The range in which a series is drawn: its own, or one around its value if it is flat.
pub fn drawing_range(series: &MinMaxSeries) -> (f64, f64) {
    match series.range() {
        Some((low, high)) if high > low => (low, high),
        Some((value, _)) => (value - 1.0, value + 1.0),
        None => (0.0, 1.0),
    }
}

/// A small line chart without axes, for a line of text or a table cell.
pub fn sparkline(series: &MinMaxSeries) -> Markup {
    const HEIGHT: usize = 40;
    let is_up = series.first_and_last_low().is_some_and(|(first, last)| last >= first);
    let line = LinePath { series, class: None, height: HEIGHT, range: drawing_range(series) };
    html! {
        svg class={ "spark " (if is_up { "up" } else { "down" }) }
            viewBox={ "0 -1 " (width(series)) " " (HEIGHT + 2) }
            preserveAspectRatio="none" aria-hidden="true" {
            (line)
        }
    }
}

/// Round values within a range, about `count` of them.
pub fn ticks((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let raw = (high - low) / count.max(1) as f64;
    if !(raw > 0.0 && raw.is_finite()) {
        return Vec::new();
    }
    let power = 10_f64.powf(raw.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|round| round * power).into_iter().find(|step| *step >= raw);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path<B: AsRef<[f64]>>(bins: &[B], height: usize, range: Option<(f64, f64)>) -> String {
        let series = MinMaxSeries::from_bins(bins);
        let range = range.unwrap_or_else(|| drawing_range(&series));
        let element =
            LinePath { series: &series, class: None, height, range }.render().into_string();
        element.strip_prefix("<path d=\"").unwrap().strip_suffix("\"/>").unwrap().to_owned()
    }

    #[test]
    fn path_visits_both_ends_of_each_bin_and_skips_empty_bins() {
        let bins: [&[f64]; 4] = [&[0.0, 2.0], &[1.0], &[], &[4.0]];
        assert_eq!(width(&MinMaxSeries::from_bins(&bins)), 8);
        assert_eq!(path(&bins, 4, Some((0.0, 4.0))), "M0 2l1 2l1-1h1M6 0h1");
    }

    #[test]
    fn flat_stretches_are_one_command() {
        assert_eq!(path(&[[5.0]; 4], 10, None), "M0 5h1h6");
        assert_eq!(path(&[[1.0], [1.0], [1.0], [0.0]], 10, Some((0.0, 1.0))), "M0 0h1h4l1 10h1");
    }

    #[test]
    fn ticks_are_round_and_within_the_range() {
        assert_eq!(ticks((0.3, 9.8), 4), [5.0]);
        assert_eq!(ticks((0.0, 10.0), 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks((1.0, 1.0), 4), Vec::<f64>::new());
    }
}
