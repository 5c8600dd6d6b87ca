//! Names and tags without markup: they are shown in browsers.

/// Drop everything that a browser takes for a tag of HTML, and what is behind one that has no end. What is left has none
/// either: a tag that comes about where another one was goes as well.
pub(super) fn strip_markup(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars();
    loop {
        let behind = rest.as_str();
        let Some(next) = rest.next() else { break };
        if shown.ends_with('<') && begins_tag(next) {
            shown.pop();
            rest = behind_tag(behind).chars();
        } else {
            shown.push(next);
        }
    }
    shown
}

/// Whether a `<` before this is the beginning of a tag, rather than a sign of its own.
fn begins_tag(next: char) -> bool {
    next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')
}

/// What stands behind a tag whose `<` was read; nothing when it has no end.
fn behind_tag(tag: &str) -> &str {
    let end = match tag {
        comment if comment.starts_with("!--") => "-->",
        declaration if declaration.starts_with(['!', '?']) => ">",
        _ => return behind_attributes(tag),
    };
    // NOTE: `<!-->` is a whole comment.
    let inner = tag.get(1..).unwrap_or_default();
    inner.split_once(end).map_or("", |(_, behind)| behind)
}

/// The same of a tag that may have attributes: a `>` within the quotes of a value does not end it. A quote that is never
/// closed is none.
fn behind_attributes(tag: &str) -> &str {
    let (mut rest, mut before) = (tag.chars(), ' ');
    while let Some(next) = rest.next() {
        match next {
            '>' => return rest.as_str(),
            '"' | '\'' if before == '=' => {
                if let Some((_, behind)) = rest.as_str().split_once(next) {
                    rest = behind.chars();
                }
            }
            _ => {}
        }
        if !next.is_ascii_whitespace() {
            before = next;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_stripped() {
        let cases = [
            (r##"<a href="#" onClick="x">churros-xss</a>"##, "churros-xss"),
            ("<script>alert(1)</script>x", "alert(1)x"),
            ("1<2 <b>3", "1<2 3"),
            ("ä<b>ö</b>", "äö"),
            // No tags.
            ("", ""),
            ("<", "<"),
            ("a < b", "a < b"),
            ("1<2", "1<2"),
            ("<3 <ä> <", "<3 <ä> <"),
            ("a < b > c", "a < b > c"),
            // Tags that come about.
            ("<<i>script>alert(1)<<i>/script>", "alert(1)"),
            ("<<<b>i>img src=x onerror=alert(1)>", ""),
            ("<<b>3", "<3"),
            // Tags without an end.
            ("<img src=x onerror=alert(1)", ""),
            ("a > b < c > d <e", "a > b < c > d "),
            ("x</b", "x"),
            ("x<!doctype", "x"),
            ("x<?php", "x"),
            ("x<<b>i", "x"),
            // Quotes.
            ("<p title='>'>x</p>", "x"),
            ("<a title=\"<b>\">y</a>", "y"),
            ("<a title = \">\" alt='\">'>y</a>", "y"),
            ("<a title='>y", "y"),
            ("<a title='><img src=x onerror=alert(1)>y", "y"),
            ("<b don't>it's</b>", "it's"),
            ("<a title='x'", ""),
            // What is no element.
            ("a<!-- > <b> -->b", "ab"),
            ("a<!-->b", "ab"),
            ("a<!--->b", "ab"),
            ("a<!-- >b", "a"),
            ("a<!x='>'>b", "a'>b"),
            ("a<?x?>b", "ab"),
        ];
        for (text, expected) in cases {
            assert_eq!(strip_markup(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_left_has_no_markup() {
        let parts = ["<", ">", "b", "/", "!", "--", "=", "'", "\"", " ", "?"];
        for number in 0..parts.len().pow(5) {
            let text: String = (0..5)
                .map(|place| parts[number / parts.len().pow(place) % parts.len()])
                .collect();
            let left = strip_markup(&text);
            let tag = left
                .split('<')
                .skip(1)
                .any(|behind| behind.starts_with(begins_tag));
            assert!(!tag, "{text} leaves {left}");
        }
    }
}
