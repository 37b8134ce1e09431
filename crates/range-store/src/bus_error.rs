//! Owns the two signals that a disk can cause: SIGBUS, if a mapped page has no file behind it any
//! more, and SIGXFSZ, if a file passes `RLIMIT_FSIZE`. Does not know which file it was.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

const LINE: &[u8] = b"lost the part file while it was mapped: it was cut short, or its disk \
failed; run the same command again to resume\n";

static EXIT_CODE: AtomicI32 = AtomicI32::new(1);

/// True once a thread has begun to print the line.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Installs a handler for SIGBUS that prints one line to standard error and ends the process with
/// `exit_code`, without unwinding, flushing or running exit handlers.
///
/// Mapped blocks are reserved, so a full disk cannot cause the signal; another process that
/// truncates the part file, or a disk that fails to read a page, can. Ending is the only sound
/// answer, because the store cannot learn how much of a copy was done. Recorded data is not lost.
pub fn exit_on_bus_error(exit_code: u8) -> io::Result<()> {
    EXIT_CODE.store(i32::from(exit_code), Ordering::SeqCst);
    let handler: extern "C" fn(libc::c_int) = on_bus_error;
    // An alternate stack, if the thread has one, so that the handler never runs out of stack.
    set_disposition(
        libc::SIGBUS,
        handler as libc::sighandler_t,
        libc::SA_ONSTACK,
    )
}

/// Turns a write past `RLIMIT_FSIZE` into an error (`EFBIG`) that does not kill the process.
/// Programs that this process starts inherit the setting.
pub fn ignore_file_size_signal() -> io::Result<()> {
    set_disposition(libc::SIGXFSZ, libc::SIG_IGN, 0)
}

fn set_disposition(
    signal: libc::c_int,
    handler: libc::sighandler_t,
    flags: libc::c_int,
) -> io::Result<()> {
    // SAFETY: `sigaction` is a C struct of integers and an optional function pointer, for all of
    // which zero is a valid value; a zero mask is the empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: `action` lives through the call, and the old action is not requested. The handler is
    // `SIG_IGN`, or a function of the one-argument form that does only what a signal handler may do
    // (signal-safety(7)).
    let status = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

extern "C" fn on_bus_error(_signal: libc::c_int) {
    // If several threads fault together, the first prints the line and ends the process.
    while ENDING.swap(true, Ordering::SeqCst) {
        // SAFETY: `pause` may be called from a handler.
        unsafe { libc::pause() };
    }
    // SAFETY: the line is a static of that length. `write` may be called from a handler; if it
    // fails, the error cannot be reported anywhere.
    let _written = unsafe { libc::write(libc::STDERR_FILENO, LINE.as_ptr().cast(), LINE.len()) };
    // SAFETY: `_exit` may be called from a handler and does not return.
    unsafe { libc::_exit(EXIT_CODE.load(Ordering::SeqCst)) }
}
