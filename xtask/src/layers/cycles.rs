//! Owns finding circles of files within a crate: files that can only be understood, or moved, all
//! at once. A module that only declares and passes on what is beneath it is in no circle by that.
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Import, Module, Named};

/// Where the code of one crate is, and from which file it is read.
pub(super) struct Crate {
    files: Vec<String>,
    places: Vec<Place>,
}

/// A module in the tree of modules.
struct Place {
    /// Of `Crate::files`.
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    module: Module,
}

/// The target of a path.
#[derive(Clone, Copy)]
enum Target {
    Module(usize),
    /// An item in a file.
    Item(usize),
}

/// One file naming another.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) line: usize,
    pub(super) to: String,
    pub(super) named: String,
}

/// Files each of which leads to each other one, and one arrow for each pair that is joined.
#[derive(Debug)]
pub(super) struct Cycle {
    pub(super) files: BTreeSet<String>,
    pub(super) arrows: Vec<Arrow>,
}

impl Cycle {
    /// The breach that it is, and a line for each of its arrows.
    pub(super) fn breach(&self) -> String {
        let arrows = self.arrows.iter().map(|arrow| {
            let Arrow {
                from,
                line,
                to,
                named,
            } = arrow;
            format!("\n    {from}:{line} names {named} of {to}")
        });
        let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
        format!(
            "{} lead to one another: move what both ends need to a file of its own{}",
            files.join(", "),
            arrows.collect::<String>()
        )
    }
}

impl Crate {
    /// Reads the crate whose root this is, and the files its modules have.
    ///
    /// # Errors
    ///
    /// The path of a file that a `mod` names and that is not there, or is no Rust.
    pub(super) fn read(root: &str, read: &impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut this = Self {
            files: Vec::new(),
            places: Vec::new(),
        };
        let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
        this.read_file(root, directory, None, read)?;
        Ok(this)
    }

    /// A file, and those beneath it: modules of its own lie in `directory`.
    fn read_file(
        &mut self,
        path: &str,
        directory: &str,
        parent: Option<usize>,
        read: &impl Fn(&str) -> Option<String>,
    ) -> Result<usize, String> {
        let module = read(path).as_deref().and_then(Module::read);
        let module = module.ok_or_else(|| path.to_owned())?;
        let file = self.files.len();
        self.files.push(path.to_owned());
        self.add(module, file, directory, parent, read)
    }

    fn add(
        &mut self,
        mut module: Module,
        file: usize,
        directory: &str,
        parent: Option<usize>,
        read: &impl Fn(&str) -> Option<String>,
    ) -> Result<usize, String> {
        let (files, blocks) = (
            std::mem::take(&mut module.files),
            std::mem::take(&mut module.blocks),
        );
        let this = self.places.len();
        self.places.push(Place {
            file,
            parent,
            children: BTreeMap::new(),
            module,
        });
        for name in files {
            let below = format!("{directory}/{name}");
            let paths = [format!("{below}.rs"), format!("{below}/mod.rs")];
            let path = paths.iter().find(|path| read(path).is_some());
            let path = path.ok_or_else(|| paths[0].clone())?;
            let child = self.read_file(path, &below, Some(this), read)?;
            self.places[this].children.insert(name, child);
        }
        for (name, block) in blocks {
            let below = format!("{directory}/{name}");
            let child = self.add(block, file, &below, Some(this), read)?;
            self.places[this].children.insert(name, child);
        }
        Ok(this)
    }

    /// Every file that names another, by a path or by what it imports.
    fn arrows(&self) -> BTreeSet<Arrow> {
        let mut arrows = BTreeSet::new();
        for (at, place) in self.places.iter().enumerate() {
            let Module {
                imports,
                paths,
                words,
                ..
            } = &place.module;
            // A name that is only passed on is not needed here.
            let needed = imports
                .iter()
                .filter(|import| !import.is_passed_on || words.contains(&import.name))
                .map(|import| &import.target);
            for named in needed.chain(paths) {
                let mut targets = vec![self.target(at, named, 0)];
                if named.segments.last().is_some_and(|last| last == "*") {
                    targets = self.all_of(at, named);
                }
                for target in targets.into_iter().flatten() {
                    // A module alone is only a way to what is in it.
                    if let Target::Item(file) = target
                        && file != place.file
                    {
                        arrows.insert(Arrow {
                            from: self.files[place.file].clone(),
                            line: named.line,
                            to: self.files[file].clone(),
                            named: named.segments.join("::"),
                        });
                    }
                }
            }
        }
        arrows
    }

    /// Returns what `use module::*` brings and the module that has it uses.
    fn all_of(&self, from: usize, named: &Named) -> Vec<Option<Target>> {
        let mut stem = named.clone();
        stem.segments.pop();
        let Some(Target::Module(there)) = self.target(from, &stem, 0) else {
            return Vec::new();
        };
        let module = &self.places[there].module;
        let imported = module.imports.iter().map(|import| &import.name);
        imported
            .chain(&module.items)
            .filter(|name| self.places[from].module.words.contains(*name))
            .map(|name| self.member(there, name, 0))
            .collect()
    }

    /// Returns what a path in a module leads to; `None` where that is in no file of the crate.
    fn target(&self, from: usize, named: &Named, depth: usize) -> Option<Target> {
        let mut segments = named.segments.iter().map(String::as_str);
        let first = segments.next()?;
        let mut here = match first {
            "crate" => Target::Module(0),
            "self" => Target::Module(from),
            "super" => Target::Module(self.places[from].parent?),
            name => self.known(from, name, depth)?,
        };
        for segment in segments {
            let Target::Module(module) = here else {
                break;
            };
            here = match segment {
                "super" => Target::Module(self.places[module].parent?),
                "self" | "*" => here,
                name => self.member(module, name, depth)?,
            };
        }
        Some(here)
    }

    /// Returns what a name means in a module, if it is a module or was brought in.
    fn known(&self, module: usize, name: &str, depth: usize) -> Option<Target> {
        /// No import leads through more than this: circles of them do not compile.
        const LONGEST_WAY: usize = 16;
        let place = &self.places[module];
        if let Some(&child) = place.children.get(name) {
            return Some(Target::Module(child));
        }
        if depth > LONGEST_WAY {
            return None;
        }
        let leads_here = |import: &&Import| {
            // `use name::name` does not lead to itself.
            import.name == name
                && import
                    .target
                    .segments
                    .first()
                    .is_some_and(|first| first != name)
        };
        let import = place.module.imports.iter().find(leads_here)?;
        self.target(module, &import.target, depth + 1)
    }

    /// Returns what a module has under a name.
    fn member(&self, module: usize, name: &str, depth: usize) -> Option<Target> {
        let place = &self.places[module];
        if let Some(known) = self.known(module, name, depth) {
            return Some(known);
        }
        let globs = place
            .module
            .imports
            .iter()
            .filter(|import| import.name == "*");
        for glob in globs.filter(|_| !place.module.items.contains(name)) {
            if let Some(Target::Module(there)) = self.target(module, &glob.target, depth + 1)
                && there != module
                && self.places[there].module.items.contains(name)
            {
                return Some(Target::Item(self.places[there].file));
            }
        }
        // A name from outside that is only passed on leads out again.
        let is_foreign = place
            .module
            .imports
            .iter()
            .any(|import| import.name == name);
        (!is_foreign).then_some(Target::Item(place.file))
    }

    /// Every circle, in the order of its first file.
    pub(super) fn cycles(&self) -> Vec<Cycle> {
        let arrows = self.arrows();
        let mut beyond: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for file in &self.files {
            beyond.insert(file, reached(file, &arrows));
        }
        let mut seen = BTreeSet::new();
        let mut cycles = Vec::new();
        for file in beyond.keys() {
            let back = |other: &&str| beyond[*other].contains(file);
            let circle: BTreeSet<&str> = beyond[file].iter().copied().filter(back).collect();
            if circle.len() > 1 && seen.insert(circle.clone()) {
                let within = |arrow: &&Arrow| {
                    circle.contains(arrow.from.as_str()) && circle.contains(arrow.to.as_str())
                };
                let mut pairs = BTreeSet::new();
                let mut arrows: Vec<Arrow> = arrows.iter().filter(within).cloned().collect();
                arrows.retain(|arrow| pairs.insert((arrow.from.clone(), arrow.to.clone())));
                cycles.push(Cycle {
                    files: circle.into_iter().map(str::to_owned).collect(),
                    arrows,
                });
            }
        }
        cycles
    }
}

/// Every file that one leads to.
fn reached<'a>(file: &str, arrows: &'a BTreeSet<Arrow>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![file];
    while let Some(from) = waiting.pop() {
        for arrow in arrows.iter().filter(|arrow| arrow.from == from) {
            if reached.insert(arrow.to.as_str()) {
                waiting.push(&arrow.to);
            }
        }
    }
    reached
}
