//! Chance that is the same on every machine.

pub(in crate::cmd) struct Dice(u64);

impl Dice {
    pub(in crate::cmd) fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            dice.roll(2);
        }
        dice
    }

    /// A number below `sides`.
    pub(in crate::cmd) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % sides as u64).unwrap()
    }

    /// Whether something that happens once in `times` happens now.
    pub(in crate::cmd) fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }

    pub(in crate::cmd) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}
