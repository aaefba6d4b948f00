//! What a server says when it starts.

use std::io::Write;

use crate::server::Running;
use crate::setup::FirstAdmin;

/// Tells who the administrator of a new workspace is, with a generated password this once.
pub fn introduce(admin: &FirstAdmin) {
    let password = match &admin.generated_password {
        Some(password) => format!("{password}   (shown this once; to be changed at the first login)"),
        None => "as configured".to_owned(),
    };
    eprintln!("A new workspace was made. Its administrator:\n  e-mail    {}\n  password  {password}", admin.email);
}

/// Where it listens, on stdout.
pub fn greet(running: &Running) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on http://{0}\ndocs at http://{0}/docs", running.address)?;
    if let Some(metrics) = running.metrics_address {
        writeln!(stdout, "metrics at http://{metrics}/metrics")?;
    }
    stdout.flush()
}
