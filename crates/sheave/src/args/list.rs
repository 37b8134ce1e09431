//! Owns how a word on the command line names a list: of files, or of checksums. Reads none.

use std::path::PathBuf;

use url::Url;

use super::place::{NoUrl, is_list_here, url};

/// A word that names what is to be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A file, or a list if it is called so.
    Url(Url),
    /// A list, whatever it is called.
    ListAt(Url),
    /// A list on this machine.
    ListIn(PathBuf),
}

/// Parses what is to be downloaded.
pub(super) fn wanted(word: &str) -> Result<Wanted, NoUrl> {
    if is_list_here(word) {
        return Ok(Wanted::ListIn(word.into()));
    }
    url(word).map(Wanted::Url)
}

/// Parses the place of a list: a URL, or else a path.
pub(super) fn metalink(word: &str) -> Result<Wanted, NoUrl> {
    if word.contains("://") {
        url(word).map(Wanted::ListAt)
    } else {
        Ok(Wanted::ListIn(word.into()))
    }
}

/// The place of a list.
#[derive(Clone, Debug)]
pub(crate) enum ListPlace {
    /// A file.
    File(PathBuf),
    /// A URL.
    Url(Url),
    /// A place beside what is downloaded, under the names that servers give lists.
    Beside,
}

/// Parses the place of a list: a URL, or else a path.
pub(super) fn list(word: &str) -> Result<ListPlace, NoUrl> {
    match word {
        "auto" => Ok(ListPlace::Beside),
        _ if word.contains("://") => url(word).map(ListPlace::Url),
        _ => Ok(ListPlace::File(word.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::is_a_place;
    use super::*;

    #[test]
    fn a_list_on_this_machine_is_named_by_its_path() {
        for word in [
            "x.meta4",
            "./a b/x.METALINK",
            "/x/y.metalink",
            "a.b/x.meta4",
        ] {
            assert!(is_a_place(word), "{word}");
            assert_eq!(wanted(word).unwrap(), Wanted::ListIn(word.into()));
        }
        let url = "http://a.example/x.meta4";
        assert_eq!(wanted(url).unwrap(), Wanted::Url(Url::parse(url).unwrap()));
        assert!(matches!(metalink(url), Ok(Wanted::ListAt(_))));
        assert!(wanted("https:/a.example/x.meta4").is_err());
        assert!(wanted("ftp://a.example/x.meta4").is_err());
    }
}
