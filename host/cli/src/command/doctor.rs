//! `octi doctor`: what works here, what does not, and what to do about it.

use octi_client::Client;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor, Reached};
use octi_store::Store;
use url::Url;

use crate::bundle;
use crate::command::Context;
use crate::command::checks::{self, Check};
use crate::failure::Outcome;
use crate::lifecycle::{self, Lock};
use crate::registries;

/// Runs every check, also after one failed.
pub(crate) async fn run(context: &Context) -> Outcome {
    let mut checks = vec![home(context), database(context).await, plugins(), engine(), sandbox(context).await];
    checks.extend(registries(context).await);
    checks.push(server(context).await);
    checks::tell(context.printer, &checks)
}

fn home(context: &Context) -> Check {
    let home = &context.config.home;
    match lifecycle::prepare_home(home) {
        Ok(()) => Check::ok("home", format!("{} can be written", home.display())),
        Err(failure) => Check::bad("home", failure.message, failure.hints.join("; ")),
    }
}

async fn database(context: &Context) -> Check {
    let url = &context.config.database_url;
    let hint = "check `DATABASE_URL`; without it, octi keeps SQLite in its home folder";
    match Store::open(url.reveal()).await {
        Err(error) => Check::bad("database", format!("{url}: {error}"), hint),
        Ok(store) => {
            let answer = store.ping().await;
            let backend = store.backend().as_str();
            store.close().await;
            match answer {
                Ok(()) => Check::ok("database", format!("{backend} answers ({url})")),
                Err(error) => Check::bad("database", format!("{url}: {error}"), hint),
            }
        }
    }
}

fn plugins() -> Check {
    match bundle::PLUGINS.len() {
        0 => Check::bad("plugins", "none are inside this binary", "run `cargo xtask wasm` and build octi again"),
        count => Check::ok("plugins", format!("{count} are inside this binary")),
    }
}

/// What the machine gives the plugin engine.
fn engine() -> Check {
    let probes = octi_engine::Probes::take();
    match probes.concerns().as_slice() {
        [] => Check::ok("engine", probes.to_string()),
        concerns => Check::weak("engine", probes.to_string(), concerns.join("; ")),
    }
}

/// Whether what registries revoked is known; nothing where none is set up.
async fn registries(context: &Context) -> Option<Check> {
    let hint = "octi asks again every 40 seconds; what was revoked before stays so";
    let probed = match registries::probe(&context.config, &context.environment).await {
        Ok(probed) if probed.is_empty() => return None,
        Ok(probed) => probed,
        Err(failure) => return Some(Check::bad("registries", failure.message, failure.hints.join("; "))),
    };
    let failed = probed.iter().filter_map(|(name, asked)| Some(format!("{name}: {}", asked.as_ref().err()?)));
    let failed: Vec<String> = failed.collect();
    if !failed.is_empty() {
        return Some(Check::weak("registries", failed.join("; "), hint));
    }
    let fresh = probed.iter().filter_map(|(name, asked)| {
        let until = asked.as_ref().ok()?;
        Some(format!("{name} says what is revoked, until {}", until.format("%Y-%m-%d %H:%M UTC")))
    });
    Some(Check::ok("registries", fresh.collect::<Vec<_>>().join("; ")))
}

async fn sandbox(context: &Context) -> Check {
    let Ok(launcher) = std::env::current_exe() else {
        return Check::bad("sandbox", "octi's own file is not known", "start octi by its full path");
    };
    let door = ProcessDoor::new(ProcessConfig { launcher, level: Level::Auto }).hiding(&context.config.home);
    match door.probe().await {
        Err(error) => Check::bad("sandbox", error.to_string(), "tools cannot run programs on this machine"),
        Ok(reached) => walls(&reached),
    }
}

/// The walls around programs that tools start, and the ones this machine cannot build.
fn walls(reached: &Reached) -> Check {
    let landlock = format!("Landlock (version {})", reached.landlock_abi);
    let all = [
        (reached.no_new_privs, "no new privileges"),
        (reached.landlock_abi > 0, landlock.as_str()),
        (reached.seccomp, "seccomp"),
        (reached.net_ns, "no network"),
        (reached.pid_ns, "processes of its own"),
        (reached.read_only, "read-only mounts"),
        (reached.no_capabilities, "no capabilities"),
        (reached.process_limit, "a process limit"),
    ];
    let names =
        |wanted: bool| all.iter().filter(|(holds, _)| *holds == wanted).map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
    let missing = names(false);
    if missing.is_empty() {
        return Check::ok("sandbox", names(true));
    }
    Check::weak(
        "sandbox",
        format!("programs run without: {missing}"),
        "`OCTI_SANDBOX=required` refuses to run them below the full sandbox",
    )
}

async fn server(context: &Context) -> Check {
    let running = matches!(lifecycle::lock(&context.config.home), Ok(Lock::Theirs(_)));
    let url = &context.config.url;
    let health = match Url::parse(url).ok().and_then(|url| Client::anonymous(url).ok()) {
        Some(client) => client.health().await.map_err(|error| error.to_string()),
        None => Err("it is not an address".to_owned()),
    };
    match (health, running) {
        (Ok(health), _) => Check::ok("server", format!("version {} answers at {url}", health.version)),
        (Err(_), false) => {
            Check::weak("server", format!("none runs at {url}"), "`octi serve` starts one; `octi chat --local` needs none")
        }
        (Err(why), true) => {
            Check::bad("server", format!("octi runs, but does not answer at {url}: {why}"), "set `OCTI_URL` to where it listens")
        }
    }
}
