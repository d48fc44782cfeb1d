//! Takes what a model thinks aloud (`<think>…</think>`) off the text that it says, as it comes. Where the server tells the
//! two apart by itself, there is nothing to do here.

const BEGIN: &str = "<think>";
const END: &str = "</think>";

/// Where in its text a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing visible was said yet: it may begin to think.
    #[default]
    Before,
    Thinking,
    Saying,
}

/// Lets through what is said.
#[derive(Default)]
pub(crate) struct Thoughts {
    stage: Stage,
    /// What came and cannot be told yet.
    held: String,
}

impl Thoughts {
    /// Takes more of the text, and gives what of it was said, without white space at the beginning of all.
    pub(crate) fn take(&mut self, more: &str) -> String {
        self.held.push_str(more);
        loop {
            match self.stage {
                Stage::Saying => return std::mem::take(&mut self.held),
                Stage::Before => {
                    self.held.drain(..self.held.len() - self.held.trim_start().len());
                    if self.held.starts_with(BEGIN) {
                        self.held.drain(..BEGIN.len());
                        self.stage = Stage::Thinking;
                    } else if BEGIN.starts_with(&self.held) {
                        return String::new();
                    } else {
                        self.stage = Stage::Saying;
                    }
                }
                Stage::Thinking => {
                    let Some(end) = self.held.find(END) else {
                        // All that matters of a thought is the beginning of its end.
                        let keep =
                            (0..END.len()).rev().find(|n| self.held.ends_with(&END[..*n])).unwrap_or(0);
                        self.held.drain(..self.held.len() - keep);
                        return String::new();
                    };
                    self.held.drain(..end + END.len());
                    self.stage = Stage::Before;
                }
            }
        }
    }

    /// What was held back and turns out to have been said, when the text ends.
    pub(crate) fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.stage == Stage::Before { held } else { String::new() }
    }
}

/// What of a whole text was said: some servers put the beginning of the thoughts into the prompt, so that only their end
/// is in the text.
pub(crate) fn said(text: &str) -> &str {
    text.rsplit_once(END).map_or(text, |(_, said)| said).trim()
}

#[cfg(test)]
mod tests {
    use super::{Thoughts, said};

    fn through(text: &str, size: usize) -> String {
        let mut thoughts = Thoughts::default();
        let chars: Vec<char> = text.chars().collect();
        let mut all: String =
            chars.chunks(size).map(|piece| thoughts.take(&piece.iter().collect::<String>())).collect();
        all.push_str(&thoughts.end());
        all
    }

    #[test]
    fn thoughts_are_left_out_wherever_they_are_cut() {
        for (text, said) in [
            ("<think>\nHm < </thin </think>\n\n龙井 <b>", "龙井 <b>"),
            ("\n<think></think>\n<think>x</think> tea", "tea"),
            ("no thoughts, and </think> is text", "no thoughts, and </think> is text"),
            ("tea <think>is text</think>", "tea <think>is text</think>"),
            ("<thinking> is text", "<thinking> is text"),
            ("<thi", "<thi"),
            ("<think>forever", ""),
            ("", ""),
        ] {
            for size in 1..=text.len().max(1) {
                assert_eq!(through(text, size), said, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn thoughts_that_have_only_an_end_are_taken_off_in_the_end() {
        assert_eq!(said("Hm.\n</think>\n\ntea\n"), "tea");
        assert_eq!(said(" tea "), "tea");
    }

    #[test]
    fn a_long_thought_is_not_kept() {
        let mut thoughts = Thoughts::default();
        thoughts.take("<think>");
        (0..1_000).for_each(|_| assert_eq!(thoughts.take("hm </think hm <"), ""));
        assert_eq!(thoughts.held, "<");
        assert_eq!(thoughts.take("/think>tea"), "tea");
    }
}
