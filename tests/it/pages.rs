//! Completions and manual pages, read by those who read them: the shells, and `mandoc`.

use std::process::Command;

use crate::support::{files, program};

fn is_well_formed(reader: &str, arguments: &[&str]) {
    let Some(reader) = needs::program(reader) else {
        return;
    };
    let output = Command::new(&reader).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = said + &String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.is_empty(),
        "{arguments:?}: {said}"
    );
}

#[test]
fn shells_read_their_completions() {
    let directory = files::directory();
    for (shell, reader) in [
        ("bash", Some("bash")),
        ("zsh", Some("zsh")),
        ("fish", Some("fish")),
        ("elvish", None),
        ("powershell", None),
    ] {
        let script = program::run(["completions", shell]).expect(0).stdout;
        for word in ["check-server", "--checksum", "--precompressed"] {
            let bare = word.trim_start_matches('-');
            assert!(script.contains(bare), "{shell} does not know {word}");
        }
        for hidden in ["globoff", "no-clobber", "remote-name", "proto"] {
            assert!(!script.contains(hidden), "{shell} is told of {hidden}");
        }
        let path = directory.path().join(shell);
        std::fs::write(&path, script).unwrap();
        if let Some(reader) = reader {
            is_well_formed(reader, &["-n", path.to_str().unwrap()]);
        }
    }
}

/// Asks bash for the words that complete a line.
const ASK_BASH: &str = r#"
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_sheave sheave "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[*]}"
"#;

#[test]
fn a_line_is_completed_with_and_without_its_command() {
    let Some(bash) = needs::program("bash") else {
        return;
    };
    let directory = files::directory();
    let script = directory.path().join("bash");
    std::fs::write(
        &script,
        program::run(["completions", "bash"]).expect(0).stdout,
    )
    .unwrap();
    for (line, expected) in [
        ("sheave --ov", "--overwrite"),
        ("sheave get --ov", "--overwrite"),
        ("sheave -x 4 --ov", "--overwrite"),
        ("sheave http://h/x --ov", "--overwrite"),
        ("sheave ins", "inspect"),
        ("sheave ma", "man"),
        ("sheave met", "metalink"),
        ("sheave help comp", "completions"),
        ("sheave serve --host-", ""),
        ("sheave --preco", ""),
        ("sheave --no-cl", ""),
    ] {
        let asked = Command::new(&bash)
            .args(["-c", ASK_BASH, "bash"])
            .arg(&script)
            .args(line.split(' '))
            .output()
            .unwrap();
        let completed = String::from_utf8(asked.stdout).unwrap();
        assert_eq!(completed.trim_end(), expected, "{line}");
    }
}

/// Types lines into zsh, each with a tab behind it, and shows what became of them.
const ASK_ZSH: &str = r#"
zmodload zsh/zpty
zpty asked zsh -f -i
zpty -w asked "PROMPT=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w asked 'show () { print -r -- "LI""NE<$BUFFER>"; zle kill-whole-line; }'
zpty -w asked 'zle -N show; bindkey "^X" show; print REA""DY'
zpty -r asked out '*READY*'
shift
for line in "$@"; do
    zpty -w -n asked "$line"$'\t\x18'
    zpty -r asked out '*LINE<*>*'
    out=${out##*LINE<}
    print -r -- "${out%%>*}"
done
zpty -d asked
"#;

/// Lines as far as they are typed, and what they are completed by. Options stand behind a URL, too.
const COMPLETED: [(&str, &str); 10] = [
    ("sheave http://h/x --overw", "rite"),
    ("sheave get http://h/x --overw", "rite"),
    ("sheave get http://h/x http://h/y --overw", "rite"),
    ("sheave localhost:1/x -x 4 --overw", "rite"),
    ("sheave -q get --overw", "rite"),
    ("sheave http://h/x --exists ver", "ify"),
    ("sheave serve . --as ngi", "nx"),
    ("sheave check-server http://h/x --verb", "ose"),
    ("sheave comp", "letions"),
    ("sheave completions power", "shell"),
];

#[test]
fn zsh_and_fish_complete_options_behind_a_url() {
    let directory = files::directory();
    let path = directory.path().to_str().unwrap();
    for (shell, file) in [("zsh", "_sheave"), ("fish", "sheave.fish")] {
        let script = program::run(["completions", shell]).expect(0).stdout;
        std::fs::write(directory.path().join(file), script).unwrap();
    }
    let lines = COMPLETED.map(|(typed, _)| typed);
    let mut completed = Vec::new();
    if let Some(zsh) = needs::program("zsh") {
        let asked = Command::new(zsh)
            .args(["-f", "-c", ASK_ZSH, "zsh", path])
            .args(lines)
            .output()
            .unwrap();
        let said = String::from_utf8(asked.stdout).unwrap();
        completed.push(
            said.lines()
                .map(|line| line.trim_end().to_owned())
                .collect(),
        );
    }
    if let Some(fish) = needs::program("fish") {
        let ask = |line: &str| {
            let ask = format!("source {path}/sheave.fish; complete -C '{line}'");
            let asked = Command::new(&fish).args(["-c", &ask]).output().unwrap();
            let word = String::from_utf8(asked.stdout).unwrap();
            let word = word.split(['\t', '\n']).next().unwrap_or_default();
            let begin = line.rsplit_once(' ').unwrap().0;
            format!("{begin} {word}")
        };
        completed.push(lines.into_iter().map(ask).collect::<Vec<_>>());
    }
    let expected = COMPLETED.map(|(typed, rest)| format!("{typed}{rest}"));
    for completed in completed {
        assert_eq!(completed, expected);
    }
}

#[test]
fn manual_pages_have_every_option_and_no_warning() {
    let directory = files::directory();
    let path = directory.path().to_str().unwrap();
    program::run(["man", path]).expect(0);
    let names = files::names(directory.path());
    let commands = [
        "check-server",
        "completions",
        "demo",
        "get",
        "inspect",
        "man",
        "metalink",
        "serve",
    ];
    let mut expected: Vec<_> = commands.map(|command| format!("sheave-{command}.1")).into();
    expected.push("sheave.1".to_owned());
    assert_eq!(names, expected);
    for name in names {
        let page = directory.path().join(&name);
        is_well_formed("mandoc", &["-Tlint", "-Wwarning", page.to_str().unwrap()]);
        let Some(command) = name.strip_prefix("sheave-") else {
            continue;
        };
        let command = command.trim_end_matches(".1");
        let text = std::fs::read_to_string(&page).unwrap().replace('\\', "");
        let help = program::run([command, "--help"]).expect(0).stdout;
        let options = help
            .split_whitespace()
            .filter(|word| word.starts_with("--"));
        for option in options.map(|word| {
            word.split(['[', '=', ',', '.', ']', ')'])
                .next()
                .unwrap_or_default()
        }) {
            assert!(text.contains(option), "{name} has no {option}");
        }
    }
    program::run(["man", "/nonexistent"]).expect(7);
}
