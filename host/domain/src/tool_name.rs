//! The two ways to write which operation of which tool: `filesystem__read_file` for models and as a key, because providers
//! allow no dots, and `filesystem.read_file` for people. Neither part may contain `__`.

/// As models and records write it.
#[must_use]
pub fn joined(tool: &str, operation: &str) -> String {
    format!("{tool}__{operation}")
}

/// As people read and write it.
#[must_use]
pub fn dotted(name: &str) -> String {
    name.replace("__", ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_a_dot() {
        assert_eq!(dotted(&joined("filesystem", "read_file")), "filesystem.read_file");
    }
}
