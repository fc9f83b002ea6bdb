//! Random numbers that depend on nothing but a seed and two counters.
//!
//! Not for secrets. Draw 7 of replicate 3 is the same whoever asks, in whatever order, on however
//! many threads; so results never depend on scheduling. The mixing function is that of SplitMix64,
//! applied once per word.

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// 64 random bits for this seed, replicate and draw.
pub fn bits(seed: u64, replicate: u64, draw: u64) -> u64 {
    let key = mix(mix(seed.wrapping_add(GOLDEN_GAMMA)) ^ replicate);
    mix(key.wrapping_add(draw.wrapping_add(1).wrapping_mul(GOLDEN_GAMMA)))
}

/// A number in [0, 1), with 53 bits.
pub fn unit(seed: u64, replicate: u64, draw: u64) -> f64 {
    (bits(seed, replicate, draw) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// An index below `count` (which is not 0). The bias is below count/2⁶⁴.
pub fn below(count: usize, seed: u64, replicate: u64, draw: u64) -> usize {
    ((u128::from(bits(seed, replicate, draw)) * count as u128) >> 64) as usize
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014; Stafford's variant 13).
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixer_is_splitmix64() {
        // The first outputs of the reference generator seeded with 0.
        assert_eq!(mix(GOLDEN_GAMMA), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(GOLDEN_GAMMA.wrapping_mul(2)), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn draws_are_even_and_streams_do_not_repeat_each_other() {
        let mut counts = [0u32; 10];
        (0..100_000).for_each(|i| counts[below(10, 1, i / 100, i % 100)] += 1);
        assert!(counts.iter().all(|&c| c.abs_diff(10_000) < 400), "{counts:?}");
        let pairs = (0..50_000u64).map(|i| (unit(1, i, 0) - 0.5) * (unit(1, i + 1, 0) - 0.5));
        let correlation = 12.0 * pairs.sum::<f64>() / 50_000.0;
        assert!(correlation.abs() < 0.02, "{correlation}");
    }
}
