//! Runs the kernels with every buffer between two inaccessible pages: an access outside of a buffer
//! crashes. Mainly for AVX-512, which valgrind does not support.
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(target_os = "linux")]

use emd::{Control, Decomposition, Error, Kernel, Params, Preset, Sifting};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

/// An allocator that puts larger buffers at the end of their pages, or at the beginning, with an
/// inaccessible page on either side.
struct Guarded;

const PAGE: usize = 4096;
/// Smaller buffers are not those of the kernels.
const MIN_GUARDED_BYTES: usize = 64;

static AT_THE_BEGINNING: AtomicBool = AtomicBool::new(false);

fn is_guarded(layout: Layout) -> bool {
    layout.size() >= MIN_GUARDED_BYTES && layout.align() <= 64
}

// SAFETY: the returned memory is mapped, large and aligned enough, and stays mapped until it is
// deallocated.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_guarded(layout) {
            // SAFETY: guaranteed by the caller.
            return unsafe { System.alloc(layout) };
        }
        let data = layout.size().next_multiple_of(PAGE);
        let slack = if AT_THE_BEGINNING.load(Ordering::Relaxed) { 0 } else { data - layout.size() };
        // SAFETY: a new mapping, of which all but the first and the last page become accessible.
        unsafe {
            let none = libc::PROT_NONE;
            let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let base = libc::mmap(std::ptr::null_mut(), data + 2 * PAGE, none, private, -1, 0);
            if base == libc::MAP_FAILED {
                return std::ptr::null_mut();
            }
            let first = base.cast::<u8>().add(PAGE);
            if libc::mprotect(first.cast(), data, libc::PROT_READ | libc::PROT_WRITE) != 0 {
                return std::ptr::null_mut();
            }
            first.add(slack / layout.align() * layout.align())
        }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if !is_guarded(layout) {
            // SAFETY: guaranteed by the caller.
            return unsafe { System.dealloc(at, layout) };
        }
        let data = layout.size().next_multiple_of(PAGE);
        let base = at.wrapping_sub(at as usize % PAGE).wrapping_sub(PAGE);
        // SAFETY: the mapping that `alloc` made.
        unsafe { libc::munmap(base.cast(), data + 2 * PAGE) };
    }
}

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;

fn run(
    kernel: Kernel,
    preset: Preset,
    rule: Sifting,
    x: &[f64],
) -> [Result<Decomposition, Error>; 2] {
    let ceemdan = Params::new(preset).sifting(rule).trials(2).kernel(kernel).check().unwrap();
    let noise = ceemdan.noise(x.len(), Control::default()).unwrap();
    [ceemdan.emd(x, Control::default()), ceemdan.ceemdan(x, &noise, Control::default())]
}

#[test]
fn kernels_stay_within_their_buffers() {
    let lengths = (4..13).chain([31, 63, 64, 65, 127, 128, 129, 200, 511, 1000, 1024, 1031, 4097]);
    for n in lengths {
        let white = emd::white_noise(n as u32, n, 1).remove(0);
        let alternating: Vec<f64> =
            (0..n).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 - 1e-3 * i as f64 }).collect();
        let ties: Vec<f64> = white.iter().map(|x| x.round()).collect();
        for x in [&white, &alternating, &ties] {
            for (preset, rule) in [
                (Preset::Standard, Sifting::Fixed(3)),
                (Preset::Standard, Sifting::SNumber(2)),
                (Preset::Pyemd, Sifting::Reference),
            ] {
                let expected = run(Kernel::Scalar, preset, rule, x);
                for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
                    for at_the_beginning in [false, true] {
                        AT_THE_BEGINNING.store(at_the_beginning, Ordering::Relaxed);
                        assert_eq!(
                            run(kernel, preset, rule, x),
                            expected,
                            "{kernel:?}, {n} samples"
                        );
                    }
                }
            }
        }
    }
}
