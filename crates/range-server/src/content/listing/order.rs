//! Owns the order a listing is shown in, and how a URL asks for one. Knows no markup.

use super::entries::Entry;

/// What entries are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Key {
    #[default]
    Name,
    Size,
    Modified,
}

/// An order of entries. Directories come first in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    pub(super) key: Key,
    pub(super) is_descending: bool,
}

impl Key {
    /// The columns, from left to right.
    pub(super) const ALL: [Self; 3] = [Self::Name, Self::Size, Self::Modified];

    pub(super) const fn parameter(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Modified => "modified",
        }
    }
}

impl Order {
    /// Reads `sort=name|size|modified` and `order=ascending|descending`. What means nothing is
    /// passed over: the list is the same in any order.
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let mut order = Self::default();
        for parameter in query.unwrap_or_default().split('&') {
            match parameter.split_once('=') {
                Some(("sort", name)) => {
                    let mut keys = Key::ALL.into_iter();
                    order.key = keys.find(|key| key.parameter() == name).unwrap_or_default();
                }
                Some(("order", name)) => order.is_descending = name == "descending",
                _ => {}
            }
        }
        order
    }

    pub(super) const fn name(self) -> &'static str {
        if self.is_descending {
            "descending"
        } else {
            "ascending"
        }
    }

    /// The order a column's link leads to: the other way round for the column in use.
    pub(super) fn after_choosing(self, key: Key) -> Self {
        let is_descending = self.key == key && !self.is_descending;
        Self { key, is_descending }
    }

    pub(super) fn sort(self, entries: &mut [Entry]) {
        entries.sort_by(|left, right| {
            let by_name = left.name.cmp(&right.name);
            let by_key = match self.key {
                Key::Name => by_name,
                Key::Size => left.size.cmp(&right.size).then(by_name),
                Key::Modified => left.modified.cmp(&right.modified).then(by_name),
            };
            let by_key = if self.is_descending {
                by_key.reverse()
            } else {
                by_key
            };
            right.is_directory.cmp(&left.is_directory).then(by_key)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_an_order_or_is_passed_over() {
        let order = |key, is_descending| Order { key, is_descending };
        for (query, expected) in [
            (None, order(Key::Name, false)),
            (Some(""), order(Key::Name, false)),
            (Some("sort=size"), order(Key::Size, false)),
            (Some("order=descending"), order(Key::Name, true)),
            (
                Some("x&sort=modified&order=descending&y=1"),
                order(Key::Modified, true),
            ),
            (Some("sort=nothing&order=nothing"), order(Key::Name, false)),
        ] {
            assert_eq!(Order::parse(query), expected, "{query:?}");
        }
    }
}
