//! Random draws that are a function of where they are used, not of how many came before.
//!
//! So rows can be drawn in any order, on any number of threads, with the same result. The generator is the
//! finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) folded over the four words of the place:
//! ample for subsampling, not for cryptography.

/// What a draw is for, so that rows and columns are drawn apart.
const ROWS: u64 = 1;
const FEATURES: u64 = 2;

/// A number in [0, 1) that belongs to a place.
pub(super) fn uniform(place: [u64; 4]) -> f64 {
    (hash(place) >> 11) as f64 / (1u64 << 53) as f64
}

/// Which rows a round uses; each by its own draw.
pub(super) fn rows(seed: u64, round: usize, rows: usize, fraction: f64) -> Vec<bool> {
    (0..rows as u64).map(|row| uniform([seed, ROWS, round as u64, row]) < fraction).collect()
}

/// Which of the columns a tree uses: exactly the share, rounded up.
pub(super) fn features(seed: u64, tree: usize, features: usize, fraction: f64) -> Vec<bool> {
    let wanted = (features as f64 * fraction).ceil() as usize;
    if wanted >= features {
        return vec![true; features];
    }
    let mut order: Vec<usize> = (0..features).collect();
    order.sort_by_cached_key(|&feature| (hash([seed, FEATURES, tree as u64, feature as u64]), feature));
    let mut drawn = vec![false; features];
    order[..wanted].iter().for_each(|&feature| drawn[feature] = true);
    drawn
}

fn hash(place: [u64; 4]) -> u64 {
    place.into_iter().fold(0, |state, word| mix(state.wrapping_add(word).wrapping_add(0x9E37_79B9_7F4A_7C15)))
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finaliser_is_that_of_splitmix64() {
        // The first outputs of the published generator started at 0.
        assert_eq!(mix(0x9E37_79B9_7F4A_7C15), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(0x9E37_79B9_7F4A_7C15u64.wrapping_mul(2)), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn draws_are_even_and_differ_by_round_and_seed() {
        let share = |drawn: &[bool]| drawn.iter().filter(|&&d| d).count() as f64 / drawn.len() as f64;
        let first = rows(1, 0, 100_000, 0.3);
        assert!((share(&first) - 0.3).abs() < 0.01);
        let second = rows(1, 1, 100_000, 0.3);
        let both: Vec<bool> = first.iter().zip(&second).map(|(&a, &b)| a && b).collect();
        assert!((share(&both) - 0.09).abs() < 0.01, "rounds are drawn apart");
        assert_ne!(rows(2, 0, 1000, 0.5), rows(1, 0, 1000, 0.5));
    }

    #[test]
    fn the_share_of_columns_is_exact() {
        for (fraction, expect) in [(1.0, 10), (0.5, 5), (0.25, 3), (0.01, 1)] {
            assert_eq!(features(7, 3, 10, fraction).iter().filter(|&&d| d).count(), expect);
        }
        assert_ne!(features(7, 3, 100, 0.5), features(7, 4, 100, 0.5));
    }
}
