//! Vectors of two, four or eight numbers, and the operations of sifting. Each operation is rounded
//! by itself as in IEEE 754 and none are fused, so that every kernel has the bits of the scalar
//! one.

use std::arch::x86_64::*;

/// A vector of numbers.
///
/// # Safety
/// All functions need the instructions of the implementing type; pointers must be valid for
/// [`Lanes::N`] numbers.
pub(super) trait Lanes: Copy {
    const N: usize;

    unsafe fn load(from: *const f64) -> Self;
    unsafe fn store(self, to: *mut f64);
    unsafe fn splat(x: f64) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// Lanes in which `|a| < |b|`.
    unsafe fn abs_less(a: Self, b: Self) -> Self::Mask;
    /// Per lane `yes` if set in the mask, else `no`.
    unsafe fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    unsafe fn negated(self) -> Self;
    type Mask: Copy;
    /// Transposes as many vectors as there are lanes: lane i of vector j becomes lane j of vector
    /// i.
    unsafe fn transpose(square: &mut Square<Self>);
}

/// Lanes that hold consecutive samples.
///
/// # Safety
/// As [`Lanes`].
pub(super) trait Samples: Lanes {
    /// Bit i: lane i is below lane i of `bound`.
    unsafe fn below(self, bound: Self) -> u64;
    /// Bit i: lane i is above lane i of `bound`.
    unsafe fn above(self, bound: Self) -> u64;
    /// 0, 1, 2, ...
    unsafe fn iota() -> Self;
    /// The lanes that are set in `bits`, moved to the front.
    unsafe fn packed(self, bits: u64) -> Self;
    /// The last lane of `before`, then all lanes of `self` but the last.
    unsafe fn delayed(self, before: Self) -> Self;
    /// Lane i is the number at `from` plus the number of bits set in `marks` up to and including i.
    /// At most half of the bits are set.
    unsafe fn pick(from: *const f64, steps: Self::Steps) -> Self;
    /// `marks` in the form that [`Samples::pick`] takes.
    type Steps: Copy;
    unsafe fn steps(marks: u64) -> Self::Steps;
}

/// As many vectors as they have lanes, at most eight; the others are unused.
pub(super) type Square<L> = [L; 8];

/// Four numbers (AVX2).
#[derive(Clone, Copy)]
pub(super) struct F64x4(__m256d);

/// For each mask of four marks: per lane the count of marks up to it, as the indices of the two
/// 32-bit halves of a number.
static STEPS_X4: [[u32; 8]; 16] = {
    let mut table = [[0; 8]; 16];
    let mut marks = 0;
    while marks < 16 {
        let (mut lane, mut count) = (0, 0);
        while lane < 4 {
            count += (marks as u32 >> lane) & 1;
            // Four marks in a row do not occur; clamped so that the table stays within the vector.
            let at = if count > 3 { 3 } else { count };
            table[marks][2 * lane] = 2 * at;
            table[marks][2 * lane + 1] = 2 * at + 1;
            lane += 1;
        }
        marks += 1;
    }
    table
};

/// For each mask of four bits: the set lanes, as the indices of the two 32-bit halves of a number.
static PACKED_X4: [[u32; 8]; 16] = {
    let mut table = [[0; 8]; 16];
    let mut bits = 0;
    while bits < 16 {
        let (mut lane, mut to) = (0, 0);
        while lane < 4 {
            if bits >> lane & 1 == 1 {
                table[bits][to] = 2 * lane;
                table[bits][to + 1] = 2 * lane + 1;
                to += 2;
            }
            lane += 1;
        }
        bits += 1;
    }
    table
};

#[allow(unsafe_op_in_unsafe_fn)]
impl Lanes for F64x4 {
    const N: usize = 4;
    type Mask = __m256d;

    #[inline(always)]
    unsafe fn abs_less(a: Self, b: Self) -> __m256d {
        let sign = _mm256_set1_pd(-0.0);
        _mm256_cmp_pd::<_CMP_LT_OQ>(_mm256_andnot_pd(sign, a.0), _mm256_andnot_pd(sign, b.0))
    }
    #[inline(always)]
    unsafe fn select(mask: __m256d, yes: Self, no: Self) -> Self {
        Self(_mm256_blendv_pd(no.0, yes.0, mask))
    }
    #[inline(always)]
    unsafe fn negated(self) -> Self {
        Self(_mm256_xor_pd(self.0, _mm256_set1_pd(-0.0)))
    }
    #[inline(always)]
    unsafe fn transpose(square: &mut Square<Self>) {
        let [a, b, c, d, ..] = *square;
        let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a.0, b.0), _mm256_unpackhi_pd(a.0, b.0));
        let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c.0, d.0), _mm256_unpackhi_pd(c.0, d.0));
        square[0] = Self(_mm256_permute2f128_pd::<0x20>(ab_even, cd_even));
        square[1] = Self(_mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd));
        square[2] = Self(_mm256_permute2f128_pd::<0x31>(ab_even, cd_even));
        square[3] = Self(_mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd));
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        Self(_mm256_loadu_pd(from))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        _mm256_storeu_pd(to, self.0);
    }
    #[inline(always)]
    unsafe fn splat(x: f64) -> Self {
        Self(_mm256_set1_pd(x))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(_mm256_add_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(_mm256_sub_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(_mm256_mul_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(_mm256_div_pd(self.0, other.0))
    }
}

#[allow(unsafe_op_in_unsafe_fn)]
impl Samples for F64x4 {
    type Steps = __m256i;

    #[inline(always)]
    unsafe fn below(self, bound: Self) -> u64 {
        _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, bound.0)) as u64
    }
    #[inline(always)]
    unsafe fn above(self, bound: Self) -> u64 {
        _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(self.0, bound.0)) as u64
    }
    #[inline(always)]
    unsafe fn delayed(self, before: Self) -> Self {
        // [before 2, before 3, self 0, self 1], then shifted by one lane.
        let middle = _mm256_permute2f128_pd::<0x21>(before.0, self.0);
        Self(_mm256_shuffle_pd::<0b0101>(middle, self.0))
    }
    #[inline(always)]
    unsafe fn iota() -> Self {
        Self(_mm256_setr_pd(0.0, 1.0, 2.0, 3.0))
    }
    #[inline(always)]
    unsafe fn packed(self, bits: u64) -> Self {
        let order = _mm256_loadu_si256(PACKED_X4.as_ptr().add(bits as usize).cast());
        Self(_mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(self.0), order)))
    }
    #[inline(always)]
    unsafe fn steps(marks: u64) -> __m256i {
        _mm256_loadu_si256(STEPS_X4.as_ptr().add(marks as usize).cast())
    }
    #[inline(always)]
    unsafe fn pick(from: *const f64, steps: __m256i) -> Self {
        let all = _mm256_castpd_ps(_mm256_loadu_pd(from));
        Self(_mm256_castps_pd(_mm256_permutevar8x32_ps(all, steps)))
    }
}

/// Eight numbers (AVX-512).
#[derive(Clone, Copy)]
pub(super) struct F64x8(__m512d);

/// For each mask of eight marks: per lane the count of marks up to it.
static STEPS_X8: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut marks = 0;
    while marks < 256 {
        let (mut lane, mut count) = (0, 0);
        while lane < 8 {
            count += (marks >> lane) as u8 & 1;
            table[marks][lane] = count;
            lane += 1;
        }
        marks += 1;
    }
    table
};

#[allow(unsafe_op_in_unsafe_fn)]
impl Lanes for F64x8 {
    const N: usize = 8;
    type Mask = __mmask8;

    #[inline(always)]
    unsafe fn abs_less(a: Self, b: Self) -> __mmask8 {
        _mm512_cmp_pd_mask::<_CMP_LT_OQ>(_mm512_abs_pd(a.0), _mm512_abs_pd(b.0))
    }
    #[inline(always)]
    unsafe fn select(mask: __mmask8, yes: Self, no: Self) -> Self {
        Self(_mm512_mask_blend_pd(mask, no.0, yes.0))
    }
    #[inline(always)]
    unsafe fn negated(self) -> Self {
        let sign = _mm512_castpd_si512(_mm512_set1_pd(-0.0));
        Self(_mm512_castsi512_pd(_mm512_xor_epi64(_mm512_castpd_si512(self.0), sign)))
    }
    #[inline(always)]
    unsafe fn transpose(square: &mut Square<Self>) {
        let v = *square;
        // Pairs of vectors, then quarters of vectors, then halves.
        let even = |i: usize| _mm512_unpacklo_pd(v[i].0, v[i + 1].0);
        let odd = |i: usize| _mm512_unpackhi_pd(v[i].0, v[i + 1].0);
        let quarters = |a: __m512d, b: __m512d| {
            (_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0xdd>(a, b))
        };
        let (e02, e13) = quarters(even(0), even(2));
        let (f02, f13) = quarters(even(4), even(6));
        let (o02, o13) = quarters(odd(0), odd(2));
        let (p02, p13) = quarters(odd(4), odd(6));
        let (r0, r4) = quarters(e02, f02);
        let (r2, r6) = quarters(e13, f13);
        let (r1, r5) = quarters(o02, p02);
        let (r3, r7) = quarters(o13, p13);
        *square = [r0, r1, r2, r3, r4, r5, r6, r7].map(Self);
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        Self(_mm512_loadu_pd(from))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        _mm512_storeu_pd(to, self.0);
    }
    #[inline(always)]
    unsafe fn splat(x: f64) -> Self {
        Self(_mm512_set1_pd(x))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(_mm512_add_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(_mm512_sub_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(_mm512_mul_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(_mm512_div_pd(self.0, other.0))
    }
}

#[allow(unsafe_op_in_unsafe_fn)]
impl Samples for F64x8 {
    type Steps = __m512i;

    #[inline(always)]
    unsafe fn below(self, bound: Self) -> u64 {
        u64::from(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, bound.0))
    }
    #[inline(always)]
    unsafe fn above(self, bound: Self) -> u64 {
        u64::from(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(self.0, bound.0))
    }
    #[inline(always)]
    unsafe fn delayed(self, before: Self) -> Self {
        let (now, before) = (_mm512_castpd_si512(self.0), _mm512_castpd_si512(before.0));
        Self(_mm512_castsi512_pd(_mm512_alignr_epi64::<7>(now, before)))
    }
    #[inline(always)]
    unsafe fn iota() -> Self {
        Self(_mm512_setr_pd(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0))
    }
    #[inline(always)]
    unsafe fn packed(self, bits: u64) -> Self {
        Self(_mm512_maskz_compress_pd(bits as __mmask8, self.0))
    }
    #[inline(always)]
    unsafe fn steps(marks: u64) -> __m512i {
        _mm512_cvtepu8_epi64(_mm_loadl_epi64(STEPS_X8.as_ptr().add(marks as usize).cast()))
    }
    #[inline(always)]
    unsafe fn pick(from: *const f64, steps: __m512i) -> Self {
        Self(_mm512_permutexvar_pd(steps, _mm512_loadu_pd(from)))
    }
}

/// Two numbers (SSE2, which every x86-64 processor has).
#[derive(Clone, Copy)]
pub(super) struct F64x2(__m128d);

#[allow(unsafe_op_in_unsafe_fn)]
impl Lanes for F64x2 {
    const N: usize = 2;
    type Mask = __m128d;

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        Self(_mm_loadu_pd(from))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        _mm_storeu_pd(to, self.0);
    }
    #[inline(always)]
    unsafe fn splat(x: f64) -> Self {
        Self(_mm_set1_pd(x))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(_mm_add_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(_mm_sub_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(_mm_mul_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(_mm_div_pd(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn abs_less(a: Self, b: Self) -> __m128d {
        let sign = _mm_set1_pd(-0.0);
        _mm_cmplt_pd(_mm_andnot_pd(sign, a.0), _mm_andnot_pd(sign, b.0))
    }
    #[inline(always)]
    unsafe fn select(mask: __m128d, yes: Self, no: Self) -> Self {
        Self(_mm_or_pd(_mm_and_pd(mask, yes.0), _mm_andnot_pd(mask, no.0)))
    }
    #[inline(always)]
    unsafe fn negated(self) -> Self {
        Self(_mm_xor_pd(self.0, _mm_set1_pd(-0.0)))
    }
    #[inline(always)]
    unsafe fn transpose(square: &mut Square<Self>) {
        let [a, b, ..] = *square;
        square[0] = Self(_mm_unpacklo_pd(a.0, b.0));
        square[1] = Self(_mm_unpackhi_pd(a.0, b.0));
    }
}
