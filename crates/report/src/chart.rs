//! Lines in SVG, in few bytes: whole pixels, and each point by its distance from the one before.

use crate::html::put;
use crate::thin::Thinned;

/// The width of a box for a series: two steps a column, so that what rises within one is drawn as a slope.
pub fn width(series: &Thinned) -> usize {
    2 * series.columns().max(1)
}

/// The path of a series in a box of its [`width`] times `height`, in which `low` is at the bottom and `high` on top.
pub fn path(series: &Thinned, height: usize, (low, high): (f64, f64)) -> String {
    let scale = if high > low { height as f64 / (high - low) } else { 0.0 };
    let level = |value: f64| {
        let level = if scale > 0.0 { (high - value) * scale } else { height as f64 / 2.0 };
        level.round().clamp(0.0, height as f64) as i64
    };
    let mut path = String::new();
    // Where the pen stands, and up to where the line goes on flat from there.
    let mut pen: Option<(i64, i64)> = None;
    let mut flat = 0;
    for column in 0..series.columns() {
        let x = 2 * column as i64;
        let (lowest, highest) = (series.low[column], series.high[column]);
        if lowest.is_nan() {
            lay(&mut path, pen, flat);
            pen = None;
            continue;
        }
        let (mut first, mut last) = (level(highest), level(lowest));
        // From the nearer end of the column to the other.
        if pen.is_some_and(|(_, y)| (y - last).abs() < (y - first).abs()) {
            std::mem::swap(&mut first, &mut last);
        }
        match pen {
            Some((_, y)) if y == first && first == last => {
                flat = x + 1;
                continue;
            }
            Some((at, y)) => {
                let at = lay(&mut path, pen, flat).unwrap_or(at);
                step(&mut path, x - at, first - y);
            }
            None => put!(&mut path, "M{x} {first}"),
        }
        step(&mut path, 1, last - first);
        (pen, flat) = (Some((x + 1, last)), x + 1);
    }
    lay(&mut path, pen, flat);
    path
}

/// Draws the flat stretch that was put off, and tells where it ends.
fn lay(path: &mut String, pen: Option<(i64, i64)>, flat: i64) -> Option<i64> {
    let (at, _) = pen?;
    if flat > at {
        put!(path, "h{}", flat - at);
    }
    Some(flat.max(at))
}

fn step(path: &mut String, dx: i64, dy: i64) {
    match (dx, dy) {
        (dx, 0) => put!(path, "h{dx}"),
        (dx, dy) if dy < 0 => put!(path, "l{dx}{dy}"),
        (dx, dy) => put!(path, "l{dx} {dy}"),
    }
}

/// The extent of a series with a little room, so that a flat line lies in the middle.
pub fn room(series: &Thinned) -> (f64, f64) {
    match series.extent() {
        Some((low, high)) if high > low => (low, high),
        Some((value, _)) => (value - 1.0, value + 1.0),
        None => (0.0, 1.0),
    }
}

/// A small line without axes, for a table's cell.
pub fn spark(out: &mut String, series: &Thinned) {
    const HEIGHT: usize = 40;
    let known = || series.low.iter().filter(|value| !value.is_nan());
    let rises = known().next().zip(known().next_back()).is_some_and(|(first, last)| last >= first);
    put!(
        out,
        "<svg class=\"spark {}\" viewBox=\"0 -1 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path d=\"{}\"/></svg>",
        if rises { "up" } else { "down" },
        width(series),
        HEIGHT + 2,
        path(series, HEIGHT, room(series))
    );
}

/// Round values within an extent, about `wanted` of them.
pub fn ticks((low, high): (f64, f64), wanted: usize) -> Vec<f64> {
    let raw = (high - low) / wanted.max(1) as f64;
    if !(raw > 0.0 && raw.is_finite()) {
        return Vec::new();
    }
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|round| round * power).into_iter().find(|step| *step >= raw);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_through_every_column() {
        let series = Thinned { low: vec![0.0, 1.0, f64::NAN, 4.0], high: vec![2.0, 1.0, f64::NAN, 4.0] };
        assert_eq!((width(&series), path(&series, 4, (0.0, 4.0))), (8, "M0 2l1 2l1-1h1M6 0h1".to_owned()));
        let flat = Thinned { low: vec![5.0; 4], high: vec![5.0; 4] };
        assert_eq!(path(&flat, 10, room(&flat)), "M0 5h1h6");
        let steps = Thinned { low: vec![1.0, 1.0, 1.0, 0.0], high: vec![1.0, 1.0, 1.0, 0.0] };
        assert_eq!(path(&steps, 10, (0.0, 1.0)), "M0 0h1h4l1 10h1", "flat up to where it falls");
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks((0.3, 9.8), 4), [5.0]);
        assert_eq!(ticks((0.0, 10.0), 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks((1.0, 1.0), 4), Vec::<f64>::new());
    }
}
