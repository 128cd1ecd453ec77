//! What is never allowed, whoever says yes: it destroys the machine, stops it, or opens it to others.

use super::Refusal;
use super::redirect::{clean_path, device};
use super::wrapper::base_name;

const WIPES: &str = "it deletes everything this machine or its owner has";
const FORMATS: &str = "it writes over a disk";
const STOPS: &str = "it stops this machine";
const OPENS: &str = "it opens this machine to connections from outside";
const RIGHTS: &str = "it changes who may use everything on this machine";
const KILLS: &str = "it ends every program of this machine";

/// Folders at the top whose loss is the loss of the machine.
const TOP: [&str; 19] = [
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "opt", "proc", "root", "run", "sbin", "srv", "sys", "usr",
    "var", "Users", "System",
];

/// Whether a path means the whole machine, all of someone's home, or one of the folders it cannot live without.
pub(super) fn is_everything(path: &str, is_at_root: bool) -> bool {
    let path = path.trim_matches('"');
    let is_home = path.starts_with('~')
        && matches!(path.split_once('/').map_or("", |(_, rest)| rest).trim_matches('/'), "" | "*" | "." | ".*");
    if is_home {
        return true;
    }
    let clean = clean_path(path);
    if is_at_root && matches!(clean.as_str(), "" | "*" | ".*" | "..") {
        return true;
    }
    let Some(below) = clean.strip_prefix('/') else { return false };
    let below = below.strip_suffix("/*").unwrap_or(below);
    matches!(below, "" | "*" | ".*" | "?*" | "[a-z]*") || TOP.contains(&below) || is_one_home(below)
}

/// `home/anna`: the home folder of a person.
fn is_one_home(below: &str) -> bool {
    ["home/", "Users/"]
        .iter()
        .any(|parent| below.strip_prefix(parent).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')))
}

/// Why a command is never allowed, if so. `words` are its program and arguments as far as they are known.
pub(super) fn check(words: &[String], is_at_root: bool) -> Option<&'static str> {
    let (program, arguments) = words.split_first()?;
    let base = base_name(program);
    let everything = || arguments.iter().any(|word| is_everything(word, is_at_root));
    match base {
        "rm" => {
            let is_wipe = has_flag(arguments, "rR", &["--recursive"]) && everything();
            (is_wipe || arguments.iter().any(|word| word == "--no-preserve-root")).then_some(WIPES)
        }
        "chmod" | "chown" | "chgrp" => (has_flag(arguments, "R", &["--recursive"]) && everything()).then_some(RIGHTS),
        "shred" | "truncate" => writes_device(arguments).or_else(|| (everything() && base == "shred").then_some(WIPES)),
        "mv" => (everything() && arguments.last().is_some_and(|word| word == "/dev/null")).then_some(WIPES),
        "wipefs" | "blkdiscard" | "mke2fs" | "mkswap" | "newfs" => Some(FORMATS),
        _ if base == "mkfs" || base.starts_with("mkfs.") => Some(FORMATS),
        "fdisk" | "sfdisk" | "cfdisk" | "sgdisk" | "gdisk" | "parted" | "cryptsetup" | "hdparm" => {
            let reads = has_flag(arguments, "l", &["--list"]) || arguments.iter().any(|word| word == "print");
            (!reads).then(|| writes_device(arguments)).flatten()
        }
        "dd" => arguments.iter().find_map(|word| word.strip_prefix("of=").and_then(device)),
        "tee" | "cp" | "install" | "sponge" | "ln" => writes_device(arguments),
        "shutdown" | "reboot" | "halt" | "poweroff" | "kexec" => Some(STOPS),
        "init" | "telinit" => arguments.first().is_some_and(|level| matches!(level.as_str(), "0" | "1" | "6")).then_some(STOPS),
        "systemctl" | "loginctl" => arguments.iter().any(|word| is_stop_verb(word)).then_some(STOPS),
        "kill" => kills_all(arguments).then_some(KILLS),
        "killall5" => Some(KILLS),
        "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd" => listens(arguments).then_some(OPENS),
        "socat" => arguments.iter().any(|word| is_socat_door(word)).then_some(OPENS),
        // Nobody knows the program, but these arguments are only ever meant one way.
        _ if program.contains(['$', '`']) => {
            (has_flag(arguments, "rR", &["--recursive"]) && has_flag(arguments, "f", &["--force"]) && everything())
                .then_some(WIPES)
        }
        _ => None,
    }
}

/// Whether a one-letter option of `letters`, alone or in a cluster, or a long option (or a beginning of it) is given.
fn has_flag(arguments: &[String], letters: &str, long: &[&str]) -> bool {
    arguments.iter().take_while(|word| *word != "--").any(|word| match word.strip_prefix("--") {
        Some(name) => !name.is_empty() && long.iter().any(|full| full[2..].starts_with(name)),
        None => word.strip_prefix('-').is_some_and(|cluster| cluster.contains(|letter| letters.contains(letter))),
    })
}

fn writes_device(arguments: &[String]) -> Option<&'static str> {
    arguments.iter().find_map(|word| device(word))
}

fn is_stop_verb(word: &str) -> bool {
    matches!(word, "poweroff" | "reboot" | "halt" | "kexec" | "soft-reboot" | "suspend" | "hibernate" | "rescue" | "emergency")
}

/// `kill -9 -1` and `kill 1`.
fn kills_all(arguments: &[String]) -> bool {
    let targets =
        arguments.iter().enumerate().filter(|(at, word)| *at > 0 || !word.starts_with('-')).map(|(_, word)| word.as_str());
    let mut targets = targets.skip_while(|word| *word == "--" || *word == "-s").peekable();
    targets.peek().is_some() && targets.any(|word| word == "-1" || word == "1")
}

/// A listener, or a program handed to whoever connects.
fn listens(arguments: &[String]) -> bool {
    arguments.iter().any(|word| match word.strip_prefix("--") {
        Some(name) => ["listen", "exec", "sh-exec", "lua-exec"].contains(&name.split('=').next().unwrap_or_default()),
        None => word.strip_prefix('-').is_some_and(|cluster| {
            cluster.chars().take_while(|letter| !"pwsixXqIOTVmMb".contains(*letter)).any(|letter| "lec".contains(letter))
        }),
    })
}

fn is_socat_door(word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    word.contains("LISTEN") || word.starts_with("EXEC:") || word.starts_with("SYSTEM:")
}

/// Judges a line that cannot be parsed by its bare words, so that broken quotes hide nothing obvious.
pub(super) fn by_bare_words(line: &str) -> Option<Refusal> {
    let bare: String = line.chars().filter(|c| !c.is_whitespace()).take(4096).collect();
    if bare.contains(":(){:|:&};:") {
        return Some(Refusal { command: ":(){ :|:& };:".to_owned(), why: "it starts copies of itself without end" });
    }
    line.split([';', '|', '&', '\n', '(', ')', '{', '}', '`']).find_map(|part| {
        let words: Vec<String> = part.split_whitespace().take(1024).map(|word| word.replace(['\'', '"', '\\'], "")).collect();
        check(&words, false).map(|why| Refusal { command: words.join(" ").chars().take(120).collect(), why })
    })
}
