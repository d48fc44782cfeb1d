//! The page docs/performance.md: people write its prose, and a bench replaces what is between `<!-- bench:
//! name -->` and `<!-- end -->`.

use anyhow::{Context, Result};

pub(super) struct Page(String);

impl Page {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// Replaces the text at the place of this name.
    pub(super) fn put(&mut self, name: &str, text: &str) -> Result<()> {
        let begin = format!("<!-- bench: {name} -->\n");
        let missing = || format!("docs/performance.md has no place for {name}");
        let start = self.0.find(&begin).with_context(missing)? + begin.len();
        let end = start + self.0[start..].find("<!-- end -->").with_context(missing)?;
        self.0.replace_range(start..end, &format!("\n{}\n\n", text.trim()));
        Ok(())
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let mut page = Page::new("one\n<!-- bench: a -->\nold\n<!-- end -->\ntwo\n".into());
        page.put("a", "new\n").unwrap();
        page.put("a", "newer").unwrap();
        assert_eq!(page.text(), "one\n<!-- bench: a -->\n\nnewer\n\n<!-- end -->\ntwo\n");
    }

    #[test]
    fn a_place_that_is_not_there_is_named() {
        let error = Page::new(String::new()).put("growth", "").unwrap_err();
        assert_eq!(error.to_string(), "docs/performance.md has no place for growth");
    }
}
