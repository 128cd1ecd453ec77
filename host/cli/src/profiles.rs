//! The operator's shell profiles, as `config.toml` has them, for the process door.

use std::time::Duration;

use octi_config::shell::{Shell, ShellProfile};
use octi_security::sandbox::egress::{EgressError, HostAllow};
use octi_security::sandbox::process::{ArgumentRules, EnvRule, Network, ProcessError, Profile, Profiles};
use url::Url;

use crate::failure::{Failure, Outcome};

/// The built-in profiles and the operator's.
///
/// # Errors
/// [`Failure`] names the field that cannot be used.
pub(crate) fn profiles(shell: &Shell) -> Outcome<Profiles> {
    let mut all = Profiles::default();
    if let Some(entries) = &shell.git_hosts {
        all.set_git_hosts(hosts(entries).map_err(|error| wrong("shell.git_hosts", &error))?);
    }
    for (name, profile) in &shell.profiles {
        let place = |field: &str| format!("shell.profiles.{name}.{field}");
        let made = Profile {
            arguments: arguments(profile).map_err(|error| wrong(&place("arguments"), &error))?,
            network: network(profile).map_err(|error| wrong(&place("network"), &error))?,
            ..bounded(profile)
        };
        all.insert(name, made).map_err(|error| wrong(&place("program"), &error))?;
    }
    Ok(all)
}

fn wrong(field: &str, error: &dyn std::error::Error) -> Failure {
    Failure::user(format!("`{field}` of `config.toml` cannot be used: {error}"))
}

fn bounded(profile: &ShellProfile) -> Profile {
    let mut made = Profile::new(profile.program.clone());
    made.prefix.clone_from(&profile.prefix);
    made.env = EnvRule::Named(profile.env.clone());
    made.set = profile.set.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    made.cwd.clone_from(&profile.cwd);
    made.read.clone_from(&profile.read);
    made.write.clone_from(&profile.write);
    made.time_max = profile.seconds_max.map_or(made.time_max, Duration::from_secs);
    made.output_bytes_max = profile.output_kb_max.map_or(made.output_bytes_max, |kb| kb << 10);
    made.limits.memory_bytes = profile.memory_mb_max.map_or(made.limits.memory_bytes, |mb| mb << 20);
    made.limits.file_bytes = profile.file_mb_max.map_or(made.limits.file_bytes, |mb| mb << 20);
    made.limits.processes = profile.processes_max.unwrap_or(made.limits.processes);
    made.limits.open_files = profile.open_files_max.unwrap_or(made.limits.open_files);
    made
}

fn arguments(profile: &ShellProfile) -> Result<ArgumentRules, ProcessError> {
    let rules = &profile.arguments;
    let count_max = rules.count_max.unwrap_or(octi_domain::limits::PROCESS_ARGUMENTS_MAX);
    let made = ArgumentRules::any(count_max).first(&rules.first).deny(&rules.deny)?;
    match &rules.allow {
        Some(patterns) => made.allow(patterns),
        None => Ok(made),
    }
}

fn network(profile: &ShellProfile) -> Result<Network, EgressError> {
    if profile.network.is_empty() { Ok(Network::Nothing) } else { hosts(&profile.network).map(Network::Hosts) }
}

/// A host that the operator names in full may be a private one; behind a wildcard only public ones are found.
fn hosts(entries: &[String]) -> Result<HostAllow, EgressError> {
    let mut all = HostAllow::parse(entries.iter().map(String::as_str))?;
    for entry in entries.iter().filter(|entry| !entry.starts_with("*.")) {
        if let Ok(url) = Url::parse(&format!("https://{entry}/")) {
            all = all.and(HostAllow::operator(&url)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Shell {
        toml::from_str(text).expect("well-formed")
    }

    #[test]
    fn what_is_written_is_what_is_made() {
        let shell = shell(
            "[profiles.make]\nprogram = '/usr/bin/make'\nprefix = ['-s']\nenv = ['CC']\nset = { A = '{scratch}' }\ncwd = 'src'\n\
             seconds_max = 5\noutput_kb_max = 2\nmemory_mb_max = 3\nfile_mb_max = 4\nprocesses_max = 6\nopen_files_max = 7\n\
             read = ['/opt/a']\nwrite = ['/opt/b']\nnetwork = ['example.com']",
        );
        let all = profiles(&shell).expect("usable");
        let make = all.get("make").expect("there");
        assert_eq!((make.program.to_str(), make.prefix.len(), make.cwd.to_str()), (Some("/usr/bin/make"), 1, Some("src")));
        assert_eq!((make.time_max, make.output_bytes_max), (Duration::from_secs(5), 2 << 10));
        let limits = make.limits;
        let numbers = (limits.memory_bytes, limits.file_bytes, limits.processes, limits.open_files);
        assert_eq!(numbers, (3 << 20, 4 << 20, 6, 7));
        assert_eq!((make.read.len(), make.write.len(), make.set.len()), (1, 1, 1));
        assert_eq!(make.env, EnvRule::Named(vec!["CC".to_owned()]));
        assert!(matches!(&make.network, Network::Hosts(hosts) if hosts.to_string().contains("`example.com:443`")));
        assert!(all.get("git").is_ok());
    }

    #[test]
    fn the_hosts_of_git_are_replaced() {
        let all = profiles(&shell("git_hosts = ['git.intranet:8443', '*.example.org']")).expect("usable");
        let Network::Hosts(hosts) = &all.get("git-network").expect("there").network else { panic!("git has no network") };
        let shown = hosts.to_string();
        assert!(shown.contains("`git.intranet:8443`") && shown.contains("`*.example.org:443`"), "{shown}");
        assert!(!shown.contains("github.com"), "{shown}");
    }

    #[test]
    fn a_host_that_cannot_be_used_is_named_by_its_field() {
        for (text, field) in [
            ("git_hosts = ['*.com']", "`shell.git_hosts`"),
            ("[profiles.make]\nprogram = '/x'\nnetwork = ['a:b:c']", "`shell.profiles.make.network`"),
        ] {
            let failure = profiles(&shell(text)).expect_err(text);
            assert!(failure.message.contains(field), "{}", failure.message);
        }
    }
}
