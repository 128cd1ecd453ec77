//! Programs that may reach some hosts: through the proxy that the host answers, and in no other way.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nix::libc;
use octi_security::sandbox::egress::{Egress, EgressPolicy, HostAllow, Lookup};
use octi_security::sandbox::process::{Ending, Level, Network, ProcessError};
use octi_testkit::egress::{Allowed, Caller, Dials, Row, TABLE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use crate::levels::without;
use crate::support::{Home, text};

/// Every name of the tests is at this machine.
struct Here;

#[async_trait]
impl Lookup for Here {
    async fn lookup(&self, _name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

pub(crate) fn egress() -> Arc<Egress> {
    let policy = EgressPolicy { lookup: Arc::new(Here), connect_timeout: Duration::from_secs(5), ..EgressPolicy::default() };
    Arc::new(Egress::new(policy))
}

pub(crate) fn only(name: &str, port: u16) -> Network {
    Network::Hosts(HostAllow::operator(&Url::parse(&format!("https://{name}:{port}/")).unwrap()).unwrap())
}

/// A home whose shell lines may reach one port under one name.
fn home(level: Level, port: u16) -> Home {
    let Home { door, dir } = Home::with(level, |shell| shell.network = only("friend.test", port));
    Home { door: door.with_egress(egress()), dir }
}

/// Says hello to whoever connects, and waits for a word.
async fn friend() -> (u16, tokio::task::JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut word = [0; 5];
            if stream.read_exact(&mut word).await.is_ok() {
                let _told = stream.write_all(&[b"you said ".as_slice(), &word, b"\n"].concat()).await;
            }
        }
    });
    (port, task)
}

/// A shell line that asks the proxy for a host and talks to it.
fn talk(target: &str) -> String {
    format!(
        "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/${{https_proxy##*:}}; printf \"CONNECT {target} HTTP/1.1\\r\\n\\r\\n\" >&3; \
         read -r line <&3; echo \"$line\"; read -r line <&3; printf hello >&3; read -r line <&3; echo \"$line\"'"
    )
}

#[tokio::test]
async fn an_allowed_host_is_reached_through_the_host() {
    let (port, _server) = friend().await;
    let home = home(Level::Auto, port);
    if !home.door.probe().await.unwrap().net_ns {
        return;
    }
    let output = home.run(&talk(&format!("friend.test:{port}"))).await;
    assert!(output.reached.tunnel && output.reached.net_ns);
    let said = text(&output.stdout);
    assert!(said.contains(" 200 ") && said.contains("you said hello"), "{said}{}", text(&output.stderr));
}

#[tokio::test]
async fn another_host_is_refused_in_words() {
    let (port, _server) = friend().await;
    let home = home(Level::Auto, port);
    if !home.door.probe().await.unwrap().net_ns {
        return;
    }
    for target in [format!("stranger.test:{port}"), "friend.test:1".to_owned(), format!("127.0.0.1:{port}")] {
        let output = home.run(&talk(&target)).await;
        assert!(text(&output.stdout).contains(" 403 "), "{}", text(&output.stdout));
        assert!(text(&output.stderr).contains(&format!("octi: `{target}` is not among the hosts")), "{}", text(&output.stderr));
    }
}

#[tokio::test]
async fn nothing_else_is_reached_and_nothing_but_tcp_is_spoken() {
    let (port, _server) = friend().await;
    let home = home(Level::Auto, port);
    if !home.door.probe().await.unwrap().net_ns {
        return;
    }
    for line in [
        format!("exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected'"),
        format!("exec bash -c 'exec 3<>/dev/tcp/friend.test/{port} && echo connected'"),
        "exec bash -c 'exec 3<>/dev/udp/127.0.0.1/53 && echo connected'".to_owned(),
        "exec bash -c 'exec 3<>/dev/tcp/::1/80 && echo connected'".to_owned(),
    ] {
        let output = home.run(&line).await;
        assert_ne!(output.ending, Ending::Exited(0), "{line}");
        assert!(output.stdout.is_empty(), "{line}");
    }
    if home.door.which("workspace-shell", "perl").unwrap().is_none() {
        return;
    }
    // Unix, IPv4 as datagrams, raw, sequenced packets, and IPv6 and netlink; then a listener of its own.
    let script = "exec perl -e 'for ([1,1],[2,2],[2,3],[2,5],[2,2050],[10,1],[16,3]) { socket(S, $_->[0], $_->[1], 0); print 0+$!, \" \"; \
                  $! = 0 } use Socket; socket(S, AF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); print 0+$!'";
    let output = home.run(script).await;
    let unix = if output.reached.landlock_abi >= 9 { 0 } else { 1 };
    // Landlock knows of ports from version 4 on, and answers EACCES.
    let bind = if output.reached.landlock_abi >= 4 { 13 } else { 0 };
    assert_eq!(text(&output.stdout), format!("{unix} 1 1 1 1 1 1 {bind}"));
}

#[test]
fn without_a_network_of_its_own_there_is_none_at_all() {
    let error = without(&[libc::SYS_unshare], async { home(Level::Auto, 1).try_run("true").await.unwrap_err() });
    assert!(matches!(&error, ProcessError::Refused(text) if text.contains("network namespace")), "{error}");
}

#[tokio::test]
async fn other_profiles_are_told_of_no_proxy() {
    let home = Home::new(Level::Auto);
    let output = home.run("env").await;
    assert!(!output.reached.tunnel && !text(&output.stdout).contains("proxy"), "{}", text(&output.stdout));
}

/// A program that asks its proxy for the row's host exactly as it is spelled there.
struct Program;

/// What stands between the scheme and the path; the proxy takes nothing else.
fn target(row: &Row) -> &'static str {
    let rest = row.url.strip_prefix("https://").unwrap();
    rest.find('/').map_or(rest, |end| &rest[..end])
}

#[async_trait]
impl Caller for Program {
    async fn try_to(&self, row: &Row, egress: Egress, dials: &Dials) -> Result<(), String> {
        let allow = match row.allowed {
            Allowed::Hosts(hosts) => HostAllow::parse(hosts.iter().copied()),
            Allowed::Operator => HostAllow::operator(&Url::parse(row.url).unwrap()),
        };
        let allow = allow.map_err(|error| error.to_string())?;
        let Home { door, dir } = Home::with(Level::Auto, |shell| shell.network = Network::Hosts(allow));
        let home = Home { door: door.with_egress(Arc::new(egress)), dir };
        let line = format!(
            "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/${{https_proxy##*:}}; printf \"CONNECT %s HTTP/1.1\\r\\n\\r\\n\" \"$1\" >&3; \
             read -r line <&3; echo \"$line\"; case \"$line\" in *\" 200 \"*) ;; *) cat <&3;; esac' sh '{}'",
            target(row)
        );
        let output = home.run(&line).await;
        assert!(output.reached.tunnel, "{}", output.reached);
        let said = text(&output.stdout);
        if said.contains(" 200 ") || !dials.seen().is_empty() { Ok(()) } else { Err(said) }
    }

    /// Only what is encrypted is passed on, which has a test of its own.
    fn can_ask(&self, row: &Row) -> bool {
        row.url.starts_with("https://")
    }

    /// What is more than a host and a port is refused before it is looked at.
    fn says(&self, _: &Row, said: &str, reason: &str) -> bool {
        said.contains(" 403 ") && (said.contains(reason) || said.contains("not a host and a port"))
            || said.contains(" 502 ") && said.contains(reason)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_for_programs() {
    if !Home::new(Level::Auto).door.probe().await.unwrap().net_ns {
        return;
    }
    let rows = TABLE.iter().filter(|row| Program.can_ask(row)).count();
    assert!(rows >= 60, "{rows} rows");
    octi_testkit::egress::run(&Program).await;
}
