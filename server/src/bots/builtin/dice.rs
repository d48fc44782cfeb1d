//! Parses and rolls dice.

use rand::{Rng, RngExt as _};

/// The most dice, and the most sides of one.
const LIMITS: (u32, u32) = (100, 1_000);

/// Dice of one kind, and a constant added to their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dice {
    pub(super) count: u32,
    pub(super) sides: u32,
    pub(super) plus: i32,
}

impl Dice {
    /// One six-sided die.
    pub(super) const ONE: Dice = Dice { count: 1, sides: 6, plus: 0 };

    /// Parses `2d6+1`, `d20`, `3` or `3个`; returns `None` for a text that is not dice or exceeds the limits.
    pub(super) fn parse(text: &str) -> Option<Dice> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        if text.is_empty() {
            return Some(Dice::ONE);
        }
        let (dice, plus): (&str, i32) = match text.find(['+', '-']) {
            Some(at) => (&text[..at], text[at..].parse().ok()?),
            None => (text.as_str(), 0),
        };
        let (count, sides) = match dice.split_once('d') {
            Some(("", sides)) => (1, sides.parse().ok()?),
            Some((count, sides)) => (count.parse().ok()?, sides.parse().ok()?),
            None => (dice.trim_end_matches(['个', '颗', '粒']).parse().ok()?, 6),
        };
        let (most, faces) = LIMITS;
        let fits =
            (1..=most).contains(&count) && (2..=faces).contains(&sides) && plus.unsigned_abs() <= 1_000_000;
        fits.then_some(Dice { count, sides, plus })
    }

    /// Rolls the dice: `🎲 2d6+1: 3 + 5 + 1 = 9`.
    pub(super) fn throw(self, chance: &mut impl Rng) -> String {
        let Dice { count, sides, plus } = self;
        let thrown: Vec<i64> = (0..count).map(|_| i64::from(chance.random_range(1..=sides))).collect();
        let sum = thrown.iter().sum::<i64>() + i64::from(plus);
        let added = if plus == 0 { String::new() } else { format!("{plus:+}") };
        if count == 1 && plus == 0 {
            return format!("🎲 d{sides}: {sum}");
        }
        let parts: Vec<String> = thrown.iter().map(ToString::to_string).collect();
        let tail = match plus {
            0 => String::new(),
            1.. => format!(" + {plus}"),
            _ => format!(" − {}", plus.unsigned_abs()),
        };
        format!("🎲 {count}d{sides}{added}: {}{tail} = {sum}", parts.join(" + "))
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::Dice;

    #[test]
    fn dice_are_read_as_players_write_them() {
        for (text, (count, sides, plus)) in [
            ("", (1, 6, 0)),
            ("d20", (1, 20, 0)),
            ("2d6 + 1", (2, 6, 1)),
            ("3D8-2", (3, 8, -2)),
            ("3", (3, 6, 0)),
            ("3个", (3, 6, 0)),
        ] {
            assert_eq!(Dice::parse(text), Some(Dice { count, sides, plus }), "{text}");
        }
        for text in
            ["0d6", "101d6", "2d1", "2d1001", "d", "tea", "2d6+", "-3", "2d6+99999999", "d6-2147483648"]
        {
            assert_eq!(Dice::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_throw_is_within_the_faces_and_adds_up() {
        let mut chance = StdRng::seed_from_u64(7);
        for _ in 0..200 {
            let thrown = Dice { count: 3, sides: 6, plus: -2 }.throw(&mut chance);
            let (parts, sum) = thrown.strip_prefix("🎲 3d6-2: ").unwrap().split_once(" − 2 = ").unwrap();
            let parts: Vec<i64> = parts.split(" + ").map(|part| part.parse().unwrap()).collect();
            assert!(parts.len() == 3 && parts.iter().all(|part| (1..=6).contains(part)), "{thrown}");
            assert_eq!(parts.iter().sum::<i64>() - 2, sum.parse::<i64>().unwrap(), "{thrown}");
        }
        assert!(Dice::ONE.throw(&mut chance).starts_with("🎲 d6: "));
    }
}
