//! An Extism module that does a little of everything a host has to answer for: input and output, configuration, variables,
//! errors, crashes, endless work, too much memory, and HTTP.

use extism_pdk::*;

/// The example of Extism's own documentation: the total is kept in a variable.
#[plugin_fn]
pub fn count_vowels(input: String) -> FnResult<String> {
    let count = input.chars().filter(|c| "aeiouAEIOU".contains(*c)).count();
    let total = var::get::<String>("total")?.and_then(|total| total.parse().ok()).unwrap_or(0) + count;
    var::set("total", total.to_string())?;
    let seen = var::get::<String>("total")?.unwrap_or_default();
    Ok(format!(r#"{{"count":{count},"total":{seen},"vowels":"aeiouAEIOU"}}"#))
}

/// Configuration, and what it is without any.
#[plugin_fn]
pub fn greet(name: String) -> FnResult<String> {
    let greeting = config::get("greeting")?.unwrap_or_else(|| "Hello".to_owned());
    Ok(format!("{greeting}, {name}!"))
}

/// Bytes that are no text, and back.
#[plugin_fn]
pub fn flip(input: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(input.into_iter().map(|byte| !byte).collect())
}

/// An error of the module's own.
#[plugin_fn]
pub fn refuse(input: String) -> FnResult<String> {
    Err(WithReturnCode::new(Error::msg(format!("`{input}` is not taken")), 7))
}

/// A return code without a word.
#[unsafe(no_mangle)]
pub extern "C" fn silent() -> i32 {
    3
}

/// A trap.
#[plugin_fn]
pub fn crash(_input: String) -> FnResult<String> {
    std::process::abort()
}

/// Work without end.
#[plugin_fn]
pub fn spin(_input: String) -> FnResult<String> {
    loop {
        std::hint::black_box(());
    }
}

/// That many mebibytes of memory.
#[plugin_fn]
pub fn grow(mebibytes: String) -> FnResult<String> {
    let held = vec![1_u8; mebibytes.trim().parse::<usize>()? << 20];
    Ok(std::hint::black_box(held).len().to_string())
}

/// That many bytes of output.
#[plugin_fn]
pub fn fill(bytes: String) -> FnResult<String> {
    Ok("x".repeat(bytes.trim().parse()?))
}

/// The status and body of an address.
#[plugin_fn]
pub fn fetch(url: String) -> FnResult<String> {
    let answer = http::request::<()>(&HttpRequest::new(url.trim()), None)?;
    Ok(format!("{} {}", answer.status_code(), String::from_utf8_lossy(&answer.body())))
}
