//! The static files that pages load: embedded in the binary in a release, in a folder during development.
//! Renders nothing.

use std::{
    borrow::Cow,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Component, Path, PathBuf},
};

use anyhow::Context as _;
use app::shell::Assets;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use serde::Deserialize;

use crate::http::entity_tag;

/// The source of the files.
#[derive(Debug)]
enum Source {
    #[cfg(feature = "embed")]
    Embedded,
    Folder(PathBuf),
}

/// The files, and the entry points among them.
#[derive(Debug)]
pub(crate) struct Site {
    source: Source,
    assets: Assets,
}

/// `site.json`, in which the build records the content-hashed file names.
#[derive(Deserialize)]
struct Manifest {
    js: String,
    wasm: String,
    css: String,
}

#[cfg(feature = "embed")]
#[derive(rust_embed::RustEmbed)]
#[folder = "$TEAHOUSE_SITE"]
struct Embedded;

impl Site {
    /// Opens the site in `folder`; without one, the embedded site or the one that `cargo leptos` builds.
    pub(crate) fn open(folder: Option<&Path>) -> anyhow::Result<Site> {
        let source = match folder {
            Some(folder) => Source::Folder(folder.to_owned()),
            None => Source::default(),
        };
        let assets = match source.read("site.json").context("the site cannot be read")? {
            Some(manifest) => {
                let manifest: Manifest =
                    serde_json::from_slice(&manifest).context("site.json cannot be read")?;
                Assets { js: manifest.js, wasm: manifest.wasm, css: manifest.css, reload: None }
            }
            None => Assets {
                js: "/pkg/teahouse.js".to_owned(),
                wasm: "/pkg/teahouse.wasm".to_owned(),
                css: "/pkg/teahouse.css".to_owned(),
                reload: reload_port(),
            },
        };
        Ok(Site { source, assets })
    }

    /// Returns the entry points of a page.
    pub(crate) fn assets(&self) -> &Assets {
        &self.assets
    }

    /// Returns a response with the file at an absolute path, in the best encoding that the client accepts;
    /// `None` if there is no such file.
    pub(crate) fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
        let path = path.strip_prefix('/').filter(|path| is_plain(path))?;
        let accepted =
            headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let forms = [("br", ".br"), ("gzip", ".gz")].into_iter().filter(|(name, _)| accepts(accepted, name));
        let packed = forms.filter_map(|(name, suffix)| {
            // An unreadable file counts as missing; the uncompressed one is tried next.
            let body = self.source.read(&format!("{path}{suffix}")).ok().flatten()?;
            Some((Some(name), body))
        });
        let plain = || match self.source.read(path) {
            Ok(body) => body.map(|body| (None, body)),
            Err(error) => {
                tracing::error!(%error, path, "failed to read a file of the site");
                None
            }
        };
        let (encoding, body) = packed.take(1).next().or_else(plain)?;
        let named_by_content = [&self.assets.js, &self.assets.wasm, &self.assets.css]
            .iter()
            .any(|asset| self.assets.reload.is_none() && asset.strip_prefix('/') == Some(path));
        let tag = (!named_by_content).then(|| tag_of(&body));
        let is_known = tag.as_deref().is_some_and(|tag| entity_tag::is_known(headers, tag));
        let mut response = Response::new(match body {
            _ if is_known => Body::empty(),
            Cow::Borrowed(body) => Body::from(body),
            Cow::Owned(body) => Body::from(body),
        });
        *response.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let headers = response.headers_mut();
        if let Some(tag) = &tag {
            headers.insert(header::ETAG, HeaderValue::from_str(tag).ok()?);
        }
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let kind =
            if path.ends_with(".webmanifest") { "application/manifest+json" } else { kind.essence_str() };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).ok()?);
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static(if named_by_content {
                "public, max-age=31536000, immutable"
            } else {
                // Revalidated each time, with 304 while it is unchanged.
                "no-cache"
            }),
        );
        if kind == "image/svg+xml" {
            // Our SVG files may contain styles, for light and dark mode.
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
            );
        }
        Some(response)
    }
}

impl Default for Source {
    #[cfg(feature = "embed")]
    fn default() -> Source {
        Source::Embedded
    }

    /// Without an embedded site, returns the folder that `cargo leptos` sets, or its default.
    #[cfg(not(feature = "embed"))]
    fn default() -> Source {
        let named = std::env::var_os("LEPTOS_SITE_ROOT").map(PathBuf::from);
        Source::Folder(named.unwrap_or_else(|| PathBuf::from("target/leptos-site")))
    }
}

impl Source {
    /// Returns the content of a file; `None` if it does not exist.
    fn read(&self, path: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        match self {
            #[cfg(feature = "embed")]
            Source::Embedded => Ok(Embedded::get(path).map(|file| file.data)),
            Source::Folder(folder) => match fs::read(folder.join(path)) {
                Ok(body) => Ok(Some(body.into())),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            },
        }
    }
}

/// Returns the port on which `cargo leptos watch` triggers reloads.
fn reload_port() -> Option<u16> {
    std::env::var_os("LEPTOS_WATCH")?;
    Some(std::env::var("LEPTOS_RELOAD_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3001))
}

/// Returns whether a path stays inside the site, with nothing but names.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Returns an entity tag that changes with the content, separately for each encoding (RFC 9110, section
/// 8.8.3).
fn tag_of(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Returns whether an `Accept-Encoding` header accepts this coding (RFC 9110, section 12.5.3).
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused =
            parts.any(|part| matches!(part.strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000")));
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::{accepts, is_plain};

    #[test]
    fn a_path_cannot_leave_the_site() {
        assert!(is_plain("pkg/teahouse.js"));
        for bad in ["", "../secret", "pkg/../../secret", "/etc/passwd", "a\\..\\b", "a\0"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }

    #[test]
    fn a_coding_is_taken_if_named_and_not_refused() {
        assert!(accepts("gzip, deflate, br;q=0.9", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("", "gzip"));
    }
}
