//! The terminal: data to standard output, everything else to standard error, colour where it is wanted.

use std::io::{IsTerminal, Write};

use crate::cli::Failure;
use crate::policy::render::Colour;

/// Writes data. A reader that has gone away, such as `head`, is no error.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes what is not data. Where even that fails there is nobody to tell.
pub(super) fn error(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn colour(choice: anstream::ColorChoice) -> Colour {
    if choice == anstream::ColorChoice::Never { Colour::Never } else { Colour::Always }
}

/// Whether data is coloured: on a terminal, unless `NO_COLOR` is set.
pub(super) fn colour_of_stdout() -> Colour {
    colour(anstream::AutoStream::choice(&std::io::stdout()))
}

/// Whether everything else is.
pub(super) fn colour_of_stderr() -> Colour {
    colour(anstream::AutoStream::choice(&std::io::stderr()))
}

/// Whether a person can be asked.
pub(super) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks; only `yes` is consent.
pub(super) fn confirm(question: &str) -> bool {
    error(question);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("yes")
}
