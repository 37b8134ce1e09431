//! Owns the page that shows a directory to people: a table that reads well aloud and works without
//! a script. Names are escaped for the place they stand in.

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_encode;
use sha2::{Digest, Sha256};

use super::entries::{Entry, Listing, UNESCAPED_IN_URL};
use super::order::{Key, Order};

const STYLE: &str = include_str!("page.css");

/// A page may be shown in the style it came with and ask this server for another order, and do
/// nothing else. A name that found
/// its way into the markup could not run, load, send or be framed.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("the policy is visible ASCII")
});

/// The `Content-Security-Policy` of every page.
pub(crate) fn policy() -> HeaderValue {
    POLICY.clone()
}

/// The page of a listing that is sorted in `order`.
pub(super) fn write(listing: &Listing, order: Order) -> String {
    let title: String = std::iter::once("/".to_owned())
        .chain(listing.segments.iter().map(|name| escaped(name) + "/"))
        .collect();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Index of {title}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    write_heading(&mut page, listing);
    if listing.entries.is_empty() {
        page.push_str("<p>This directory is empty.</p>\n");
    } else {
        write_table(&mut page, listing, order);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// The path, each directory on the way a link to it. Links are relative: the path may be longer
/// where the reader is.
fn write_heading(page: &mut String, listing: &Listing) {
    let Some((last, parents)) = listing.segments.split_last() else {
        page.push_str("<h1>Index of /</h1>\n");
        return;
    };
    let up = |steps| "../".repeat(steps);
    let top = up(listing.segments.len());
    let _ = write!(
        page,
        "<h1>Index of <a href=\"{top}\" aria-label=\"top directory\">/</a>"
    );
    for (index, name) in parents.iter().enumerate() {
        let (url, name) = (up(parents.len() - index), escaped(name));
        let _ = write!(page, "<a href=\"{url}\"><bdi>{name}</bdi>/</a>");
    }
    let _ = writeln!(page, "<bdi>{}</bdi>/</h1>", escaped(last));
}

fn write_table(page: &mut String, listing: &Listing, order: Order) {
    let _ = writeln!(
        page,
        "<table>\n<caption>{}</caption>\n<thead>\n<tr>",
        summary(listing)
    );
    for key in Key::ALL {
        write_column_head(page, key, order);
    }
    page.push_str("</tr>\n</thead>\n<tbody>\n");
    for entry in &listing.entries {
        write_row(page, entry);
    }
    page.push_str("</tbody>\n</table>\n");
}

fn summary(listing: &Listing) -> String {
    let entries = listing.entries.iter();
    let directories = entries.filter(|entry| entry.is_directory).count();
    let files = listing.entries.len() - directories;
    let count = |count, one, several| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {several}")),
    };
    let counts = [
        count(directories, "directory", "directories"),
        count(files, "file", "files"),
    ];
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn write_column_head(page: &mut String, key: Key, order: Order) {
    let (title, class) = match key {
        Key::Name => ("Name", ""),
        Key::Size => ("Size", " class=\"size\""),
        Key::Modified => ("Modified<span class=\"clock\"> (UTC)</span>", ""),
    };
    let next = order.after_choosing(key);
    let (sorted, mark) = if order.key == key {
        let mark = if order.is_descending { '▼' } else { '▲' };
        let sorted = format!(" aria-sort=\"{}\"", order.name());
        (sorted, format!(" <span aria-hidden=\"true\">{mark}</span>"))
    } else {
        (String::new(), String::new())
    };
    // A form and no link: programs that follow links would take the page once for each order.
    let _ = writeln!(
        page,
        "<th scope=\"col\"{class}{sorted}><form><input type=\"hidden\" name=\"sort\" value=\"{}\">\
         <button name=\"order\" value=\"{}\">{title}{mark}</button></form></th>",
        key.parameter(),
        next.name(),
    );
}

fn write_row(page: &mut String, entry: &Entry) {
    let slash = if entry.is_directory { "/" } else { "" };
    let url = percent_encode(&entry.name, UNESCAPED_IN_URL);
    let name = escaped(&entry.name);
    let size = entry.size.map_or_else(String::new, |size| size.to_string());
    let modified = entry.modified.map_or_else(String::new, |date| {
        let stamp = date.rfc_3339();
        let (day, clock) = (&stamp[..10], &stamp[11..16]);
        format!("<time datetime=\"{stamp}\">{day}<span class=\"clock\"> {clock}</span></time>")
    });
    let _ = writeln!(
        page,
        "<tr><th scope=\"row\"><a href=\"{url}{slash}\"><bdi>{name}</bdi>{slash}</a></th>\
         <td class=\"size\">{size}</td><td>{modified}</td></tr>"
    );
}

/// A name as HTML text, also within a quoted attribute.
fn escaped(name: &[u8]) -> String {
    let mut text = String::new();
    for letter in String::from_utf8_lossy(name).chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            letter if letter.is_control() || is_direction(letter) => {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            letter => text.push(letter),
        }
    }
    text
}

/// Returns true if a character turns the direction of text, and could make `gpj.exe` read
/// `exe.jpg`.
const fn is_direction(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use range_core::units::ByteCount;

    fn listing(names: &[&str]) -> Listing {
        let entry = |name: &&str| Entry {
            name: name.as_bytes().to_vec(),
            is_directory: false,
            size: Some(ByteCount(1)),
            modified: None,
        };
        Listing {
            segments: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
            entries: names.iter().map(entry).collect(),
        }
    }

    #[test]
    fn names_cannot_break_out_of_text_or_link() {
        let harmless = write(&listing(&["a"]), Order::default());
        for name in [
            "<img src=x onerror=a>",
            "\" onmouseover=\"a",
            "</style><script>a</script>",
            "javascript:a",
            "a&b'c\n",
            "\u{202e}gpj.exe",
        ] {
            let page = write(&listing(&[name]), Order::default());
            for character in ['<', '>', '"', '\'', '\n'] {
                let count = |page: &str| page.matches(character).count();
                assert_eq!(count(&page), count(&harmless), "{character:?} in {page}");
            }
            assert!(!page.contains('\u{202e}'), "{page}");
            let rows: Vec<&str> = page.lines().filter(|line| line.contains("<tr><")).collect();
            assert!(
                matches!(rows[..], [row] if row.matches("<a href=\"").count() == 1),
                "{page}"
            );
        }
    }

    #[test]
    fn the_page_says_what_it_is_to_those_who_hear_it() {
        let order = Order {
            key: Key::Size,
            is_descending: true,
        };
        let page = write(&listing(&["a", "b"]), order);
        for part in [
            "<html lang=\"en\">",
            "<title>Index of /a/b/</title>",
            "<h1>Index of ",
            "<caption>2 files</caption>",
            "<th scope=\"col\" class=\"size\" aria-sort=\"descending\">\
             <form><input type=\"hidden\" name=\"sort\" value=\"size\">\
             <button name=\"order\" value=\"ascending\">",
            "value=\"name\"><button name=\"order\" value=\"ascending\">Name</button></form></th>",
            "<h1>Index of <a href=\"../../\" aria-label=\"top directory\">/</a>\
             <a href=\"../\"><bdi>a</bdi>/</a><bdi>b</bdi>/</h1>",
            "<th scope=\"row\"><a href=\"a\">",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        let empty = Listing {
            segments: Vec::new(),
            entries: Vec::new(),
        };
        assert!(write(&empty, Order::default()).contains("This directory is empty."));
    }
}
