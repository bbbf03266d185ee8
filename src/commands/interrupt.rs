//! Ctrl-C, SIGTERM and SIGHUP (the terminal was closed): before a change begins they end the program at once; while it is applied they are noted, so that it can
//! be taken back up to the commit mark.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Watches for signals.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// Does a signal end the program at once?
    at_once: Arc<AtomicBool>,
    /// The signal that came last; 0 where none has.
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// From now on a signal exits with 128 and its number (Ctrl-C 130, SIGTERM 143, SIGHUP 129), until [`Interrupt::hold`].
    pub fn watch() -> Self {
        let watch = Self::default();
        watch.at_once.store(true, Ordering::SeqCst);
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let _ = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&watch.at_once));
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = signal_hook::flag::register_usize(signal, Arc::clone(&watch.signal), number);
        }
        watch
    }

    /// From now on a signal is only noted.
    pub fn hold(&self) {
        self.at_once.store(false, Ordering::SeqCst);
    }

    /// A signal ends the program again, as one does that came meanwhile.
    pub fn release(&self) {
        self.at_once.store(true, Ordering::SeqCst);
        let came = self.signal.load(Ordering::SeqCst);
        if let Some(signal) = i32::try_from(came).ok().filter(|signal| *signal != 0) {
            let _ = signal_hook::low_level::raise(signal);
        }
    }

    /// Ends the program as Ctrl-C does, where a terminal gives it as a key.
    pub fn end(&self) {
        self.at_once.store(true, Ordering::SeqCst);
        let _ = signal_hook::low_level::raise(SIGINT);
    }

    /// Has a signal come?
    pub fn came(&self) -> bool {
        self.signal.load(Ordering::SeqCst) != 0
    }

    /// The exit code for the signal that came.
    pub fn exit_code(&self) -> u8 {
        u8::try_from(128 + self.signal.load(Ordering::SeqCst)).unwrap_or(130)
    }
}
