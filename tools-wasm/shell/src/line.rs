//! Just enough of the shell's grammar to know which programs an exit code may come from. Not a judge of what may run: that is the
//! host's.

/// Words that stand before the program they run.
const WRAPPERS: [&str; 8] = ["env", "exec", "nice", "nohup", "command", "time", "sudo", "!"];

/// The programs whose exit code can be that of the line: the last one of each pipeline joined by `&&` or `||` after the last `;`.
pub(crate) fn deciding_programs(line: &str) -> Vec<String> {
    let mut programs = Vec::new();
    let mut command = String::new();
    for token in split(line) {
        match token {
            Token::Text(text) => command.push_str(&text),
            Token::Pipe => command.clear(),
            Token::AndOr => programs.extend(program_of(&std::mem::take(&mut command))),
            Token::End => {
                // An empty command after the last `;` leaves the exit code of the one before.
                if let Some(program) = program_of(&std::mem::take(&mut command)) {
                    programs.push(program);
                }
                programs.push(String::new());
            }
        }
    }
    programs.extend(program_of(&command));
    let mut last = programs.rsplit(String::is_empty).find(|list| !list.is_empty()).unwrap_or_default().to_vec();
    last.dedup();
    last
}

enum Token {
    Text(String),
    Pipe,
    AndOr,
    End,
}

/// Cuts a line at its operators, leaving alone what is quoted.
fn split(line: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let mut text = String::new();
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let operator = match (quote, character) {
            (Some(open), _) => {
                if character == open {
                    quote = None;
                }
                None
            }
            (None, '\'' | '"') => {
                quote = Some(character);
                None
            }
            (None, '\\') => {
                text.push(character);
                text.extend(characters.next());
                continue;
            }
            // `2>&1` and `&>file` redirect; they end nothing.
            (None, '&') if text.ends_with('>') || characters.peek() == Some(&'>') => None,
            (None, '|' | '&') if characters.next_if_eq(&character).is_some() => Some(Token::AndOr),
            (None, '|') => Some(Token::Pipe),
            (None, ';' | '\n' | '&') => Some(Token::End),
            (None, _) => None,
        };
        match operator {
            Some(operator) => tokens.extend([Token::Text(std::mem::take(&mut text)), operator]),
            None => text.push(character),
        }
    }
    tokens.push(Token::Text(text));
    tokens
}

/// The program's name without its directory; none for an empty command.
fn program_of(command: &str) -> Option<String> {
    let mut words = command.split_whitespace().map(|word| word.trim_matches(['(', ')', '{', '}']));
    let word =
        words.find(|word| !word.is_empty() && !is_assignment(word) && !WRAPPERS.contains(word) && !word.starts_with('-'))?;
    Some(word.trim_matches(['"', '\'']).rsplit('/').next().unwrap_or(word).to_owned())
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_comes_from_the_last_command() {
        for (line, programs) in [
            ("grep x a.txt", vec!["grep"]),
            ("/usr/bin/grep -r x .", vec!["grep"]),
            ("cat a | grep x", vec!["grep"]),
            ("grep x a; ls", vec!["ls"]),
            ("ls\ngrep x a\n", vec!["grep"]),
            ("ls ;", vec!["ls"]),
            ("cd src && grep x a", vec!["cd", "grep"]),
            ("grep x a || echo none", vec!["grep", "echo"]),
            ("LANG=C env -i grep x", vec!["grep"]),
            ("make 2>&1 | tail", vec!["tail"]),
            ("make &>log", vec!["make"]),
            ("echo 'a; b | c' \"d && e\"", vec!["echo"]),
            ("echo a\\;b", vec!["echo"]),
            ("(cd a && diff b c)", vec!["cd", "diff"]),
            ("", vec![]),
        ] {
            assert_eq!(deciding_programs(line), programs, "{line}");
        }
    }
}
