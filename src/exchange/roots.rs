//! Whom to trust: the certificates of the system. Which connection uses them is `http_transport`'s.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Where systems keep their bundle, most common first.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
];

/// Nothing to trust.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// A file or directory that the environment names cannot be read.
    #[error("`{variable}` names `{}`, which cannot be read", path.display())]
    Unreadable {
        /// `SSL_CERT_FILE` or `SSL_CERT_DIR`.
        variable: &'static str,
        /// What it names.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// No certificate authority was found anywhere.
    #[error(
        "no certificates of certificate authorities were found; install the system's package \
         (`ca-certificates`), or name a PEM file in `SSL_CERT_FILE`"
    )]
    None,
}

/// The certificates that the environment names, or else the system's.
pub(super) fn load() -> Result<RootCertStore, RootsError> {
    load_from(std::env::var_os("SSL_CERT_FILE"), std::env::var_os("SSL_CERT_DIR"), &BUNDLES)
}

fn load_from(
    file: Option<OsString>,
    directory: Option<OsString>,
    bundles: &[&str],
) -> Result<RootCertStore, RootsError> {
    let mut store = RootCertStore::empty();
    let named = |variable: Option<OsString>| variable.filter(|value| !value.is_empty()).map(PathBuf::from);
    let (file, directory) = (named(file), named(directory));
    if let Some(path) = &file {
        add(&mut store, path).map_err(|source| unreadable("SSL_CERT_FILE", path, source))?;
    }
    // Links of a directory repeat the bundle of the file; with a file there is nothing to gain.
    if store.is_empty()
        && let Some(path) = &directory
    {
        let entries = fs::read_dir(path).map_err(|source| unreadable("SSL_CERT_DIR", path, source))?;
        for entry in entries.flatten() {
            // A directory may hold anything; what is no certificate is none.
            let _ = add(&mut store, &entry.path());
        }
    }
    if file.is_none() && directory.is_none() {
        for path in bundles {
            if add(&mut store, Path::new(path)).is_ok() && !store.is_empty() {
                break;
            }
        }
    }
    if store.is_empty() { Err(RootsError::None) } else { Ok(store) }
}

fn unreadable(variable: &'static str, path: &Path, source: io::Error) -> RootsError {
    RootsError::Unreadable { variable, path: path.to_owned(), source }
}

fn add(store: &mut RootCertStore, path: &Path) -> io::Result<()> {
    let bytes = fs::read(path)?;
    // Bundles hold certificates that are too old to be parsed; the others still count.
    store.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes).flatten());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_certificates_anywhere_is_said_with_the_way_out() {
        let error = load_from(None, None, &["/nonexistent/bundle.pem"]).expect_err("nothing to trust");
        assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    }

    #[test]
    fn a_named_file_that_is_missing_is_named() {
        let error = load_from(Some("/nonexistent.pem".into()), None, &[]).expect_err("unreadable");
        assert_eq!(error.to_string(), "`SSL_CERT_FILE` names `/nonexistent.pem`, which cannot be read");
    }

    #[test]
    fn a_named_file_is_trusted_alone() {
        let key = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).expect("a certificate");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        fs::write(&path, key.cert.pem()).expect("written");
        let store = load_from(Some(path.into_os_string()), None, &BUNDLES).expect("one certificate");
        assert_eq!(store.len(), 1);
    }
}
