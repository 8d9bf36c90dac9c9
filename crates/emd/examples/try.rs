#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use emd::*;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[1].parse().unwrap();
    let preset = if a[2] == "p" { Preset::Pyemd } else { Preset::Standard };
    let trials: usize = a[3].parse().unwrap();
    let kernel = match a.get(4).map(|s| s.as_str()) {
        Some("s") => Kernel::Scalar,
        Some("2") => Kernel::Avx2,
        _ => Kernel::Avx512,
    };
    let file = "/work/shared/golden/emd/parity43200_price_input.npz";
    let mut y = testkit::npz::load(std::path::Path::new(file), "y").values;
    while y.len() < n {
        let m = y.len();
        let d = y[m - 1];
        let e: Vec<f64> = y.iter().map(|x| x - y[0] + d).collect();
        y.extend(e);
    }
    y.truncate(n);
    let c = Params::new(preset).trials(trials).kernel(kernel).check().unwrap();
    let t = Instant::now();
    let noise = c.noise(n, Control::default()).unwrap();
    let tn = t.elapsed().as_secs_f64();
    println!("noise {tn:.3} {:.2} {} sifts", tn * 1e9 / (n as f64 * noise.sifts() as f64), noise.sifts());
    if std::env::var("NOISE").is_ok() {
        for s in noise.stats() {
            println!("{s:?}");
        }
        return;
    }
    let t = Instant::now();
    let d = c.decompose(&y, &noise, Control::default()).unwrap();
    let td = t.elapsed().as_secs_f64();
    let sifts: f64 = d.stats.iter().map(|s| s.sifts_mean * trials as f64).sum();
    println!(
        "n {n} {preset:?} {kernel:?}: noise {tn:.3} ({:.2} ns/sample/sift), series {td:.3} ({:.2} ns), modes {}, sifts {sifts}",
        tn * 1e9 / (n as f64 * noise.sifts() as f64),
        td * 1e9 / (n as f64 * sifts),
        d.modes.len()
    );
    if a.len() > 5 {
        for s in &d.stats {
            println!("{s:?}");
        }
    }
}
