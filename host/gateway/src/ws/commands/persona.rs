//! `/persona`: how the person wants to be answered, in every conversation.

use octi_api::frames::Command;
use octi_domain::limits;
use octi_domain::persona::Persona;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;

const USAGE: &str = "write `/persona`, `/persona name NAME`, `/persona tone TONE`, `/persona add FACT`, `/persona forget NUMBER` or `/persona reset`";

/// One wish of the person.
#[derive(Debug, PartialEq)]
enum Wish {
    Show,
    /// None takes it away.
    Name(Option<String>),
    Tone(Option<String>),
    Add(String),
    Forget(usize),
    Reset,
}

/// Shows what the person told, or changes it.
pub(super) async fn persona(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let wish = read(command.args.as_deref().unwrap_or_default())?;
    if wish == Wish::Show {
        let persona = gateway.store.read(&caller.principal).await?.persona().await?;
        return Ok((describe(&persona), data(&persona)));
    }
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.lock_persona(gateway.ambient.now()).await?;
    let mut persona = tx.persona().await?;
    let result = change(&mut persona, wish)?;
    tx.put_persona(&persona, gateway.ambient.now()).await?;
    tx.save().await?;
    Ok((result, data(&persona)))
}

fn read(args: &str) -> ApiResult<Wish> {
    let args = args.trim();
    let (verb, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let line = |max| line(rest, max);
    let usage = |problem: &str| Err(ApiError::field("args", format!("{problem}: {USAGE}")));
    match (verb.to_lowercase().as_str(), rest.trim().is_empty()) {
        ("", _) => Ok(Wish::Show),
        ("name", _) => Ok(Wish::Name(line(limits::NAME_CHARS_MAX)?)),
        ("tone", _) => Ok(Wish::Tone(line(limits::PERSONA_TEXT_CHARS_MAX)?)),
        ("add", false) => Ok(line(limits::PERSONA_TEXT_CHARS_MAX)?.map_or(Wish::Show, Wish::Add)),
        ("add", true) => usage("there is nothing to add"),
        ("forget", _) => match rest.trim().parse() {
            Ok(number) => Ok(Wish::Forget(number)),
            Err(_) => usage("a fact is forgotten by its number"),
        },
        ("reset", true) => Ok(Wish::Reset),
        _ => usage("this is not understood"),
    }
}

/// The words on one line, so that they cannot look like more than one thing to a model; none when there are none.
fn line(text: &str, chars_max: usize) -> ApiResult<Option<String>> {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    let chars = line.chars().count();
    if chars > chars_max {
        return Err(ApiError::field("args", format!("this has {chars} characters; at most {chars_max} are kept")));
    }
    Ok((!line.is_empty()).then_some(line))
}

fn change(persona: &mut Persona, wish: Wish) -> ApiResult<String> {
    match wish {
        Wish::Show => {}
        Wish::Name(name) => persona.name = name,
        Wish::Tone(tone) => persona.tone = tone,
        Wish::Add(fact) => persona.learn(fact).map_err(|max| {
            ApiError::field("args", format!("{max} facts are kept already: `/persona forget NUMBER` makes room"))
        })?,
        Wish::Forget(number) => {
            let count = persona.facts.len();
            let problem = || ApiError::field("args", format!("there is no fact {number}, so nothing changed; there are {count}"));
            let fact = persona.forget(number).ok_or_else(problem)?;
            return Ok(format!("forgotten: {fact}"));
        }
        Wish::Reset => {
            *persona = Persona::default();
            return Ok("forgotten: everything that `/persona` kept".to_owned());
        }
    }
    Ok(describe(persona))
}

fn describe(persona: &Persona) -> String {
    if persona.is_empty() {
        return format!("nothing is kept; {USAGE}");
    }
    let name = persona.name.iter().map(|name| format!("name: {name}"));
    let tone = persona.tone.iter().map(|tone| format!("tone: {tone}"));
    let facts = persona.facts.iter().enumerate().map(|(index, fact)| format!("{}. {fact}", index + 1));
    name.chain(tone).chain(facts).collect::<Vec<_>>().join("\n")
}

fn data(persona: &Persona) -> Value {
    json!({ "name": persona.name, "tone": persona.tone, "facts": persona.facts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_as_people_write_them() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("").unwrap(), Wish::Show);
        assert_eq!(read(" NAME  Ada \n Lovelace ").unwrap(), Wish::Name(some("Ada Lovelace")));
        assert_eq!(read("tone").unwrap(), Wish::Tone(None));
        assert_eq!(read("add I live\u{1b}in Rome").unwrap(), Wish::Add("I live in Rome".to_owned()));
        assert_eq!(read("forget 2").unwrap(), Wish::Forget(2));
        assert_eq!(read("reset").unwrap(), Wish::Reset);
        for wrong in ["dance", "forget", "forget it", "add", "add  ", "reset name"] {
            let error = read(wrong).unwrap_err();
            assert!(error.path() == Some("args") && error.message().contains("/persona forget NUMBER"), "{wrong}: {error:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_cut_in_secret() {
        let text = |verb: &str, chars: usize| format!("{verb} {}", "ä".repeat(chars));
        for (verb, max) in
            [("name", limits::NAME_CHARS_MAX), ("tone", limits::PERSONA_TEXT_CHARS_MAX), ("add", limits::PERSONA_TEXT_CHARS_MAX)]
        {
            assert!(read(&text(verb, max)).is_ok());
            assert!(read(&text(verb, max + 1)).unwrap_err().message().contains(&max.to_string()));
        }
    }

    #[test]
    fn facts_are_bounded_and_told_by_number() {
        let mut persona = Persona::default();
        for number in 0..limits::PERSONA_FACTS_MAX {
            change(&mut persona, Wish::Add(format!("fact {number}"))).unwrap();
        }
        let full = change(&mut persona, Wish::Add("more".to_owned())).unwrap_err();
        assert!(full.message().contains("makes room"), "{full:?}");
        assert!(change(&mut persona, Wish::Forget(99)).unwrap_err().message().contains("there is no fact 99"));
        assert_eq!(change(&mut persona, Wish::Forget(1)).unwrap(), "forgotten: fact 0");
        assert!(describe(&persona).starts_with("1. fact 1\n2. fact 2"));
    }
}
