//! Turns the bytes of a push into text: decompresses them, and decodes them by their declared charset. Never
//! looks at the text.

use std::{borrow::Cow, io::Read as _};

use axum::http::{HeaderMap, StatusCode, header};
use encoding_rs::{Encoding, UTF_8};
use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::body::BODY_LIMIT;
use crate::http::api_error::ApiError;

/// The magic number of gzip (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The compression of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    /// HTTP's `deflate` (RFC 9110, section 8.4.1.2).
    Zlib,
}

impl Packing {
    /// Reads the `Content-Encoding` of a request.
    pub(super) fn of(headers: &HeaderMap) -> Result<Packing, ApiError> {
        let mut packing = Packing::None;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            for coding in value.to_str().unwrap_or("?").split(',') {
                packing = match (packing, &*coding.trim().to_ascii_lowercase()) {
                    (packing, "" | "identity") => packing,
                    (Packing::None, "gzip" | "x-gzip") => Packing::Gzip,
                    (Packing::None, "deflate") => Packing::Zlib,
                    _ => {
                        let reason = "Content-Encoding must be gzip or deflate, or absent";
                        return Err(ApiError::new(
                            StatusCode::UNSUPPORTED_MEDIA_TYPE,
                            "coding_unfit",
                            reason,
                        ));
                    }
                };
            }
        }
        Ok(packing)
    }

    /// Decompresses a body. Undeclared gzip is recognised by its magic number, with which no text begins.
    pub(super) fn unpack(self, body: &[u8]) -> Result<Cow<'_, [u8]>, ApiError> {
        let unpacked = match self {
            Packing::None if body.starts_with(&GZIP) => limited(MultiGzDecoder::new(body)),
            Packing::None => return Ok(Cow::Borrowed(body)),
            Packing::Gzip => limited(MultiGzDecoder::new(body)),
            Packing::Zlib => limited(ZlibDecoder::new(body)),
        };
        let unpacked = unpacked.map_err(|_| {
            let reason = "the body does not match its Content-Encoding, or is truncated";
            ApiError::new(StatusCode::BAD_REQUEST, "coding_broken", reason)
        })?;
        if unpacked.len() > BODY_LIMIT {
            let reason = format!("a push may have at most {BODY_LIMIT} bytes after decompression");
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", reason));
        }
        Ok(Cow::Owned(unpacked))
    }
}

/// Decompresses up to one byte more than the limit, which shows that the limit is exceeded.
fn limited(reader: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    reader.take(BODY_LIMIT as u64 + 1).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

/// Returns the declared charset; UTF-8 if there is none.
pub(super) fn charset(headers: &HeaderMap) -> Result<&'static Encoding, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    });
    let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(UTF_8) };
    // Labels in use that the Encoding Standard lacks.
    let label = match &*named.to_ascii_lowercase() {
        "utf8mb4" | "unicode" => "utf-8",
        _ => named,
    };
    Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        let short: String = named.chars().take(40).filter(|c| !c.is_control()).collect();
        let reason = format!("unknown charset `{short}` in Content-Type; send UTF-8");
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "charset_unfit", reason)
    })
}

/// Decodes a body, without its byte order mark.
pub(super) fn decode(body: &[u8], charset: &'static Encoding) -> Result<String, ApiError> {
    if charset == UTF_8 {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        return std::str::from_utf8(body).map(str::to_owned).map_err(|error| {
            let at = error.valid_up_to() + 1;
            let reason = format!("the body is not UTF-8: byte {at} belongs to no character");
            ApiError::new(StatusCode::BAD_REQUEST, "not_utf8", reason)
        });
    }
    let (text, is_broken) = charset.decode_with_bom_removal(body);
    if is_broken {
        let reason = format!("the body is not valid {}, which its Content-Type declares", charset.name());
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "charset_broken", reason));
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use axum::http::{HeaderMap, HeaderValue, header};
    use flate2::{
        Compression,
        write::{GzEncoder, ZlibEncoder},
    };

    use super::{BODY_LIMIT, Packing, charset, decode};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn packing(coding: &'static str) -> Result<Packing, String> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(coding))]);
        Packing::of(&headers).map_err(|problem| problem.code().to_owned())
    }

    fn decoded(kind: &'static str, body: &[u8]) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        charset(&headers)
            .and_then(|charset| decode(body, charset))
            .map_err(|problem| problem.code().to_owned())
    }

    #[test]
    fn what_is_packed_is_unpacked_as_it_says_and_no_further_than_a_push_may_be_long() {
        for (coding, expected) in [
            ("gzip", Ok(Packing::Gzip)),
            ("X-GZip", Ok(Packing::Gzip)),
            ("identity, gzip", Ok(Packing::Gzip)),
            ("deflate", Ok(Packing::Zlib)),
            ("identity", Ok(Packing::None)),
            ("br", Err("coding_unfit".to_owned())),
            ("zstd", Err("coding_unfit".to_owned())),
            ("gzip, gzip", Err("coding_unfit".to_owned())),
        ] {
            assert_eq!(packing(coding), expected, "{coding}");
        }
        let packed = gzip("茶".as_bytes());
        for said in [Packing::Gzip, Packing::None] {
            assert_eq!(&*said.unpack(&packed).unwrap(), "茶".as_bytes(), "{said:?}");
        }
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"tea").unwrap();
        assert_eq!(&*Packing::Zlib.unpack(&zlib.finish().unwrap()).unwrap(), b"tea");
        let code = |packing: Packing, body: &[u8]| packing.unpack(body).unwrap_err().code();
        assert_eq!(code(Packing::Gzip, b"tea"), "coding_broken");
        assert_eq!(code(Packing::Gzip, &packed[..packed.len() - 9]), "coding_broken");
        assert_eq!(Packing::Gzip.unpack(&gzip(&vec![b'x'; BODY_LIMIT])).unwrap().len(), BODY_LIMIT);
        assert_eq!(code(Packing::Gzip, &gzip(&vec![b'x'; 100 * BODY_LIMIT])), "body_too_large");
    }

    #[test]
    fn a_body_is_read_by_the_charset_that_it_names() {
        for (kind, body, text) in [
            ("text/plain", "茶 é".as_bytes(), "茶 é"),
            ("text/plain; charset=UTF-8", b"\xef\xbb\xbftea", "tea"),
            ("text/plain; charset=\"iso-8859-1\"", b"caf\xe9", "café"),
            ("text/plain; format=flowed; Charset=latin1", b"caf\xe9", "café"),
            ("application/json; charset=GBK", b"\xb2\xe8", "茶"),
            ("text/plain; charset=gb18030", b"\xb2\xe8", "茶"),
            ("text/plain; charset=big5", b"\xaf\xf9", "茶"),
            ("text/plain; charset=shift_jis", b"\x92\x83", "茶"),
            ("text/plain; charset=utf-16le", b"\xff\xfet\0", "t"),
            ("text/plain; charset=us-ascii", b"tea", "tea"),
            ("text/plain; charset=", b"tea", "tea"),
        ] {
            assert_eq!(decoded(kind, body).as_deref(), Ok(text), "{kind}");
        }
        for (kind, body, code) in [
            ("text/plain", &b"caf\xe9"[..], "not_utf8"),
            ("text/plain; charset=gbk", b"\xb2", "charset_broken"),
            ("text/plain; charset=tea", b"tea", "charset_unfit"),
        ] {
            assert_eq!(decoded(kind, body), Err(code.to_owned()), "{kind}");
        }
    }
}
