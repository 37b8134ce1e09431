//! Owns the order a listing is shown in, and what each is called. Knows no markup and no URLs.

use super::entries::Entry;

/// The property entries are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Key {
    #[default]
    Name,
    Size,
    Modified,
}

/// An order of entries. Directories come first in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
    /// Takes `name`, `size` or `modified`, and by name what means nothing: the list is the same in
    /// any order.
    pub(crate) fn choose_key(&mut self, name: &str) {
        let mut keys = Key::ALL.into_iter();
        self.key = keys.find(|key| key.parameter() == name).unwrap_or_default();
    }

    /// Takes `ascending` or `descending`.
    pub(crate) fn choose_direction(&mut self, name: &str) {
        self.is_descending = name == "descending";
    }

    pub(super) const fn name(self) -> &'static str {
        if self.is_descending {
            "descending"
        } else {
            "ascending"
        }
    }

    /// The order a column's button leads to: the other way round for the column in use.
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
    fn an_order_is_chosen_by_name_and_is_by_name_otherwise() {
        let mut order = Order::default();
        for (key, expected) in [
            ("size", Key::Size),
            ("modified", Key::Modified),
            ("name", Key::Name),
            ("size", Key::Size),
            ("nothing", Key::Name),
        ] {
            order.choose_key(key);
            assert_eq!(order.key, expected, "{key}");
        }
        for (direction, expected) in [
            ("descending", true),
            ("ascending", false),
            ("descending", true),
            ("nothing", false),
        ] {
            order.choose_direction(direction);
            assert_eq!(order.is_descending, expected, "{direction}");
        }
    }
}
