//! A key or secret for a service: read from a file or an environment variable, never from the settings
//! themselves, and never printed.

use std::{env, fmt, fs::File, io::Read as _, path::Path};

/// The most bytes of a secret.
const LONGEST: u64 = 8_192;

/// A value that must not be disclosed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Reads the secret called `name` (`key`, `secret`): from the file in the setting `name_file`, from the
    /// environment variable in `name_env`, or not at all. Returns a one-line error if it is missing or
    /// invalid.
    pub(crate) fn read(
        name: &str,
        file: Option<&Path>,
        variable: Option<&str>,
    ) -> Result<Option<Secret>, String> {
        let (text, place) = match (file, variable) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(format!("{name}_file and {name}_env are both there, and one of them is enough"));
            }
            (Some(path), None) => {
                let place = format!("{name}_file {}", path.display());
                (read(path).map_err(|error| format!("{place} cannot be read: {error}"))?, place)
            }
            (None, Some(variable)) => {
                let place = format!("{name}_env {variable}");
                let wrong = |error| match error {
                    env::VarError::NotPresent => format!("{place}: there is no such environment variable"),
                    env::VarError::NotUnicode(_) => format!("{place} is no text"),
                };
                (env::var(variable).map_err(wrong)?, place)
            }
        };
        // Editors end a file with a line break.
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(format!("{place} is empty"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{place} holds more than one word of visible ASCII characters"));
        }
        Ok(Some(Secret(text.to_owned())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LONGEST {
        return Err(std::io::Error::other(format!("it has more than {LONGEST} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::Secret;

    fn of_file(content: &str) -> Result<Option<Secret>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, content).unwrap();
        Secret::read("key", Some(&path), None)
    }

    #[test]
    fn a_key_is_read_from_a_file_without_the_end_of_its_line() {
        for content in ["sk-1234", "sk-1234\n", "sk-1234\r\n"] {
            assert_eq!(of_file(content).unwrap().unwrap().as_str(), "sk-1234");
        }
    }

    #[test]
    fn a_key_is_read_from_the_environment() {
        // Cargo sets this for every test.
        let secret = Secret::read("key", None, Some("CARGO_PKG_NAME")).unwrap().unwrap();
        assert_eq!(secret.as_str(), "server");
        assert_eq!(Secret::read("key", None, None), Ok(None));
    }

    #[test]
    fn what_is_wrong_with_a_key_is_said_in_one_line_without_the_key() {
        for (content, wrong) in
            [("", "is empty"), ("\n", "is empty"), ("hush hush", "one word"), ("嘘", "one word")]
        {
            let error = of_file(content).unwrap_err();
            assert!(error.starts_with("key_file /") && error.contains(wrong), "{error}");
            assert!(!error.contains("hush") && !error.contains('嘘'), "{error}");
        }
        let error = of_file(&"x".repeat(10_000)).unwrap_err();
        assert!(error.contains("more than 8192 bytes"), "{error}");
        let error = Secret::read("secret", Some(Path::new("/nowhere/secret")), None).unwrap_err();
        assert!(error.starts_with("secret_file /nowhere/secret cannot be read: "), "{error}");
        let error = Secret::read("key", None, Some("TEAHOUSE_NO_SUCH_VARIABLE")).unwrap_err();
        assert_eq!(error, "key_env TEAHOUSE_NO_SUCH_VARIABLE: there is no such environment variable");
        let error = Secret::read("key", Some(Path::new("a")), Some("A")).unwrap_err();
        assert!(error.contains("key_file and key_env"), "{error}");
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", of_file("hush").unwrap()), "Some(Secret(…))");
    }
}
