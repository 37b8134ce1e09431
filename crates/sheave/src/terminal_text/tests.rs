//! Hostile text, and what a person sees of it.
use super::{TerminalText, is_hidden};

/// Each text as it was sent, and as it is printed.
const HOSTILE: &[(&str, &str)] = &[
    // Cursor up, erase the line, forge a verdict.
    (
        "a.bin\x1b[1A\x1b[2Kverified: sha-256",
        r"a.bin\x1b[1A\x1b[2Kverified: sha-256",
    ),
    // OSC 52 writes to the clipboard; BEL ends it.
    ("\x1b]52;c;cm0gLXJmIH4=\x07", r"\x1b]52;c;cm0gLXJmIH4=\x07"),
    // The same introducers as single C1 characters: CSI, OSC and ST.
    (
        "\u{9b}31mred\u{9d}0;title\u{9c}",
        r"\x9b31mred\x9d0;title\x9c",
    ),
    // Right-to-left override: "exe" would be read as part of the stem.
    ("invoice\u{202e}fdp.exe", r"invoice\u{202e}fdp.exe"),
    ("\u{2066}isolate\u{2069}", r"\u{2066}isolate\u{2069}"),
    ("\u{200e}\u{200f}\u{61c}", r"\u{200e}\u{200f}\u{61c}"),
    // Log forging, by every character some reader takes for the end of a line.
    ("a\nsheave: done", r"a\x0asheave: done"),
    ("a\r\nb\u{85}c\u{b}d\u{c}e", r"a\x0d\x0ab\x85c\x0bd\x0ce"),
    ("a\u{2028}b\u{2029}c", r"a\u{2028}b\u{2029}c"),
    // Carriage return, tab, backspace and delete overwrite what was printed.
    ("\rgone\t\x08\x7f\0", r"\x0dgone\x09\x08\x7f\x00"),
    // Characters nobody sees: joiners, fillers, a byte order mark, tags.
    (
        "ex\u{200b}am\u{ad}ple\u{feff}",
        r"ex\u{200b}am\u{ad}ple\u{feff}",
    ),
    ("\u{3164}\u{e0041}\u{fe0f}", r"\u{3164}\u{e0041}\u{fe0f}"),
];

/// Text of many scripts that has to arrive as it is.
const HARMLESS: &[&str] = &[
    "",
    "debian-12.5.0-amd64-netinst.iso",
    "naïve café",
    "ファイル.bin",
    "файл",
    "قائمة",
    "e\u{301}",
    "🎉",
    r"C:\x1b is not an escape",
    "�",
];

#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    for &(sent, printed) in HOSTILE {
        assert_eq!(TerminalText(sent).to_string(), printed);
    }
}

#[test]
fn what_is_printed_holds_nothing_hidden_at_any_width() {
    for &(sent, printed) in HOSTILE {
        for limit in 0..=printed.chars().count() + 1 {
            let capped = TerminalText(sent).capped(limit);
            assert!(!capped.chars().any(is_hidden), "{capped:?}");
            assert!(
                capped.chars().count() <= limit,
                "{capped:?} exceeds {limit}"
            );
        }
    }
}

#[test]
fn harmless_text_is_left_alone() {
    for &text in HARMLESS {
        assert_eq!(TerminalText(text).to_string(), text);
        assert_eq!(TerminalText(text).capped(usize::MAX), text);
    }
}

#[test]
fn every_control_character_is_hidden_and_ascii_text_is_not() {
    for code in 0..=0x9f_u8 {
        let character = char::from(code);
        let printable = matches!(code, 0x20..=0x7e);
        assert_eq!(is_hidden(character), !printable, "{code:#x}");
    }
}

#[test]
fn a_cap_cuts_only_what_does_not_fit() {
    for (text, limit, shown) in [
        ("abcd", 5, "abcd"),
        ("abcd", 4, "abcd"),
        ("abcd", 3, "ab…"),
        ("abcd", 1, "…"),
        ("abcd", 0, ""),
        ("", 0, ""),
        ("日本語", 2, "日…"),
    ] {
        assert_eq!(
            TerminalText(text).capped(limit),
            shown,
            "{text:?} in {limit}"
        );
    }
}

#[test]
fn a_cap_never_halves_an_escape() {
    // `a\x1bb` takes six characters.
    for (limit, shown) in [(6, r"a\x1bb"), (5, "a…"), (4, "a…"), (2, "a…"), (1, "…")] {
        assert_eq!(TerminalText("a\x1bb").capped(limit), shown, "in {limit}");
    }
    assert_eq!(TerminalText("a\x1bbb").capped(6), r"a\x1b…");
}
