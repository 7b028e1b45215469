//! Random programs that can be run again: a seeded generator, and the seed from the environment or the clock.

/// splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
pub struct Chance(u64);

impl Chance {
    /// Begins at `SELVEDGE_MODEL_SEED`, else at a number of its own, which it prints.
    pub fn new(what: &str) -> Self {
        let given = std::env::var("SELVEDGE_MODEL_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let token = selvedge::kernel::secret::random_token().unwrap();
            token.bytes().fold(0u64, |sum, byte| {
                sum.wrapping_mul(131).wrapping_add(u64::from(byte))
            })
        });
        println!("{what}: SELVEDGE_MODEL_SEED={seed}");
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound - 1`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    /// `low` to `high`, both in.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.roll() % (high - low + 1) as u64) as i64
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }
}
