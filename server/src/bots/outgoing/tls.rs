//! Whose certificates are believed. Never reads any itself.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_native_certs::CertificateResult;

/// How TLS is spoken with those whom the certificates that were `found` vouch for; fails, in one line, if it is `needed`
/// and there are none.
pub(crate) fn config(found: CertificateResult, needed: bool) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if needed && roots.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!(
            "there are no root certificates for https{why}; SSL_CERT_FILE may name a file of them"
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS does not work: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
