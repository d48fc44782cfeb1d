//! Builds the TLS configuration from trusted root certificates. Never reads certificates itself.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_native_certs::CertificateResult;

/// Returns a TLS configuration that trusts the root certificates `found`; returns a one-line error if one is
/// `needed` and there are none.
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
