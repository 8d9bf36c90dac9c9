//! Draws the picture of the README: a signal, its modes and its residue, as SVG on standard output.
//!
//! `cargo run --release --package emd --example picture > crates/emd/docs/modes.svg`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use emd::{Analytic, Control, Params};
use std::fmt::Write;

const N: usize = 1000;
const WIDTH: f64 = 860.0;
const ROW: f64 = 74.0;
const LEFT: f64 = 120.0;

fn main() {
    let signal = signal();
    let ceemdan = Params::default().check().expect("valid parameters");
    let found = ceemdan.ceemdan_streamed(&signal, Control::default()).expect("modes");
    let mut rows = vec![("signal".to_owned(), String::new(), &signal)];
    for (k, mode) in found.modes.iter().enumerate() {
        let period = Analytic::new(mode)
            .period(0..N)
            .map_or(String::new(), |period| format!("period {period:.1}"));
        rows.push((format!("mode {}", k + 1), period, mode));
    }
    rows.push(("residue".to_owned(), String::new(), &found.residue));
    print!("{}", draw(&rows));
}

/// A slope, tones of period 160 and 40, one of period 9 in the middle third only, and noise.
fn signal() -> Vec<f64> {
    let tone = |t: f64, period: f64| (t * std::f64::consts::TAU / period).sin();
    let noise = emd::white_noise(5, N, 1).remove(0);
    let at = |i: usize| {
        let t = i as f64;
        let burst = if (N / 3..2 * N / 3).contains(&i) { tone(t, 9.0) } else { 0.0 };
        0.003 * t + 1.5 * tone(t, 160.0) + 0.8 * tone(t, 40.0) + burst + 0.1 * noise[i]
    };
    (0..N).map(at).collect()
}

fn draw(rows: &[(String, String, &Vec<f64>)]) -> String {
    let height = ROW * rows.len() as f64 + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    // One scale for all rows, each row centered.
    let range = |row: &[f64]| {
        row.iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
    };
    let widest =
        rows.iter().map(|(_, _, row)| range(row)).map(|(low, high)| high - low).fold(0.0, f64::max);
    let scale = (2.2 * ROW) / widest;
    for (i, (name, note, row)) in rows.iter().enumerate() {
        let (low, high) = range(row);
        let (middle, y) = (0.5 * (low + high), ROW * (i as f64 + 0.5) + 5.0);
        // Rows that exceed their height are scaled down.
        let scale = scale.min(0.92 * ROW / (high - low).max(1e-9));
        let color = if note.is_empty() { "#555" } else { "#1f5fa8" };
        writeln!(svg, "<text x=\"8\" y=\"{:.1}\" fill=\"#222\">{name}</text>", y - 2.0)
            .expect("text");
        writeln!(svg, "<text x=\"8\" y=\"{:.1}\" fill=\"#777\">{note}</text>", y + 14.0)
            .expect("text");
        write!(svg, "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.1\" points=\"")
            .expect("text");
        for (t, x) in row.iter().enumerate() {
            let across = LEFT + (WIDTH - LEFT - 8.0) * t as f64 / (N - 1) as f64;
            write!(svg, "{across:.1},{:.1} ", y - scale * (x - middle)).expect("text");
        }
        svg += "\"/>\n";
    }
    svg + "</svg>\n"
}
