//! A digest of the structure of a rendered view: its tags, texts and comments in order, without their
//! content. The start script computes the same digest in the browser, and so detects whether anything has
//! modified the page.

/// The void elements that the views use: they have no content and no end tag (HTML, section 13.1.2).
const VOID: [&str; 4] = ["br", "hr", "img", "input"];

/// Returns the digest (FNV-1a, 32 bits) of the outline of rendered markup.
pub(crate) fn digest(html: &str) -> u32 {
    outline(html).bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the outline: for each element `<`, its name, its content and `>`; for each text `.`; for each
/// comment `!`.
fn outline(html: &str) -> String {
    let mut outline = String::new();
    let mut rest = html;
    while !rest.is_empty() {
        if let Some(comment) = rest.strip_prefix("<!") {
            outline.push('!');
            let end = if comment.starts_with("--") { "-->" } else { ">" };
            rest = after(comment, end);
        } else if let Some(end_tag) = rest.strip_prefix("</") {
            outline.push('>');
            rest = after(end_tag, ">");
        } else if let Some(tag) = rest.strip_prefix('<') {
            let name = &tag[..tag.find([' ', '>', '/']).unwrap_or(tag.len())];
            outline.push('<');
            outline.push_str(name);
            if VOID.contains(&name) {
                outline.push('>');
            }
            rest = after_tag(tag);
        } else {
            outline.push('.');
            rest = &rest[rest.find('<').unwrap_or(rest.len())..];
        }
    }
    outline
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// Returns what follows a start tag; a `>` inside a quoted attribute value does not end it.
fn after_tag(tag: &str) -> &str {
    let mut quoted = false;
    let end = tag.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    });
    end.map_or("", |end| &tag[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::outline;

    #[test]
    fn tags_texts_and_comments_are_told_in_their_order() {
        let html =
            r#"<p class="a>b">x &lt; y<!><b>z</b></p><input value="a" /><!-- c --> <textarea></textarea>"#;
        assert_eq!(outline(html), "<p.!<b.>><input>!.<textarea>");
    }

    #[test]
    fn what_is_put_in_or_taken_out_changes_it() {
        let whole = outline("<p>one<!><b>two</b></p>");
        for other in [
            "<p>one<b>two</b></p>",
            "<p>one<!> <b>two</b></p>",
            "<p><font>one</font><!><b>two</b></p>",
            "<div></div><p>one<!><b>two</b></p>",
            "<p>one<!><i>two</i></p>",
        ] {
            assert_ne!(outline(other), whole, "{other}");
        }
        assert_eq!(outline("<p>uno<!><b>dos</b></p>"), whole, "words are not looked at");
    }
}
