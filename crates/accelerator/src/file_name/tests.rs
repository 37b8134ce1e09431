//! Names as the network sends them, each with the class of fault it is kept for.
use super::{FALLBACK, FileName, LONGEST_NAME};
use crate::hidden::is_hidden;
use crate::settings::InvalidSetting;
use std::path::{Component, Path};

/// The journal's ending follows that of the part file.
const LONGEST_SUFFIX: &str = ".part.journal";

/// URL path, expected name.
const NAMES: &[(&str, &str)] = &[
    // As meant.
    (
        "/images/debian-12.5.0-amd64-netinst.iso",
        "debian-12.5.0-amd64-netinst.iso",
    ),
    ("file.bin", "file.bin"),
    ("/a%20b%20(1).tar.gz", "a b (1).tar.gz"),
    ("/caf%C3%A9", "café"),
    ("/%E3%83%95%E3%82%A1%E3%82%A4%E3%83%AB.bin", "ファイル.bin"),
    ("/e%CC%81.bin", "e\u{301}.bin"),
    ("/100%", "100%"),
    ("/100%2", "100%2"),
    ("/a%zz", "a%zz"),
    ("/a+b", "a+b"),
    ("/model.safetensors;v=2", "model.safetensors;v=2"),
    ("/a-b.c-", "a-b.c-"),
    // Names nothing.
    ("", FALLBACK),
    ("/", FALLBACK),
    ("/dir/", FALLBACK),
    ("/%20", FALLBACK),
    ("/.", FALLBACK),
    ("/..", FALLBACK),
    ("/...", FALLBACK),
    ("/-", FALLBACK),
    ("/%2e%2e", FALLBACK),
    ("/%2F", FALLBACK),
    ("/a%2F", FALLBACK),
    // Traversal, encoded once (aria2 CVE-2010-1512, pip CVE-2019-20916).
    ("/..%2F..%2Fetc%2Fpasswd", "passwd"),
    (
        "/%2e%2e%2f%2e%2e%2f.ssh%2fauthorized_keys",
        "authorized_keys",
    ),
    ("/%2Fetc%2Fshadow", "shadow"),
    ("/dir%2Ffile.bin", "file.bin"),
    // Traversal, encoded twice: decoding again is the fault (pip CVE-2026-13346).
    ("/%252e%252e%252fetc%252fpasswd", "%2e%2e%2fetc%2fpasswd"),
    ("/..%252F..%252Fx", "%2F..%2Fx"),
    // The Windows way (wget2, hf_hub #1429).
    ("/..%5C..%5Cevil.exe", "evil.exe"),
    ("/a\\b", "b"),
    ("/%5C%5Chost%5Cshare", "share"),
    ("/C:%5Cboot.ini", "boot.ini"),
    ("/C:x", "C_x"),
    ("/a:b", "a_b"),
    ("/file.txt::$DATA", "file.txt__$DATA"),
    ("/CON", "_CON"),
    ("/con.txt", "_con.txt"),
    ("/NUL%20.tar.gz", "_NUL .tar.gz"),
    ("/nul.", "_nul"),
    ("/COM1", "_COM1"),
    ("/com%C2%B9.log", "_com¹.log"),
    ("/LPT9.bin", "_LPT9.bin"),
    ("/CONIN$", "_CONIN$"),
    ("/CONSOLE", "CONSOLE"),
    ("/COM10", "COM10"),
    ("/lpt", "lpt"),
    ("/a%3Cb%3Ec%22d%7Ce%3Ff%2Ag", "a_b_c_d_e_f_g"),
    ("/name.%20.%20", "name"),
    // Hidden files and options (yt-dlp CVE-2024-38519, lftp's `file:` names).
    ("/.bashrc", "bashrc"),
    ("/%20.profile", "profile"),
    ("/-rf", "rf"),
    ("/--output=x", "output=x"),
    ("/.-.-x", "x"),
    ("/%C2%A0.netrc", "netrc"),
    // The terminal and the log (rsync's newline in a name, bidirectional override).
    ("/a%0Ab", "a_b"),
    ("/a%00.png", "a_.png"),
    ("/%1B%5B2Jx", "_[2Jx"),
    ("/%C2%9B31m", "_31m"),
    ("/x%7F", "x_"),
    ("/invoice%E2%80%AEfdp.exe", "invoice_fdp.exe"),
    ("/a%E2%80%8Bb", "a_b"),
    ("/a%E2%80%A8b", "a_b"),
    // Not UTF-8: a lone byte, an overlong `/`, a surrogate.
    ("/%FF%FE.bin", "__.bin"),
    ("/..%C0%AF..%C0%AFx", "__..__x"),
    ("/%ED%A0%80", "___"),
];

#[test]
fn names_are_what_the_table_says() {
    for &(path, expected) in NAMES {
        let name = FileName::from_url_path(path);
        assert_eq!(name.as_str(), expected, "from {path:?}");
        assert_eq!(name.to_string(), expected);
    }
}

#[test]
fn a_url_gives_the_name_of_its_path_alone() {
    for (url, expected) in [
        ("https://example.org/a/disk.img?name=other#part", "disk.img"),
        ("https://example.org", FALLBACK),
        ("http://example.org/?id=5", FALLBACK),
        ("http://example.org/x/../..%2F.bashrc", "bashrc"),
    ] {
        let name = FileName::from_url(url).unwrap();
        assert_eq!(name.as_str(), expected, "{url}");
    }
    let no_url = FileName::from_url("example.org/disk.img").unwrap_err();
    assert!(matches!(no_url, InvalidSetting::Url { .. }), "{no_url}");
}

/// Checks what every name promises, whatever it was made from.
fn assert_safe(path: &str) {
    let name = FileName::from_url_path(path);
    let name = name.as_str();
    let components: Vec<_> = Path::new(name).components().collect();
    assert_eq!(
        components,
        [Component::Normal(name.as_ref())],
        "from {path:?}"
    );
    assert!(
        name.len() <= LONGEST_NAME,
        "{} bytes from {path:?}",
        name.len()
    );
    let unfit = |character: char| is_hidden(character) || "/\\<>:\"|?*".contains(character);
    assert!(!name.contains(unfit), "{name:?} from {path:?}");
    assert!(!name.starts_with(['.', '-', ' ']), "{name:?} from {path:?}");
    assert!(!name.ends_with(['.', ' ']), "{name:?} from {path:?}");
    let again = FileName::from_url_path(&name.replace('%', "%25"));
    assert_eq!(
        again.as_str(),
        name,
        "sanitising twice changes the name from {path:?}"
    );
}

#[test]
fn every_pair_of_bytes_makes_a_safe_name() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            assert_safe(&format!("/%{first:02x}%{second:02x}"));
        }
    }
}

#[test]
fn hostile_pieces_in_any_order_make_a_safe_name() {
    let pieces = [
        "..",
        "%2F",
        "\\",
        "CON",
        ".",
        "-",
        "%20",
        "%00",
        "x",
        "%25",
        "%E2%80%AE",
        ":",
        "%C3",
        "é",
    ];
    for first in pieces {
        for second in pieces {
            for third in pieces {
                for fourth in pieces {
                    assert_safe(&[first, second, third, fourth].concat());
                }
            }
        }
    }
}

#[test]
fn every_length_is_safe_and_leaves_room_for_the_journal() {
    assert!(LONGEST_NAME + LONGEST_SUFFIX.len() <= 255);
    for length in 0..260 {
        for (letter, extension) in [
            ("a", ""),
            ("a", ".bin"),
            ("é", ".tar.gz"),
            ("語", ""),
            ("🎉", ".🎉"),
            (".", ".x"),
            (" ", ""),
        ] {
            assert_safe(&format!("/{}{extension}", letter.repeat(length)));
            assert_safe(&format!("/x{}{extension}", letter.repeat(length)));
            assert_safe(&format!(
                "/x{}{}",
                ".y".repeat(length),
                letter.repeat(length)
            ));
        }
    }
}

#[test]
fn a_long_name_keeps_its_extension() {
    let long = "x".repeat(300);
    for extension in [".bin", ".tar.zst", ".safetensors", ".part01.rar"] {
        let name = FileName::from_url_path(&format!("/{long}{extension}"));
        assert!(name.as_str().ends_with(&format!("x{extension}")), "{name}");
        assert_eq!(name.as_str().len(), LONGEST_NAME);
    }
}

#[test]
fn a_name_is_cut_between_characters() {
    let name = FileName::from_url_path(&format!("/x{}.bin", "語".repeat(100)));
    // One byte, then as many three-byte characters as fit before four bytes of extension.
    assert_eq!(name.as_str(), format!("x{}.bin", "語".repeat(65)));
}

#[test]
fn a_name_that_fits_is_not_cut() {
    let exact = "y".repeat(LONGEST_NAME);
    assert_eq!(FileName::from_url_path(&exact).as_str(), exact);
    assert_eq!(
        FileName::from_url_path(&format!("{exact}z")).as_str(),
        exact
    );
    // A space that cutting would leave at the cut is only dropped where something is cut.
    let exact = format!("{} .bin", "y".repeat(LONGEST_NAME - 5));
    assert_eq!(FileName::from_url_path(&exact).as_str(), exact);
}

#[test]
fn a_device_stays_renamed_when_its_name_is_cut() {
    let name = FileName::from_url_path(&format!("/nul.{}.bin", "z".repeat(300)));
    assert!(name.as_str().starts_with("_nul."), "{name}");
    assert!(name.as_str().ends_with("z.bin"), "{name}");
}

#[test]
fn cutting_a_name_never_uncovers_a_device() {
    let name = FileName::from_url_path(&format!("/con{}x.txt", " ".repeat(300)));
    assert_eq!(name.as_str(), "_con.txt");
}

#[test]
fn a_suggestion_is_not_decoded_and_no_trap() {
    for (text, expected) in [
        ("a%2Fb.txt", "a%2Fb.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.img", "x.img"),
        (".bashrc", "bashrc"),
        ("report.desktop", "report.desktop.download"),
        ("x.LNK", "x.LNK.download"),
        ("setup.exe", "setup.exe"),
        ("a.url.txt", "a.url.txt"),
        ("", FALLBACK),
    ] {
        assert_eq!(
            FileName::from_suggestion(text).as_str(),
            expected,
            "from {text:?}"
        );
    }
    let long = format!("{}.desktop", "x".repeat(300));
    let name = FileName::from_suggestion(&long);
    assert!(
        name.as_str().len() <= LONGEST_NAME && name.as_str().ends_with(".download"),
        "{name}"
    );
}

#[test]
fn a_stranger_gives_no_name_of_an_unfinished_download() {
    for (text, expected) in [
        ("tool.bin.part", "tool.bin.part.download"),
        ("tool.bin.PART", "tool.bin.PART.download"),
        ("tool.bin.part.journal", "tool.bin.part.journal.download"),
        ("tool.bin.Part.Journal", "tool.bin.Part.Journal.download"),
        ("tool.bin.old.part", "tool.bin.old.part.download"),
        ("tool.bin.old-version", "tool.bin.old-version.download"),
        ("tool.bin.Old-Version2", "tool.bin.Old-Version2.download"),
        // Trailing dots and spaces are dropped before.
        ("tool.bin.part. ", "tool.bin.part.download"),
        (".part", "part"),
        // Names of devices as well.
        ("aux.part", "_aux.part.download"),
        ("CON.Part.Journal", "_CON.Part.Journal.download"),
        ("nul.old-version", "_nul.old-version.download"),
        // A dot and letters that some file systems take for the plain ones.
        ("tool.bin\u{ff0e}part", "tool.bin\u{ff0e}part.download"),
        ("tool.bin\u{2024}part", "tool.bin\u{2024}part.download"),
        (
            "tool.bin.\u{ff50}\u{ff41}\u{ff32}\u{ff34}",
            "tool.bin.\u{ff50}\u{ff41}\u{ff32}\u{ff34}.download",
        ),
        (
            "tool.bin.\u{1d429}art\u{ff0e}",
            "tool.bin.\u{1d429}art\u{ff0e}.download",
        ),
        (
            "tool.bin.part.\u{24d9}ournal",
            "tool.bin.part.\u{24d9}ournal.download",
        ),
        (
            "tool.bin.part\u{ff0e}\u{2024}",
            "tool.bin.part\u{ff0e}\u{2024}.download",
        ),
        ("tool.bin.p\u{e1}rt", "tool.bin.p\u{e1}rt"),
        ("system.journal", "system.journal"),
        ("a.part.txt", "a.part.txt"),
    ] {
        let suggested = FileName::from_suggestion(text);
        assert_eq!(suggested.as_str(), expected, "suggested {text:?}");
        let path = format!("/{}", text.replace(' ', "%20"));
        let named = FileName::from_url_path(&path);
        assert_eq!(named.as_str(), expected, "in the path {path:?}");
    }
    for ending in [".part", ".part.journal"] {
        for length in 150..320 {
            let name = FileName::from_suggestion(&format!("{}{ending}", "x".repeat(length)));
            assert!(name.as_str().ends_with(".download"), "{name}");
        }
    }
}
