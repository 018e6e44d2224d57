//! Policy files of a directory, read once. Watching it for changes is not here.
//!
//! Names that start with `.` are skipped: a mounted ConfigMap holds its files under `..data` and links
//! to them from beside it, and they would be read twice. Links are followed; a directory that leads
//! back into itself is an error, not an endless walk.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::policy::SourceFile;
use crate::policy::yaml::MAX_BYTES;

/// Whether files of directories below are part of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recursion {
    /// Only files directly in the directory.
    Direct,
    /// Files at any depth.
    Deep,
}

/// How deep directories may lie in each other.
const MAX_DEPTH: usize = 32;

/// How many files a set may have.
const MAX_FILES: usize = 10_000;

/// A policy set that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read policies from `{}`: {problem}", path.display())]
pub struct Error {
    /// The file or directory.
    pub path: PathBuf,
    /// What is wrong with it, and what to do.
    pub problem: Problem,
    /// What the operating system said.
    #[source]
    pub source: Option<io::Error>,
}

/// What keeps a file or directory from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing is there.
    #[error("it does not exist; check the path, which is relative to where it is written down")]
    Missing,
    /// It may not be read.
    #[error("it may not be read; give the user of this process the right to read it")]
    Forbidden,
    /// It changed or failed while it was read.
    #[error("it could not be read; try again")]
    Unreadable,
    /// Neither a file nor a directory.
    #[error("it is neither a file nor a directory; name one")]
    NotAFile,
    /// A directory that contains itself through a link.
    #[error("a link leads back to a directory above it; remove the link")]
    Loop,
    /// Directories lie too deep in each other.
    #[error("directories lie more than 32 deep; move the policies up")]
    TooDeep,
    /// More files than a set may have.
    #[error("there are more than 10000 files; name the directory that holds only policies")]
    TooMany,
    /// A name that is not text.
    #[error("its name is not UTF-8; rename it")]
    NameNotText,
}

impl Error {
    fn new(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), problem, source: None }
    }

    fn io(path: &Path, source: io::Error) -> Self {
        let problem = match source.kind() {
            io::ErrorKind::NotFound => Problem::Missing,
            io::ErrorKind::PermissionDenied => Problem::Forbidden,
            _ => Problem::Unreadable,
        };
        Self { path: path.to_owned(), problem, source: Some(source) }
    }
}

/// Reads the set at a path: the `*.yaml` and `*.yml` files of a directory, or one file of any name.
/// Files come in the order of their paths.
pub fn read(path: &Path, recursion: Recursion) -> Result<Vec<SourceFile>, Error> {
    let kind = fs::metadata(path).map_err(|error| Error::io(path, error))?;
    if kind.is_file() {
        return Ok(vec![read_file(path)?]);
    }
    if !kind.is_dir() {
        return Err(Error::new(path, Problem::NotAFile));
    }
    let mut walk = Walk { recursion, above: Vec::new(), files: Vec::new() };
    walk.directory(path)?;
    walk.files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(walk.files)
}

struct Walk {
    recursion: Recursion,
    /// The directories on the way here, by their real paths: entering one of them again is a loop.
    above: Vec<PathBuf>,
    files: Vec<SourceFile>,
}

impl Walk {
    fn directory(&mut self, path: &Path) -> Result<(), Error> {
        let real = fs::canonicalize(path).map_err(|error| Error::io(path, error))?;
        if self.above.contains(&real) {
            return Err(Error::new(path, Problem::Loop));
        }
        if self.above.len() >= MAX_DEPTH {
            return Err(Error::new(path, Problem::TooDeep));
        }
        self.above.push(real);
        for entry in fs::read_dir(path).map_err(|error| Error::io(path, error))? {
            let entry = entry.map_err(|error| Error::io(path, error))?;
            self.entry(&entry.path())?;
        }
        self.above.pop();
        Ok(())
    }

    fn entry(&mut self, path: &Path) -> Result<(), Error> {
        let Some(name) = path.file_name() else { return Ok(()) };
        if name.as_encoded_bytes().starts_with(b".") {
            return Ok(());
        }
        let is_policy = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if !is_policy && self.recursion == Recursion::Direct {
            return Ok(());
        }
        // Follows links, so that what a link points to decides.
        let kind = match fs::metadata(path) {
            Ok(kind) => kind,
            // A dangling link that is no policy by name is nobody's concern.
            Err(_) if !is_policy => return Ok(()),
            Err(error) => return Err(Error::io(path, error)),
        };
        if kind.is_dir() {
            return if self.recursion == Recursion::Deep { self.directory(path) } else { Ok(()) };
        }
        if !is_policy {
            return Ok(());
        }
        if !kind.is_file() {
            return Err(Error::new(path, Problem::NotAFile));
        }
        if self.files.len() >= MAX_FILES {
            return Err(Error::new(path.parent().unwrap_or(path), Problem::TooMany));
        }
        self.files.push(read_file(path)?);
        Ok(())
    }
}

/// Reads a file, at most one byte more than a policy file may have: the language then says that it is
/// too large, at its place among all other faults, and no file can fill the memory.
fn read_file(path: &Path) -> Result<SourceFile, Error> {
    let shown = path.to_str().ok_or_else(|| Error::new(path, Problem::NameNotText))?;
    let file = fs::File::open(path).map_err(|error| Error::io(path, error))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| Error::io(path, error))?;
    Ok(SourceFile { path: shown.strip_prefix("./").unwrap_or(shown).to_owned(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, name: &str) {
        fs::write(directory.join(name), name).unwrap();
    }

    fn names(directory: &Path, recursion: Recursion) -> Vec<String> {
        let files = read(directory, recursion).unwrap();
        let prefix = format!("{}/", directory.display());
        files.into_iter().map(|file| file.path.replace(&prefix, "")).collect()
    }

    #[test]
    fn takes_yaml_files_in_order_and_skips_hidden_ones() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for name in ["b.yml", "a.yaml", ".hidden.yaml", "README.md", "c.YAML"] {
            write(root, name);
        }
        fs::create_dir(root.join("below")).unwrap();
        write(&root.join("below"), "d.yaml");
        fs::create_dir(root.join("folder.yaml")).unwrap();
        assert_eq!(names(root, Recursion::Direct), ["a.yaml", "b.yml"]);
        assert_eq!(names(root, Recursion::Deep), ["a.yaml", "b.yml", "below/d.yaml"]);
    }

    #[test]
    fn a_single_file_is_a_set_and_a_missing_path_is_named() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "one.txt");
        assert_eq!(read(&directory.path().join("one.txt"), Recursion::Direct).unwrap().len(), 1);
        let error = read(&directory.path().join("none"), Recursion::Direct).unwrap_err();
        assert_eq!(error.problem, Problem::Missing);
        assert!(error.to_string().contains("none`: it does not exist"));
    }

    #[test]
    fn a_huge_file_is_cut_one_byte_after_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("big.yaml"), vec![b'#'; MAX_BYTES * 2]).unwrap();
        let files = read(directory.path(), Recursion::Direct).unwrap();
        assert_eq!(files[0].bytes.len(), MAX_BYTES + 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_mounted_config_map_is_read_once() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("..2026_11_21")).unwrap();
        write(&root.join("..2026_11_21"), "a.yaml");
        std::os::unix::fs::symlink("..2026_11_21", root.join("..data")).unwrap();
        std::os::unix::fs::symlink("..data/a.yaml", root.join("a.yaml")).unwrap();
        assert_eq!(names(root, Recursion::Deep), ["a.yaml"]);
    }

    #[cfg(unix)]
    #[test]
    fn loops_are_refused_and_a_dangling_policy_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("below")).unwrap();
        std::os::unix::fs::symlink(root, root.join("below/again")).unwrap();
        assert_eq!(read(root, Recursion::Deep).unwrap_err().problem, Problem::Loop);
        assert!(read(root, Recursion::Direct).unwrap().is_empty());
        fs::remove_file(root.join("below/again")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("gone.yaml")).unwrap();
        let error = read(root, Recursion::Direct).unwrap_err();
        assert_eq!((error.problem, error.path), (Problem::Missing, root.join("gone.yaml")));
    }
}
