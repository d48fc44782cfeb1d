//! Removes the reasoning of a model (`<think>…</think>`) from its text as it arrives. If the server already
//! separates the two, there is nothing to remove.

const BEGIN: &str = "<think>";
const END: &str = "</think>";

/// The state of the parser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// No visible text yet: a thought may begin.
    #[default]
    Before,
    Thinking,
    Saying,
}

/// A filter that passes on all but the thoughts.
#[derive(Default)]
pub(crate) struct Thoughts {
    stage: Stage,
    /// Received text that cannot be classified yet.
    held: String,
}

impl Thoughts {
    /// Takes more text and returns the visible part of it, without leading white space.
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
                        // Of a thought, only a possible beginning of its end tag must be retained.
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

    /// Returns the held text if it turns out to be visible when the text ends.
    pub(crate) fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.stage == Stage::Before { held } else { String::new() }
    }
}

/// Returns the visible part of a whole text: some servers put the start tag into the prompt, so that only the
/// end tag is in the text.
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
