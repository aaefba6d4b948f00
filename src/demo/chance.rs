//! What looks like chance in the demo, and is the same every time for the same seed.

/// SplitMix64: small, and good enough to tell stories with. No secret may come from it.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included; `low` when there is nothing between.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.checked_sub(low).and_then(|width| u64::try_from(width).ok()).unwrap_or_default();
        low + i64::try_from(self.next() % (width + 1)).unwrap_or_default()
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: i64) -> bool {
        self.between(1, times) == 1
    }

    /// One of them; the default when there is none.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let last = i64::try_from(from.len()).unwrap_or(i64::MAX) - 1;
        usize::try_from(self.between(0, last)).ok().and_then(|place| from.get(place)).copied().unwrap_or_default()
    }

    /// One of the parts of a text that `|` separates.
    pub fn part(&mut self, text: &'static str) -> &'static str {
        let parts: Vec<&str> = text.split('|').collect();
        self.pick(&parts)
    }

    /// One of the parts of a text, with what it is in ASCII: `鳞=lin|鳍=qi`.
    pub fn spelt(&mut self, text: &'static str) -> (&'static str, &'static str) {
        let part = self.part(text);
        part.split_once('=').unwrap_or((part, part))
    }

    /// Each `#` becomes a digit.
    pub fn digits(&mut self, pattern: &str) -> String {
        pattern.chars().map(|c| if c == '#' { char::from_digit(self.next() as u32 % 10, 10).unwrap_or('0') } else { c }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chances() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            (0..100).map(|_| chance.between(-3, 3)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!((-3..=3).all(|value| draw(7).contains(&value)), "both ends are included");
    }

    #[test]
    fn nothing_to_choose_from_is_the_default() {
        let mut chance = Chance::new(1);
        assert_eq!((chance.pick::<&str>(&[]), chance.between(5, 4)), ("", 5));
        assert_eq!(chance.spelt("鳞=lin"), ("鳞", "lin"));
        assert!(chance.digits("+1 55#").starts_with("+1 55"));
    }
}
