//! Ctrl-C and SIGTERM: before a change begins they end the program at once; while it is applied they are noted, so that it can
//! be taken back up to the commit mark.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Watches for signals.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// Does a signal end the program at once?
    at_once: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    /// From now on Ctrl-C exits with 130 and SIGTERM with 143, until [`Interrupt::hold`].
    pub fn watch() -> Self {
        let watch = Self::default();
        watch.at_once.store(true, Ordering::SeqCst);
        for (signal, flag) in [(SIGINT, &watch.interrupted), (SIGTERM, &watch.terminated)] {
            let _ = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&watch.at_once));
            let _ = signal_hook::flag::register(signal, Arc::clone(flag));
        }
        watch
    }

    /// From now on a signal is only noted.
    pub fn hold(&self) {
        self.at_once.store(false, Ordering::SeqCst);
    }

    /// Has a signal come?
    pub fn came(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst) || self.terminated.load(Ordering::SeqCst)
    }

    /// The exit code for the signal that came.
    pub fn exit_code(&self) -> u8 {
        if self.terminated.load(Ordering::SeqCst) { 143 } else { 130 }
    }
}
