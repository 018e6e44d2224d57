//! What the application proves its identity with, read anew at each sign-in so that a replaced file
//! counts at once. How a certificate signs is in `assertion`, the exchange for a token in `token`.

use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{Error, ErrorKind, Operation, remedy};

/// An application and its proof.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The application's (client) id.
    pub client_id: String,
    /// How it proves that it is this application.
    pub proof: Proof,
}

/// How an application proves its identity.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A client secret, from the environment.
    Secret(SecretString),
    /// A file that holds a client secret and nothing else.
    SecretFile(PathBuf),
    /// A certificate with its RSA key, in PEM.
    Certificate {
        /// The certificate, and the key where it stands in the same file.
        file: PathBuf,
        /// The key where it has a file of its own.
        key_file: Option<PathBuf>,
    },
}

/// A proof as it was read just now.
pub(super) enum Material {
    Secret(SecretString),
    /// PEM of certificate and key, one after the other.
    Pem(Zeroizing<Vec<u8>>),
}

impl Proof {
    /// Reads the files, if there are any.
    pub(super) async fn read(&self) -> Result<Material, Error> {
        match self {
            Self::Secret(secret) => Ok(Material::Secret(secret.clone())),
            Self::SecretFile(path) => {
                let bytes = read_file(path).await?;
                let text = std::str::from_utf8(&bytes).map_err(|_| unusable(path, "is not text"))?;
                // An editor's line break at the end is no part of a secret.
                let secret = text.trim();
                if secret.is_empty() {
                    return Err(unusable(path, "is empty"));
                }
                Ok(Material::Secret(SecretString::from(secret.to_owned())))
            }
            Self::Certificate { file, key_file } => {
                let mut pem = read_file(file).await?;
                if let Some(path) = key_file {
                    pem.push(b'\n');
                    pem.extend_from_slice(&read_file(path).await?);
                }
                Ok(Material::Pem(pem))
            }
        }
    }
}

async fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    match tokio::fs::read(path).await {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(unusable(path, "does not exist")),
        Err(error) => Err(unusable(path, &format!("cannot be read ({})", error.kind()))),
    }
}

/// A credential that cannot be used, without a word of its content.
pub(super) fn unusable(path: &Path, why: &str) -> Error {
    Error::new(Operation::Token, ErrorKind::Credential)
        .with_text(format!("`{}` {why}", path.display()))
        .with_remedy(remedy::CHECK_CREDENTIAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    async fn secret(proof: &Proof) -> Option<String> {
        match proof.read().await {
            Ok(Material::Secret(secret)) => Some(secret.expose_secret().to_owned()),
            _ => None,
        }
    }

    #[tokio::test]
    async fn a_secret_file_is_read_anew_and_without_its_line_break() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secret");
        let proof = Proof::SecretFile(path.clone());
        assert!(proof.read().await.is_err());
        for secret in ["first", "second"] {
            std::fs::write(&path, format!("{secret}\r\n")).expect("written");
            assert_eq!(super::tests::secret(&proof).await.as_deref(), Some(secret));
        }
        std::fs::write(&path, "\n").expect("written");
        let error = proof.read().await.map(|_| ()).expect_err("empty");
        assert!(error.service_text().is_some_and(|text| text.ends_with("is empty")));
    }

    #[test]
    fn a_credential_is_printed_without_its_secret() {
        let credential =
            Credential { client_id: "app".to_owned(), proof: Proof::Secret("hunter2".to_owned().into()) };
        let printed = format!("{credential:?}");
        assert!(printed.contains("app") && !printed.contains("hunter2"), "{printed}");
    }
}
