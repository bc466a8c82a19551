//! Dice are one stream of pseudo-random choices, addressed by what it decides.
//!
//! A stream is found by the seed and a path of numbers (purpose, account, Region, slot), so two places
//! that need the same choice roll it independently and no order of work can change a tree.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream decides: the first number of its path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Estate = 1,
    Roster,
    Slot,
    Activity,
    Delivery,
    Grants,
    CrossAccount,
    Lifecycle,
    Incidents,
    Digest,
}

/// One stream of choices.
#[derive(Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Opens the stream for `purpose` at `path`.
    pub(super) fn new(seed: u64, purpose: Purpose, path: &[u64]) -> Self {
        let mut state = mix(seed ^ 0x6b65_7974_7261_696c);
        for part in std::iter::once(&(purpose as u64)).chain(path) {
            state = mix(state ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        Self(ChaCha8Rng::seed_from_u64(state))
    }

    pub(super) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `[0, bound)`; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A position in a list of `length` elements.
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }

    /// One element of a list that the caller knows not to be empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// A fraction in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A random UUID (version 4) as a number.
    pub(super) fn uuid(&mut self) -> u128 {
        let bits = (u128::from(self.word()) << 64) | u128::from(self.word());
        (bits & !(0xf000 << 64) & !(0xc000 << 48)) | (0x4000 << 64) | (0x8000 << 48)
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A log-normal amount: half of all draws lie below `median`.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// How often something with expectation `mean` happens.
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        if mean <= 0.0 {
            return 0;
        }
        if mean > 40.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u32;
        }
        let limit = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// `length` characters of `alphabet`.
    pub(super) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }

    /// `length` lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, length: usize) -> String {
        self.text(b"0123456789abcdef", length)
    }

    /// An IAM unique id or access key id: a four-letter prefix and 16 characters.
    pub(super) fn unique_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))
    }

    /// Puts a list in random order.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.index(end + 1));
        }
    }
}

/// The finaliser of SplitMix64: nearby numbers come out unrelated.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_path_rolls_the_same_numbers() {
        let roll = |path: &[u64]| Dice::new(7, Purpose::Slot, path).word();
        assert_eq!(roll(&[1, 2]), roll(&[1, 2]));
        assert_ne!(roll(&[1, 2]), roll(&[2, 1]));
    }

    #[test]
    fn poisson_draws_have_their_mean() {
        let mut dice = Dice::new(1, Purpose::Slot, &[]);
        for mean in [0.2, 5.0, 90.0] {
            let total: u32 = (0..4000).map(|_| dice.poisson(mean)).sum();
            let seen = f64::from(total) / 4000.0;
            assert!((seen - mean).abs() < mean * 0.1 + 0.05, "{mean} became {seen}");
        }
    }

    #[test]
    fn a_uuid_is_of_version_four() {
        let text = format!("{:032x}", Dice::new(1, Purpose::Slot, &[]).uuid());
        assert_eq!(&text[12..13], "4");
        assert!("89ab".contains(&text[16..17]));
    }
}
