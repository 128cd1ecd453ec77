//! A terminal of the kernel's own making, with a program in it and a person who looks and types.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

use crate::support::Octi;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program in a terminal. Dropped, it is killed.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    pty: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<Parser>>,
    /// Everything that was written to the terminal.
    written: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts octi in a terminal of this size.
    pub(crate) fn start(octi: &Octi, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_octi"));
        command.args(arguments);
        command.env_clear();
        let template = octi.command(&[]);
        for (name, value) in template.get_envs().filter_map(|(name, value)| Some((name, value?))) {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("octi starts");
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(Parser::new(cells(rows), cells(columns), 0)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let (shown, kept) = (screen.clone(), written.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                shown.lock().expect("the screen").process(&buffer[..count]);
                kept.lock().expect("the output").extend_from_slice(&buffer[..count]);
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { child, pty: pair.master, keys, screen, written }
    }

    /// Presses keys, as the terminal sends them.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("the program reads");
    }

    /// What is on the screen.
    pub(crate) fn text(&self) -> String {
        self.screen.lock().expect("the screen").screen().contents()
    }

    /// Whether the program has the whole screen for itself.
    pub(crate) fn is_taken(&self) -> bool {
        self.screen.lock().expect("the screen").screen().alternate_screen()
    }

    /// Waits until the screen shows this.
    pub(crate) fn shows(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen is as it should be.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let started = Instant::now();
        while !holds(&self.text()) {
            assert!(started.elapsed() < PATIENCE, "`{what}` never came; the screen is\n{}", self.text());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Makes the terminal another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().expect("the screen").screen_mut().set_size(cells(rows), cells(columns));
        self.pty.resize(size(columns, rows)).expect("the terminal takes the size");
    }

    /// Asks the program to end, as a service manager would.
    pub(crate) fn terminate(&self) {
        let id = self.child.process_id().and_then(|id| i32::try_from(id).ok()).expect("it runs");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM).expect("it runs");
    }

    /// Waits for the end, and says what the program did to the terminal last.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end; the screen is\n{}", self.text());
            std::thread::sleep(Duration::from_millis(30));
        };
        self.until("the end of the output", |_| !self.is_taken());
        let written = self.written.lock().expect("the output");
        (status, String::from_utf8_lossy(&written).into_owned())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

const fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}
